#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "harness/model/timeline.h"
#include "harness/record/recorder.h"

namespace stateproof::scenarios {

inline const record::Within kThreeDatabasesStart{
    std::chrono::seconds{180},
    "3 pods one after the other, each with a new volume and a first start of its database"};
/// Until a PodDisruptionBudget counts the pods that it selects.
inline const record::Within kBudgetCounted{std::chrono::seconds{60},
                                           "the disruption controller counts the pods within seconds"};
/// Between two attempts to read what a member has.
inline constexpr std::chrono::seconds kReadAgain{1};

/// Ordinals [first, first + count).
std::vector<Ordinal> ordinals(Ordinal first, Replicas count);

/// Each of these pods of the subject is Ready and not on its way out. Impossible when an image cannot be
/// pulled.
record::Condition all_ready(const Subject& subject, std::vector<Ordinal> wanted);

/// A Ready pod of this ordinal that is not the one with `former` as its UID.
record::Condition replaced(const Subject& subject, Ordinal ordinal, Uid former);

/// No pod of the subject with an ordinal of `remaining` or above is left.
record::Condition scaled_down(const Subject& subject, Replicas remaining);

/// Each of these pods of the subject has a running container, Ready or not, and is not on its way out.
record::Condition started(const Subject& subject, std::vector<Ordinal> wanted);

/// A pod of this ordinal that is not the one with `former` as its UID, Ready or not. `former` is read again
/// each time, so that a step may learn it when it acts.
record::Condition successor(const Subject& subject, Ordinal ordinal, const Uid& former);

/// No pod of this ordinal is left.
record::Condition absent(const Subject& subject, Ordinal ordinal);

/// Each of these pods of the subject exists.
record::Condition all_created(const Subject& subject, std::vector<Ordinal> wanted);

/// The StatefulSet controller has finished a pass over this generation of the set.
record::Condition worked_through(const Subject& subject, std::int64_t generation);

/// status.readyReplicas is this number, and so many pods are Ready: the controller has taken note of their
/// readiness, and we have, too.
record::Condition counted_ready(const Subject& subject, Replicas ready);

/// status.availableReplicas is this number.
record::Condition counted_available(const Subject& subject, Replicas available);

/// This generation of the set is rolled out: all of its pods are updated, Ready and available, and the
/// controller says so. `generation` is read again each time.
record::Condition rolled_out(const Subject& subject, Replicas replicas, const std::int64_t& generation);

/// The pod of this ordinal is Ready at the set's update revision.
record::Condition updated(const Subject& subject, Ordinal ordinal, const std::int64_t& generation);

/// Each of these members is Ready and was read, and a write was acknowledged, all begun after `since`, which
/// is read again each time.
record::Condition serving(const Subject& subject, std::vector<Ordinal> wanted, const Elapsed& since);

/// Each of these pods is at the set's update revision, and its container cannot be started.
record::Condition broken(const Subject& subject, std::vector<Ordinal> wanted, const std::int64_t& generation);

/// `first` and `second` both hold at one moment.
record::Condition both(record::Condition first, record::Condition second);

/// These client pods ("namespace/name") are running. Pods of the subject's own namespace count, too.
record::Condition running(const Subject& subject, std::vector<std::string> pods);

/// Types of the records that give the addresses of the subject's pods: "A", "AAAA", as their governing
/// Service has families.
std::vector<std::string> record_types(const record::View& view, const Subject& subject);

/// From each vantage each of these pods' names gives exactly the pod's addresses.
record::Condition resolved(const Subject& subject, std::vector<Ordinal> wanted,
                           std::vector<std::string> vantages);

}  // namespace stateproof::scenarios
