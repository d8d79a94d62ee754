#include "harness/model/promise.h"

#include <algorithm>
#include <exception>

namespace stateproof {
namespace {

Verdict run(Checker checker, const Timeline& timeline) {
  try {
    return checker(timeline);
  } catch (const std::exception& error) {
    return inconclusive(std::string{"the checker could not read the recording: "} + error.what());
  }
}

}  // namespace

PromiseVerdict judge(const Promise& promise, const Timeline& timeline) {
  PromiseVerdict result{&promise, Outcome::kNotApplicable, {}};
  for (const Requirement& requirement : promise.requirements) {
    Verdict verdict = run(requirement.checker, timeline);
    if (requirement.level == Level::kBlocking) result.outcome = std::max(result.outcome, verdict.outcome);
    result.requirements.push_back({&requirement, std::move(verdict)});
  }
  return result;
}

}  // namespace stateproof
