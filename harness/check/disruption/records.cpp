#include "harness/check/disruption/records.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <string>

#include "harness/check/disruption/written_rows.h"
#include "harness/check/evidence/step_duty.h"
#include "harness/model/served.h"
#include "harness/model/steps.h"

namespace stateproof::check {
namespace {

/// Whether each member has only the records that were written to it.
bool has_own_records(const Timeline& timeline) {
  for (const Observation& seen : timeline)
    if (const Step* step = seen.as<Step>(); step != nullptr)
      if (const auto scope = step->as<steps::Scope>(); scope && scope->records)
        return *scope->records == steps::Scope::kOwn;
  return false;
}

/// What one member was found to have, and what it is held against.
struct RecordReading {
  JudgedStep& under;
  const Observation& seen;
  const LedgerRows& rows;
  const WrittenRows& written;  ///< until then
  std::string after;
  bool own = false;

  /// Whether this member is to have what that writer wrote.
  [[nodiscard]] bool concerns(int writer) const {
    return !own || rows.member == under.pod_name(Ordinal{writer});
  }
  void find(std::string expected, std::string observed) const {
    under.find(
        {"Pod", under.subject.ns, rows.member, {}}, std::move(expected), std::move(observed), seen,
        fmt::format(
            "kubectl -n {} logs {} --previous; whether the server had written to the volume mounted at "
            "{} what it acknowledged",
            under.subject.ns, rows.member, under.subject.mount_path));
  }
};

std::string records(std::int64_t count) {
  return counted(static_cast<std::size_t>(count), "record", "records");
}

Verdict judge_readings(const Timeline& timeline, const std::function<void(const RecordReading&)>& duty) {
  const bool own = has_own_records(timeline);
  std::int64_t acknowledged = 0;
  std::size_t readings = 0;
  Verdict verdict = judge_step<steps::Verify>(timeline, {}, {}, [&](JudgedStep& under) {
    bool any = false;
    for (const Observation& seen : under.during) {
      const auto* rows = seen.as<LedgerRows>();
      if (rows == nullptr) continue;
      any = true;
      const std::string after = under.asked<steps::Verify>().after;
      if (!rows->ok) {
        under.judgement.doubt(
            fmt::format("{} could not be read after {}: {}", rows->member, after, rows->note));
        continue;
      }
      const WrittenRows written(timeline, seen);
      duty({under, seen, *rows, written, after, own});
      acknowledged = written.acknowledged();
      ++readings;
    }
    if (!any) under.judgement.doubt("no member was read");
    if (acknowledged == 0) under.judgement.doubt("no write was acknowledged");
  });
  if (verdict.outcome == Outcome::kConformant)
    verdict.reason = fmt::format("{} acknowledged, read back {}", records(acknowledged),
                                 counted(readings, "time", "times"));
  return verdict;
}

}  // namespace

Verdict acknowledged_records_are_read(const Timeline& timeline) {
  return judge_readings(timeline, [](const RecordReading& reading) {
    const auto lost =
        reading.written.lost(reading.rows, [&](int writer) { return reading.concerns(writer); });
    if (lost.count > 0)
      reading.find(
          fmt::format("record {} of writer {}, which was acknowledged (#{})", lost.first, lost.writer,
                      lost.evidence),
          fmt::format("{} that {} acknowledged {} missing after {}", records(lost.count),
                      lost.count == 1 ? "was" : "were", lost.count == 1 ? "is" : "are", reading.after));
  });
}

Verdict only_written_records_are_read(const Timeline& timeline) {
  return judge_readings(timeline, [](const RecordReading& reading) {
    if (const auto strange = reading.written.unwritten(reading.rows); strange.count > 0)
      reading.find("only records that were written",
                   fmt::format("{} that nobody wrote, the first is record {} of writer {}, found after {}",
                               records(strange.count), strange.first, strange.writer, reading.after));
    for (const auto& [writer, runs] : reading.rows.present)
      if (!reading.concerns(writer) && runs.rows > 0)
        reading.find("only records that were written to this member",
                     fmt::format("{} that {} written to {}, found after {}", records(runs.rows),
                                 runs.rows == 1 ? "was" : "were", reading.under.pod_name(Ordinal{writer}),
                                 reading.after));
    if (reading.rows.damaged_count > 0)
      reading.find("each record as it was written",
                   fmt::format("{} that {} changed, found after {}", records(reading.rows.damaged_count),
                               reading.rows.damaged_count == 1 ? "is" : "are", reading.after));
  });
}

Verdict records_are_read_once(const Timeline& timeline) {
  return judge_readings(timeline, [](const RecordReading& reading) {
    for (const auto& [writer, runs] : reading.rows.present)
      if (runs.repeated_count > 0)
        reading.find("each record once",
                     fmt::format("{} of writer {} more than once after {}, the first is {}",
                                 records(runs.repeated_count), writer, reading.after,
                                 runs.repeated.empty() ? 0 : runs.repeated.front()));
  });
}

Verdict writes_go_on(const Timeline& timeline) {
  Verdict verdict = judge_step<steps::Recover>(
      timeline, {"pods"}, "writes were acknowledged in time after each disruption", [](JudgedStep& under) {
        if (!under.step.timed_out()) return;
        // Of a pod that is not Ready the step that waits for it tells, and a wait that was short proves
        // nothing.
        if (!under.ended_calm()) return;
        const auto& pods = under.after.pods;
        const bool serves = std::all_of(pods.begin(), pods.end(), [&](const auto& one) {
          return !subject_ordinal(*one.second, under.subject) ||
                 (one.second->ready && !one.second->terminating());
        });
        if (serves)
          under.find(
              {"StatefulSet", under.subject.ns, under.subject.set, {}},
              fmt::format("a write is acknowledged again after {}",
                          under.asked<steps::Recover>().disruption.value_or("the disruption")),
              under.step.text(), *under.step.end,
              fmt::format("kubectl -n {} logs of the members; the write command by hand", under.subject.ns));
      });
  for (const DisturbedService& one : served_of(timeline).disruptions) {
    verdict.measurements.push_back({"longest write gap", one.write_gap, "s", one.disruption});
    if (one.recovery > 0) verdict.measurements.push_back({"recovery", one.recovery, "s", one.disruption});
  }
  return verdict;
}

}  // namespace stateproof::check
