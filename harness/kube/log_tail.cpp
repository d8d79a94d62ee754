#include "harness/kube/log_tail.h"

#include "harness/kube/transport.h"
#include "harness/kube/url.h"

namespace stateproof::kube {

Result<std::string> log_tail(const Client& client, const LogTail& wanted) {
  Query query;
  query.add_if_set("container", wanted.container).add("tailLines", std::to_string(wanted.lines));
  if (wanted.previous) query.add("previous", "true");
  HttpRequest request;
  request.path = kPods.path(wanted.ns, wanted.pod, "log") + query.text();
  request.counted_as = "get log";
  request.max_body_bytes = wanted.max_bytes;
  auto answer = client.transport()->request(request);
  if (!answer) return tl::unexpected(answer.error());
  if (answer->status < 200 || answer->status > 299)
    return tl::unexpected(error_from_answer(*answer, request.shown()));
  return std::move(answer->body);
}

}  // namespace stateproof::kube
