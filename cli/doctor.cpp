#include "cli/doctor.h"

#include <fmt/format.h>

#include <algorithm>
#include <iostream>

#include "cli/interrupt.h"
#include "cli/run.h"
#include "cli/target.h"
#include "harness/diagnosis/diagnosis_text.h"
#include "harness/diagnosis/observe.h"
#include "harness/model/steps.h"
#include "suites/faults/faults.h"

namespace stateproof::cli {
namespace {

void print(const nlohmann::json& document) {
  std::cout << document.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) << "\n";
}

void print_text(const std::vector<diagnosis::Diagnosis>& diagnoses, const diagnosis::Snapshot& snapshot,
                const diagnosis::Scope& scope) {
  for (const diagnosis::Diagnosis& diagnosis : diagnoses)
    std::cout << diagnosis::text_of(diagnosis, snapshot.taken);
  if (diagnoses.empty())
    std::cout << (scope.ns.empty() ? "There is no StatefulSet in this cluster.\n"
                                   : fmt::format("There is no StatefulSet in namespace {}.\n", scope.ns));
  for (const std::string& sentence : snapshot.unread) std::cerr << "not checked: " << sentence << "\n";
}

nlohmann::json document(const std::vector<diagnosis::Diagnosis>& diagnoses,
                        const diagnosis::Snapshot& snapshot, bool healthy) {
  nlohmann::json sets = nlohmann::json::array();
  for (const diagnosis::Diagnosis& diagnosis : diagnoses) sets.push_back(diagnosis::json_of(diagnosis));
  return {{"taken", format_rfc3339(snapshot.taken)},
          {"healthy", healthy},
          {"statefulSets", std::move(sets)},
          {"unread", snapshot.unread}};
}

/// Not whole, without a finding, and without a time that would tell for how long: the cause may lie where
/// nobody may look.
bool is_unexplained(const diagnosis::Diagnosis& diagnosis) {
  return diagnosis.state() == diagnosis::Diagnosis::State::kUnderWay &&
         std::any_of(diagnosis.under_way.begin(), diagnosis.under_way.end(),
                     [](const diagnosis::Progress& progress) { return !progress.since; });
}

}  // namespace

int doctor(const DoctorOptions& options) {
  const std::optional<std::string> set = options.target.empty() ? std::string{} : set_of(options.target);
  if (!set || (options.all_namespaces && !set->empty())) {
    std::cerr << "stateproof: name the StatefulSet: stateproof doctor -n NAMESPACE statefulset/NAME; or pass "
                 "--all-namespaces to check every set.\n";
    return ExitCode::kUsage;
  }
  const Interrupt interrupt;
  const auto client = connect(options.cluster, interrupt.stop());
  if (!client) return harness_error(client.error().sentence);
  diagnosis::Scope scope{options.cluster.ns, *set};
  if (scope.ns.empty()) scope.ns = client->config().default_namespace;
  if (options.all_namespaces) scope.ns.clear();
  const auto snapshot = options.look_for.count() > 0
                            ? diagnosis::observe_for(*client, scope, options.look_for, interrupt.stop())
                            : diagnosis::observe(*client, scope);
  if (!snapshot) return harness_error(snapshot.error().sentence);

  const auto diagnoses = diagnosis::diagnose_all(
      *snapshot, options.strict ? diagnosis::Rigour::kStrict : diagnosis::Rigour::kUsual);
  bool sick = false;
  bool whole = true;
  bool unexplained = false;
  for (const diagnosis::Diagnosis& diagnosis : diagnoses) {
    sick = sick || diagnosis.state() == diagnosis::Diagnosis::State::kSick;
    whole = whole && diagnosis.healthy();
    unexplained = unexplained || (is_unexplained(diagnosis) && !snapshot->unread.empty());
  }
  if (options.output == "json")
    print(document(diagnoses, *snapshot, whole));
  else if (options.output == "sarif")
    print(diagnosis::sarif_of(diagnoses));
  else if (options.output == "prometheus")
    std::cout << diagnosis::prometheus_of(diagnoses);
  else
    print_text(diagnoses, *snapshot, scope);
  if (sick) return ExitCode::kBroken;
  if (unexplained)
    return harness_error(
        "Not all pods are Ready, and the cause may lie in what could not be checked. Run this again with an "
        "account that has more rights, or later, once the set has had time to settle.");
  return ExitCode::kConformant;
}

int fault(const FaultOptions& options) {
  const faults::Fault* fault = faults::find(options.name);
  if (fault == nullptr) {
    std::string names;
    for (const faults::Fault& known : faults::all()) names += fmt::format(" {}", known.name);
    return wrong_usage(fmt::format("There is no fault {}; known faults:{}.", options.name, names));
  }
  const std::string run = new_run_id();
  const auto timeline = play({.scenario = faults::scenario(),
                              .name = options.name,
                              .run = run,
                              .recording = options.out / options.name / run / "fault.jsonl"},
                             options.cluster);
  if (!timeline) return harness_error(timeline.error().sentence);
  for (const Observation& seen : *timeline)
    if (const Step* step = seen.as<Step>(); step != nullptr && !step->is<steps::Cleanup>() &&
                                            step->phase != Step::Phase::kBegin &&
                                            step->phase != Step::Phase::kReached) {
      std::cout << fmt::format("fault {} ({}): {} failed\n{}\n", fault->name, fault->title, step->name(),
                               step->text);
      return ExitCode::kBroken;
    }
  std::cout << fmt::format("fault {} ({}): found as {}{}\n", fault->name, fault->title, fault->finding,
                           fault->note    ? ""
                           : fault->heals ? ", and healed by its remedy"
                                          : ", and ended by its remedy");
  return ExitCode::kConformant;
}

}  // namespace stateproof::cli
