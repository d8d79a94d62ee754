#include "harness/model/verdict.h"

#include <utility>

namespace stateproof {

std::string_view to_text(Outcome outcome) {
  switch (outcome) {
    case Outcome::kNotApplicable:
      return "not applicable";
    case Outcome::kConformant:
      return "conformant";
    case Outcome::kInconclusive:
      return "inconclusive";
    case Outcome::kNonconformant:
      return "nonconformant";
  }
  return "inconclusive";
}

Verdict conformant(std::string judged) { return {Outcome::kConformant, std::move(judged), {}, {}}; }

Verdict inconclusive(std::string why) { return {Outcome::kInconclusive, std::move(why), {}, {}}; }

Verdict not_applicable(std::string why) { return {Outcome::kNotApplicable, std::move(why), {}, {}}; }

Verdict nonconformant(std::vector<Finding> findings) {
  std::string reason = findings.empty() ? std::string{} : findings.front().observed;
  return {Outcome::kNonconformant, std::move(reason), std::move(findings), {}};
}

Verdict worse(Verdict one, Verdict other) {
  return other.outcome > one.outcome ? std::move(other) : std::move(one);
}

}  // namespace stateproof
