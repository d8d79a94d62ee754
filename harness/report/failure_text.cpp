#include "harness/report/failure_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "harness/report/text.h"

namespace stateproof::report {
namespace {

constexpr std::size_t kTextWidth = 110;
constexpr std::size_t kIndent = 13;  // under the text after "  requires : "
constexpr std::size_t kMostFindings = 5;

std::string field(std::string_view label, const std::string& value) {
  if (value.empty()) return {};
  return fmt::format("  {:<8} : {}\n", label, wrapped(value, kTextWidth, kIndent));
}

std::string heading(std::string_view mark, const RequirementResult& requirement) {
  const bool harmless =
      requirement.level == Level::kInforming && requirement.outcome >= Outcome::kInconclusive;
  return fmt::format("{} {}  {}{}\n", mark, requirement.id, requirement.title,
                     harmless ? "  (informing: does not break the promise)" : "");
}

std::string requires_field(const RequirementResult& requirement) {
  const std::string source = requirement.source.empty() ? "" : "\n" + requirement.source;
  return field("requires", requirement.sentence + source);
}

/// The object is named unless the sentences name it already.
std::string object_field(const Finding& finding) {
  const bool named = (finding.expected + finding.observed).find(finding.object.name) != std::string::npos;
  return named ? std::string{} : field("object", finding.object.text());
}

std::string timeline_field(const std::vector<std::string>& lines) {
  if (lines.empty()) return {};
  std::string text = "  timeline :\n";
  for (const std::string& line : lines) text += "    " + line + "\n";
  return text;
}

std::string text_of_finding(const FindingResult& result) {
  return object_field(result.finding) + field("expected", result.finding.expected) +
         field("observed", result.finding.observed) + field("when", result.when) +
         timeline_field(result.excerpt) + field("look at", result.finding.look_at);
}

/// Where to look further: under "look at".
std::string further(std::string_view what, const std::string& where) {
  return where.empty() ? std::string{} : fmt::format("{:{}}{}: {}\n", "", kIndent, what, where);
}

/// What "look at" names is gone by now.
std::string evidence(const std::string& bundle) {
  return further("evidence", bundle.empty() ? bundle : bundle + ", collected before the clean-up");
}

std::string broken_text(const RequirementResult& requirement, const std::string& replay,
                        const std::string& bundle) {
  std::string text = heading("NONCONFORMANT", requirement) + requires_field(requirement);
  const std::size_t shown = std::min(requirement.findings.size(), kMostFindings);
  for (std::size_t i = 0; i < shown; ++i) {
    if (i > 0) text += "\n";
    text += text_of_finding(requirement.findings[i]);
  }
  if (const std::size_t more = requirement.findings.size() - shown; more > 0)
    text += fmt::format("\n  and {} in the saved verdict\n", counted(more, "more finding"));
  return text + evidence(bundle) + further("replay", replay);
}

std::string inconclusive_text(const RequirementResult& requirement, const std::string& replay,
                              const std::string& bundle) {
  return heading("INCONCLUSIVE", requirement) + requires_field(requirement) +
         field("because", requirement.reason.empty() ? "the checker gave no reason" : requirement.reason) +
         field("next",
               "Neither kept nor broken. Run the scenario, or watch the set, once more. If the verdict stays "
               "inconclusive, the entries GAP, TROUBLE and TIMED OUT of the recording show the reason.") +
         evidence(bundle) + further("replay", replay);
}

std::string short_text(const RequirementResult& requirement) {
  std::string text =
      fmt::format("{} {}  {}", to_text(requirement.outcome), requirement.id, requirement.title);
  if (!requirement.reason.empty()) text += ": " + one_line(requirement.reason);
  if (const std::string figures = text_of(requirement.measurements); !figures.empty()) text += "; " + figures;
  return text + "\n";
}

std::string figure_text(const Figure& figure) {
  if (figure.count == 1)
    return fmt::format("{} {:.3g} {}{}", figure.name, figure.largest, figure.unit,
                       figure.of.empty() ? "" : " (" + figure.of + ")");
  return fmt::format("{}: median {:.3g} {}, largest {:.3g} {} ({} measured)", figure.name, figure.median,
                     figure.unit, figure.largest, figure.unit, figure.count);
}

}  // namespace

std::string text_of(const std::vector<Measurement>& measurements) {
  std::string text;
  for (const Figure& figure : figures_of(measurements))
    text += (text.empty() ? "" : ", ") + figure_text(figure);
  return text;
}

std::string text_of(const RequirementResult& requirement, const std::string& replay,
                    const std::string& bundle) {
  switch (requirement.outcome) {
    case Outcome::kNonconformant:
      return valid_text(broken_text(requirement, replay, bundle));
    case Outcome::kInconclusive:
      return valid_text(inconclusive_text(requirement, replay, bundle));
    case Outcome::kConformant:
    case Outcome::kNotApplicable:
      break;
  }
  return valid_text(short_text(requirement));
}

std::string text_of(const PromiseResult& promise) {
  std::vector<const RequirementResult*> order;
  order.reserve(promise.requirements.size());
  for (const RequirementResult& one : promise.requirements) order.push_back(&one);
  std::stable_sort(order.begin(), order.end(),
                   [](const auto* a, const auto* b) { return a->outcome > b->outcome; });
  std::string text;
  for (const RequirementResult* one : order) {
    const bool block = one->outcome >= Outcome::kInconclusive;
    text += text_of(*one, promise.replay, promise.bundle);
    if (block) text += "\n";
  }
  return text;
}

}  // namespace stateproof::report
