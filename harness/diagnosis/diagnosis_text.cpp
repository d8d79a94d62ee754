#include "harness/diagnosis/diagnosis_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "harness/diagnosis/diagnose.h"
#include "harness/diagnosis/workload.h"

namespace stateproof::diagnosis {
namespace {

using nlohmann::json;

std::string ago(Timestamp then, Timestamp now) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(now - then).count();
  const std::string amount = [value = seconds < 0 ? -seconds : seconds] {
    if (value < 120) return fmt::format("{} s", value);
    if (value < 7200) return fmt::format("{} min", value / 60);
    return fmt::format("{} h", value / 3600);
  }();
  return seconds < 0 ? "in " + amount : amount + " ago";
}

// Logs and messages come from elsewhere: no control characters reach the terminal, and no line is endless.
std::string shown(std::string value) {
  constexpr std::size_t kMost = 400;
  std::replace_if(value.begin(), value.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }, ' ');
  if (value.size() <= kMost) return value;
  std::size_t end = kMost;  // not in the middle of a character
  while (end > 0 && (static_cast<unsigned char>(value[end]) & 0xC0U) == 0x80U) --end;
  return value.substr(0, end) + "...";
}

}  // namespace

bool Diagnosis::healthy() const {
  return std::all_of(findings.begin(), findings.end(), [](const Finding& finding) { return finding.note; });
}

std::vector<Diagnosis> diagnose_all(const Snapshot& snapshot) {
  std::vector<Diagnosis> all;
  if (!snapshot.sets) return all;
  for (const json& served : *snapshot.sets) {
    const Workload workload(snapshot, served);
    Diagnosis diagnosis{workload.ns(), workload.name(), workload.set().replicas.value, 0,
                        diagnose(snapshot, served)};
    for (const auto& [ordinal, seen] : workload.pods())
      if (seen.pod.ready && !seen.pod.terminating()) ++diagnosis.ready;
    all.push_back(std::move(diagnosis));
  }
  return all;
}

std::string text_of(const Diagnosis& diagnosis, Timestamp taken) {
  std::string out = fmt::format("StatefulSet {}/{}: {} of {} pods Ready", diagnosis.ns, diagnosis.set,
                                diagnosis.ready, diagnosis.wanted);
  if (diagnosis.findings.empty())
    return out + (diagnosis.ready == diagnosis.wanted ? ", healthy\n" : ", nothing wrong found\n");
  out += "\n";
  for (const Finding& finding : diagnosis.findings) {
    out += fmt::format("\n  {}{}: {}\n", finding.note ? "note, " : "", finding.id, finding.cause);
    if (!finding.also.empty()) out += fmt::format("    also     {}\n", fmt::join(finding.also, ", "));
    if (!finding.waiting.empty())
      out += fmt::format("    waiting  {} (created in order, each when the one before is Ready)\n",
                         fmt::join(finding.waiting, ", "));
    const char* label = "seen";
    for (const Evidence& evidence : finding.evidence) {
      out += fmt::format("    {:<8} {} {}: {}{}\n", label, evidence.object, evidence.field,
                         shown(evidence.value), evidence.at ? " (" + ago(*evidence.at, taken) + ")" : "");
      label = "";
    }
    label = "do";
    for (const Remedy& step : finding.remedy) {
      if (!step.text.empty()) {
        out += fmt::format("    {:<8} {}\n", label, step.text);
        label = "";
      }
      if (!step.command.empty()) out += fmt::format("             $ {}\n", step.command);
    }
    if (!finding.trap.empty()) out += fmt::format("    beware   {}\n", finding.trap);
  }
  return out;
}

json json_of(const Diagnosis& diagnosis) {
  json findings = json::array();
  for (const Finding& finding : diagnosis.findings) {
    json evidence = json::array();
    for (const Evidence& seen : finding.evidence) {
      json entry{{"object", seen.object}, {"field", seen.field}, {"value", shown(seen.value)}};
      if (seen.at) entry["at"] = format_rfc3339(*seen.at);
      evidence.push_back(std::move(entry));
    }
    json remedy = json::array();
    for (const Remedy& step : finding.remedy)
      remedy.push_back({{"text", step.text}, {"command", step.command}});
    findings.push_back({{"id", finding.id},
                        {"kind", finding.note ? "note" : "finding"},
                        {"cause", finding.cause},
                        {"evidence", std::move(evidence)},
                        {"remedy", std::move(remedy)},
                        {"trap", finding.trap},
                        {"also", finding.also},
                        {"waiting", finding.waiting}});
  }
  return {{"namespace", diagnosis.ns}, {"statefulSet", diagnosis.set},   {"wanted", diagnosis.wanted},
          {"ready", diagnosis.ready},  {"healthy", diagnosis.healthy()}, {"findings", std::move(findings)}};
}

}  // namespace stateproof::diagnosis
