#include "harness/check/storage/row_survival.h"

#include <fmt/format.h>

#include <map>
#include <set>

#include "harness/check/disruption/row_ledger.h"
#include "harness/check/evidence/course.h"
#include "harness/check/evidence/judgement.h"

namespace stateproof::check {

Verdict rows_survive_replacement(const Timeline& timeline) {
  const Subject& subject = timeline.subject();
  const Course course{timeline};
  const RowLedger ledger{course.before_scale_down(), subject};
  Judgement judgement{course, {}};  // rows are told by clients
  std::set<std::string_view> proved;
  std::map<std::string_view, std::string> failed;
  std::size_t reads = 0;
  for (const Observation& seen : course.before_scale_down()) {
    const auto* read = seen.as<SqlOperation>();
    if (read == nullptr || read->kind != SqlOperation::Kind::kRead) continue;
    if (read->outcome != SqlOperation::Outcome::kOk) {
      failed[read->member] =
          fmt::format("reading from {} at {} failed: {}", read->member, moment(seen), read->note);
      continue;
    }
    ++reads;
    ledger.judge(*read, seen, judgement);
    if (ledger.crosses_replacement(*read)) proved.insert(read->member);
  }
  std::size_t rows = 0;
  for (int i = 0; i < subject.replicas.value; ++i) {
    const std::string name = subject.pod_name({subject.first.value + i});
    rows += ledger.acknowledged(name);
    if (proved.contains(name)) continue;
    const auto failure = failed.find(name);
    judgement.doubt(failure != failed.end() ? failure->second
                                            : fmt::format("no rows of {} were read through a new pod", name));
  }
  return std::move(judgement).verdict(
      fmt::format("{} of {} found again in {}", counted(rows, "acknowledged row", "acknowledged rows"),
                  counted(proved.size(), "member", "members"), counted(reads, "read", "reads")));
}

}  // namespace stateproof::check
