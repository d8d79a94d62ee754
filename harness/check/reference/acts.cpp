#include "harness/check/reference/acts.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/check/evidence/course.h"
#include "harness/check/evidence/judgement.h"
#include "harness/check/evidence/patience.h"
#include "harness/check/reference/heard.h"
#include "harness/check/reference/set_history.h"
#include "harness/model/fields.h"

namespace stateproof::check {
namespace {

/// A pod of a set as the watch showed it last.
struct Member {
  const Pod* pod = nullptr;
  const Observation* since = nullptr;  ///< when it appeared
  Elapsed appeared{0};
  bool ending = false;
  const Observation* ready = nullptr;  ///< since when it has been healthy
  bool flapped = false;                ///< it was healthy before that, too
};

/// A set with what is known of its pods so far.
struct Actor {
  const SetHistory* history = nullptr;
  std::map<Ordinal, Member> pods;
  std::deque<std::pair<Elapsed, std::map<Ordinal, bool>>> moments;  ///< health by ordinal, of the last while
  std::int64_t generation = 0;      ///< that its acts so far prove to have been seen
  std::map<Ordinal, Elapsed> gone;  ///< when the latest of that ordinal went
};

class ActJudge {
 public:
  ActJudge(const Timeline& timeline, const Course& course, const SetHistories& sets, Judgement& judgement)
      : timeline_(timeline), course_(course), sets_(sets), hearing_(timeline, course), judgement_(judgement) {
    for (const auto& [uid, history] : sets) actors_[uid].history = &history;
  }

  void judge() {
    for (const Observation& seen : course_.judged()) {
      if (const auto* fault = seen.as<FaultMark>(); fault != nullptr)
        by_hand_.insert(fault->target.uid.value);
      const Pod* pod = seen.object<Pod>();
      if (pod == nullptr || pod->meta.ref.ns != timeline_.subject().ns) continue;
      Actor* actor = actor_of(*pod);
      leave(*pod, actor);
      if (actor == nullptr) continue;
      const auto ordinal = ordinal_of(pod->meta.ref.name, actor->history->meta().ref.name);
      if (ordinal) see(*actor, *ordinal, *pod, seen);
    }
  }
  [[nodiscard]] std::size_t judged() const { return judged_; }

 private:
  Actor* actor_of(const Pod& pod) {
    const SetHistory* set = controlling_set(sets_, pod.meta);
    return set == nullptr ? nullptr : &actors_.at(set->meta().ref.uid.value);
  }

  /// A pod that its set has let go is no member any more.
  void leave(const Pod& pod, const Actor* of) {
    for (auto& [uid, actor] : actors_)
      if (&actor != of)
        std::erase_if(actor.pods,
                      [&](const auto& one) { return one.second.pod->meta.ref.uid == pod.meta.ref.uid; });
  }

  void see(Actor& actor, Ordinal ordinal, const Pod& pod, const Observation& seen) {
    const auto known = actor.pods.find(ordinal);
    const bool is_known = known != actor.pods.end() && known->second.pod->meta.ref.uid == pod.meta.ref.uid;
    if (!is_known && is_live_creation(seen)) judge_creation(actor, ordinal, pod, seen);
    if (!is_known && seen.is_deletion()) return;
    Member& member = actor.pods[ordinal];
    if (!is_known) member = {.pod = &pod, .since = &seen, .appeared = hearing_.of(seen)};
    follow_health(member, pod, seen);
    const Pod& former = *member.pod;
    member.pod = &pod;
    if (!member.ending && (pod.terminating() || seen.is_deletion())) {
      member.ending = true;
      if (is_known && is_live(seen)) judge_deletion(actor, ordinal, former, pod, seen);
    }
    if (seen.is_deletion()) {
      actor.pods.erase(ordinal);
      actor.gone[ordinal] = hearing_.of(seen);
    }
    remember(actor, hearing_.of(seen));
  }

  static void follow_health(Member& member, const Pod& pod, const Observation& seen) {
    if (!is_healthy(pod)) {
      member.flapped = member.flapped || member.ready != nullptr;
      member.ready = nullptr;
    } else if (member.ready == nullptr) {
      member.ready = &seen;
    }
  }

  /// Only what a cache may still show is kept.
  static void remember(Actor& actor, Elapsed heard) {
    std::map<Ordinal, bool> health;
    for (const auto& [ordinal, member] : actor.pods) health.emplace(ordinal, is_healthy(*member.pod));
    actor.moments.emplace_back(heard, std::move(health));
    while (actor.moments.size() > 1 && actor.moments[1].first + kControllerPatience < heard)
      actor.moments.pop_front();
  }

  /// States of the set that the controller may have acted on: none of a generation before the one that its
  /// status had observed some time before, or that its earlier acts prove.
  [[nodiscard]] std::vector<const SetState*> views(const Actor& actor, const Observation& act) const {
    std::int64_t observed = actor.generation;
    std::vector<const SetState*> views;
    const auto& states = actor.history->states();
    const auto last = std::partition_point(states.begin(), states.end(), [&](const SetState& one) {
      return hearing_.may_precede(*one.seen, act);
    });
    for (auto state = std::make_reverse_iterator(last); state != states.rend(); ++state) {
      if (state->set->meta.generation < observed) break;
      if (hearing_.precedes(*state->seen, act) && !actor.history->may_tell_of_former(*state))
        observed = std::max(observed, state->set->observed_generation);
      views.push_back(&*state);
    }
    std::erase_if(views, [&](const SetState* one) { return one->set->meta.generation < observed; });
    std::reverse(views.begin(), views.end());
    return views;
  }

  /// Ordinals that keep the current revision: those below the partition; of a strategy without any parameters
  /// as many as the status counts at that revision.
  static int held_back(const SetState& view) {
    const StatefulSet& set = *view.set;
    if (set.update_strategy != "RollingUpdate") return 0;
    const bool is_plain = view.served != nullptr &&
                          fields::in(*view.served, "spec", "updateStrategy", "rollingUpdate").is_null();
    return is_plain ? set.current_revision_pods.value : set.partition;
  }

  static bool is_right_revision(const SetHistory& history, const SetState& view, Ordinal ordinal,
                                const std::string& revision) {
    const StatefulSet& set = *view.set;
    const std::string* update = history.update_revision(set.meta.generation);
    if (update == nullptr || set.current_revision.empty()) return true;
    const bool keeps = ordinal.value < set.first.value + held_back(view);
    return revision == (keeps ? set.current_revision : *update);
  }

  /// An act that only newer views ask for proves that those were seen.
  template <class Asks>
  static bool any_asks(Actor& actor, const std::vector<const SetState*>& views, const Asks& asks) {
    std::optional<std::int64_t> oldest;
    for (const SetState* one : views)
      if (asks(*one))
        oldest = std::min(oldest.value_or(one->set->meta.generation), one->set->meta.generation);
    if (oldest) actor.generation = std::max(actor.generation, *oldest);
    return oldest.has_value();
  }

  void judge_creation(Actor& actor, Ordinal ordinal, const Pod& pod, const Observation& seen) {
    const auto all = views(actor, seen);
    if (all.empty()) return;
    ++judged_;
    if (!any_asks(actor, all, [&](const SetState& view) { return view.set->wants(ordinal); }))
      return report(*all.back(), pod, seen, "spec.replicas",
                    fmt::format("ordinal {} is not created, as no state of the set wanted it", ordinal.value),
                    "was created");
    if (!any_asks(actor, all, [&](const SetState& view) {
          return view.set->wants(ordinal) && is_right_revision(*actor.history, view, ordinal, pod.revision());
        }))
      report(
          *all.back(), pod, seen, "metadata.labels[controller-revision-hash]",
          fmt::format("{} has the revision that strategy {} and partition {} give it, with {} current and {} "
                      "the update",
                      pod.meta.ref.name, all.back()->set->update_strategy, all.back()->set->partition,
                      all.back()->set->current_revision, all.back()->set->update_revision),
          fmt::format("was created with {}", pod.revision()));
    if (!all.back()->set->is_ordered()) return;
    if (std::none_of(all.begin(), all.end(), [&](const SetState* one) {
          return predecessors_ready(actor, ordinal, one->set->first);
        }))
      report(*all.back(), pod, seen, "spec.podManagementPolicy",
             fmt::format("{} is created after all its predecessors are Running and Ready at one moment",
                         pod.meta.ref.name),
             fmt::format("was created while {}", unready_text(actor, ordinal, all.back()->set->first)));
    judge_availability(actor, ordinal, pod, seen, all);
  }

  /// The predecessor has been Ready for minReadySeconds. It counts only when the servers' stamps, which are
  /// whole seconds, and our own clock both say that it was too early.
  void judge_availability(const Actor& actor, Ordinal ordinal, const Pod& pod, const Observation& seen,
                          const std::vector<const SetState*>& all) {
    const auto found = actor.pods.find({ordinal.value - 1});
    const int least = (*std::min_element(all.begin(), all.end(), [](const SetState* a, const SetState* b) {
                        return a->set->min_ready_seconds < b->set->min_ready_seconds;
                      }))->set->min_ready_seconds;
    const std::chrono::seconds wanted{least};
    if (wanted <= kSkew || found == actor.pods.end() || actor.gone.contains(ordinal)) return;
    if (std::any_of(all.begin(), all.end(), [&](const SetState* one) { return ordinal <= one->set->first; }))
      return;
    const Member& before = found->second;
    if (before.ready == nullptr || before.flapped || !before.pod->ready_since || !pod.meta.created) return;
    const auto told = *pod.meta.created - *before.pod->ready_since;
    const auto heard = seen.at - before.ready->at;
    if (told + std::chrono::seconds{1} >= wanted || heard + kSkew >= wanted) return;
    report(
        *all.back(), pod, seen, "spec.minReadySeconds",
        fmt::format("{} is created when {} has been Ready for {} s", pod.meta.ref.name,
                    before.pod->meta.ref.name, least),
        fmt::format("was created {} after it had become Ready (#{})", seconds(heard), before.ready->index));
  }

  /// At one moment since the former pod of that name went.
  static bool predecessors_ready(const Actor& actor, Ordinal ordinal, Ordinal first) {
    if (ordinal <= first) return true;
    const auto gone = actor.gone.find(ordinal);
    for (auto moment = actor.moments.rbegin(); moment != actor.moments.rend(); ++moment) {
      bool all = true;
      for (Ordinal below = first; below < ordinal && all; ++below.value) {
        const auto found = moment->second.find(below);
        all = found != moment->second.end() && found->second;
      }
      if (all) return true;
      if (gone != actor.gone.end() && moment->first <= gone->second) return false;
    }
    return false;
  }

  static std::string unready_text(const Actor& actor, Ordinal ordinal, Ordinal first) {
    for (Ordinal below = first; below < ordinal; ++below.value) {
      const auto found = actor.pods.find(below);
      if (found == actor.pods.end()) return fmt::format("ordinal {} had no pod", below.value);
      if (!is_healthy(*found->second.pod))
        return fmt::format("{} was {}", found->second.pod->meta.ref.name,
                           found->second.pod->terminating() ? "Terminating" : "not Ready");
    }
    return "its predecessors had not been Ready together";
  }

  /// Ended by people, its node, an eviction, or for good by itself.
  [[nodiscard]] bool is_somebody_elses(const Pod& former, const Pod& pod) const {
    return by_hand_.contains(pod.meta.ref.uid.value) || !pod.disruption.empty() ||
           !former.disruption.empty() || former.phase == "Failed" || former.phase == "Succeeded" ||
           pod.phase == "Failed";
  }

  void judge_deletion(Actor& actor, Ordinal ordinal, const Pod& former, const Pod& pod,
                      const Observation& seen) {
    if (course_.steps().empty() || is_somebody_elses(former, pod)) return;
    const Elapsed heard = hearing_.of(seen);
    if (const Observation* end = actor.history->ending(); end != nullptr && hearing_.may_precede(*end, seen))
      return;
    const auto all = views(actor, seen);
    if (all.empty()) return;
    ++judged_;
    const auto is_asked = [&](const SetState& view) {
      return !view.set->wants(ordinal) ||
             is_to_be_updated(*actor.history, *view.set, ordinal, pod.revision());
    };
    if (!any_asks(actor, all, is_asked))
      return report(*all.back(), pod, seen, "spec.replicas",
                    fmt::format("{} is left alone: it is wanted, has not ended, and has the revision of its "
                                "strategy",
                                pod.meta.ref.name),
                    "was deleted");
    if (!all.back()->set->is_ordered()) return;
    const Member* above = nullptr;
    for (const SetState* one : all) {
      if (!is_asked(*one)) continue;
      above = one->set->wants(ordinal) ? nullptr : unwanted_above(actor, *one->set, ordinal, heard);
      if (above == nullptr) return;
    }
    report(*all.back(), pod, seen, "spec.podManagementPolicy",
           fmt::format("{} is deleted after the unwanted pods of all higher ordinals are gone",
                       pod.meta.ref.name),
           fmt::format("was deleted while {} was there", above->pod->meta.ref.name));
  }

  /// One that the view does not want either, and that no cache can have missed; null when there is none.
  static const Member* unwanted_above(const Actor& actor, const StatefulSet& view, Ordinal ordinal,
                                      Elapsed heard) {
    for (const auto& [above, member] : actor.pods)
      if (above > ordinal && !view.wants(above) && member.appeared + kControllerPatience < heard)
        return &member;
    return nullptr;
  }

  static bool is_to_be_updated(const SetHistory& history, const StatefulSet& view, Ordinal ordinal,
                               const std::string& revision) {
    if (view.update_strategy == "OnDelete") return false;
    const std::string* update = history.update_revision(view.meta.generation);
    if (update != nullptr && *update == revision) return false;
    return view.update_strategy != "RollingUpdate" || ordinal.value - view.first.value >= view.partition;
  }

  void report(const SetState& view, const Pod& pod, const Observation& seen, const std::string& field,
              const std::string& expected, const std::string& observed) {
    const StatefulSet& set = *view.set;
    std::vector<std::size_t> evidence{seen.index};
    if (view.seen->index < seen.index) evidence.insert(evidence.begin(), view.seen->index);
    hearing_.find(judgement_, "statefulsets", seen,
                  {pod.meta.ref,
                   fmt::format("{} (closest view: generation {} of StatefulSet {}, #{}, ordinals {} to {})",
                               expected, set.meta.generation, set.meta.ref.name, view.seen->index,
                               set.first.value, set.first.value + set.replicas.value - 1),
                   fmt::format("{} {} at {}", pod.meta.ref.name, observed, moment(seen)), std::move(evidence),
                   fmt::format("{}: kubectl -n {} get statefulset {} -o yaml", field, pod.meta.ref.ns,
                               set.meta.ref.name)});
  }

  const Timeline& timeline_;
  const Course& course_;
  const SetHistories& sets_;
  const Hearing hearing_;
  Judgement& judgement_;
  std::map<std::string_view, Actor> actors_;  ///< by UID of the set
  std::set<std::string_view> by_hand_;        ///< UIDs of pods that the scenario deleted or evicted
  std::size_t judged_ = 0;
};

}  // namespace

Verdict acts_are_allowed(const Timeline& timeline) {
  const Course course(timeline);
  const SetHistories sets = set_histories(course.judged(), timeline.subject());
  Judgement judgement{course, Watches{"pods", "statefulsets"}.of_states()};
  judgement.doubt_if(course.cut_short());
  ActJudge judge(timeline, course, sets, judgement);
  judge.judge();
  if (judge.judged() == 0) judgement.doubt("no pod was created or deleted by a set's controller");
  return std::move(judgement).verdict(
      fmt::format("{} of controllers, each asked for", counted(judge.judged(), "act", "acts")));
}

}  // namespace stateproof::check
