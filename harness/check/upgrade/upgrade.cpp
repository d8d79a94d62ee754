#include "harness/check/upgrade/upgrade.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "harness/check/evidence/course.h"
#include "harness/check/evidence/debt.h"
#include "harness/check/evidence/judgement.h"
#include "harness/check/evidence/patience.h"
#include "harness/check/evidence/step_duty.h"
#include "harness/model/steps.h"

namespace stateproof::check {
namespace {

using nlohmann::json;

/// The upgrade in a recording: from its step's begin to its end, or as far as the recording goes.
class Upgraded {
 public:
  explicit Upgraded(const Timeline& timeline) : course(timeline), step(course.find<steps::Upgrade>()) {
    if (step == nullptr) return;
    const std::size_t last = step->end == nullptr ? course.judged().size() : step->end->index;
    until = course.judged().first(last);
    const RecordedStep* settle = course.find<steps::Settle>();
    const bool settled = settle != nullptr && settle->end != nullptr && settle->end->index > last;
    until_settled = course.judged().first(settled ? settle->end->index : last);
  }

  [[nodiscard]] bool began() const { return step != nullptr; }
  [[nodiscard]] bool is_during(const Observation& seen) const { return seen.index > step->begin->index; }

  Course course;
  const RecordedStep* step;
  std::span<const Observation> until;  ///< everything from the recording's begin on
  /// And what new controllers, which may begin late, do to sets that nobody touches until then.
  std::span<const Observation> until_settled;
};

/// Who does not know how things were when the upgrade began cannot tell what it changed.
std::optional<std::string> lost_at_begin(const Upgraded& upgraded,
                                         std::initializer_list<std::string_view> resources) {
  return upgraded.course.lost_at(upgraded.step->begin->index, resources);
}

Verdict never_began(const Course& course) {
  return inconclusive(course.cut_short().value_or("the upgrade never started"));
}

/// What is known of the nodes at one moment.
class Nodes {
 public:
  [[nodiscard]] bool are_known() const { return !nodes_.empty(); }
  void see(const Observation& seen) {
    const Node* node = seen.object<Node>();
    if (node == nullptr) return;
    State& state = nodes_[node->meta.ref.name];
    if (state.boot.empty()) state.boot = node->boot;
    state.restarted = state.restarted || node->boot != state.boot;
    state.away = !node->ready || seen.is_deletion();
    state.cordoned = node->unschedulable;
    state.ever_cordoned = state.ever_cordoned || node->unschedulable || state.away;
  }
  /// Somebody has taken the node out of service, or it is not there.
  [[nodiscard]] bool gives_up_pods(const std::string& name) const {
    const auto node = nodes_.find(name);
    return node != nodes_.end() && (node->second.cordoned || node->second.away);
  }
  [[nodiscard]] bool was_given_up(const std::string& name) const {
    const auto node = nodes_.find(name);
    return node != nodes_.end() && node->second.ever_cordoned;
  }
  /// The machine, and with it every container, was restarted.
  [[nodiscard]] bool was_down(const std::string& name) const {
    const auto node = nodes_.find(name);
    return node != nodes_.end() && (node->second.away || node->second.restarted);
  }

 private:
  struct State {
    std::string boot;
    bool restarted = false;
    bool away = false;
    bool cordoned = false;
    bool ever_cordoned = false;
  };
  std::map<std::string, State> nodes_;
};

// An API server that is upgraded is restarted: its watches lose something in every upgrade, and what a
// list tells then must do.
const Watches kDespiteHoles = Watches{}.even_after_holes("each list is compared with what was there before");

bool is_over(const Pod& pod) { return pod.phase == "Failed" || pod.phase == "Succeeded"; }

const Pod* pod_of_a_set(const Observation& seen, const Subject& subject) {
  const Pod* pod = seen.object<Pod>();
  if (pod == nullptr || pod->meta.ref.ns != subject.ns) return nullptr;
  const OwnerReference* owner = pod->meta.controller();
  return owner != nullptr && owner->kind == "StatefulSet" ? pod : nullptr;
}

class UnchangedPods {
 public:
  explicit UnchangedPods(const Timeline& timeline)
      : subject_(timeline.subject()),
        upgraded_(timeline),
        judgement_(upgraded_.course, kDespiteHoles),
        nodes_lost_(upgraded_.course.lost({"nodes"}).has_value()) {}

  Verdict judge() {
    if (!upgraded_.began()) return never_began(upgraded_.course);
    if (const auto lost = lost_at_begin(upgraded_, {"pods", "nodes"})) return inconclusive(*lost);
    Nodes in_the_end;
    for (const Observation& seen : upgraded_.until_settled) in_the_end.see(seen);
    for (const Observation& seen : upgraded_.until_settled) {
      nodes_.see(seen);
      if (const Pod* pod = pod_of_a_set(seen, subject_)) see(seen, *pod, in_the_end);
    }
    if (judged_.empty()) judgement_.doubt("no set had a pod");
    if (!nodes_.are_known()) judgement_.doubt("no node was recorded");
    judgement_.doubt_if(upgraded_.course.lost_at(upgraded_.until_settled.size(), {"pods", "nodes"}));
    judgement_.doubt_if(upgraded_.course.cut_short());
    judgement_.measure({"pods that a drain or a lost node took", static_cast<double>(excused_), "pods", ""});
    return std::move(judgement_).verdict(counted(judged_.size(), "pod", "pods") + " of unchanged sets");
  }

 private:
  struct Known {
    const Pod* pod = nullptr;
    std::size_t index = 0;
    bool leaving = false;
  };

  void see(const Observation& seen, const Pod& pod, const Nodes& in_the_end) {
    const std::string& name = pod.meta.ref.name;
    Known& known = pods_[pod.meta.ref.uid.value];
    if (upgraded_.is_during(seen)) {
      if (known.pod == nullptr) judge_successor(seen, pod);
      if (known.pod != nullptr) judge_restarts(seen, pod, known);
      if (!known.leaving && (pod.terminating() || seen.is_deletion()))
        judge_leaving(seen, pod, known, in_the_end);
    }
    known.leaving = known.leaving || pod.terminating() || seen.is_deletion();
    if (known.pod == nullptr) judged_.insert(name);
    known.pod = &pod;
    known.index = seen.index;
    revisions_[name] = {pod.revision(), seen.index};
  }

  void judge_successor(const Observation& seen, const Pod& pod) {
    const auto former = revisions_.find(pod.meta.ref.name);
    const std::string revision = pod.revision();
    if (former != revisions_.end() && former->second.first != revision)
      find(pod, "a replacement at revision " + former->second.first, "a replacement at revision " + revision,
           {former->second.second, seen.index}, "kubectl get controllerrevisions; who changed the template");
  }

  void judge_restarts(const Observation& seen, const Pod& pod, const Known& known) {
    for (const ContainerState& now : pod.containers)
      for (const ContainerState& before : known.pod->containers) {
        if (now.name != before.name || now.restarts <= before.restarts) continue;
        if (nodes_.was_down(pod.node)) continue;
        find(pod, fmt::format("container {} keeps running ({} restarts)", now.name, before.restarts),
             fmt::format("it was restarted ({} restarts){}", now.restarts,
                         now.terminated_reason.empty() ? "" : ", reason " + now.terminated_reason),
             {known.index, seen.index},
             fmt::format("kubectl -n {} logs {} --previous; the kubelet's log on node {}", subject_.ns,
                         pod.meta.ref.name, pod.node));
      }
  }

  void judge_leaving(const Observation& seen, const Pod& pod, const Known& known, const Nodes& in_the_end) {
    const auto* event = seen.as<ObjectSeen>();
    // What was missed is told by a list afterwards, when the node may be in service again.
    const bool given_up =
        event->synthesized ? in_the_end.was_given_up(pod.node) : nodes_.gives_up_pods(pod.node);
    if (!pod.disruption.empty() || given_up) {
      ++excused_;
      return;
    }
    if (event->synthesized && (pod.node.empty() || nodes_lost_ || is_over(pod)))
      return judgement_.doubt(
          fmt::format("{} was gone after a gap, for an unknown reason", pod.meta.ref.name));
    std::vector<std::size_t> evidence{seen.index};
    if (known.index != 0) evidence.insert(evidence.begin(), known.index);
    find(pod, "the pod is left untouched, unless its node is drained or lost",
         fmt::format("it was {} on node {}, which was in service, and it was not evicted",
                     seen.is_deletion() && event->synthesized ? "gone after a gap" : "deleted", pod.node),
         std::move(evidence), "the API server's audit log: who deleted it; kube-controller-manager's log");
  }

  void find(const Pod& pod, std::string expected, std::string observed, std::vector<std::size_t> evidence,
            std::string look_at) {
    judgement_.find(
        {pod.meta.ref, std::move(expected), std::move(observed), std::move(evidence), std::move(look_at)});
  }

  const Subject& subject_;
  const Upgraded upgraded_;
  Judgement judgement_;
  const bool nodes_lost_;
  Nodes nodes_;
  std::map<std::string, Known> pods_;                                     ///< by UID
  std::map<std::string, std::pair<std::string, std::size_t>> revisions_;  ///< by name, with the entry
  std::set<std::string> judged_;
  std::size_t excused_ = 0;
};

/// The first way in which `now` is not what `before` was: fields that a new API server adds outside the
/// template are its defaults, and none of ours.
std::string difference(const json& before, const json& now) {
  for (const json& change : json::diff(before, now)) {
    const std::string path = change.at("path");
    const bool in_template = path.starts_with("/template");
    if (change.at("op") == "add" && !in_template) continue;
    const json::json_pointer at(path);
    const auto shown = [&](const json& spec) {
      return spec.contains(at) ? spec.at(at).dump().substr(0, 80) : std::string{"nothing"};
    };
    return fmt::format("spec{}: {} instead of {}", path, shown(now), shown(before));
  }
  return {};
}

}  // namespace

UpgradeBudget budget_of(const Timeline& timeline) {
  UpgradeBudget budget;
  const json told = timeline.header.environment.value("budget", json::object());
  budget.gap = told.value("gap", budget.gap);
  budget.control_plane_gap = told.value("controlPlaneGap", budget.control_plane_gap);
  budget.availability = told.value("availability", budget.availability);
  return budget;
}

Verdict unchanged_pods_are_left_alone(const Timeline& timeline) { return UnchangedPods(timeline).judge(); }

Verdict unchanged_sets_keep_their_spec(const Timeline& timeline) {
  const Upgraded upgraded(timeline);
  if (!upgraded.began()) return never_began(upgraded.course);
  if (const auto lost = lost_at_begin(upgraded, {"statefulsets", "controllerrevisions"}))
    return inconclusive(*lost);
  Judgement judgement(upgraded.course, kDespiteHoles);
  struct Spec {
    json spec;
    std::size_t index = 0;
    bool told = false;
  };
  std::map<std::string, Spec> specs;
  std::set<std::string> revisions;
  for (const Observation& seen : upgraded.until_settled) {
    if (const auto* set = seen.object<StatefulSet>();
        set != nullptr && set->meta.ref.ns == timeline.subject().ns) {
      // What is made meanwhile has no past to be compared with.
      if (upgraded.is_during(seen) && !specs.contains(set->meta.ref.name)) continue;
      const json& spec = seen.as<ObjectSeen>()->served->at("spec");
      Spec& known = specs[set->meta.ref.name];
      if (!upgraded.is_during(seen)) {
        known = {spec, seen.index, false};
      } else if (seen.is_deletion()) {
        judgement.find({set->meta.ref,
                        "the set stays",
                        "it was deleted",
                        {known.index, seen.index},
                        "the API server's audit log"});
      } else if (const std::string changed = difference(known.spec, spec); !changed.empty() && !known.told) {
        known.told = true;
        judgement.find({set->meta.ref,
                        "the same spec as before the upgrade",
                        changed,
                        {known.index, seen.index},
                        fmt::format("kubectl -n {} get statefulset {} -o yaml --show-managed-fields: who "
                                    "wrote that field",
                                    set->meta.ref.ns, set->meta.ref.name)});
      }
    }
    if (const auto* revision = seen.object<ControllerRevision>();
        revision != nullptr && revision->meta.ref.ns == timeline.subject().ns) {
      const bool is_new = revisions.insert(revision->meta.ref.uid.value).second;
      const auto* event = seen.as<ObjectSeen>();
      const OwnerReference* owner = revision->meta.controller();
      const bool is_of_before = owner == nullptr || specs.contains(owner->name);
      if (!is_new || !is_of_before || !upgraded.is_during(seen) || seen.is_deletion()) continue;
      if (event->synthesized || event->change == Change::kListed)
        judgement.doubt(fmt::format("revision {} may be older than the upgrade", revision->meta.ref.name));
      else
        judgement.find(
            {revision->meta.ref,
             "no new ControllerRevision of a set that was not changed",
             fmt::format("revision {} was created", revision->meta.ref.name),
             {seen.index},
             "compare its data with the revision before it: kubectl get controllerrevision -o yaml"});
    }
  }
  if (specs.empty()) judgement.doubt("there was no set");
  judgement.doubt_if(
      upgraded.course.lost_at(upgraded.until_settled.size(), {"statefulsets", "controllerrevisions"}));
  judgement.doubt_if(upgraded.course.cut_short());
  return std::move(judgement).verdict(counted(specs.size(), "set", "sets") + " with the same spec as before");
}

// ------------------------------------------------------------------------------------------------ service

namespace {

/// One operation of a client, and whether it succeeded.
struct Attempt {
  Elapsed began{0};
  Elapsed at{0};  ///< of its end
  bool ok = false;
  std::size_t index = 0;
};

struct Phase {
  std::string name;
  Elapsed from{0};
  Elapsed to{0};
  double budget = 0;
};

/// The control plane's upgrade lasts until a node is cordoned; each node's until the next one is.
std::vector<Phase> phases_of(const Upgraded& upgraded, const UpgradeBudget& budget) {
  std::vector<Phase> phases{{"control plane", upgraded.step->begin->at, {}, budget.control_plane_gap}};
  std::map<std::string, bool> cordoned;
  for (const Observation& seen : upgraded.until) {
    const Node* node = seen.object<Node>();
    if (node == nullptr) continue;
    bool& was = cordoned[node->meta.ref.name];
    if (upgraded.is_during(seen) && node->unschedulable && !was) {
      phases.back().to = seen.at;
      phases.push_back({"node " + node->meta.ref.name, seen.at, {}, budget.gap});
    }
    was = node->unschedulable;
  }
  const bool ended = upgraded.step->reached() || upgraded.step->timed_out();
  phases.back().to = ended ? upgraded.step->end->at : upgraded.course.end_time();
  return phases;
}

struct Silence {
  Elapsed length{0};
  Elapsed since{0};
  std::size_t from = 0;  ///< entry with the last success before it
  std::size_t to = 0;    ///< entry with the first one after it; 0: there was none
  bool tried = false;    ///< somebody tried meanwhile
};

/// The longest time without a success that reaches into [from, to].
Silence longest_silence(const std::vector<Attempt>& attempts, Elapsed from, Elapsed to) {
  Silence longest;
  Silence now;
  Elapsed last = from;
  for (const Attempt& attempt : attempts) {
    if (!attempt.ok) {
      now.tried = now.tried || attempt.at >= last;
      continue;
    }
    if (attempt.at >= from) {
      now.since = std::max(last, Elapsed{0});
      now.length = std::min(attempt.at, to) - now.since;
      now.to = attempt.index;
      if (now.length > longest.length) longest = now;
    }
    if (attempt.at > to) return longest;
    last = attempt.at;
    now = {.length = Elapsed{0}, .since = last, .from = attempt.index, .to = 0, .tried = false};
  }
  now.since = last;
  now.length = to - last;
  if (now.length > longest.length) longest = now;
  return longest;
}

/// Writes under "writes", reads under the name of their member; by the time of their ends.
std::map<std::string, std::vector<Attempt>> attempts_of(const Timeline& timeline) {
  std::map<std::string, std::vector<Attempt>> attempts;
  const Subject& subject = timeline.subject();
  const auto is_member = [&](const std::string& name) {
    const auto ordinal = ordinal_of(name, subject.set);
    return ordinal && ordinal->value >= subject.first.value &&
           ordinal->value < subject.first.value + subject.replicas.value;
  };
  for (const Observation& seen : timeline) {
    if (const auto* writes = seen.as<LedgerWrites>())
      for (std::size_t i = 0; i < writes->ended.size(); ++i)
        attempts["writes"].push_back({writes->began[i], writes->began[i] + writes->took[i],
                                      writes->ended[i] == static_cast<char>(WriteOutcome::kOk), seen.index});
    // The clients ask for members that are not there, too, in case there are some day.
    if (const auto* read = seen.as<LedgerRead>(); read != nullptr && is_member(read->member))
      attempts["reads of " + read->member].push_back(
          {read->began, read->began + read->took, read->ok, seen.index});
  }
  for (auto& [name, list] : attempts)
    std::stable_sort(list.begin(), list.end(),
                     [](const Attempt& a, const Attempt& b) { return a.at < b.at; });
  return attempts;
}

/// Longer than any client waits before it tries again.
constexpr auto kIdle = std::chrono::seconds{30};

/// The time in [from, to] in which nobody tried for so long that the clients cannot have been running.
Elapsed untried(const std::vector<Attempt>& attempts, Elapsed from, Elapsed to) {
  Elapsed idle{0};
  Elapsed last = from;
  const auto pass = [&](Elapsed until) {
    if (until - last > kIdle) idle += until - last;
  };
  for (const Attempt& attempt : attempts) {
    pass(std::min(attempt.began, to));
    last = std::max(last, std::min(attempt.at, to));
  }
  pass(to);
  return idle;
}

/// Per cent of the whole seconds in [from, to] but `idle` in which something succeeded.
double availability(const std::vector<Attempt>& attempts, Elapsed from, Elapsed to, Elapsed idle) {
  const auto whole = static_cast<std::int64_t>(in_seconds(to - from - idle));
  if (whole <= 0) return 100;
  std::set<std::int64_t> seconds;
  for (const Attempt& attempt : attempts)
    if (attempt.ok && attempt.at >= from && attempt.at < to)
      seconds.insert(static_cast<std::int64_t>(in_seconds(attempt.at - from)));
  const auto served = std::min<std::int64_t>(static_cast<std::int64_t>(seconds.size()), whole);
  return 100.0 * static_cast<double>(served) / static_cast<double>(whole);
}

}  // namespace

Verdict service_stays_within_budget(const Timeline& timeline) {
  const Upgraded upgraded(timeline);
  if (!upgraded.began()) return never_began(upgraded.course);
  const UpgradeBudget budget = budget_of(timeline);
  const auto attempts = attempts_of(timeline);
  Judgement judgement(upgraded.course, {});  // the clients tell
  const ObjectRef set{"StatefulSet", timeline.subject().ns, timeline.subject().set, {}};
  const std::vector<Phase> phases = phases_of(upgraded, budget);
  const auto nodes_lost = upgraded.course.lost_within(*upgraded.step, {"nodes"});
  std::string gaps;  // each phase's, for whoever sets the budget
  for (const Phase& phase : phases)
    for (const auto& [what, list] : attempts) {
      const Silence silence = longest_silence(list, phase.from, phase.to);
      judgement.measure({what == "writes" ? "longest write gap" : "longest read gap",
                         in_seconds(silence.length), "s",
                         what == "writes" ? phase.name : what.substr(9) + ", " + phase.name});
      if (what == "writes")
        gaps += fmt::format("{}{} {}", gaps.empty() ? "; longest time without writes: " : ", ", phase.name,
                            seconds(silence.length));
      if (in_seconds(silence.length) <= phase.budget) continue;
      // Which phase it was, the nodes tell.
      if (nodes_lost && in_seconds(silence.length) <= std::max(budget.gap, budget.control_plane_gap)) {
        judgement.doubt(*nodes_lost);
        continue;
      }
      const Elapsed idle = untried(list, silence.since, silence.since + silence.length);
      if (!silence.tried || in_seconds(silence.length - idle) <= phase.budget) {
        judgement.doubt(fmt::format("the clients did not try for {} ({}, {}): they were not running",
                                    seconds(silence.length), what, phase.name));
        continue;
      }
      std::vector<std::size_t> evidence{upgraded.step->begin->index};
      for (const std::size_t index : {silence.from, silence.to})
        if (index > evidence.back()) evidence.push_back(index);
      judgement.find({set, fmt::format("at most {:g} s without {} ({})", phase.budget, what, phase.name),
                      fmt::format("{} without {}", seconds(silence.length), what), std::move(evidence),
                      "errors of the clients in the recording; kubectl get events; CoreDNS and kube-proxy"});
    }
  const auto writes = attempts.find("writes");
  if (writes == attempts.end()) {
    judgement.doubt("no client wrote anything");
  } else {
    const Elapsed from = phases.front().from;
    const Elapsed to = phases.back().to;
    double share = availability(writes->second, from, to, Elapsed{0});
    if (const Elapsed idle = untried(writes->second, from, to);
        idle > Elapsed{0} && share < budget.availability) {
      judgement.doubt(fmt::format("the clients did not try to write for {}", seconds(idle)));
      share = availability(writes->second, from, to, idle);
    }
    judgement.measure({"seconds with an acknowledged write", share, "%", ""});
    if (share < budget.availability && !upgraded.step->reached())
      judgement.doubt(upgraded.step->text());  // of a part of it the share is another
    else if (share < budget.availability)
      judgement.find({set,
                      fmt::format("acknowledged writes in {:g} % of the seconds", budget.availability),
                      fmt::format("they were acknowledged in {:.1f} % of {}", share, seconds(to - from)),
                      {upgraded.step->begin->index},
                      "the measurements, which list the longest gaps of each phase"});
  }
  judgement.doubt_if(upgraded.course.cut_short());
  return std::move(judgement).verdict(counted(phases.size(), "phase", "phases") + " within the budget" +
                                      gaps);
}

// ------------------------------------------------------------------------------------------------ identity

Verdict identities_outlive_upgrade(const Timeline& timeline) {
  const Upgraded upgraded(timeline);
  if (!upgraded.began()) return never_began(upgraded.course);
  const Subject& subject = timeline.subject();
  if (const auto lost = lost_at_begin(upgraded, {"persistentvolumeclaims", "persistentvolumes", "services"}))
    return inconclusive(*lost);
  Judgement judgement(upgraded.course, kDespiteHoles);
  std::map<std::string, std::pair<ObjectRef, std::size_t>> known;  // by UID
  std::map<std::string, std::string> volumes;                      // of a claim, by its UID
  const auto judge = [&](const Observation& seen, const ObjectMeta& meta, const std::string& volume) {
    const std::string& uid = meta.ref.uid.value;
    if (!upgraded.is_during(seen)) {
      if (seen.is_deletion()) known.erase(uid);
      if (!seen.is_deletion()) known[uid] = {meta.ref, seen.index};
      volumes[uid] = volume;
      return;
    }
    const auto before = known.find(uid);
    if (before == known.end()) return;  // came during the upgrade: its predecessor is missed
    const bool leaves = seen.is_deletion() || meta.deletion.has_value();
    std::string& former = volumes[uid];
    if (former.empty()) former = volume;  // it was not bound yet
    if (!leaves && former == volume) return;
    judgement.find({meta.ref,
                    "the same object as before the upgrade",
                    leaves ? "it was deleted"
                           : fmt::format("it is bound to volume {} instead of {}", volume, volumes[uid]),
                    {before->second.second, seen.index},
                    "the API server's audit log: who deleted it"});
    known.erase(before);
  };
  std::size_t objects = 0;
  std::set<std::string> kinds;
  for (const Observation& seen : upgraded.until) {
    if (&seen == upgraded.step->begin) {
      objects = known.size();
      for (const auto& [uid, before] : known) kinds.insert(before.first.kind);
    }
    if (const auto* claim = seen.object<Claim>(); claim != nullptr && claim->meta.ref.ns == subject.ns)
      judge(seen, claim->meta, claim->volume);
    if (const auto* volume = seen.object<Volume>(); volume != nullptr && volume->claim.ns == subject.ns)
      judge(seen, volume->meta, "");
    if (const auto* service = seen.object<Service>();
        service != nullptr && service->meta.ref.ns == subject.ns)
      judge(seen, service->meta, "");
  }
  std::set<std::string> answered;
  for (const Observation& seen : upgraded.course.judged())
    if (const auto* rows = seen.as<LedgerRows>(); rows != nullptr && upgraded.is_during(seen) && rows->ok) {
      answered.insert(rows->member);
      if (rows->host != rows->member)
        judgement.find({{"Pod", subject.ns, rows->member, {}},
                        "an answer from " + rows->member + " under its name",
                        "the answer from " + rows->host,
                        {seen.index},
                        "the DNS records of the headless Service"});
    }
  for (int i = 0; i < subject.replicas.value; ++i)
    if (const std::string name = subject.pod_name({subject.first.value + i}); !answered.contains(name))
      judgement.doubt(name + " was not queried by its name after the upgrade");
  for (const char* kind : {"PersistentVolumeClaim", "PersistentVolume", "Service"})
    if (!kinds.contains(kind)) judgement.doubt(fmt::format("there was no {} to stay", kind));
  judgement.doubt_if(upgraded.course.lost_at(upgraded.until.size(),
                                             {"persistentvolumeclaims", "persistentvolumes", "services"}));
  judgement.doubt_if(upgraded.course.cut_short());
  return std::move(judgement).verdict(
      fmt::format("{} claims, volumes and Services unchanged, and {} members reachable by name", objects,
                  answered.size()));
}

namespace {

bool is_up(const Observation& seen) {
  const Pod* pod = seen.object<Pod>();
  return pod->ready && !pod->terminating();
}

bool is_listed(const Observation& seen) {
  const auto* event = seen.as<ObjectSeen>();
  return event->synthesized || event->change == Change::kListed;
}

/// Whether the budget's controller learned only after an eviction that another member was away, and not long
/// before: what the API server grants meanwhile it grants on an old count.
bool budget_is_behind(const Upgraded& upgraded, const Observation& away, const Observation& evicted) {
  if (evicted.at - away.at >= kControllerPatience) return false;
  const Pod& other = *away.object<Pod>();
  const int wanted = upgraded.course.most_wanted().value;
  for (const Observation& seen : upgraded.course.judged().subspan(evicted.index)) {
    if (const Pod* pod = seen.object<Pod>();
        pod != nullptr && pod->meta.ref.name == other.meta.ref.name && is_up(seen))
      return true;  // so soon that the budget never missed it
    if (const auto* budget = seen.object<DisruptionBudget>();
        budget != nullptr && budget->meta.ref.ns == other.meta.ref.ns)
      return budget->healthy <= wanted - 2;
  }
  return false;
}

}  // namespace

Verdict one_member_down_at_a_time(const Timeline& timeline) {
  const Upgraded upgraded(timeline);
  if (!upgraded.began()) return never_began(upgraded.course);
  const Subject& subject = timeline.subject();
  Judgement judgement(upgraded.course, kDespiteHoles);
  std::map<std::string, const Observation*> members;  // by name: since when it is up, or is not
  std::set<std::string> told;                         // UIDs whose eviction was judged
  std::size_t evictions = 0;
  for (const Observation& seen : upgraded.until) {
    const Pod* pod = pod_of_a_set(seen, subject);
    if (pod == nullptr || !ordinal_of(pod->meta.ref.name, subject.set)) continue;
    const std::string& name = pod->meta.ref.name;
    const bool is_evicted = upgraded.is_during(seen) && pod->disruption == "EvictionByEvictionAPI";
    if (is_evicted && told.insert(pod->meta.ref.uid.value).second) {
      ++evictions;
      for (int i = 0; i < subject.replicas.value; ++i) {
        const std::string other = subject.pod_name({subject.first.value + i});
        const auto found = members.find(other);
        if (other == name || (found != members.end() && is_up(*found->second))) continue;
        if (is_listed(seen)) {
          judgement.doubt(fmt::format("the eviction of {} is known only from a list: {} may have been back",
                                      name, other));
          continue;
        }
        if (found != members.end() && budget_is_behind(upgraded, *found->second, seen)) {
          judgement.doubt(
              fmt::format("the budget did not yet count {} as unavailable when {} was evicted", other, name));
          continue;
        }
        judgement.find(
            {pod->meta.ref,
             "an eviction only while all other members are Ready",
             fmt::format("it was evicted while {} was {}", other,
                         found == members.end() ? "missing" : "not Ready"),
             {seen.index},
             fmt::format("kubectl -n {} get poddisruptionbudget -o yaml: status.disruptionsAllowed; "
                         "the log of kube-controller-manager",
                         subject.ns)});
      }
    }
    const auto present = members.find(name);
    if (seen.is_deletion()) {
      if (present != members.end() && present->second->object<Pod>()->meta.ref.uid == pod->meta.ref.uid)
        members.erase(present);
    } else if (present == members.end() || is_up(*present->second) != is_up(seen) ||
               present->second->object<Pod>()->meta.ref.uid != pod->meta.ref.uid) {
      members[name] = &seen;
    }
  }
  judgement.doubt_if(upgraded.course.cut_short());
  judgement.doubt_if(upgraded.course.lost_at(upgraded.until.size(), {"pods"}));
  if (evictions == 0 && !judgement.in_doubt())
    return not_applicable("no member of the database was evicted, so no node was drained");
  if (const auto lost = upgraded.course.lost({"pods"}); lost && evictions > 0)
    judgement.measure({"gaps in the watch of pods", 1, "", *lost});
  return std::move(judgement).verdict(counted(evictions, "eviction", "evictions") + " of members");
}

// ------------------------------------------------------------------------------------------------- after

Verdict old_sets_obey_new_controllers(const Timeline& timeline) {
  const Upgraded upgraded(timeline);
  if (!upgraded.began()) return never_began(upgraded.course);
  Judgement judgement(upgraded.course, kDespiteHoles);
  std::size_t judged = 0;
  for (const RecordedStep& step : upgraded.course.steps()) {
    if (!step.is<steps::Exercise>()) continue;
    if (const auto lost = upgraded.course.lost_within(step, {"pods", "statefulsets"})) {
      judgement.doubt(*lost);
      continue;
    }
    const auto [set, what] = step.as<steps::Exercise>().value();
    const ObjectRef ref{"StatefulSet", timeline.subject().ns, set, {}};
    if (step.timed_out() &&
        is_overdue(timeline, {set, step.begin, step.end, kAnyHindrance, nullptr}, judgement))
      judgement.find({ref,
                      what + " after the upgrade",
                      step.text(),
                      {step.begin->index, step.end->index},
                      "kube-controller-manager's log; kubectl describe of the set and of its pods"});
    if (!step.reached()) {
      judgement.doubt(step.text());
      continue;
    }
    const Snapshot before = snapshot_at(timeline, *step.begin);
    if (before.set(set) == nullptr || before.pods.empty()) {
      judgement.doubt(fmt::format("{} was not recorded", set));
      continue;
    }
    ++judged;
    if (what != steps::Exercise::kReplace) continue;
    const Snapshot after = snapshot_at(timeline, *step.end);
    for (const auto& [name, pod] : before.pods) {
      if (!ordinal_of(name, set)) continue;
      const Pod* now = after.pod(std::string{name});
      if (now == nullptr || now->revision() == pod->revision()) continue;
      judgement.find({now->meta.ref,
                      "a replacement at revision " + pod->revision(),
                      "a replacement at revision " + now->revision(),
                      {step.begin->index, step.end->index},
                      "spec.updateStrategy.rollingUpdate.partition, and the set's ControllerRevisions"});
    }
  }
  if (judged == 0) judgement.doubt("no set was changed after the upgrade");
  judgement.doubt_if(upgraded.course.cut_short());
  return std::move(judgement).verdict(counted(judged, "demand", "demands") +
                                      " met by sets from before the upgrade");
}

namespace {

bool status_is_overdue(const Timeline& timeline, const RecordedStep& step, Judgement& judgement) {
  if (!step.timed_out()) return false;
  const Observation* last = last_delivered(timeline, *step.begin, *step.end);
  std::set<std::string> sets;
  for (const auto& [name, set] : snapshot_at(timeline, *step.end).sets) sets.emplace(name);
  return !sets.empty() && std::all_of(sets.begin(), sets.end(), [&](const std::string& set) {
    return is_overdue(timeline, {set, step.begin, step.end, {false, true}, last}, judgement);
  });
}

}  // namespace

Verdict statuses_are_right_after_upgrade(const Timeline& timeline) {
  const Upgraded upgraded(timeline);
  if (!upgraded.began()) return never_began(upgraded.course);
  Judgement judgement(upgraded.course, kDespiteHoles);
  const RecordedStep* after = upgraded.course.find<steps::Settle>();
  if (after == nullptr)
    judgement.doubt("the sets were not observed after the upgrade");
  else if (after->end != nullptr && snapshot_at(timeline, *after->end).sets.empty())
    judgement.doubt("no set was recorded");
  else if (const auto lost = upgraded.course.lost_within(*after, {"pods", "statefulsets"}))
    judgement.doubt(*lost);
  else if (!after->reached() && !status_is_overdue(timeline, *after, judgement))
    judgement.doubt(after->text());
  else if (!after->reached())
    judgement.find({{"StatefulSet", timeline.subject().ns, "", {}},
                    "the status of every set agrees with its spec and its pods",
                    after->text(),
                    {after->begin->index, after->end->index},
                    fmt::format("kubectl -n {} get statefulsets,pods; kube-controller-manager's log",
                                timeline.subject().ns)});
  judgement.doubt_if(upgraded.course.cut_short());
  return std::move(judgement).verdict("the status of every set");
}

Verdict nodes_come_back(const Timeline& timeline) {
  const Upgraded upgraded(timeline);
  if (!upgraded.began()) return never_began(upgraded.course);
  std::set<std::string> in_service;
  std::map<std::string, const Observation*> last;
  bool lost = false;  // what was lost is made good by the list that follows
  for (const Observation& seen : upgraded.course.judged()) {
    if (const Gap* gap = seen.as<Gap>(); gap != nullptr && gap->resource == "nodes") lost = true;
    const Node* node = seen.object<Node>();
    if (node == nullptr) continue;
    lost = false;
    const std::string& name = node->meta.ref.name;
    if (!upgraded.is_during(seen)) {
      if (node->ready && !node->unschedulable && !seen.is_deletion())
        in_service.insert(name);
      else
        in_service.erase(name);
    }
    if (seen.is_deletion())
      last.erase(name);
    else
      last[name] = &seen;
  }
  std::set<std::string> versions;
  for (const auto& [name, seen] : last) versions.insert(seen->object<Node>()->kubelet);
  // What is listed after the judged time is made good too late.
  lost = lost || upgraded.course.lost_at(upgraded.course.judged().size(), {"nodes"});
  Judgement judgement(upgraded.course, kDespiteHoles);
  judgement.doubt_if(upgraded.course.cut_short());
  if (!upgraded.step->reached()) judgement.doubt(upgraded.step->text());
  if (!upgraded.course.is_whole()) judgement.doubt("the recording does not show how it ended");
  if (lost) judgement.doubt("the watch of nodes was lost, so their state is unknown");
  const bool is_finished = !judgement.in_doubt();  // who is still at it may have a node out of service
  std::size_t judged = 0;
  for (const std::string& name : in_service) {
    const auto found = last.find(name);
    if (found == last.end()) continue;  // replaced by another machine
    ++judged;
    const Node& node = *found->second->object<Node>();
    if (!is_finished || (node.ready && !node.unschedulable)) continue;
    judgement.find(
        {node.meta.ref,
         "the node is Ready and schedulable, as before the upgrade",
         fmt::format(
             "it is {}{}; its kubelet is {}{}", node.ready ? "" : "not Ready",
             node.unschedulable ? (node.ready ? "cordoned" : " and cordoned") : "", node.kubelet,
             versions.size() > 1 ? fmt::format(", and the cluster runs {}", fmt::join(versions, ", ")) : ""),
         {found->second->index},
         fmt::format("whether the upgrade of this node finished; if so: kubectl uncordon {}", name)});
  }
  if (judged == 0 && !judgement.in_doubt())
    judgement.doubt("no node from before the upgrade was recorded after it");
  return std::move(judgement).verdict(counted(judged, "node", "nodes") + " Ready and schedulable again");
}

}  // namespace stateproof::check
