#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "harness/check/evidence/judgement.h"
#include "harness/model/timeline.h"

namespace stateproof::check {

/// What the client sent to the members, and of what it was told that it is there. Each member has rows of its
/// own. A write of unknown outcome may have taken effect or not; a failed one must not have.
class RowLedger {
 public:
  RowLedger(std::span<const Observation> observations, const Subject& subject);

  /// Judges one successful read against all writes to that member. Times of writes and reads are one
  /// client's, so they can be compared.
  void judge(const SqlOperation& read, const Observation& seen, Judgement& judgement) const;
  /// Whether this read had to show a row that was acknowledged through another pod.
  [[nodiscard]] bool crosses_replacement(const SqlOperation& read) const;
  /// Distinct rows that were acknowledged by this member.
  [[nodiscard]] std::size_t acknowledged(std::string_view member) const;
  /// Judges each read among these entries; one that failed is a doubt. Gives those that succeeded.
  std::vector<const SqlOperation*> judge_reads(std::span<const Observation> entries,
                                               Judgement& judgement) const;

 private:
  struct Version {
    std::string_view checksum;
    SqlOperation::Outcome outcome;
  };
  struct Written {
    std::vector<Version> versions;
    const Observation* acknowledged = nullptr;  ///< first acknowledgement
    Elapsed ended{0};                           ///< of that
  };
  struct Writer {
    const Uid* pod;
    Elapsed ended;
  };
  struct Member {
    std::unordered_map<std::string_view, Written> rows;
    std::vector<Elapsed> acknowledged;  ///< one for each acknowledged row, ascending
    std::vector<Writer> writers;        ///< the first two pods through which rows were acknowledged
  };
  /// Rows of one read that are wrong in one way.
  struct Wrong {
    std::size_t count = 0;
    std::string first;
    std::size_t evidence = 0;
    void note(const std::string& row, std::size_t index);
  };

  void note(const SqlOperation& write, const Observation& seen);
  [[nodiscard]] const Member& member(std::string_view name) const;
  [[nodiscard]] Wrong missing_rows(const Member& member, const SqlOperation& read) const;
  [[nodiscard]] std::string origin(std::string_view key) const;

  const Subject& subject_;
  std::map<std::string, Member, std::less<>> members_;
  std::unordered_map<std::string_view, std::string_view> member_of_key_;
};

}  // namespace stateproof::check
