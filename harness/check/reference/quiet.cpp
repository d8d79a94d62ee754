#include "harness/check/reference/quiet.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "harness/check/evidence/course.h"
#include "harness/check/evidence/judgement.h"
#include "harness/check/reference/heard.h"
#include "harness/check/reference/set_history.h"
#include "harness/model/fields.h"

namespace stateproof::check {
namespace {

using nlohmann::json;

/// A controller that settles writes an object once or twice after the last thing that it acts on.
constexpr int kMostWrites = 12;

/// Whether a controller writes this kind by itself, and nobody else does while all is quiet.
bool is_written_by_controllers(const KubeObject& object) {
  return std::holds_alternative<StatefulSet>(object) || std::holds_alternative<EndpointSlice>(object) ||
         std::holds_alternative<ControllerRevision>(object) ||
         std::holds_alternative<DisruptionBudget>(object) || std::holds_alternative<Claim>(object) ||
         std::holds_alternative<Service>(object);
}

/// Whether both ask for the same of whoever acts on them: the spec and the metadata that people write.
bool same_demand(const json& a, const json& b) {
  return &a == &b ||
         (fields::member(a, "spec") == fields::member(b, "spec") &&
          fields::in(a, "metadata", "labels") == fields::in(b, "metadata", "labels") &&
          fields::in(a, "metadata", "annotations") == fields::in(b, "metadata", "annotations") &&
          fields::in(a, "metadata", "deletionTimestamp") == fields::in(b, "metadata", "deletionTimestamp"));
}

/// Finds what controllers act on: everything but their own writes, and what is done on purpose.
class Demands {
 public:
  explicit Demands(const Subject& subject) : subject_(subject) {}

  [[nodiscard]] bool changes(const Observation& seen) {
    if (seen.as<Step>() != nullptr || seen.as<FaultMark>() != nullptr || seen.as<Gap>() != nullptr)
      return true;
    const auto* event = seen.as<ObjectSeen>();
    const json* served = event == nullptr ? nullptr : served_object(seen);
    // Events, and what speaks of the harness alone, are nothing that controllers act on.
    if (served == nullptr || std::holds_alternative<OtherObject>(event->object)) return false;
    if (!is_written_by_controllers(event->object)) return true;
    const ObjectMeta& meta = meta_of(event->object);
    if (meta.ref.ns != subject_.ns) return false;
    if (std::holds_alternative<EndpointSlice>(event->object)) return seen.is_deletion();
    const json*& known = demands_[meta.ref.uid.value];
    const bool changes = known == nullptr || seen.is_deletion() || !same_demand(*known, *served);
    known = served;
    return changes;
  }

 private:
  const Subject& subject_;
  std::unordered_map<std::string_view, const json*> demands_;
};

class Quiet {
 public:
  Quiet(const Timeline& timeline, const Course& course, Judgement& judgement)
      : subject_(timeline.subject()), hearing_(timeline, course), judgement_(judgement) {
    Demands demands(subject_);
    for (const Observation& seen : course.judged()) {
      changes_.push_back(demands.changes(seen));
      if (const std::uint64_t version = version_of(seen); changes_.back() && version != 0)
        versions_.push_back(version);
    }
    std::sort(versions_.begin(), versions_.end());
  }

  void see(const Observation& seen) {
    if (changes_[seen.index - 1]) return writes_.clear();
    const auto* event = seen.as<ObjectSeen>();
    if (event == nullptr || !is_live(seen) || !is_written_by_controllers(event->object)) return;
    const ObjectMeta& meta = meta_of(event->object);
    if (meta.ref.ns == subject_.ns) count(seen, meta);
  }
  [[nodiscard]] std::size_t judged() const { return judged_; }

 private:
  struct Writes {
    int count = 0;
    const Observation* first = nullptr;
    std::uint64_t version = 0;  ///< of the latest
    bool told = false;
  };

  /// Whether something changed between two writes that another watch told late.
  [[nodiscard]] bool changed_between(std::uint64_t before, std::uint64_t after) const {
    const auto next = std::upper_bound(versions_.begin(), versions_.end(), before);
    return before != 0 && next != versions_.end() && *next <= after;
  }

  void count(const Observation& seen, const ObjectMeta& meta) {
    Writes& writes = writes_[meta.ref.uid.value];
    const std::uint64_t version = version_of(seen);
    if (changed_between(writes.version, version)) writes = {};
    writes.version = version;
    ++judged_;
    if (writes.first == nullptr) writes.first = &seen;
    if (++writes.count <= kMostWrites || writes.told) return;
    writes.told = true;
    hearing_.find(
        judgement_, "pods", seen,
        {meta.ref,
         fmt::format("it is left alone while nothing else changes, or written {} times at most", kMostWrites),
         fmt::format("it was written {} times from {} to {}, now with resourceVersion {}", writes.count,
                     moment(*writes.first), moment(seen), meta.resource_version),
         {writes.first->index, seen.index},
         fmt::format("metadata.resourceVersion: kubectl -n {} get {} {} -o yaml --watch", meta.ref.ns,
                     meta.ref.kind, meta.ref.name)});
  }

  const Subject& subject_;
  const Hearing hearing_;
  Judgement& judgement_;
  std::vector<bool> changes_;            ///< of each entry
  std::vector<std::uint64_t> versions_;  ///< of those that change something
  std::unordered_map<std::string_view, Writes> writes_;
  std::size_t judged_ = 0;
};

}  // namespace

Verdict quiet_stays_quiet(const Timeline& timeline) {
  const Course course(timeline);
  Judgement judgement{course, Watches{"pods", "statefulsets"}.of_states()};
  judgement.doubt_if(course.cut_short());
  Quiet quiet(timeline, course, judgement);
  for (const Observation& seen : course.judged()) quiet.see(seen);
  if (quiet.judged() == 0) judgement.doubt("no controller wrote anything");
  return std::move(judgement).verdict(fmt::format("{} of controllers, never many while nothing else changed",
                                                  counted(quiet.judged(), "write", "writes")));
}

}  // namespace stateproof::check
