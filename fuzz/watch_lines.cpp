// A stream of watch lines, and one answer to a LIST, as an API server may send them; then as typed objects.
#include "fuzz/target.h"
#include "harness/kube/line_splitter.h"
#include "harness/kube/list_limits.h"
#include "harness/kube/list_page.h"
#include "harness/kube/watch_stream.h"
#include "harness/model/objects.h"
#include "harness/model/redaction.h"

using namespace stateproof;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  kube::LineSplitter lines(1U << 16U);
  kube::KnownObjects known;
  lines.feed(text);
  while (const auto line = lines.next()) {
    const auto read = kube::parse_watch_line(kube::kPods, *line, "GET /pods");
    if (const auto* event = std::get_if<kube::WatchEvent>(&read)) known.apply(*event);
    if (const auto* error = std::get_if<kube::ApiError>(&read)) (void)error->sentence();
  }
  kube::ListLimits limits;
  const kube::HttpRequest request = kube::list_request(kube::kPods, "", {}, "");
  auto page = kube::parse_list_page(kube::kPods, text, request);
  if (!page) return 0;
  (void)limits.take(*page, size, request);
  for (const kube::WatchEvent& event : known.difference(kube::kPods, std::move(page->items))) {
    (void)parse_object(event.object);
    (void)discreet_object(event.object);
  }
  return 0;
}
