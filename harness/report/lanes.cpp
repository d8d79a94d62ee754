#include "harness/report/lanes.h"

#include "harness/model/steps.h"

#include <algorithm>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

namespace stateproof::report {
namespace {

PodState state_of(const Pod& pod) {
  if (pod.terminating()) return PodState::kTerminating;
  if (pod.ready) return PodState::kReady;
  const bool started = std::any_of(pod.containers.begin(), pod.containers.end(),
                                   [](const ContainerState& one) { return one.running || one.started; });
  if (started) return PodState::kStarted;
  return pod.node.empty() ? PodState::kCreated : PodState::kScheduled;
}

ClaimState state_of(const Claim& claim) {
  if (claim.meta.deletion) return ClaimState::kTerminating;
  return claim.phase == "Bound" ? ClaimState::kBound : ClaimState::kPending;
}

/// Prolongs the last span to `at`; begins a new one when the state differs.
template <class State>
void extend(std::vector<Span<State>>& spans, Elapsed at, State state) {
  if (!spans.empty()) spans.back().stretch.to = at;
  if (spans.empty() || spans.back().state != state) spans.push_back({{at, at}, state});
}

template <class State>
void follow(std::vector<Life<State>>& lives, const ObjectMeta& meta, State state, Elapsed at) {
  auto life =
      std::find_if(lives.begin(), lives.end(), [&meta](const auto& one) { return one.uid == meta.ref.uid; });
  if (life == lives.end()) life = lives.insert(lives.end(), {meta.ref.name, meta.ref.uid, {}});
  extend(life->spans, at, state);
}

template <class State>
void end_life(std::vector<Life<State>>& lives, const ObjectMeta& meta, Elapsed at) {
  for (Life<State>& life : lives)
    if (life.uid == meta.ref.uid && !life.spans.empty()) life.spans.back().stretch.to = at;
}

/// What is known at one moment about the pod and the name of one ordinal.
struct Knowledge {
  std::optional<Pod> pod;
  std::map<std::string, DnsAnswer> answers;  ///< the last one, by who asked whom for what
};

DnsState state_of(const DnsAnswer& answer, const std::optional<Pod>& pod, bool cleaning) {
  const bool ready = pod && pod->ready && !pod->terminating();
  if (answer.addresses.empty()) return ready && !cleaning ? DnsState::kLate : DnsState::kNone;
  const auto belongs = [&pod](const std::string& address) {
    return pod && std::find(pod->addresses.begin(), pod->addresses.end(), address) != pod->addresses.end();
  };
  if (std::all_of(answer.addresses.begin(), answer.addresses.end(), belongs)) return DnsState::kRight;
  return cleaning ? DnsState::kNone : DnsState::kLate;
}

/// The worst of what all who ask get.
DnsState dns_state(const Knowledge& known, bool cleaning) {
  DnsState worst = DnsState::kNone;
  for (const auto& [asked, answer] : known.answers)
    worst = std::max(worst, state_of(answer, known.pod, cleaning));
  return worst;
}

class Drawer {
 public:
  explicit Drawer(const Timeline& timeline) : subject_(timeline.subject()) { result_.set = subject_.set; }

  Lanes draw(const Timeline& timeline) {
    for (const Observation& seen : timeline) {
      at_ = seen.at;
      std::visit([this](const auto& entry) { see(entry); }, seen.what);
    }
    finish();
    return std::move(result_);
  }

 private:
  Lane& lane(Ordinal ordinal) {
    const auto position =
        std::lower_bound(result_.lanes.begin(), result_.lanes.end(), ordinal,
                         [](const Lane& one, Ordinal wanted) { return one.ordinal < wanted; });
    if (position != result_.lanes.end() && position->ordinal == ordinal) return *position;
    Lane fresh;
    fresh.ordinal = ordinal;
    fresh.name = subject_.pod_name(ordinal);
    return *result_.lanes.insert(position, std::move(fresh));
  }

  std::optional<Ordinal> ordinal_of_pod(const std::string& name) const {
    return ordinal_of(name, subject_.set);
  }

  std::optional<Ordinal> ordinal_of_claim(const std::string& name) const {
    return ordinal_of(name, subject_.claim_template + "-" + subject_.set);
  }

  bool is_ours(const ObjectMeta& meta) const { return meta.ref.ns == subject_.ns; }

  void see(const ObjectSeen& seen) {
    deleted_ = seen.change == Change::kDeleted;
    std::visit([this](const auto& object) { see_object(object); }, seen.object);
  }

  void see_object(const Pod& pod) {
    if (!is_ours(pod.meta)) return;
    const auto ordinal = ordinal_of_pod(pod.meta.ref.name);
    if (!ordinal) return see_loose(pod);
    Lane& own = lane(*ordinal);
    if (deleted_)
      end_life(own.pods, pod.meta, at_);
    else
      follow(own.pods, pod.meta, state_of(pod), at_);
    Knowledge& known = known_[*ordinal];
    known.pod = deleted_ ? std::nullopt : std::optional{pod};
    follow_dns(own, known);
  }

  void see_object(const Claim& claim) {
    if (!is_ours(claim.meta)) return;
    const auto ordinal = ordinal_of_claim(claim.meta.ref.name);
    auto& lives = ordinal ? lane(*ordinal).claims : other_claims_;
    if (deleted_) {
      end_life(lives, claim.meta, at_);
      gone_.insert(claim.meta.ref.uid);
    } else {
      follow(lives, claim.meta, state_of(claim), at_);
    }
  }

  void see_loose(const Pod& pod) {
    const std::string deployment = deployment_of(pod);
    if (deployment.empty()) return;
    result_.deployment = deployment;
    for (const auto& [volume, claim] : pod.volume_claims) shared_.insert(claim);
    Lane* own = loose_lane(pod.meta.ref.name);
    if (own == nullptr) {
      own = &result_.loose.emplace_back();
      own->ordinal = {static_cast<int>(result_.loose.size()) - 1};
      own->name = pod.meta.ref.name;
    }
    if (deleted_) {
      end_life(own->pods, pod.meta, at_);
      gone_.insert(pod.meta.ref.uid);
    } else {
      follow(own->pods, pod.meta, state_of(pod), at_);
    }
  }

  Lane* loose_lane(const std::string& name) {
    const auto found = std::find_if(result_.loose.begin(), result_.loose.end(),
                                    [&](const Lane& one) { return one.name == name; });
    return found == result_.loose.end() ? nullptr : &*found;
  }

  template <class Object>
  void see_object(const Object&) {}

  void see(const DnsAnswer& answer) {
    const std::size_t dot = answer.name.find('.');
    const auto ordinal = ordinal_of_pod(answer.name.substr(0, dot));
    if (!ordinal || answer.name != subject_.dns_name(*ordinal) || answer.replica) return;
    Knowledge& known = known_[*ordinal];
    known.answers[answer.vantage + " " + answer.server + " " + answer.type] = answer;
    follow_dns(lane(*ordinal), known);
  }

  void follow_dns(Lane& own, const Knowledge& known) const {
    if (!known.answers.empty()) extend(own.dns, at_, dns_state(known, cleaning_));
  }

  void see(const SqlOperation& operation) {
    if (const auto ordinal = ordinal_of_pod(operation.member))
      lane(*ordinal).queries.push_back({at_, operation.kind, operation.outcome});
  }

  void see(const Step& step) {
    if (step.phase == Step::Phase::kBegin) {
      cleaning_ = cleaning_ || step.is<steps::Cleanup>();
      result_.steps.push_back({{at_, at_}, step.name(), step.text, step.phase});
      return;
    }
    for (auto band = result_.steps.rbegin(); band != result_.steps.rend(); ++band) {
      if (band->name != step.name() || band->outcome != Step::Phase::kBegin) continue;
      band->outcome = step.phase;
      band->stretch.to = at_;
      return;
    }
  }

  void see(const FaultMark& fault) {
    if (fault.phase == FaultMark::Phase::kHeal) return;
    auto ordinal = ordinal_of_pod(fault.target.name);
    if (!ordinal) ordinal = ordinal_of_claim(fault.target.name);
    Lane* loose = loose_lane(fault.target.name);
    auto& flags = ordinal ? lane(*ordinal).faults : loose != nullptr ? loose->faults : result_.faults;
    flags.push_back({at_, fault.name + " " + fault.target.name, 0, {}});
  }

  void see(const Gap& gap) {
    result_.gaps.push_back({{at_, at_}, "the watch of " + gap.resource + " lost events: " + gap.reason});
  }

  void see(const MountSeen&) {}
  void see(const Trouble&) {}
  template <class Entry>
  void see(const Entry&) {}  // what the clients of a ledger did has a picture of its own

  /// What still lives at the end of the recording lives until there.
  void finish() {
    result_.end = at_;
    for (Lane& own : result_.lanes) {
      const Knowledge& known = known_[own.ordinal];
      if (known.pod && !own.pods.empty()) own.pods.back().spans.back().stretch.to = at_;
      prolong(own.claims);
      if (!own.dns.empty()) own.dns.back().stretch.to = at_;
    }
    for (StepBand& band : result_.steps)
      if (band.outcome == Step::Phase::kBegin) band.stretch.to = at_;
    for (Lane& own : result_.loose) prolong(own.pods);
    prolong(other_claims_);
    for (Life<ClaimState>& claim : other_claims_) {
      if (!shared_.contains(claim.name)) continue;
      Lane own;
      own.name = claim.name;
      own.claims.push_back(std::move(claim));
      result_.loose.push_back(std::move(own));
    }
  }

  template <class State>
  void prolong(std::vector<Life<State>>& lives) {
    for (Life<State>& life : lives)
      if (!gone_.contains(life.uid)) life.spans.back().stretch.to = at_;
  }

  const Subject& subject_;
  Lanes result_;
  std::map<Ordinal, Knowledge> known_;
  std::vector<Life<ClaimState>> other_claims_;  ///< that bear the name of no ordinal
  std::set<std::string> shared_;                ///< names of claims that a Deployment's pods use
  std::set<Uid> gone_;
  Elapsed at_{0};
  bool deleted_ = false;
  bool cleaning_ = false;  ///< names and pods go then as they like
};

/// The pod or claim that a finding is about decides in which lane its flag stands.
std::vector<Flag>& flags_for(Lanes& lanes, const Subject& subject, const ObjectRef& object) {
  for (Lane& lane : lanes.lanes)
    if (object.name == lane.name || object.name == subject.claim_name(lane.ordinal)) return lane.findings;
  for (Lane& lane : lanes.loose)
    if (object.name == lane.name) return lane.findings;
  return lanes.findings;
}

void add_findings(Lanes& lanes, const Timeline& timeline, const RunResult& run) {
  const std::map<FindingKey, int> numbers = finding_numbers(run);
  for (const auto& [key, number] : numbers) {
    const auto& [promise, requirement, position] = key;
    const PromiseResult* result = run.verdict(promise);
    if (result->scenario != timeline.header.scenario) continue;
    for (const RequirementResult& one : result->requirements) {
      if (one.id != requirement) continue;
      const Finding& finding = one.findings.at(position).finding;
      const std::size_t index = finding.evidence.empty() ? 0 : finding.evidence.back();
      const bool known = index >= 1 && index <= timeline.size();
      flags_for(lanes, timeline.subject(), finding.object)
          .push_back({known ? timeline.at_index(index).at : lanes.end, one.id + ": " + finding.observed,
                      number, promise});
    }
  }
}

}  // namespace

std::string deployment_of(const Pod& pod) {
  const OwnerReference* owner = pod.meta.controller();
  if (owner == nullptr || owner->kind != "ReplicaSet") return {};
  // A ReplicaSet that a Deployment made is named after it and the hash of the template.
  const std::string hash = "-" + pod.meta.label("pod-template-hash");
  if (hash.size() == 1 || !owner->name.ends_with(hash)) return {};
  return owner->name.substr(0, owner->name.size() - hash.size());
}

Lanes lanes_of(const Timeline& timeline, const RunResult& run) {
  Lanes lanes = Drawer{timeline}.draw(timeline);
  add_findings(lanes, timeline, run);
  return lanes;
}

std::map<FindingKey, int> finding_numbers(const RunResult& run) {
  std::map<FindingKey, int> numbers;
  int next = 1;
  for (const Standing& standing : standings(run)) {
    if (standing.result == nullptr) continue;
    for (const RequirementResult& one : standing.result->requirements)
      for (std::size_t i = 0; i < one.findings.size(); ++i)
        numbers.emplace(FindingKey{standing.result->id, one.id, i}, next++);
  }
  return numbers;
}

}  // namespace stateproof::report
