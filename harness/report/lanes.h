#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "harness/model/timeline.h"
#include "harness/report/run_result.h"

namespace stateproof::report {

/// What the picture of a recording shows, without its form.

struct Stretch {
  Elapsed from{0};
  Elapsed to{0};
};

enum class PodState { kCreated, kScheduled, kStarted, kReady, kTerminating };
enum class ClaimState { kPending, kBound, kTerminating };
/// kLate: not the address of the present pod, or none although it is Ready. That takes a while after each
/// change and breaks no promise by itself; in the clean-up names go as they like, which is kNone.
enum class DnsState { kNone, kRight, kLate };

template <class State>
struct Span {
  Stretch stretch;
  State state;
};

/// One object from its first to its last entry: a pod that is deleted and created again is two lives.
template <class State>
struct Life {
  std::string name;
  Uid uid;
  std::vector<Span<State>> spans;  ///< without holes, ascending
};

struct Query {
  Elapsed at{0};
  SqlOperation::Kind kind = SqlOperation::Kind::kRead;
  SqlOperation::Outcome outcome = SqlOperation::Outcome::kOk;
};

struct Flag {
  Elapsed at{0};
  std::string text;
  int number = 0;       ///< of a finding, as `finding_numbers` counts; 0 for a fault
  std::string promise;  ///< of a finding
};

/// All that belongs to one ordinal; or one pod of a Deployment; or a claim that such pods share.
struct Lane {
  Ordinal ordinal;  ///< of a Deployment's pod its place in the order of their creation
  std::string name;
  std::vector<Life<PodState>> pods;
  std::vector<Life<ClaimState>> claims;
  std::vector<Span<DnsState>> dns;
  std::vector<Query> queries;
  std::vector<Flag> faults;
  std::vector<Flag> findings;
};

/// The Deployment that controls a pod by way of its ReplicaSet; empty when none does.
std::string deployment_of(const Pod& pod);

struct StepBand {
  Stretch stretch;
  std::string name;
  std::string text;
  Step::Phase outcome = Step::Phase::kBegin;
};

struct Lanes {
  Elapsed end{0};
  std::vector<StepBand> steps;
  std::string set;
  std::vector<Lane> lanes;     ///< by ordinal
  std::string deployment;      ///< whose pods were in the same namespace; empty: none
  std::vector<Lane> loose;     ///< its pods in the order of their creation, then their claims
  std::vector<Flag> faults;    ///< that hit no pod or claim of the set
  std::vector<Flag> findings;  ///< that are about no single ordinal
  std::vector<Span<std::string>> gaps;
};

/// `run` gives the findings; those of other scenarios are left out.
Lanes lanes_of(const Timeline& timeline, const RunResult& run);

/// The findings of a run are numbered through, so that the picture and the text can speak of the same one.
/// Key: promise, requirement, position among its findings.
using FindingKey = std::tuple<std::string, std::string, std::size_t>;
std::map<FindingKey, int> finding_numbers(const RunResult& run);

}  // namespace stateproof::report
