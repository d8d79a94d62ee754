#include "harness/model/promise.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <exception>
#include <utility>

#include "harness/model/fields.h"
#include "harness/model/server_version.h"

namespace stateproof {
namespace {

Verdict run(const Requirement& requirement, const Timeline& timeline) {
  if (auto reason = not_promised(requirement, timeline.header)) return not_applicable(std::move(*reason));
  try {
    return requirement.checker(timeline);
  } catch (const std::exception& error) {
    return inconclusive(std::string{"the checker could not read the recording: "} + error.what());
  }
}

constexpr std::array<std::pair<Profile, std::string_view>, 5> kProfiles{
    {{Profile::kQuick, "quick"},
     {Profile::kConformance, "conformance"},
     {Profile::kDisruptive, "disruptive"},
     {Profile::kUpgrade, "upgrade"},
     {Profile::kWorkload, "workload"}}};

}  // namespace

bool has_place(Profile item, Profile run) {
  if (run == Profile::kUpgrade) return item == Profile::kQuick || item == Profile::kUpgrade;
  if (run == Profile::kWorkload) return item == Profile::kWorkload;
  return item <= run;
}

std::string_view to_text(Profile profile) { return kProfiles.at(static_cast<std::size_t>(profile)).second; }

std::optional<Profile> parse_profile(std::string_view text) {
  for (const auto& [profile, name] : kProfiles)
    if (name == text) return profile;
  return std::nullopt;
}

std::optional<std::string> not_promised(const Requirement& requirement, const Header& header) {
  const std::string server = fields::text(header.environment, "server");
  const auto since = parse_server_version(requirement.since);
  const auto runs = parse_server_version(server);
  if (since && runs && *runs < *since)
    return fmt::format("promised since {}; this cluster runs {}", requirement.since, server);
  const auto& gates = fields::member(header.environment, "featureGates");
  if (!requirement.gate.empty() && !fields::flag(gates, std::string{requirement.gate}.c_str(), true))
    return fmt::format("depends on feature gate {}, which is off in this cluster", requirement.gate);
  return std::nullopt;
}

PromiseVerdict judge(const Promise& promise, const Timeline& timeline) {
  PromiseVerdict result{&promise, Outcome::kNotApplicable, {}};
  bool blocks = false;
  Outcome informed = Outcome::kNotApplicable;
  for (const Requirement& requirement : promise.requirements) {
    Verdict verdict = run(requirement, timeline);
    const bool is_blocking = requirement.level == Level::kBlocking;
    Outcome& outcome = is_blocking ? result.outcome : informed;
    outcome = std::max(outcome, verdict.outcome);
    blocks = blocks || is_blocking;
    result.requirements.push_back({&requirement, std::move(verdict)});
  }
  if (!blocks && informed == Outcome::kConformant) result.outcome = informed;
  return result;
}

}  // namespace stateproof
