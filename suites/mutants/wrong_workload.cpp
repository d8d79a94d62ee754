#include "suites/mutants/wrong_workload.h"

#include <functional>

#include "harness/model/steps.h"
#include "suites/mutants/distortion.h"

namespace stateproof::mutants {
namespace {

using namespace std::chrono_literals;

/// Changes what was read last of the first member that had a record.
void change_last_reading(Timeline& timeline,
                         const std::function<void(int writer, LedgerRuns& runs)>& change) {
  for (auto seen = timeline.observations.rbegin(); seen != timeline.observations.rend(); ++seen) {
    auto* rows = std::get_if<LedgerRows>(&seen->what);
    if (rows == nullptr || rows->present.empty()) continue;
    auto& [writer, runs] = *rows->present.begin();
    return change(writer, runs);
  }
  must(false, "no reading with a record");
}

void lose_a_record(Timeline& timeline) {
  change_last_reading(timeline, [](int, LedgerRuns& runs) {
    must(runs.runs.front().second > runs.runs.front().first, "a run of records");
    ++runs.runs.front().first;
    --runs.rows;
  });
}

void invent_a_record(Timeline& timeline) {
  change_last_reading(timeline, [](int, LedgerRuns& runs) {
    const std::int64_t beyond = runs.runs.back().second + 1'000;
    runs.runs.emplace_back(beyond, beyond);
    ++runs.rows;
  });
}

void read_a_record_twice(Timeline& timeline) {
  change_last_reading(timeline, [](int, LedgerRuns& runs) {
    runs.repeated = {runs.runs.front().first};
    runs.repeated_count = 1;
  });
}

void never_serve_again(Timeline& timeline) { let_time_out(timeline, steps::Recover::name, 240s); }

}  // namespace

std::vector<WrongHistory> wrong_workloads() {
  return {
      {"record-lost", "an acknowledged record is not read back", "workload-records", "REC-01", lose_a_record},
      {"record-invented", "a record is read that nobody wrote", "workload-records", "REC-02",
       invent_a_record},
      {"record-twice", "a record is read twice", "workload-records", "REC-03", read_a_record_twice},
      {"workload-never-serves", "no write is acknowledged after a disruption", "workload-serves", "REC-04",
       never_serve_again},
  };
}

}  // namespace stateproof::mutants
