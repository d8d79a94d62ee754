#pragma once

#include <gmock/gmock.h>

#include <ostream>
#include <vector>

#include "harness/model/verdict.h"

namespace stateproof {

/// GoogleTest looks for this name.
inline void PrintTo(const Verdict& verdict, std::ostream* out) {  // NOLINT(readability-identifier-naming)
  *out << to_text(verdict.outcome) << ": " << verdict.reason;
  for (const Finding& finding : verdict.findings) {
    *out << "\n  expected: " << finding.expected << "\n  observed: " << finding.observed << "\n  evidence:";
    for (const std::size_t index : finding.evidence) *out << " #" << index;
  }
}

}  // namespace stateproof

namespace stateproof::check {

/// The entry at which each finding's breach happened.
inline std::vector<std::size_t> breaches(const Verdict& verdict) {
  std::vector<std::size_t> moments;
  moments.reserve(verdict.findings.size());
  for (const Finding& finding : verdict.findings) moments.push_back(finding.evidence.back());
  return moments;
}

MATCHER(IsConformant, "is conformant") { return arg.outcome == Outcome::kConformant; }

MATCHER_P(IsInconclusive, reason, "is inconclusive for a reason") {
  return arg.outcome == Outcome::kInconclusive &&
         ::testing::ExplainMatchResult(reason, arg.reason, result_listener);
}

/// `moments`: matches the indices at which the breaches happened, in order.
MATCHER_P(IsNonconformant, moments, "is nonconformant at the entries") {
  return arg.outcome == Outcome::kNonconformant &&
         ::testing::ExplainMatchResult(moments, breaches(arg), result_listener);
}

/// `observed`: matches what the first finding observed.
MATCHER_P(IsNonconformantAs, observed, "is nonconformant, as told by its first finding") {
  return arg.outcome == Outcome::kNonconformant &&
         ::testing::ExplainMatchResult(observed, arg.reason, result_listener);
}

}  // namespace stateproof::check
