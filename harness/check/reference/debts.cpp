#include "harness/check/reference/debts.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <vector>

#include "harness/check/evidence/course.h"
#include "harness/check/evidence/debt.h"
#include "harness/check/evidence/judgement.h"
#include "harness/check/reference/set_history.h"

namespace stateproof::check {
namespace {

bool has_ended(const Pod& pod) { return pod.phase == "Failed" || pod.phase == "Succeeded"; }

/// A set and the pods of its names, as its controller works through them.
class Ledger {
 public:
  Ledger(const StatefulSet& set, const Snapshot& now) : set_(set) {
    for (const auto& [name, pod] : now.pods)
      if (const auto ordinal = ordinal_of(name, set.meta.ref.name)) pods_[*ordinal] = pod;
  }

  [[nodiscard]] std::optional<Owed> first() const {
    if (set_.meta.deletion) return std::nullopt;
    if (set_.observed_generation < set_.meta.generation)
      return Owed{set_.meta.ref, fmt::format("observes generation {}", set_.meta.generation)};
    if (auto owed = of_owners()) return owed;
    bool waits = false;
    if (auto owed = of_wanted(waits); owed || waits) return owed;
    if (auto owed = of_unwanted(waits); owed || waits) return owed;
    if (auto owed = of_update(waits); owed || waits) return owed;
    return of_status();
  }

 private:
  [[nodiscard]] Ordinal end() const { return {set_.first.value + set_.replicas.value}; }
  [[nodiscard]] bool is_member(const Pod& pod) const { return pod.meta.is_controlled_by(set_.meta); }
  [[nodiscard]] const Pod* pod(Ordinal ordinal) const {
    const auto found = pods_.find(ordinal);
    return found == pods_.end() ? nullptr : found->second;
  }

  [[nodiscard]] std::optional<Owed> of_owners() const {
    if (set_.match_labels.empty()) return std::nullopt;
    for (const auto& [ordinal, pod] : pods_) {
      if (pod->terminating()) continue;
      const bool selected = selects(set_.match_labels, *pod);
      if (selected && pod->meta.controller() == nullptr) return Owed{pod->meta.ref, "is adopted"};
      if (!selected && is_member(*pod)) return Owed{pod->meta.ref, "is released"};
    }
    return std::nullopt;
  }

  /// In order nothing more is done before each pod is as it should be.
  std::optional<Owed> of_wanted(bool& waits) const {
    for (Ordinal ordinal = set_.first; ordinal < end(); ++ordinal.value) {
      const Pod* one = pod(ordinal);
      if (one == nullptr)
        return Owed{{"Pod", set_.meta.ref.ns, fmt::format("{}-{}", set_.meta.ref.name, ordinal.value), {}},
                    "is created"};
      if (is_member(*one) && has_ended(*one) && !one->terminating())
        return Owed{one->meta.ref, fmt::format("is replaced, for it {}", one->phase)};
      waits = waits || !is_member(*one) || !is_healthy(*one);
      if (waits && set_.is_ordered()) return std::nullopt;
    }
    waits =
        (waits || (set_.min_ready_seconds > 0 && set_.available_pods < set_.replicas)) && set_.is_ordered();
    return std::nullopt;
  }

  std::optional<Owed> of_unwanted(bool& waits) const {
    for (auto one = pods_.rbegin(); one != pods_.rend(); ++one) {
      const auto& [ordinal, pod] = *one;
      if (set_.wants(ordinal) || !is_member(*pod)) continue;
      if (!pod->terminating()) return Owed{pod->meta.ref, "is deleted, for no such ordinal is wanted"};
      waits = true;
      if (set_.is_ordered()) return std::nullopt;
    }
    return std::nullopt;
  }

  std::optional<Owed> of_update(bool& waits) const {
    if (set_.update_strategy != "RollingUpdate") return std::nullopt;
    const int lowest = set_.first.value + set_.partition;
    for (Ordinal ordinal{end().value - 1}; ordinal.value >= lowest; --ordinal.value) {
      const Pod* one = pod(ordinal);
      waits = one == nullptr || !is_member(*one) || one->terminating();
      if (waits) return std::nullopt;
      if (one->revision() != set_.update_revision)
        return Owed{one->meta.ref, fmt::format("is updated to {}", set_.update_revision)};
      waits = !is_healthy(*one);
      if (waits) return std::nullopt;
    }
    return std::nullopt;
  }

  [[nodiscard]] std::optional<Owed> of_status() const {
    int created = 0;
    int ready = 0;
    for (const auto& [ordinal, pod] : pods_) {
      if (!is_member(*pod)) continue;
      ++created;
      ready += pod->phase == "Running" && pod->ready ? 1 : 0;
    }
    if (set_.current_pods.value == created && set_.ready_pods.value == ready) return std::nullopt;
    return Owed{set_.meta.ref, fmt::format("counts {} pods, {} Ready, in its status", created, ready)};
  }

  const StatefulSet& set_;
  std::map<Ordinal, const Pod*> pods_;
};

std::optional<Owed> first_owed(const Snapshot& now, const Subject& subject) {
  for (const auto& [name, set] : now.sets)
    if (set->meta.ref.ns == subject.ns)
      if (auto owed = owed_by_set(*set, now)) return owed;
  return owed_by_collector(now);
}

std::string look_at(const ObjectRef& object) {
  return fmt::format("kubectl -n {} get {} {} -o yaml; the log of kube-controller-manager", object.ns,
                     object.kind == "Pod" ? "pod" : "statefulset", object.name);
}

}  // namespace

std::optional<Owed> owed_by_set(const StatefulSet& set, const Snapshot& now) {
  return Ledger(set, now).first();
}

std::optional<Owed> owed_by_collector(const Snapshot& now) {
  for (const auto& [name, pod] : now.pods) {
    const OwnerReference* owner = pod->meta.controller();
    if (owner == nullptr || owner->kind != "StatefulSet" || pod->meta.owners.size() > 1 || pod->terminating())
      continue;
    const bool exists = std::any_of(now.sets.begin(), now.sets.end(),
                                    [&](const auto& one) { return one.second->meta.ref.uid == owner->uid; });
    if (!exists) return Owed{pod->meta.ref, "is deleted, for its set is gone"};
  }
  return std::nullopt;
}

Verdict debts_are_paid(const Timeline& timeline) {
  const Course course(timeline);
  Judgement judgement{course, Watches{"pods", "statefulsets"}.of_states()};
  judgement.doubt_if(course.cut_short());
  std::size_t paid = 0;
  for (const RecordedStep& step : course.steps()) {
    if (step.reached()) ++paid;
    if (!step.timed_out()) continue;
    const Snapshot now = snapshot_at(timeline, *step.end);
    const auto owed = first_owed(now, timeline.subject());
    if (!owed) {
      judgement.doubt("nothing was owed any more, but " + step.text());
      continue;
    }
    const Debt debt{.set = timeline.subject().set, .begin = step.begin, .end = step.end};
    if (is_overdue(timeline, debt, judgement))
      judgement.find({owed->object,
                      fmt::format("{} {}", owed->object.text(), owed->what),
                      fmt::format("that had not happened at {}, when nothing had changed since {}: {}",
                                  moment(*step.end), moment(latest_change(timeline, *step.begin, *step.end)),
                                  step.text()),
                      {step.begin->index, step.end->index},
                      look_at(owed->object)});
    else
      judgement.doubt(fmt::format("{} {}, but {}", owed->object.text(), owed->what, step.text()));
  }
  if (paid == 0) judgement.doubt("no step of the scenario came to its end");
  return std::move(judgement).verdict(
      fmt::format("nothing was owed at the end of {}", counted(paid, "step", "steps")));
}

}  // namespace stateproof::check
