#include "harness/check/disruption/row_ledger.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <unordered_set>

namespace stateproof::check {
namespace {

using Outcome = SqlOperation::Outcome;

}  // namespace

void RowLedger::Wrong::note(const std::string& row, std::size_t index) {
  if (count++ > 0) return;
  first = row;
  evidence = index;
}

RowLedger::RowLedger(std::span<const Observation> observations, const Subject& subject) : subject_(subject) {
  for (const Observation& seen : observations)
    if (const auto* operation = seen.as<SqlOperation>();
        operation != nullptr && operation->kind == SqlOperation::Kind::kWrite)
      note(*operation, seen);
  for (auto& [name, member] : members_) std::sort(member.acknowledged.begin(), member.acknowledged.end());
}

void RowLedger::note(const SqlOperation& write, const Observation& seen) {
  Member& member = members_[write.member];
  const bool acknowledged = write.outcome == Outcome::kOk;
  for (const Row& row : write.rows) {
    member_of_key_.try_emplace(row.key, write.member);
    Written& written = member.rows[row.key];
    written.versions.push_back({row.checksum, write.outcome});
    if (!acknowledged || written.acknowledged != nullptr) continue;
    written.acknowledged = &seen;
    written.ended = write.ended;
    member.acknowledged.push_back(write.ended);
  }
  if (!acknowledged || write.rows.empty()) return;
  if (member.writers.empty() || (member.writers.size() == 1 && *member.writers.front().pod != write.pod))
    member.writers.push_back({&write.pod, write.ended});
}

const RowLedger::Member& RowLedger::member(std::string_view name) const {
  static const Member none;
  const auto found = members_.find(name);
  return found == members_.end() ? none : found->second;
}

std::size_t RowLedger::acknowledged(std::string_view name) const { return member(name).acknowledged.size(); }

bool RowLedger::crosses_replacement(const SqlOperation& read) const {
  const auto& writers = member(read.member).writers;
  return std::any_of(writers.begin(), writers.end(), [&](const Writer& writer) {
    return *writer.pod != read.pod && writer.ended <= read.began;
  });
}

std::string RowLedger::origin(std::string_view key) const {
  const auto found = member_of_key_.find(key);
  return found == member_of_key_.end() ? "the client never wrote them"
                                       : fmt::format("written to {}", found->second);
}

RowLedger::Wrong RowLedger::missing_rows(const Member& member, const SqlOperation& read) const {
  std::unordered_set<std::string_view> found;
  for (const Row& row : read.rows) found.insert(row.key);
  Wrong missing;
  for (const auto& [key, written] : member.rows) {
    if (written.acknowledged == nullptr || written.ended > read.began || found.contains(key)) continue;
    const std::size_t index = written.acknowledged->index;
    if (missing.count++ > 0 && std::tie(missing.evidence, missing.first) < std::tie(index, key)) continue;
    missing.first = key;
    missing.evidence = index;
  }
  return missing;
}

void RowLedger::judge(const SqlOperation& read, const Observation& seen, Judgement& judgement) const {
  const Member& member = this->member(read.member);
  std::unordered_set<std::string_view> found;
  Wrong altered;
  Wrong foreign;
  Wrong twice;
  std::size_t present = 0;
  for (const Row& row : read.rows) {
    if (!found.insert(row.key).second) {
      twice.note(row.key, seen.index);
      continue;
    }
    const auto known = member.rows.find(row.key);
    if (known == member.rows.end()) {
      foreign.note(fmt::format("{}, {}", row.key, origin(row.key)), seen.index);
      continue;
    }
    const Written& written = known->second;
    const bool due = written.acknowledged != nullptr && written.ended <= read.began;
    if (due) ++present;
    const auto effective = [](const Version& version) { return version.outcome != Outcome::kFailed; };
    if (std::none_of(written.versions.begin(), written.versions.end(), effective))
      foreign.note(row.key + ", although its write was refused", seen.index);
    else if (std::none_of(written.versions.begin(), written.versions.end(), [&](const Version& version) {
               return effective(version) && version.checksum == row.checksum;
             }))
      altered.note(row.key, due ? written.acknowledged->index : seen.index);
  }
  const auto due = static_cast<std::size_t>(
      std::upper_bound(member.acknowledged.begin(), member.acknowledged.end(), read.began) -
      member.acknowledged.begin());

  const std::string note = read.note.empty() ? std::string{} : " (" + read.note + ")";
  const auto report = [&](const std::string& expected, const Wrong& wrong, std::size_t of,
                          std::string_view what) {
    if (wrong.count == 0) return;
    judgement.find(
        {{"Pod", subject_.ns, read.member, read.pod},
         expected,
         fmt::format("{} of {} {}, first {}, when {} was read at {}{}", wrong.count,
                     counted(of, "row", "rows"), what, wrong.first, read.member, moment(seen), note),
         {wrong.evidence, seen.index},
         fmt::format(
             "which volume the pod has: kubectl -n {} get pvc {}-{} -o yaml; the server's log: kubectl "
             "-n {} logs {} -c {}",
             subject_.ns, subject_.claim_template, read.member, subject_.ns, read.member,
             subject_.container)});
  };
  if (present < due) {
    Wrong missing{due - present, "one without a name", seen.index};
    if (!judgement.is_full()) missing = missing_rows(member, read);
    report(fmt::format("every acknowledged row of {} is still there", read.member), missing, due,
           "were missing");
  }
  report(fmt::format("rows of {} keep the checksum that they were written with", read.member), altered,
         read.rows.size(), "were altered");
  report(fmt::format("{} contains only rows that were written to it", read.member), foreign, read.rows.size(),
         "do not belong there");
  report(fmt::format("every row of {} is there exactly once", read.member), twice, read.rows.size(),
         "were there more than once");
}

std::vector<const SqlOperation*> RowLedger::judge_reads(std::span<const Observation> entries,
                                                        Judgement& judgement) const {
  std::vector<const SqlOperation*> reads;
  for (const Observation& seen : entries) {
    const auto* operation = seen.as<SqlOperation>();
    if (operation == nullptr || operation->kind != SqlOperation::Kind::kRead) continue;
    if (operation->outcome != SqlOperation::Outcome::kOk) {
      judgement.doubt(fmt::format("reading from {} failed: {}", operation->member, operation->note));
      continue;
    }
    judge(*operation, seen, judgement);
    reads.push_back(operation);
  }
  return reads;
}

}  // namespace stateproof::check
