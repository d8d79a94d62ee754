#include "harness/check/disruption/replication.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "harness/check/disruption/written_rows.h"
#include "harness/check/evidence/course.h"
#include "harness/check/evidence/debt.h"
#include "harness/check/evidence/incarnations.h"
#include "harness/check/evidence/judgement.h"
#include "harness/check/evidence/patience.h"
#include "harness/check/identity/identity.h"
#include "harness/model/served.h"
#include "harness/model/steps.h"

namespace stateproof::check {
namespace {

/// Everything that was read of the members at one rest.
struct Reading {
  const RecordedStep* step = nullptr;
  std::string after;                        ///< the disruption before it
  std::vector<const Observation*> members;  ///< with a LedgerRows each
};

std::vector<Reading> readings_of(const Course& course) {
  std::vector<Reading> readings;
  for (const RecordedStep& step : course.steps()) {
    if (!step.is<steps::Verify>()) continue;
    Reading reading{&step, step.as<steps::Verify>()->after, {}};
    for (const Observation& seen : course.judged())
      if (seen.index > step.begin->index && (step.end == nullptr || seen.index < step.end->index) &&
          seen.as<LedgerRows>() != nullptr)
        reading.members.push_back(&seen);
    readings.push_back(std::move(reading));
  }
  return readings;
}

/// The disruption that the step, one of these three, is about.
std::string disruption_of(const RecordedStep& step) {
  if (const auto disturb = step.as<steps::Disturb>()) return disturb->disruption;
  if (const auto hold = step.as<steps::Hold>()) return hold->disruption;
  const auto recover = step.as<steps::Recover>();
  return recover ? recover->disruption.value_or("") : std::string{};
}

std::string times(std::int64_t count) { return fmt::format("{} {}", count, count == 1 ? "row" : "rows"); }

/// Not empty: the nodes of this cluster could not be touched, and why.
std::string out_of_reach(const Course& course) {
  const RecordedStep* nodes = course.find<steps::Nodes>();
  if (nodes == nullptr || nodes->end == nullptr) return {};
  return "the nodes cannot be disrupted: " + nodes->end->as<Step>()->text;
}

/// What the checkers of rows have in common.
class Rows {
 public:
  // Rows are told by clients, whatever watches lose.
  explicit Rows(const Timeline& timeline) : timeline_(timeline), course_(timeline), judgement_(course_, {}) {
    readings_ = readings_of(course_);
  }

  [[nodiscard]] const Course& course() const { return course_; }
  [[nodiscard]] const std::vector<Reading>& readings() const { return readings_; }
  [[nodiscard]] Judgement& judgement() { return judgement_; }
  [[nodiscard]] const Subject& subject() const { return timeline_.subject(); }

  void judge(const Reading& reading, const Observation& seen) {
    const LedgerRows& rows = *seen.as<LedgerRows>();
    if (!rows.ok)
      return judgement_.doubt(
          fmt::format("{} could not be read after {}: {}", rows.member, reading.after, rows.note));
    const LedgerRows& first = *reading.members.front()->as<LedgerRows>();
    if (!rows.caught_up || (rows.awaited.empty() && !first.ok))
      return judgement_.doubt(
          fmt::format("whether {} had caught up after {} is unknown", rows.member, reading.after));
    const WrittenRows written(timeline_, seen);
    if (const auto lost = written.lost(rows); lost.count > 0)
      find(reading, seen, lost,
           fmt::format("row {} of writer {}, which was acknowledged", lost.first, lost.writer),
           fmt::format("{} that were acknowledged are missing after {}", times(lost.count), reading.after));
    if (const auto strange = written.unwritten(rows); strange.count > 0)
      find(reading, seen, strange, "only rows whose write was acknowledged or has an unknown outcome",
           fmt::format("{} although their writes failed or never happened; the first is row {} of writer {}, "
                       "found after {}",
                       times(strange.count), strange.first, strange.writer, reading.after));
    for (const auto& [writer, runs] : rows.present)
      if (runs.repeated_count > 0)
        find(reading, seen, {}, "each row once",
             fmt::format("{} of writer {} more than once after {}, first {}", times(runs.repeated_count),
                         writer, reading.after, runs.repeated.empty() ? 0 : runs.repeated.front()));
    if (rows.damaged_count > 0)
      find(reading, seen, {}, "each row with the payload that was written",
           fmt::format("{} with another payload after {}, first row {} of writer {}",
                       times(rows.damaged_count), reading.after,
                       rows.damaged.empty() ? 0 : rows.damaged.front().second,
                       rows.damaged.empty() ? 0 : rows.damaged.front().first));
    judged_ = std::max(judged_, written.acknowledged());
    ++judged_readings_;
  }

  /// The step that took up what a killed run left; null when none was killed.
  [[nodiscard]] const RecordedStep* salvage() const { return course_.find<steps::Salvage>(); }

  Verdict verdict() && {
    // The journal was read to its end, wherever the scenario was when its process was killed.
    const bool salvaged =
        salvage() != nullptr && timeline_.finish && timeline_.finish->reason == End::Reason::kComplete;
    if (!salvaged) judgement_.doubt_if(course_.cut_short());
    if (judged_ == 0) judgement_.doubt("no write was acknowledged, or none was read back");
    return std::move(judgement_)
        .verdict(fmt::format("{} acknowledged, read back {}", times(judged_),
                             counted(judged_readings_, "time", "times")));
  }

 private:
  void find(const Reading& reading, const Observation& seen, const WrittenRows::Difference& difference,
            std::string expected, std::string observed) {
    std::vector<std::size_t> evidence;
    if (difference.evidence != 0) evidence.push_back(difference.evidence);
    evidence.push_back(reading.step->begin->index);
    evidence.push_back(seen.index);
    const std::string& member = seen.as<LedgerRows>()->member;
    judgement_.find({{"Pod", subject().ns, member, {}},
                     std::move(expected),
                     std::move(observed),
                     std::move(evidence),
                     fmt::format("kubectl -n {} logs {} --previous; sync_binlog and "
                                 "innodb_flush_log_at_trx_commit of the server; the volume mounted at {}",
                                 subject().ns, member, subject().mount_path)});
  }

  const Timeline& timeline_;
  Course course_;
  std::vector<Reading> readings_;
  Judgement judgement_;
  std::int64_t judged_ = 0;
  std::size_t judged_readings_ = 0;
};

/// Rows after these disruptions, all of which must have been.
Verdict rows_after(const Timeline& timeline, const std::set<std::string_view>& disruptions) {
  Rows rows(timeline);
  std::set<std::string_view> judged;
  for (const Reading& reading : rows.readings()) {
    if (!disruptions.contains(reading.after) || reading.members.empty()) continue;
    judged.insert(*disruptions.find(reading.after));
    for (const Observation* seen : reading.members) rows.judge(reading, *seen);
  }
  for (const std::string_view disruption : disruptions)
    if (!judged.contains(disruption))
      rows.judgement().doubt(fmt::format("no rows were read after {}", disruption));
  return std::move(rows).verdict();
}

}  // namespace

Verdict acknowledged_rows_are_everywhere(const Timeline& timeline) {
  Rows rows(timeline);
  if (const std::string why = out_of_reach(rows.course()); !why.empty()) return not_applicable(why);
  if (rows.readings().empty()) rows.judgement().doubt("no rows were read back");
  for (const Reading& reading : rows.readings())
    for (const Observation* seen : reading.members) rows.judge(reading, *seen);
  if (rows.salvage() != nullptr &&
      std::none_of(rows.readings().begin(), rows.readings().end(), [](const Reading& reading) {
        return reading.after == steps::Salvage::name.text && !reading.members.empty();
      }))
    rows.judgement().doubt("the rows that the killed run left were not read back");
  return std::move(rows).verdict();
}

Verdict rows_survive_replacement_under_load(const Timeline& timeline) {
  return rows_after(timeline, {"delete-primary", "delete-replica", "roll", "evict-primary"});
}

Verdict rows_survive_kills(const Timeline& timeline) {
  return rows_after(timeline, {"delete-primary-at-once", "kill-primary", "kill-replica"});
}

Verdict rows_survive_loss_of_all_pods(const Timeline& timeline) {
  return rows_after(timeline, {"delete-all"});
}

namespace {

constexpr const char* kRemedy =
    "SHOW REPLICA STATUS; error 1236 means that the primary has purged binary logs that a replica without a "
    "copy needs: deploy replicas that begin with a copy of the primary's data and its position (CLONE=yes)";

/// The error that stops for good a replica whose primary lacks the logs that it asks for.
bool lacks_logs(const LedgerRows& rows) {
  return rows.replication.find("fatal error 1236") != std::string::npos;
}

/// Judges replicas that a scale-up added.
Verdict new_replicas(Rows rows) {
  const Subject& subject = rows.subject();
  bool judged = false;
  for (const Reading& reading : rows.readings()) {
    if (reading.after != steps::ScaleUp::name.text) continue;
    for (const Observation* seen : reading.members) {
      const LedgerRows& read = *seen->as<LedgerRows>();
      const auto ordinal = ordinal_of(read.member, subject.set);
      if (!ordinal || ordinal->value < subject.first.value + subject.replicas.value) continue;
      judged = true;
      if ((read.ok && !read.caught_up) || lacks_logs(read))
        rows.judgement().find(
            {{"Pod", subject.ns, read.member, {}},
             read.awaited.empty() ? "the new replica receives the primary's data"
                                  : "the new replica reaches the primary's position " + read.awaited,
             lacks_logs(read) ? fmt::format("its replication has stopped: {}", read.replication)
                              : fmt::format("it is at {}, replication {}", read.position, read.replication),
             {reading.step->begin->index, seen->index},
             kRemedy});
      else
        rows.judge(reading, *seen);
    }
  }
  if (!judged) rows.judgement().doubt("no replica was added and read back");
  return std::move(rows).verdict();
}

}  // namespace

Verdict new_replicas_catch_up(const Timeline& timeline) { return new_replicas(Rows(timeline)); }

Verdict new_replicas_catch_up_after_purge(const Timeline& timeline) {
  Rows rows(timeline);
  const RecordedStep* purge = rows.course().find<steps::Purge>();
  const RecordedStep* scale = rows.course().find<steps::ScaleUp>();
  const bool purged =
      purge != nullptr && purge->reached() && !purge->answered<steps::Purge>()->oldest.value_or("").empty();
  if (!purged || scale == nullptr || scale->begin->index < purge->end->index)
    rows.judgement().doubt("no replica was added after the primary had purged its binary logs");
  return new_replicas(std::move(rows));
}

Verdict replicas_follow(const Timeline& timeline) {
  const Course course(timeline);
  const Subject& subject = timeline.subject();
  Judgement judgement(course, {});
  std::size_t judged = 0;
  for (const Reading& reading : readings_of(course)) {
    std::map<std::string, std::string> servers;
    const LedgerRows* primary = nullptr;
    for (const Observation* seen : reading.members) {
      const LedgerRows& rows = *seen->as<LedgerRows>();
      const auto find = [&](std::string expected, std::string observed) {
        judgement.find({{"Pod", subject.ns, rows.member, {}},
                        std::move(expected),
                        fmt::format("{} after {}", observed, reading.after),
                        {reading.step->begin->index, seen->index},
                        fmt::format("kubectl -n {} exec {} -- mariadb -e 'SHOW REPLICA STATUS\\G'",
                                    subject.ns, rows.member)});
      };
      if (rows.server.empty()) {
        judgement.doubt(
            fmt::format("{} could not be read after {}: {}", rows.member, reading.after, rows.note));
        continue;
      }
      ++judged;
      const auto [other, is_new] = servers.try_emplace(rows.server, rows.member);
      if (!is_new)
        find("a server id that no other member uses",
             fmt::format("id {}, which {} also uses", rows.server, other->second));
      if (rows.host != rows.member)
        find(fmt::format("the server runs on host {}", rows.member),
             fmt::format("its host name is {}", rows.host));
      if (rows.member == subject.pod_name(subject.first)) {
        primary = &rows;
        if (rows.read_only) find("the primary accepts writes", "it is read-only");
        continue;
      }
      if (!rows.read_only) find("the replica is read-only", "read_only is off");
      if (rows.replication != "running")
        find("the replica's replication is running", fmt::format("replication: {}", rows.replication));
      if (!rows.ok)
        find("the replica has the primary's users and tables", "it refuses the client: " + rows.note);
      else if (!rows.caught_up)
        find("the replica reaches the primary's position " + rows.awaited, "it is at " + rows.position);
      else if (primary != nullptr && rows.position != primary->position)
        find("the replica is at the primary's position " + primary->position + " while there are no writes",
             "it is at " + rows.position);
    }
  }
  if (judged == 0) judgement.doubt("no member was read");
  judgement.doubt_if(course.cut_short());
  return std::move(judgement).verdict(
      fmt::format("{} of members at rest", counted(judged, "reading", "readings")));
}

Verdict checksums_agree(const Timeline& timeline) {
  const Course course(timeline);
  Judgement judgement(course, {});
  std::size_t judged = 0;
  for (const Reading& reading : readings_of(course)) {
    const LedgerRows* first = nullptr;
    for (const Observation* seen : reading.members) {
      const LedgerRows& rows = *seen->as<LedgerRows>();
      if (!rows.ok || !rows.caught_up) {
        judgement.doubt(
            fmt::format("{} had not caught up, or could not be read, after {}", rows.member, reading.after));
        continue;
      }
      if (first == nullptr) {
        first = &rows;
        continue;
      }
      ++judged;
      if (rows.checksum != first->checksum)
        judgement.find(
            {{"Pod", timeline.subject().ns, rows.member, {}},
             fmt::format("checksum {} of the table, as on {}", first->checksum, first->member),
             fmt::format("checksum {} at position {} after {}", rows.checksum, rows.position, reading.after),
             {reading.step->begin->index, seen->index},
             "what wrote to a replica: its own binary log, mariadb-binlog of the newest files"});
    }
  }
  if (judged == 0) judgement.doubt("no two members were read during the same pause");
  judgement.doubt_if(course.cut_short());
  return std::move(judgement).verdict(counted(judged, "checksum", "checksums") +
                                      " compared with another member's");
}

// ----------------------------------------------------------------------------------------- availability

namespace {

/// Whether nothing was heard of the cluster any more for so long before the step timed out that it had done
/// all that it would, with nothing in its way. Of a recording without objects the step's limit is all that is
/// known.
bool stood_still(const Timeline& timeline, const RecordedStep& step, Judgement& judgement) {
  const bool is_watched = std::any_of(timeline.begin(), timeline.end(), [](const Observation& seen) {
    return seen.as<ObjectSeen>() != nullptr;
  });
  const Observation* last = last_delivered(timeline, *step.begin, *step.end);
  return !is_watched ||
         is_overdue(timeline, {timeline.subject().set, step.begin, step.end, kAnyHindrance, last}, judgement);
}

}  // namespace

Verdict service_recovers(const Timeline& timeline) {
  const Course course(timeline);
  if (const std::string why = out_of_reach(course); !why.empty()) return not_applicable(why);
  Judgement judgement(course, {});
  std::size_t judged = 0;
  for (const RecordedStep& step : course.steps()) {
    if (!step.is<steps::Disturb>() && !step.is<steps::Recover>()) continue;
    const std::string what = disruption_of(step);
    if (step.timed_out() && !stood_still(timeline, step, judgement))
      judgement.doubt(step.text());
    else if (step.timed_out())
      judgement.find(
          {{"StatefulSet", timeline.subject().ns, timeline.subject().set, {}},
           fmt::format("Ready pods, acknowledged writes and reads of every member again after {}", what),
           step.text(),
           {step.begin->index, step.end->index},
           fmt::format("kubectl -n {} get pods,events; the log of the pod that is not Ready",
                       timeline.subject().ns)});
    if (step.is<steps::Recover>() && step.reached()) ++judged;
  }
  for (const DisturbedService& one : served_of(timeline).disruptions) {
    judgement.measure({"longest write gap", one.write_gap, "s", one.disruption});
    if (one.recovery > 0) judgement.measure({"recovery", one.recovery, "s", one.disruption});
  }
  if (judged == 0) judgement.doubt("nothing was disturbed");
  if (std::none_of(timeline.begin(), timeline.end(), [](const Observation& seen) {
        return seen.as<LedgerWrites>() != nullptr || seen.as<LedgerRead>() != nullptr;
      }))
    judgement.doubt("no client tried anything");
  if (const RecordedStep* salvage = course.find<steps::Salvage>(); salvage != nullptr)
    judgement.doubt(fmt::format(
        "the run was killed before {}, so not every disruption was performed, or observed to its end",
        moment(*salvage->begin)));
  judgement.doubt_if(course.cut_short());
  return std::move(judgement).verdict(counted(judged, "disruption", "disruptions") + " recovered from");
}

// ---------------------------------------------------------------------------------------------- nodes

namespace {

/// Doubts when the watch of pods lost events between these entries.
void doubt_if_lost(Judgement& judgement, const Course& course, const Observation* from,
                   const Observation* to) {
  for (const Observation& seen : course.judged())
    if (const Gap* gap = seen.as<Gap>(); gap != nullptr && gap->resource == "pods" &&
                                         seen.index > from->index &&
                                         (to == nullptr || seen.index < to->index))
      judgement.doubt(fmt::format("the watch of pods lost events at {}: {}", moment(seen), gap->reason));
}

template <StepType S>
const RecordedStep* disturbance(const Course& course, std::string_view name) {
  for (const RecordedStep& one : course.steps())
    if (one.is<S>() && disruption_of(one) == name) return &one;
  return nullptr;
}

}  // namespace

Verdict drained_pods_come_back(const Timeline& timeline) {
  const Course course(timeline);
  if (const std::string why = out_of_reach(course); !why.empty()) return not_applicable(why);
  const Subject& subject = timeline.subject();
  // What a hole in the disturbance itself means is told below.
  Judgement judgement(course,
                      Watches{}.even_after_holes("the restarted API server, which comes last, leaves one"));
  const RecordedStep* drain = disturbance<steps::Disturb>(course, "drain");
  const RecordedStep* recover = disturbance<steps::Recover>(course, "drain");
  if (drain == nullptr || drain->end == nullptr) return inconclusive("no node was drained");
  for (const RecordedStep* step : {drain, recover})
    if (const auto lost = step == nullptr ? std::nullopt : course.lost_within(*step, {"pods"}))
      return inconclusive(*lost);
  const Ordinal ordinal = drain->as<steps::Disturb>()->ordinal;
  const std::string name = subject.pod_name(ordinal);
  const Pod* before = nullptr;
  const Pod* after = nullptr;
  const Observation* last = nullptr;
  for (const Observation& seen : course.judged()) {
    const Pod* pod = seen.object<Pod>();
    if (pod == nullptr || pod->meta.ref.name != name || pod->meta.ref.ns != subject.ns) continue;
    if (seen.index < drain->begin->index) before = pod;
    if (recover != nullptr && recover->reached() && seen.index < recover->end->index) {
      after = pod;
      last = &seen;
    }
  }
  if (before == nullptr) return inconclusive("the pod of the drained node was not recorded before the drain");
  if (drain->timed_out() || (recover != nullptr && recover->timed_out())) {
    const RecordedStep& late = drain->timed_out() ? *drain : *recover;
    if (!stood_still(timeline, late, judgement))
      judgement.doubt(late.text());
    else
      judgement.find({{"Pod", subject.ns, name, {}},
                      "the evicted pod is recreated, on another node or, if its volume cannot move, on the "
                      "same node once it is schedulable again",
                      late.text(),
                      {drain->begin->index, late.end->index},
                      fmt::format("kubectl -n {} describe pod {}", subject.ns, name)});
  } else if (after == nullptr) {
    judgement.doubt("the recording ends before the drained node was back");
  } else {
    if (after->meta.ref.uid == before->meta.ref.uid)
      judgement.find({after->meta.ref,
                      "a new pod after the eviction",
                      "the old one",
                      {drain->begin->index, last->index},
                      "the eviction's answer in the recording"});
    if (after->claim_at(subject.mount_path) != before->claim_at(subject.mount_path))
      judgement.find({after->meta.ref,
                      "the claim " + before->claim_at(subject.mount_path) + " again",
                      "the claim " + after->claim_at(subject.mount_path),
                      {drain->begin->index, last->index},
                      "spec.volumes of the pod"});
  }
  doubt_if_lost(judgement, course, drain->begin, recover == nullptr ? nullptr : recover->end);
  return std::move(judgement).verdict(fmt::format("{} left the drained node and came back", name));
}

Verdict no_second_copy_on_stopped_node(const Timeline& timeline) {
  const Course course(timeline);
  if (const std::string why = out_of_reach(course); !why.empty()) return not_applicable(why);
  const Subject& subject = timeline.subject();
  // What a hole in the disturbance itself means is told below.
  Judgement judgement(course,
                      Watches{}.even_after_holes("the restarted API server, which comes last, leaves one"));
  const RecordedStep* stop = disturbance<steps::Disturb>(course, "stop-node");
  const RecordedStep* hold = disturbance<steps::Hold>(course, "stop-node");
  if (stop == nullptr || hold == nullptr || hold->end == nullptr) return inconclusive("no node was stopped");
  const std::string name = subject.pod_name(stop->as<steps::Disturb>()->ordinal);
  Uid on_node;
  std::size_t judged = 0;
  const Observation* hole = nullptr;
  for (const Hole& one : course.holes())
    if (one.resource == "pods" && hole == nullptr) hole = one.gap;
  for (const Observation& seen : course.judged()) {
    if (seen.index > hold->end->index) break;
    const Pod* pod = seen.object<Pod>();
    if (pod == nullptr || pod->meta.ref.name != name || pod->meta.ref.ns != subject.ns) continue;
    if (seen.index < stop->begin->index) {
      on_node = pod->meta.ref.uid;
      continue;
    }
    ++judged;
    if (hole != nullptr && seen.index > hole->index) continue;  // what came meanwhile may have been asked for
    if (pod->meta.ref.uid != on_node)
      judgement.find({pod->meta.ref,
                      "no second pod of this name while the stopped node may still be running the first",
                      "a second pod was created",
                      {stop->begin->index, seen.index},
                      "who deleted the first pod's object: the API server's audit log, a garbage collector"});
    else if (seen.is_deletion())
      judgement.find({pod->meta.ref,
                      "the pod stays in the API as Terminating until its node reports that it is gone",
                      "its object was removed",
                      {stop->begin->index, seen.index},
                      "who deleted the pod without grace: the API server's audit log"});
  }
  if (!hold->reached()) judgement.doubt(hold->text());
  if (judged == 0) judgement.doubt(fmt::format("{} reported nothing while its node was stopped", name));
  doubt_if_lost(judgement, course, stop->begin, hold->end);
  return std::move(judgement).verdict(
      fmt::format("{} of {} on the stopped node", counted(judged, "state", "states"), name));
}

// A restarted API server knows nothing older than itself, so that the watches have a gap there; the scenario
// restarts it last.
Verdict one_pod_per_name_while_disturbed(const Timeline& timeline) {
  const Course course(timeline);
  if (const std::string why = out_of_reach(course); !why.empty()) return not_applicable(why);
  const RecordedStep* restart = disturbance<steps::Disturb>(course, "restart-api-server");
  if (restart == nullptr) return one_pod_per_name(timeline);
  Timeline before = timeline;
  std::erase_if(before.observations,
                [&](const Observation& seen) { return seen.index >= restart->begin->index; });
  return one_pod_per_name(before);
}

}  // namespace stateproof::check
