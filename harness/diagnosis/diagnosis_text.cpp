#include "harness/diagnosis/diagnosis_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "harness/diagnosis/remedies.h"

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
std::string shown(std::string value, std::size_t most = 400) {
  std::replace_if(value.begin(), value.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }, ' ');
  if (value.size() <= most) return value;
  std::size_t end = most;  // not in the middle of a character
  while (end > 0 && (static_cast<unsigned char>(value[end]) & 0xC0U) == 0x80U) --end;
  return value.substr(0, end) + "...";
}

constexpr std::size_t kLongestCause = 1000;

std::string heading(const Diagnosis& diagnosis) {
  const auto notes = static_cast<std::size_t>(std::count_if(
      diagnosis.findings.begin(), diagnosis.findings.end(), [](const Finding& one) { return one.note; }));
  std::string how;
  if (diagnosis.state() == Diagnosis::State::kUnderWay)
    how = ", under way";
  else if (diagnosis.state() == Diagnosis::State::kWhole && notes == 0)
    how = ", healthy";
  if (notes > 0) how += ", " + counted(notes, "note");
  return fmt::format("StatefulSet {}/{}: {} of {} pods Ready{}\n", diagnosis.ns, diagnosis.set,
                     diagnosis.ready, diagnosis.wanted, how);
}

std::string under_way(const Diagnosis& diagnosis, Timestamp taken) {
  std::string out;
  for (const Progress& progress : diagnosis.under_way) {
    out += fmt::format("  under way: {} ({}) waits for {}", progress.pod, progress.stage, progress.waits_for);
    if (progress.since) out += fmt::format(", since {}", ago(*progress.since, taken));
    if (progress.until) out += fmt::format(", until {} at most", format_rfc3339(*progress.until));
    out += "\n";
  }
  return out;
}

void tell_remedy(const Finding& finding, std::string& out) {
  const bool choice = std::any_of(finding.remedy.begin(), finding.remedy.end(),
                                  [](const Remedy& step) { return step.way > 1; });
  const char* label = choice ? "either" : "do";
  int way = 1;
  for (const Remedy& step : finding.remedy) {
    if (step.way != way) label = "or";
    way = step.way;
    std::string text = shown(step.text, kLongestCause);
    if (way > 1 && text.rfind("or ", 0) == 0) text = text.substr(3);
    if (!text.empty()) {
      out += fmt::format("    {:<8} {}\n", label, text);
      label = "";
    }
    if (!step.command.empty()) out += fmt::format("             $ {}\n", step.command);
  }
}

std::vector<std::string> objects_of(const Finding& finding) {
  std::vector<std::string> objects;
  for (const Evidence& evidence : finding.evidence)
    if (std::find(objects.begin(), objects.end(), evidence.object) == objects.end())
      objects.push_back(evidence.object);
  return objects;
}

std::string_view state_name(Diagnosis::State state) {
  switch (state) {
    case Diagnosis::State::kWhole:
      return "healthy";
    case Diagnosis::State::kUnderWay:
      return "under-way";
    case Diagnosis::State::kSick:
      return "sick";
  }
  return "";
}

json finding_json(const Finding& finding) {
  json evidence = json::array();
  for (const Evidence& seen : finding.evidence) {
    json entry{{"object", seen.object}, {"field", seen.field}, {"value", shown(seen.value)}};
    if (seen.at) entry["at"] = format_rfc3339(*seen.at);
    evidence.push_back(std::move(entry));
  }
  json remedy = json::array();
  for (const Remedy& step : finding.remedy)
    remedy.push_back(
        {{"text", step.text}, {"command", step.command}, {"way", step.way}, {"changes", changes(step)}});
  json made{{"id", finding.id},
            {"kind", finding.note ? "note" : "finding"},
            {"stage", finding.stage},
            {"pod", finding.pod},
            {"cause", shown(finding.cause, kLongestCause)},
            {"objects", objects_of(finding)},
            {"evidence", std::move(evidence)},
            {"remedy", std::move(remedy)},
            {"trap", finding.trap},
            {"also", finding.also},
            {"waiting", finding.waiting}};
  if (finding.since) made["since"] = format_rfc3339(*finding.since);
  return made;
}

std::string label_value(const std::string& value) {
  std::string out;
  for (const char c : value) {
    if (c == '\\' || c == '"') out += '\\';
    out += c == '\n' ? std::string{"\\n"} : std::string{c};
  }
  return out;
}

std::string set_labels(const Diagnosis& diagnosis) {
  return fmt::format("namespace=\"{}\",statefulset=\"{}\"", label_value(diagnosis.ns),
                     label_value(diagnosis.set));
}

}  // namespace

std::string text_of(const Diagnosis& diagnosis, Timestamp taken) {
  std::string out = heading(diagnosis) + under_way(diagnosis, taken);
  for (const Finding& finding : diagnosis.findings) {
    out += fmt::format("\n  {}{}: {}\n", finding.note ? "note, " : "", finding.id,
                       shown(finding.cause, kLongestCause));
    if (!finding.pod.empty() || finding.since) {
      out += fmt::format("    {:<8} {}", finding.pod.empty() ? "stage" : "pod",
                         finding.pod.empty() ? std::string{finding.stage} : finding.pod);
      if (!finding.pod.empty()) out += fmt::format(", stage: {}", finding.stage);
      if (finding.since) out += ", since " + ago(*finding.since, taken);
      out += "\n";
    }
    if (!finding.also.empty()) out += fmt::format("    also     {}\n", fmt::join(finding.also, ", "));
    if (!finding.waiting.empty())
      out += fmt::format("    waiting  {} (in order, each when the one before is Ready)\n",
                         fmt::join(finding.waiting, ", "));
    const char* label = "seen";
    for (const Evidence& evidence : finding.evidence) {
      out += fmt::format("    {:<8} {} {}: {}{}\n", label, evidence.object, evidence.field,
                         shown(evidence.value), evidence.at ? " (" + ago(*evidence.at, taken) + ")" : "");
      label = "";
    }
    tell_remedy(finding, out);
    if (!finding.trap.empty()) out += fmt::format("    beware   {}\n", finding.trap);
  }
  return out;
}

json json_of(const Diagnosis& diagnosis) {
  json findings = json::array();
  for (const Finding& finding : diagnosis.findings) findings.push_back(finding_json(finding));
  json under_way = json::array();
  for (const Progress& progress : diagnosis.under_way) {
    json entry{{"pod", progress.pod}, {"stage", progress.stage}, {"waitsFor", progress.waits_for}};
    if (progress.since) entry["since"] = format_rfc3339(*progress.since);
    if (progress.until) entry["until"] = format_rfc3339(*progress.until);
    under_way.push_back(std::move(entry));
  }
  return {{"namespace", diagnosis.ns},
          {"statefulSet", diagnosis.set},
          {"wanted", diagnosis.wanted},
          {"ready", diagnosis.ready},
          {"state", state_name(diagnosis.state())},
          {"healthy", diagnosis.healthy()},
          {"managedBy", diagnosis.managed_by},
          {"underWay", std::move(under_way)},
          {"findings", std::move(findings)}};
}

std::string prometheus_of(const std::vector<Diagnosis>& diagnoses) {
  std::string wanted =
      "# HELP stateproof_doctor_pods_wanted Pods that the set wants.\n# TYPE stateproof_doctor_pods_wanted "
      "gauge\n";
  std::string ready =
      "# HELP stateproof_doctor_pods_ready Pods of the set that are Ready.\n# TYPE "
      "stateproof_doctor_pods_ready gauge\n";
  std::string state =
      "# HELP stateproof_doctor_state 1 for the state that the set is in.\n# TYPE stateproof_doctor_state "
      "gauge\n";
  std::string found =
      "# HELP stateproof_doctor_finding Pods that suffer from a finding, or 1 when it is the set's own.\n"
      "# TYPE stateproof_doctor_finding gauge\n";
  for (const Diagnosis& diagnosis : diagnoses) {
    const std::string labels = set_labels(diagnosis);
    wanted += fmt::format("stateproof_doctor_pods_wanted{{{}}} {}\n", labels, diagnosis.wanted);
    ready += fmt::format("stateproof_doctor_pods_ready{{{}}} {}\n", labels, diagnosis.ready);
    for (const auto known : {Diagnosis::State::kWhole, Diagnosis::State::kUnderWay, Diagnosis::State::kSick})
      state += fmt::format("stateproof_doctor_state{{{},state=\"{}\"}} {}\n", labels, state_name(known),
                           diagnosis.state() == known ? 1 : 0);
    // The same cause of several kinds of pod is one series.
    std::map<std::string, std::size_t> counts;
    for (const Finding& finding : diagnosis.findings)
      counts[fmt::format("{},id=\"{}\",kind=\"{}\",stage=\"{}\"", labels, finding.id,
                         finding.note ? "note" : "finding", finding.stage)] += 1 + finding.also.size();
    for (const auto& [series, count] : counts)
      found += fmt::format("stateproof_doctor_finding{{{}}} {}\n", series, count);
  }
  return wanted + ready + state + found;
}

json sarif_of(const std::vector<Diagnosis>& diagnoses) {
  json results = json::array();
  std::set<std::string> ids;
  for (const Diagnosis& diagnosis : diagnoses)
    for (const Finding& finding : diagnosis.findings) {
      ids.insert(std::string{finding.id});
      json locations = json::array();
      for (const std::string& object : objects_of(finding))
        locations.push_back(
            {{"logicalLocations", json::array({{{"fullyQualifiedName", object}, {"kind", "resource"}}})}});
      results.push_back({{"ruleId", finding.id},
                         {"level", finding.note ? "note" : "error"},
                         {"message",
                          {{"text", fmt::format("{}/{}: {}", diagnosis.ns, diagnosis.set,
                                                shown(finding.cause, kLongestCause))}}},
                         {"locations", std::move(locations)}});
    }
  json rules = json::array();
  for (const std::string& id : ids) rules.push_back({{"id", id}});
  return {{"$schema", "https://json.schemastore.org/sarif-2.1.0.json"},
          {"version", "2.1.0"},
          {"runs",
           json::array({{{"tool", {{"driver", {{"name", "stateproof doctor"}, {"rules", std::move(rules)}}}}},
                         {"results", std::move(results)}}})}};
}

}  // namespace stateproof::diagnosis
