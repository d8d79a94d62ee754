#include "harness/check/evidence/assumptions.h"

#include <fmt/format.h>

#include <charconv>
#include <cstdint>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "harness/check/evidence/course.h"
#include "harness/check/evidence/judgement.h"
#include "harness/model/steps.h"

namespace stateproof::check {
namespace {

/// The resourceVersion; zero when the server told none, or when it is not a number.
std::uint64_t version_of(const ObjectSeen& seen, const ObjectMeta& meta) {
  if (seen.served == nullptr || seen.served->empty()) return 0;
  const std::string& digits = meta.resource_version;
  std::uint64_t version = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), version);
  return error == std::errc{} && end == digits.data() + digits.size() ? version : 0;
}

class Assumptions {
 public:
  explicit Assumptions(const Timeline& timeline) : timeline_(timeline) {}

  std::optional<std::string> broken() {
    Elapsed last{0};
    for (const Observation& seen : timeline_) {
      if (seen.at < last) return told(seen, "is earlier than the entry before it");
      last = seen.at;
      const Step* step = seen.as<Step>();
      if (step != nullptr && step->is<steps::Cleanup>()) break;  // nothing is judged from there on
      if (step != nullptr) see(*step, seen);
      if (const auto* event = seen.as<ObjectSeen>()) see(*event, seen);
      if (broken_) return broken_;
    }
    return std::nullopt;
  }

 private:
  /// What one watch delivered: one of a kind and a namespace.
  struct Watch {
    std::string_view kind;
    std::string_view ns;
    std::uint64_t version = 0;
    std::string_view uid;
  };

  static std::string told(const Observation& seen, const std::string& what) {
    return fmt::format("the recording contradicts itself: #{} at {} {}", seen.index, moment(seen), what);
  }
  void report(const Observation& seen, const std::string& what) { broken_ = told(seen, what); }

  void see(const Step& step, const Observation& seen) {
    if (step.begins())
      begun_.insert(step.name());
    else if (!begun_.contains(step.name()))
      report(seen, fmt::format("ends step \"{}\", which never started", step.name()));
  }

  void see(const ObjectSeen& event, const Observation& seen) {
    const ObjectMeta& meta = meta_of(event.object);
    if (event.change != Change::kDeleted)
      known_.insert(meta.ref.uid.value);
    else if (!known_.contains(meta.ref.uid.value))
      return report(seen, fmt::format("is the deletion of {}, which was never recorded", meta.ref.text()));
    if (const std::uint64_t version = version_of(event, meta); version != 0)
      see_version(event, meta, version, seen);
    if (meta.ref.kind == "Namespace" && meta.ref.name == timeline_.subject().ns) see_namespace(meta, seen);
  }

  void see_version(const ObjectSeen& event, const ObjectMeta& meta, std::uint64_t version,
                   const Observation& seen) {
    if (event.synthesized && event.change == Change::kDeleted) return;  // its last known state
    Watch& watch = watch_of(meta.ref);
    // What is told twice is told of the same object.
    const bool falls =
        version < watch.version || (version == watch.version && watch.uid != meta.ref.uid.value);
    if (is_live(event) && falls)
      return report(
          seen, fmt::format("has resourceVersion {}, after {} in the same watch", version, watch.version));
    if (version < watch.version) return;
    watch.version = version;
    watch.uid = meta.ref.uid.value;
  }

  Watch& watch_of(const ObjectRef& ref) {
    for (Watch& watch : watches_)
      if (watch.kind == ref.kind && watch.ns == ref.ns) return watch;
    return watches_.emplace_back(Watch{ref.kind, ref.ns, 0, {}});
  }

  void see_namespace(const ObjectMeta& meta, const Observation& seen) {
    if (begun_.empty()) return;  // who only looks on has no namespace of his own
    if (namespace_.empty()) namespace_ = meta.ref.uid.value;
    if (namespace_ != meta.ref.uid.value)
      report(seen, fmt::format("is a different namespace {} than before", meta.ref.name));
    else if (meta.deletion || seen.is_deletion())
      report(seen, fmt::format("shows that namespace {} was deleted by somebody else", meta.ref.name));
  }

  const Timeline& timeline_;
  std::optional<std::string> broken_;
  std::unordered_set<std::string_view> known_;
  std::unordered_set<std::string_view> begun_;
  std::vector<Watch> watches_;
  std::string_view namespace_;
};

}  // namespace

std::optional<std::string> broken_assumption(const Timeline& timeline) {
  return Assumptions{timeline}.broken();
}

}  // namespace stateproof::check
