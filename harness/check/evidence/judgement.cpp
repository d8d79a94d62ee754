#include "harness/check/evidence/judgement.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "harness/check/evidence/course.h"

namespace stateproof::check {
namespace {

/// A cause that repeats itself is understood from its first cases; the rest is counted.
constexpr std::size_t kMostFindings = 50;
constexpr std::size_t kMostDoubts = 3;

bool told_before(const std::vector<std::string>& doubts, const std::string& why) {
  return std::find(doubts.begin(), doubts.end(), why) != doubts.end();
}

}  // namespace

Judgement::Judgement(const Course& course, const Watches& watches)
    : distrust_(course.distrust()), first_hole_(std::numeric_limits<std::size_t>::max()) {
  for (const std::string_view resource : watches.names)
    if (course.heard_last(resource) == 0 && unheard_.empty())
      unheard_ = fmt::format("nothing of {} was recorded", resource);
  for (const Hole& hole : course.holes()) {
    const bool is_needed =
        std::find(watches.names.begin(), watches.names.end(), hole.resource) != watches.names.end();
    if (!is_needed || (watches.judges_states && hole.quiet && course.is_whole())) continue;
    doubt(hole.text());
    if (watches.condemns_after_holes.empty()) first_hole_ = std::min(first_hole_, hole.since);
  }
}

void Judgement::find(Finding finding) {
  const auto breach = std::max_element(finding.evidence.begin(), finding.evidence.end());
  if (breach != finding.evidence.end() && *breach > first_hole_)
    return doubt(fmt::format("nothing after that is proof: {}", finding.observed));
  if (is_full()) {
    ++left_out_;
    return;
  }
  auto& evidence = finding.evidence;
  std::sort(evidence.begin(), evidence.end());
  evidence.erase(std::unique(evidence.begin(), evidence.end()), evidence.end());
  findings_.push_back(std::move(finding));
}

bool Judgement::is_full() const { return findings_.size() == kMostFindings; }

void Judgement::doubt(std::string why) {
  if (doubts_.size() < kMostDoubts && !told_before(doubts_, why)) doubts_.push_back(std::move(why));
}

void Judgement::doubt_if(const std::optional<std::string>& why) {
  if (why) doubt(*why);
}

Verdict Judgement::verdict(std::string judged) && {
  Verdict verdict;
  if (distrust_) {
    verdict = inconclusive(*distrust_);
  } else if (!findings_.empty()) {
    std::stable_sort(findings_.begin(), findings_.end(), [](const Finding& a, const Finding& b) {
      return a.evidence.back() < b.evidence.back();
    });
    const std::size_t others = findings_.size() - 1 + left_out_;
    verdict = nonconformant(std::move(findings_));
    if (others > 0) verdict.reason += fmt::format(" (and {} more)", others);
  } else if (!doubts_.empty()) {
    verdict = inconclusive(fmt::format("{}", fmt::join(doubts_, "; ")));
  } else if (!unheard_.empty()) {
    verdict = inconclusive(unheard_);
  } else {
    verdict = conformant(std::move(judged));
  }
  verdict.measurements = std::move(measurements_);
  return verdict;
}

std::string moment(Elapsed at) {
  return fmt::format("{:+07.3f}s", std::chrono::duration<double>(at).count());
}

double in_seconds(Elapsed length) { return std::chrono::duration<double>(length).count(); }

std::string seconds(Elapsed length) {
  return fmt::format("{:.1f} s", std::chrono::duration<double>(length).count());
}

std::string counted(std::size_t count, const std::string& one, const std::string& many) {
  return fmt::format("{} {}", count, count == 1 ? one : many);
}

}  // namespace stateproof::check
