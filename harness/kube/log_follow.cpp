#include "harness/kube/log_follow.h"

#include "harness/kube/line_splitter.h"
#include "harness/kube/transport.h"
#include "harness/kube/url.h"

namespace stateproof::kube {
namespace {

constexpr std::size_t kLongestLine = 1U << 20U;

}  // namespace

Result<void> LogFollower::follow(const OnLine& on_line, const std::stop_token& stop) {
  Query query;
  query.add_if_set("container", container_.container)
      .add("follow", "true")
      .add("timestamps", "true")
      .add_if_set("sinceTime", last_);
  const std::string former = last_;
  LineSplitter lines(kLongestLine);
  HttpRequest request;
  request.path = kPods.path(container_.ns, container_.name, "log") + query.text();
  request.counted_as = "follow log";
  request.stop = stop;
  request.take = [&](std::string_view bytes) {
    lines.feed(bytes);
    while (const auto line = lines.next()) take_line(*line, former, on_line);
    return !lines.is_overlong();
  };
  const auto answer = client_.transport()->request(request);
  if (!answer) return tl::unexpected(answer.error());
  if (answer->status != 200) return tl::unexpected(error_from_answer(*answer, request.shown()));
  if (!lines.rest().empty()) take_line(lines.rest(), former, on_line);
  return {};
}

void LogFollower::take_line(std::string_view line, std::string_view former, const OnLine& on_line) {
  const std::size_t blank = line.find(' ');
  const std::string_view time = line.substr(0, blank);
  // Of one node: their times have one form, and are in order as texts. The server goes by whole seconds.
  if (blank == std::string_view::npos || time <= former) return;
  last_ = time;
  on_line(line.substr(blank + 1));
}

}  // namespace stateproof::kube
