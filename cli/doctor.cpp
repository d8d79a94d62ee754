#include "cli/doctor.h"

#include <fmt/format.h>

#include <iostream>

#include "cli/interrupt.h"
#include "cli/run.h"
#include "cli/target.h"
#include "harness/diagnosis/diagnosis_text.h"
#include "harness/diagnosis/observe.h"
#include "suites/faults/faults.h"

namespace stateproof::cli {
int doctor(const DoctorOptions& options) {
  const std::optional<std::string> set = options.target.empty() ? std::string{} : set_of(options.target);
  if (!set || (options.all_namespaces && !set->empty())) {
    std::cerr << "stateproof: say which set: stateproof doctor -n NAMESPACE statefulset/NAME, or "
                 "--all-namespaces for all.\n";
    return ExitCode::kUsage;
  }
  const Interrupt interrupt;
  const auto client = connect(options.cluster, interrupt.stop());
  if (!client) return harness_error(client.error().sentence);
  diagnosis::Scope scope{options.cluster.ns, *set};
  if (scope.ns.empty()) scope.ns = client->config().default_namespace;
  if (options.all_namespaces) scope.ns.clear();
  const auto snapshot = diagnosis::observe(*client, scope);
  if (!snapshot) return harness_error(snapshot.error().sentence);

  const auto diagnoses = diagnosis::diagnose_all(*snapshot);
  bool healthy = true;
  bool unexplained = false;
  nlohmann::json sets = nlohmann::json::array();
  for (const diagnosis::Diagnosis& diagnosis : diagnoses) {
    healthy = healthy && diagnosis.healthy();
    // A set that is not whole and has no finding may have one where nobody may look.
    unexplained = unexplained ||
                  (diagnosis.healthy() && diagnosis.ready < diagnosis.wanted && !snapshot->unread.empty());
    if (options.output == "json")
      sets.push_back(diagnosis::json_of(diagnosis));
    else
      std::cout << diagnosis::text_of(diagnosis, snapshot->taken);
  }
  if (options.output == "json") {
    std::cout << nlohmann::json{{"taken", format_rfc3339(snapshot->taken)},
                                {"healthy", healthy && !unexplained},
                                {"statefulSets", std::move(sets)},
                                {"unread", snapshot->unread}}
                     .dump(2, ' ', false, nlohmann::json::error_handler_t::replace)
              << "\n";
  } else {
    if (diagnoses.empty())
      std::cout << (scope.ns.empty() ? "There is no StatefulSet in this cluster.\n"
                                     : fmt::format("There is no StatefulSet in namespace {}.\n", scope.ns));
    for (const std::string& sentence : snapshot->unread) std::cerr << "not looked at: " << sentence << "\n";
  }
  if (!healthy) return ExitCode::kBroken;
  if (unexplained)
    return harness_error(
        "Not all pods are Ready, and what would explain it may lie in what was not looked at; ask somebody "
        "with more "
        "rights, or again when the set has had time.");
  return ExitCode::kConformant;
}

int fault(const FaultOptions& options) {
  const faults::Fault* fault = faults::find(options.name);
  if (fault == nullptr) {
    std::string names;
    for (const faults::Fault& known : faults::all()) names += fmt::format(" {}", known.name);
    return wrong_usage(fmt::format("There is no fault {}; there are:{}.", options.name, names));
  }
  const std::string run = new_run_id();
  const auto timeline = play({.scenario = faults::scenario(),
                              .name = options.name,
                              .run = run,
                              .recording = options.out / options.name / run / "fault.jsonl"},
                             options.cluster);
  if (!timeline) return harness_error(timeline.error().sentence);
  for (const Observation& seen : *timeline)
    if (const Step* step = seen.as<Step>(); step != nullptr && step->name != "cleanup" &&
                                            step->phase != Step::Phase::kBegin &&
                                            step->phase != Step::Phase::kReached) {
      std::cout << fmt::format("fault {} ({}): {} failed\n{}\n", fault->name, fault->title, step->name,
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
