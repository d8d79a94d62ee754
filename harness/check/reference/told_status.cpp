#include "harness/check/reference/told_status.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/check/evidence/course.h"
#include "harness/check/evidence/judgement.h"
#include "harness/check/evidence/patience.h"
#include "harness/check/reference/difference.h"
#include "harness/check/reference/heard.h"
#include "harness/check/reference/set_history.h"
#include "harness/model/fields.h"
#include "harness/model/server_version.h"

namespace stateproof::check {
namespace {

/// What a controller counts of one pod.
struct Counted {
  bool created = false;
  bool ready = false;
  std::string_view revision;  ///< empty while it is being deleted
  friend bool operator==(const Counted&, const Counted&) = default;
};

Counted counted_of(const Pod& pod) {
  Counted counted{!pod.phase.empty(), pod.phase == "Running" && pod.ready, {}};
  const auto revision = pod.meta.labels.find(kRevisionLabel);
  if (!pod.terminating() && revision != pod.meta.labels.end()) counted.revision = revision->second;
  return counted;
}

/// The counts of one moment, from one entry of the pods watch to the next.
struct Moment {
  const Observation* since = nullptr;  ///< null: before the first
  int created = 0;
  int ready = 0;
  std::vector<std::pair<std::string_view, int>> revisions;
  int endings = 0;             ///< deletions of pods until then
  bool changes_owner = false;  ///< a pod that was there before came to the set, or left it

  [[nodiscard]] int of(std::string_view revision) const {
    const auto found = std::find_if(revisions.begin(), revisions.end(),
                                    [&](const auto& one) { return one.first == revision; });
    return found == revisions.end() ? 0 : found->second;
  }
};

/// What a pod's creation proves that the controller had seen: it tells the status of its next look, or has
/// told it, when it acts again.
struct Proof {
  const Observation* seen = nullptr;
  std::size_t moment = 0;
  std::int64_t generation = 0;
};

/// The moments of one set's pods.
class PodCounts {
 public:
  explicit PodCounts(const SetHistory& set) : set_(set), moments_(1) {}

  void see(const Pod& pod, const Observation& seen, bool is_ours) {
    const auto ordinal = ordinal_of(pod.meta.ref.name, set_.meta().ref.name);
    if (ordinal && is_ours && is_live_creation(seen)) prove(*ordinal, seen);
    count(pod, seen, is_ours);
    if (!ordinal) return;
    if (seen.is_deletion() || is_healthy(pod))
      settled_.try_emplace(ordinal->value, moments_.size() - 1);
    else
      settled_.erase(ordinal->value);
  }

  [[nodiscard]] const std::vector<Moment>& moments() const { return moments_; }
  [[nodiscard]] const std::vector<Proof>& proofs() const { return proofs_; }

 private:
  /// It had seen that the former pod of that name was gone and, in order, that the predecessor was Ready; and
  /// a generation of the set that wants the pod.
  void prove(Ordinal ordinal, const Observation& seen) {
    const StatefulSet& set = *set_.states().front().set;
    std::size_t moment = settled_at(ordinal);
    if (set.is_ordered()) moment = std::max(moment, settled_at({ordinal.value - 1}));
    std::int64_t generation = 0;
    for (const SetState& one : set_.generations())
      if (one.set->wants(ordinal)) {
        generation = one.set->meta.generation;
        break;
      }
    proofs_.push_back({&seen, moment, generation});
  }
  [[nodiscard]] std::size_t settled_at(Ordinal ordinal) const {
    const auto found = settled_.find(ordinal.value);
    return found == settled_.end() ? 0 : found->second;
  }

  void count(const Pod& pod, const Observation& seen, bool is_ours) {
    const std::string_view uid = pod.meta.ref.uid.value;
    const auto known = pods_.find(uid);
    const bool stays = is_ours && !seen.is_deletion();
    if (known == pods_.end() && !stays) return;
    const Counted now = counted_of(pod);
    if (known != pods_.end() && stays && known->second == now) return;
    Moment next = moments_.back();
    next.since = &seen;
    next.changes_owner = known == pods_.end() ? !is_live_creation(seen) : !stays && !seen.is_deletion();
    if (known != pods_.end()) {
      add(next, known->second, -1);
      if (!known->second.revision.empty() && (now.revision.empty() || !stays)) ++next.endings;
    }
    if (stays) {
      add(next, now, 1);
      pods_.insert_or_assign(uid, now);
    } else {
      pods_.erase(uid);
    }
    moments_.push_back(std::move(next));
  }

  static void add(Moment& moment, const Counted& pod, int sign) {
    moment.created += pod.created ? sign : 0;
    moment.ready += pod.ready ? sign : 0;
    if (!pod.created || pod.revision.empty()) return;
    for (auto& [revision, count] : moment.revisions)
      if (revision == pod.revision) {
        count += sign;
        return;
      }
    moment.revisions.emplace_back(pod.revision, sign);
  }

  const SetHistory& set_;
  std::map<std::string_view, Counted> pods_;
  std::vector<Moment> moments_;
  std::vector<Proof> proofs_;
  std::map<int, std::size_t> settled_;  ///< the moment since which an ordinal's pod is Ready, or gone
};

using AllCounts = std::map<std::string_view, PodCounts>;  // by UID of the set

AllCounts count_pods(const Course& course, const SetHistories& sets) {
  AllCounts counts;
  for (const auto& [uid, set] : sets) counts.try_emplace(uid, set);
  std::map<std::string_view, std::string_view> owners;  // by UID of the pod
  for (const Observation& seen : course.judged()) {
    const Pod* pod = seen.object<Pod>();
    if (pod == nullptr) continue;
    const SetHistory* set = controlling_set(sets, pod->meta);
    if (set != nullptr && !selects(set->states().front().set->match_labels, *pod)) set = nullptr;
    const std::string_view uid = set == nullptr ? std::string_view{} : set->meta().ref.uid.value;
    std::string_view& owner = owners[pod->meta.ref.uid.value];
    if (!owner.empty() && owner != uid) counts.at(owner).see(*pod, seen, false);
    if (!uid.empty()) counts.at(uid).see(*pod, seen, true);
    owner = seen.is_deletion() ? std::string_view{} : uid;
  }
  return counts;
}

struct SameStatus {
  bool operator()(const StatefulSet& a, const StatefulSet& b) const {
    return a.observed_generation == b.observed_generation && a.current_pods == b.current_pods &&
           a.ready_pods == b.ready_pods && a.available_pods == b.available_pods &&
           a.current_revision_pods == b.current_revision_pods && a.updated_pods == b.updated_pods &&
           a.current_revision == b.current_revision && a.update_revision == b.update_revision;
  }
};

std::string status_text(const StatefulSet& set) {
  return fmt::format(
      "replicas {}, readyReplicas {}, availableReplicas {}, currentReplicas {} of {}, "
      "updatedReplicas {} of {}",
      set.current_pods.value, set.ready_pods.value, set.available_pods.value, set.current_revision_pods.value,
      set.current_revision, set.updated_pods.value, set.update_revision);
}

std::string moment_text(const StatefulSet& set, const Moment& moment) {
  return fmt::format("replicas {}, readyReplicas {}, currentReplicas {}, updatedReplicas {}", moment.created,
                     moment.ready, moment.of(set.current_revision), moment.of(set.update_revision));
}

/// How many counts of the status the moment explains, and whether those are all.
struct Fit {
  int agreeing = 0;
  bool explains = false;
};

class StatusJudge {
 public:
  StatusJudge(const Timeline& timeline, const Course& course, const Hearing& hearing, Judgement& judgement)
      : hearing_(hearing), judgement_(judgement) {
    for (const Observation& seen : course.judged())
      if (const auto* mark = seen.as<FaultMark>(); mark != nullptr && mark->target.kind == "StatefulSet")
        marks_.emplace(mark->target.uid.value, &seen);
    const auto server = timeline.header.environment.find("server");
    if (server != timeline.header.environment.end() && server->is_string())
      version_ = parse_server_version(server->get<std::string>());
  }

  void judge(const SetHistory& set, const PodCounts& pods) {
    const StatefulSet* former = nullptr;
    std::size_t from = 0;  // moment that the controller is known to have seen
    auto proof = pods.proofs().begin();
    std::int64_t generation = 0;
    bool told_of_former = false;
    for (const SetState& state : set.states()) {
      const StatefulSet& now = *state.set;
      const bool is_new = former != nullptr && is_live(*state.seen) && !SameStatus{}(*former, now);
      if (is_new) {
        ++judged_;
        for (; proof != pods.proofs().end() && hearing_.precedes(*proof->seen, *state.seen); ++proof) {
          from = std::max(from, proof->moment);
          generation = std::max(generation, proof->generation);
        }
        judge_generation(*former, state, generation);
        judge_promotion(*former, state, set);
        const std::size_t shown = judge_counts(state, pods.moments(), from);
        // Once: then the controller knows the one that is there now.
        if (!findings_.empty() && !told_of_former && set.may_tell_of_former(state)) {
          told_of_former = true;
          findings_.clear();
          continue;
        }
        if (!may_be_somebody_elses(state)) from = shown;
        tell_findings(state);
      }
      former = &now;
    }
  }
  [[nodiscard]] std::size_t judged() const { return judged_; }

 private:
  void report(const SetState& state, std::string expected, std::string observed, const std::string& field,
              const Observation* other = nullptr) {
    const ObjectRef& ref = state.set->meta.ref;
    std::vector<std::size_t> evidence{state.seen->index};
    if (other != nullptr && other->index < state.seen->index) evidence.insert(evidence.begin(), other->index);
    findings_.push_back(
        {ref, std::move(expected), std::move(observed), std::move(evidence),
         fmt::format("status.{}: kubectl -n {} get statefulset {} -o yaml", field, ref.ns, ref.name)});
  }

  using Marks = std::multimap<std::string_view, const Observation*>;  // by UID of the set
  [[nodiscard]] Marks::const_iterator mark_before(const SetState& state) const {
    const auto [first, last] = marks_.equal_range(state.set->meta.ref.uid.value);
    const auto mark = std::find_if(first, last, [&](const auto& one) {
      return one.second->index < state.seen->index &&
             hearing_.of(*state.seen) <= hearing_.of(*one.second) + kSkew;
    });
    return mark == last ? marks_.end() : mark;
  }
  [[nodiscard]] bool may_be_somebody_elses(const SetState& state) const {
    return mark_before(state) != marks_.end();
  }

  /// Whoever does something to a set on purpose may write its status: one that nothing else explains.
  void tell_findings(const SetState& state) {
    std::vector<Finding> findings;
    findings.swap(findings_);
    if (findings.empty()) return;
    if (const auto mark = mark_before(state); mark != marks_.end()) {
      marks_.erase(mark);
      return;
    }
    for (Finding& one : findings) hearing_.find(judgement_, "pods", *state.seen, std::move(one));
  }

  void judge_generation(const StatefulSet& former, const SetState& state, std::int64_t proven) {
    const StatefulSet& now = *state.set;
    if (now.update_revision.empty()) return;
    const bool moves = !former.update_revision.empty() && former.update_revision != now.update_revision;
    const std::int64_t least =
        std::max({former.observed_generation + (moves ? 1 : 0), proven, std::int64_t{1}});
    if (now.observed_generation <= now.meta.generation && now.observed_generation >= least) return;
    report(state,
           fmt::format("observedGeneration is the generation that the controller acts on: from {} to {}",
                       least, now.meta.generation),
           fmt::format("it was {} at {}", now.observed_generation, moment(*state.seen)),
           "observedGeneration");
  }

  static bool is_over(const StatefulSet& set) {
    return set.updated_pods == set.current_pods && set.ready_pods == set.current_pods;
  }

  void judge_promotion(const StatefulSet& former, const SetState& state, const SetHistory& set) {
    const StatefulSet& now = *state.set;
    if (now.meta.deletion) return;  // its revisions go with it
    const bool promotes = !former.current_revision.empty() && former.current_revision != now.current_revision;
    if (promotes && (now.current_revision != now.update_revision || !is_over(now)))
      report(state,
             fmt::format("currentRevision stays {} until all pods have {} and are Ready",
                         former.current_revision, now.update_revision),
             fmt::format("it became {} at {}, with {}", now.current_revision, moment(*state.seen),
                         status_text(now)),
             "currentRevision");
    const SetState* observed = set.generation(now.observed_generation);
    if (observed == nullptr || now.current_revision == now.update_revision) return;
    if (!is_over(now) || now.current_pods != observed->set->replicas || !promotes_at_all(*observed->set))
      return;
    report(state,
           fmt::format("currentRevision is {}, which all {} pods have and are Ready", now.update_revision,
                       now.current_pods.value),
           fmt::format("it was {} at {}", now.current_revision, moment(*state.seen)), "currentRevision");
  }

  /// Before 1.37 nothing was promoted under OnDelete.
  [[nodiscard]] bool promotes_at_all(const StatefulSet& set) const {
    if (set.update_strategy == "RollingUpdate") return true;
    return version_ && *version_ >= ServerVersion{1, 37, 0, true};
  }

  static Fit fit(const StatefulSet& set, const Moment& moment) {
    Fit fit;
    const auto count = [&fit](bool agrees) { fit.agreeing += agrees ? 1 : 0; };
    count(moment.created == set.current_pods.value);
    count(moment.ready == set.ready_pods.value);
    count(moment.of(set.update_revision) == set.updated_pods.value);
    fit.explains = fit.agreeing == 3;
    return fit;
  }

  /// The first moment that explains the counts; `from` when none does.
  std::size_t judge_counts(const SetState& state, const std::vector<Moment>& moments, std::size_t from) {
    const StatefulSet& set = *state.set;
    std::size_t best = from;
    Fit closest;
    bool excused = false;
    std::size_t last = from;
    for (std::size_t i = from; i < moments.size() && may_show(moments[i], state); ++i) {
      if (moments[i].since == nullptr || hearing_.precedes(*moments[i].since, *state.seen)) last = i;
      const Fit now = fit(set, moments[i]);
      excused = excused || (moments[i].changes_owner && i > from);
      if (now.explains && current_explained(state, moments, i)) {
        judge_available(state);
        return i;
      }
      if (now.agreeing >= closest.agreeing) {
        closest = now;
        best = i;
      }
    }
    if (excused) return last;
    report(state,
           fmt::format("the status counts the pods of one moment, as {} after {}",
                       moment_text(set, moments[best]), since_text(moments[best])),
           fmt::format("it had {} at {}", status_text(set), moment(*state.seen)), "replicas",
           moments[best].since);
    return from;
  }

  static std::string since_text(const Moment& at) {
    return at.since == nullptr ? "the beginning"
                               : fmt::format("#{} ({})", at.since->index, moment(*at.since));
  }

  /// Whether the controller may have seen that moment when it wrote the status.
  [[nodiscard]] bool may_show(const Moment& at, const SetState& state) const {
    return at.since == nullptr || hearing_.may_precede(*at.since, *state.seen);
  }

  /// Of the current revision the controller takes off at once each pod that it has just deleted, of whatever
  /// revision.
  [[nodiscard]] bool current_explained(const SetState& state, const std::vector<Moment>& moments,
                                       std::size_t view) const {
    const StatefulSet& set = *state.set;
    if (set.current_revision == set.update_revision && set.current_revision_pods == set.updated_pods)
      return true;
    std::size_t last = view;
    while (last + 1 < moments.size() && may_show(moments[last + 1], state)) ++last;
    const int counted = moments[view].of(set.current_revision);
    const int deleted = moments[last].endings - moments[view].endings;
    return set.current_revision_pods.value <= counted && set.current_revision_pods.value >= counted - deleted;
  }

  void judge_available(const SetState& state) {
    const StatefulSet& set = *state.set;
    if (set.observed_generation != set.meta.generation) return;
    const bool waits = set.min_ready_seconds > 0;
    const bool good = waits ? set.available_pods <= set.ready_pods : set.available_pods == set.ready_pods;
    if (good) return;
    report(state,
           waits ? "availableReplicas counts Ready pods only"
                 : "availableReplicas is readyReplicas, for minReadySeconds is 0",
           fmt::format("it had {} at {}", status_text(set), moment(*state.seen)), "availableReplicas");
  }

  const Hearing& hearing_;
  Judgement& judgement_;
  std::optional<ServerVersion> version_;
  Marks marks_;
  std::vector<Finding> findings_;  ///< on the status under judgement
  std::size_t judged_ = 0;
};

}  // namespace

Verdict status_as_counted(const Timeline& timeline) {
  const Course course(timeline);
  const SetHistories sets = set_histories(course.judged(), timeline.subject());
  Judgement judgement{course, Watches{"pods", "statefulsets"}.of_states()};
  judgement.doubt_if(course.cut_short());
  const Hearing hearing(timeline, course);
  const AllCounts pods = count_pods(course, sets);
  StatusJudge judge(timeline, course, hearing, judgement);
  for (const auto& [uid, set] : sets) judge.judge(set, pods.at(uid));
  if (judge.judged() == 0) judgement.doubt("no status of a set was written");
  return std::move(judgement).verdict(
      fmt::format("{} counted the pods of one moment each", counted(judge.judged(), "status", "statuses")));
}

}  // namespace stateproof::check
