#pragma once

#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "harness/model/step.h"

/// Every step that a scenario takes. This is the one place that knows what recordings call them and their
/// fields; both are part of the recording's schema.
namespace stateproof::steps {

template <std::size_t N>
struct Text {
  char text[N] = {};
  consteval Text(const char (&from)[N]) {  // NOLINT(google-explicit-constructor): a template argument
    std::copy_n(from, N, text);
  }
  constexpr operator std::string_view() const {
    return {text, N - 1};
  }  // NOLINT(google-explicit-constructor)
};

// -------------------------------------------------------------------------------- what steps are made of

/// A step that says all by its name.
template <Text kName>
struct Plain {
  static constexpr StepName name{kName};
  static void fields(auto& /*step*/, auto&& /*field*/) {}
};

/// A step that is about one pod of the set.
template <Text kName>
struct OnPod {
  static constexpr StepName name{kName};
  Ordinal ordinal = {};
  static void fields(auto& step, auto&& field) { field("ordinal", step.ordinal); }
};

/// A step that is about some pods of the set, or about all of them.
template <Text kName>
struct OnPods {
  static constexpr StepName name{kName};
  std::optional<std::vector<int>> ordinals = {};  ///< nullopt: all
  static void fields(auto& step, auto&& field) { field("ordinals", step.ordinals); }
};

/// A step that is about one pod of the set, or about all of them.
template <Text kName>
struct OnPodOrAll {
  static constexpr StepName name{kName};
  std::optional<Ordinal> ordinal = {};  ///< nullopt: all
  static void fields(auto& step, auto&& field) { field("ordinal", step.ordinal); }
};

/// The set has `from` pods and is to have `to`.
template <Text kName>
struct Scaling {
  static constexpr StepName name{kName};
  int from = 0;
  int to = 0;
  Json answer = {};  ///< the Scale as the API server answered it; null where that is of no concern
  static void fields(auto& step, auto&& field) {
    field("from", step.from);
    field("to", step.to);
    field("answer", step.answer);
  }
};

/// The same while one pod is kept from being Ready, or from ending.
template <Text kName>
struct HeldScaling {
  static constexpr StepName name{kName};
  Ordinal ordinal = {};
  int from = 0;
  int to = 0;
  static void fields(auto& step, auto&& field) {
    field("ordinal", step.ordinal);
    field("from", step.from);
    field("to", step.to);
  }
};

template <Text kName>
struct WithReplicas {
  static constexpr StepName name{kName};
  Replicas replicas = {};
  static void fields(auto& step, auto&& field) { field("replicas", step.replicas); }
};

/// A pod template, told from others by the number of its edition.
template <Text kName>
struct WithEdition {
  static constexpr StepName name{kName};
  int edition = 0;
  static void fields(auto& step, auto&& field) { field("edition", step.edition); }
};

template <Text kName>
struct WithMinReady {
  static constexpr StepName name{kName};
  int min_ready_seconds = 0;
  static void fields(auto& step, auto&& field) { field("minReadySeconds", step.min_ready_seconds); }
};

template <Text kName>
struct WithMaxUnavailable {
  static constexpr StepName name{kName};
  int max_unavailable = 0;
  std::optional<int> edition = {};
  static void fields(auto& step, auto&& field) {
    field("maxUnavailable", step.max_unavailable);
    field("edition", step.edition);
  }
};

/// A disruption under way: which one, and the pod that it is aimed at.
template <Text kName>
struct Disturbing {
  static constexpr StepName name{kName};
  std::string disruption = {};
  Ordinal ordinal = {};
  static void fields(auto& step, auto&& field) {
    field("disruption", step.disruption);
    field("ordinal", step.ordinal);
  }
};

/// Two pods that want one claim; all are names.
template <Text kName>
struct Sharing {
  static constexpr StepName name{kName};
  std::string claim = {};
  std::string first = {};
  std::string second = {};
  static void fields(auto& step, auto&& field) {
    field("claim", step.claim);
    field("first", step.first);
    field("second", step.second);
  }
};

// --------------------------------------------------------------------- a set comes, is looked at, and goes

using Create = WithReplicas<"create">;
using Recreate = WithReplicas<"recreate">;
using Cleanup = Plain<"cleanup">;
using Resolve = OnPods<"resolve">;
using Write = OnPods<"write">;
using Read = OnPodOrAll<"read">;
using HostNames = Plain<"host-names">;
using Replace = OnPod<"replace">;
using ScaleUp = Scaling<"scale-up">;
using ScaleDown = Scaling<"scale-down">;
using ScaleBack = Scaling<"scale-back">;

/// The pods that ask DNS, or write and read, start.
struct Clients {
  static constexpr StepName name{"clients"};
  std::vector<std::string> pods = {};                    ///< "namespace/name"
  std::optional<std::vector<std::string>> servers = {};  ///< replicas of the DNS server that are asked apart
  static void fields(auto& step, auto&& field) {
    field("pods", step.pods);
    field("servers", step.servers);
  }
};

// -------------------------------------------------------------------- pods that a scenario holds in its hand

using Release = OnPod<"release">;
using Unready = OnPod<"unready">;
using Start = OnPod<"start">;
using Follow = OnPod<"follow">;
using Clear = OnPod<"clear">;
using HoldCreation = OnPod<"hold-creation">;
using HoldScaleDown = HeldScaling<"hold-scale-down">;
using Resume = HeldScaling<"resume">;
using Revive = OnPod<"revive">;
using HoldEnd = OnPod<"hold-end">;
using LetEnd = OnPodOrAll<"let-end">;

/// A pod of another owner takes a port of its node.
struct Block {
  static constexpr StepName name{"block"};
  int port = 0;
  static void fields(auto& step, auto&& field) { field("port", step.port); }
};
using Unblock = Plain<"unblock">;

// ----------------------------------------------------------------------------------------------- owners

using Orphan = Plain<"orphan">;
using Adopt = Plain<"adopt">;
using ReleasePod = OnPod<"release-pod">;
using Readopt = OnPod<"readopt">;

// ------------------------------------------------------------------------------- contrast to a Deployment

using ReadyLoose = Plain<"ready-loose">;
using ReplaceLoose = Plain<"replace-loose">;
using ReplaceSleeper = OnPod<"replace-sleeper">;

// ------------------------------------------------------------------------------------------------- names

using NoEndpoint = Plain<"no-endpoint">;
using DropOut = Plain<"drop-out">;
using Linger = OnPod<"linger">;

// ----------------------------------------------------------------------------------------------- parallel

/// The scale is read as it is.
struct ReadScale {
  static constexpr StepName name{"read-scale"};
  Json answer = {};
  static void fields(auto& step, auto&& field) { field("answer", step.answer); }
};

/// A scale is written on top of what is outdated by then.
struct StaleScale {
  static constexpr StepName name{"stale-scale"};
  int written = 0;
  Json answer = {};  ///< {"code": ..., "reason": ...}
  static void fields(auto& step, auto&& field) {
    field("written", step.written);
    field("answer", step.answer);
  }
};

/// spec.ordinals.start becomes `to_start`.
struct MoveStart {
  static constexpr StepName name{"move-start"};
  Ordinal from = {};
  Ordinal to_start = {};
  static void fields(auto& step, auto&& field) {
    field("from", step.from);
    field("to_start", step.to_start);
  }
};

/// The set has so many pods that become Ready by themselves.
struct MakeReady {
  static constexpr StepName name{"make-ready"};
  int to = 0;
  static void fields(auto& step, auto&& field) { field("to", step.to); }
};

// ----------------------------------------------------------------------------------------------- rollouts

using Rollout = WithEdition<"rollout">;
using Rollback = WithEdition<"rollback">;
using Complete = WithEdition<"complete">;
using ReplaceBelow = OnPod<"replace-below">;
using ReplaceAbove = OnPod<"replace-above">;
using RaiseMinReady = WithMinReady<"raise-min-ready">;
using DropMinReady = WithMinReady<"drop-min-ready">;
using PickUp = OnPod<"pick-up">;
using Settle = Plain<"settle">;
using RollTwo = WithMaxUnavailable<"roll-two">;
using RollTwoBad = WithMaxUnavailable<"roll-two-bad">;
using HoldTwoBad = WithMaxUnavailable<"hold-two-bad">;
using RollBad = OnPod<"roll-bad">;
using HoldBad = OnPod<"hold-bad">;
using Revert = OnPod<"revert">;
using Heal = OnPod<"heal">;

struct Partition {
  static constexpr StepName name{"partition"};
  int partition = 0;
  int edition = 0;
  static void fields(auto& step, auto&& field) {
    field("partition", step.partition);
    field("edition", step.edition);
  }
};

struct HoldPartition {
  static constexpr StepName name{"hold-partition"};
  int partition = 0;
  static void fields(auto& step, auto&& field) { field("partition", step.partition); }
};

struct MinReady {
  static constexpr StepName name{"min-ready"};
  int min_ready_seconds = 0;
  int edition = 0;
  static void fields(auto& step, auto&& field) {
    field("minReadySeconds", step.min_ready_seconds);
    field("edition", step.edition);
  }
};

struct HoldOnDelete {
  static constexpr StepName name{"hold-on-delete"};
  int history_limit = 0;
  static void fields(auto& step, auto&& field) { field("historyLimit", step.history_limit); }
};

// ----------------------------------------------------------------------------------------------- evictions

struct Budget {
  static constexpr StepName name{"budget"};
  int available = 0;  ///< pods that must stay
  static void fields(auto& step, auto&& field) { field("available", step.available); }
};

struct Evict {
  static constexpr StepName name{"evict"};
  Ordinal ordinal = {};
  std::optional<int> code = {};  ///< HTTP status of the answer
  std::optional<std::string> message = {};
  static void fields(auto& step, auto&& field) {
    field("ordinal", step.ordinal);
    field("code", step.code);
    field("message", step.message);
  }
};

/// More than the budget allows, while another pod is not Ready.
struct EvictBeyond {
  static constexpr StepName name{"evict-beyond"};
  Ordinal ordinal = {};
  Ordinal unready = {};
  std::optional<int> code = {};
  std::optional<std::string> message = {};
  static void fields(auto& step, auto&& field) {
    field("ordinal", step.ordinal);
    field("unready", step.unready);
    field("code", step.code);
    field("message", step.message);
  }
};

// --------------------------------------------------------------------------------------- claims and volumes

/// A claim of the set's names is there before its pod, and is another controller's.
struct ForeignClaim {
  static constexpr StepName name{"foreign-claim"};
  std::string claim = {};
  static void fields(auto& step, auto&& field) { field("claim", step.claim); }
};

using ReplacePod = OnPod<"replace-pod">;
using HoldClaims = Plain<"hold-claims">;
using BeginScaleDown = HeldScaling<"begin-scale-down">;
using HoldScaledClaim = OnPod<"hold-scaled-claim">;
using DeleteSet = Plain<"delete-set">;
using DeleteSetAgain = Plain<"delete-set-again">;
using HoldClaim = OnPod<"hold-claim">;
using LetGo = OnPod<"let-go">;
using FirstUser = Sharing<"first-user">;
using SecondUser = Sharing<"second-user">;
using Grown = Plain<"grown">;
using Own = Plain<"own">;
using Retain = Plain<"retain">;

/// The set's claim template is asked to become larger.
struct EditClaimTemplate {
  static constexpr StepName name{"edit-claim-template"};
  std::string request = {};  ///< of storage, as a quantity
  std::optional<int> code = {};
  std::optional<std::string> message = {};
  static void fields(auto& step, auto&& field) {
    field("request", step.request);
    field("code", step.code);
    field("message", step.message);
  }
};

/// Each claim is asked to become larger.
struct Expand {
  static constexpr StepName name{"expand"};
  std::string request = {};
  std::optional<std::map<std::string, Answer>> answers = {};  ///< by claim
  static void fields(auto& step, auto&& field) {
    field("request", step.request);
    field("answers", step.answers);
  }
};

struct DeleteClaims {
  static constexpr StepName name{"delete-claims"};
  std::string label = {};  ///< "key=value"
  static void fields(auto& step, auto&& field) { field("label", step.label); }
};

// ------------------------------------------------------------------------ clients write while it is
// disturbed

using FirstWrites = Plain<"first-writes">;
using Rest = Plain<"rest">;
using Nodes = Plain<"nodes">;
using Disturb = Disturbing<"disturb">;
using Hold = Disturbing<"hold">;

struct Load {
  static constexpr StepName name{"load"};
  int writes = 0;  ///< to be acknowledged
  static void fields(auto& step, auto&& field) { field("writes", step.writes); }
};

/// The set is as it was, and writes and reads go on.
struct Recover {
  static constexpr StepName name{"recover"};
  std::optional<std::string> disruption = {};
  Ordinal ordinal = {};
  static void fields(auto& step, auto&& field) {
    field("disruption", step.disruption);
    field("ordinal", step.ordinal);
  }
};

/// Every row of these members is read back.
struct Verify {
  static constexpr StepName name{"verify"};
  std::string after = {};  ///< disruption or step
  std::vector<int> ordinals = {};
  static void fields(auto& step, auto&& field) {
    field("after", step.after);
    field("ordinals", step.ordinals);
  }
};

/// The primary gives up its binary logs.
struct Purge {
  static constexpr StepName name{"purge"};
  std::optional<std::string> oldest = {};  ///< binary log that is left
  static void fields(auto& step, auto&& field) { field("oldest", step.oldest); }
};

// -------------------------------------------------------------------------------- somebody's own workload

/// What cannot be judged on this workload, found out before or after it was created.
struct Scope {
  static constexpr StepName name{"scope"};
  static constexpr const char* kOwn = "own";                ///< each member has those that were written to it
  static constexpr const char* kEverywhere = "everywhere";  ///< every member has all of them
  std::map<std::string, std::string> left_out = {};         ///< the ability that is missing, and why it is
  std::optional<std::string> records = {};                  ///< where each record is read back
  static void fields(auto& step, auto&& field) {
    field("leftOut", step.left_out);
    field("records", step.records);
  }
};

/// Takes up what a process left that was killed.
struct Salvage {
  static constexpr StepName name{"salvage"};
  std::string disruption = {};  ///< that was under way; may be empty
  static void fields(auto& step, auto&& field) { field("disruption", step.disruption); }
};

// ----------------------------------------------------------------------------------------------- upgrades

using Baseline = Plain<"baseline">;
using Upgrade = Plain<"upgrade">;
using Serve = Plain<"serve">;

struct HalfRoll {
  static constexpr StepName name{"half-roll"};
  std::string set = {};
  static void fields(auto& step, auto&& field) { field("set", step.set); }
};

/// A set of before the upgrade does what sets do.
struct Exercise {
  static constexpr StepName name{"exercise"};
  static constexpr const char* kReplace = "replace";
  static constexpr const char* kScaleUp = "scale-up";
  static constexpr const char* kScaleDown = "scale-down";
  static constexpr const char* kRoll = "roll";
  std::string set = {};
  std::string what = {};  ///< one of the above
  static void fields(auto& step, auto&& field) {
    field("set", step.set);
    field("what", step.what);
  }
};

// ------------------------------------------------------------------------------------------- explorations

/// One of the operations that were drawn at random. Its text says the rest: no checker needs to know which it
/// was.
struct Operation {
  static constexpr StepName name{"operation"};
  int number = 0;         ///< place in the sequence that its seed gives, from 1; 0: the set is created
  std::string what = {};  ///< "scale"
  static void fields(auto& step, auto&& field) {
    field("number", step.number);
    field("what", step.what);
  }
};

// -------------------------------------------------------------------------------------------------------

/// What a recording holds of a step does not fit its type: says what, in a sentence; empty when it fits, and
/// for a step that this program does not know. A field that is left out is no matter before somebody asks.
std::string unfit(const Task& task);

/// The pods that the set is to have from this step on; nullopt when it changes nothing about that.
std::optional<Replicas> wanted_by(const Task& task);

/// The pod that the step is about; nullopt when it is about none, or about several.
std::optional<Ordinal> ordinal_of(const Task& task);

/// Whether there is a step of that name.
bool is_known(std::string_view name);

}  // namespace stateproof::steps
