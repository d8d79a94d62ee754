// One object of any kind, as it is served: recorded as a watch delivers it, and told to people.
#include "fuzz/target.h"
#include "harness/kube/watch_stream.h"
#include "harness/model/bounded_json.h"
#include "harness/record/recorder.h"
#include "harness/report/timeline_text.h"

using namespace stateproof;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto object = parse_bounded_json(fuzz::text_of(data, size));
  if (!object || !object->is_object()) return 0;
  const kube::Resource* resource = nullptr;
  if (object->contains("kind") && (*object)["kind"].is_string())
    resource = kube::resource_of_kind((*object)["kind"].get_ref<const std::string&>());
  if (resource == nullptr) resource = &kube::kPods;
  record::Recorder recorder(Header{}, std::nullopt);
  kube::WatchSink* sink = recorder.sink("fuzz");
  for (const auto type :
       {kube::WatchEventType::kListed, kube::WatchEventType::kModified, kube::WatchEventType::kDeleted}) {
    const kube::WatchEvent event = kube::make_event(*resource, type, *object);
    sink->on_event(*resource, event);
    ObjectSeen seen;
    seen.served = std::make_shared<const nlohmann::json>(event.object);
    seen.object = parse_object(*seen.served);
    (void)report::render({1, Elapsed{0}, std::move(seen)});
  }
  return 0;
}
