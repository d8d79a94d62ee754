#include "harness/evidence/record_text.h"

#include <algorithm>
#include <set>

#include "harness/report/failure_text.h"
#include "harness/report/timeline_text.h"

namespace stateproof::evidence {
namespace {

constexpr std::size_t kAround = 25;  // entries on each side
constexpr std::size_t kMostEntries = 3000;

bool is_in_the_way(const Observation& seen) {
  const Step* step = seen.as<Step>();
  return seen.as<Gap>() != nullptr || seen.as<Trouble>() != nullptr ||
         (step != nullptr && (step->phase == Step::Phase::kTimedOut || step->phase == Step::Phase::kFailed));
}

std::set<std::size_t> evidence_of(const report::PromiseResult& verdict, const Timeline& timeline) {
  std::set<std::size_t> marked;
  for (const report::RequirementResult& requirement : verdict.requirements)
    for (const report::FindingResult& result : requirement.findings)
      for (const std::size_t index : result.finding.evidence)
        if (index >= 1 && index <= timeline.size()) marked.insert(index);
  if (!marked.empty()) return marked;
  for (const Observation& seen : timeline)
    if (is_in_the_way(seen)) marked.insert(seen.index);
  if (timeline.size() > 0) marked.insert(timeline.size());
  return marked;
}

}  // namespace

std::string finding_text(const report::PromiseResult& verdict, const Timeline& timeline) {
  const std::set<std::size_t> marked = evidence_of(verdict, timeline);
  std::set<std::size_t> wanted;
  for (const std::size_t index : marked)
    for (std::size_t near = index > kAround ? index - kAround : 1;
         near <= std::min(index + kAround, timeline.size()); ++near)
      wanted.insert(near);
  std::string text =
      report::text_of(verdict) + "\nThe surrounding part of the recording, with the evidence marked:\n\n";
  std::size_t last = 0;
  std::size_t told = 0;
  for (const std::size_t index : wanted) {
    if (++told > kMostEntries) return text + "  ... the rest is in the recording\n";
    if (last != 0 && index != last + 1) text += "  ...\n";
    text += (marked.contains(index) ? "> " : "  ") + report::render(timeline.at_index(index)) + "\n";
    last = index;
  }
  return text;
}

std::string dns_text(const Timeline& timeline) {
  std::string text;
  for (const Observation& seen : timeline)
    if (const auto* answer = seen.as<DnsAnswer>(); answer != nullptr && answer->changed)
      text += report::render(seen) + "\n";
  return text;
}

}  // namespace stateproof::evidence
