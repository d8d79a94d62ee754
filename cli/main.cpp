#include <fmt/format.h>
#include <sys/stat.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>

#include "cli/commands.h"
#include "cli/doctor.h"
#include "cli/gate.h"
#include "cli/run.h"
#include "cli/watch.h"

namespace {

using namespace stateproof::cli;

std::string default_out() {
  const char* variable = std::getenv("STATEPROOF_OUT");
  return variable != nullptr && *variable != '\0' ? variable : "reports/out/latest";
}

void add_connection_options(CLI::App* command, ClusterOptions& cluster) {
  command->add_option("--kubeconfig", cluster.kubeconfig,
                      "kubeconfig file; else $KUBECONFIG, ~/.kube/config, in-cluster");
  command->add_option("--context", cluster.context, "context in the kubeconfig; else its current one")
      ->envname("STATEPROOF_CONTEXT");
}

void add_cluster_options(CLI::App* command, ClusterOptions& cluster) {
  add_connection_options(command, cluster);
  command
      ->add_option("--namespace", cluster.ns, "namespace to create and use; else one with a name of its own")
      ->envname("STATEPROOF_NAMESPACE");
  command->add_option("--image", cluster.image,
                      "MariaDB image; else $STATEPROOF_IMAGE, a preloaded one, the published one");
}

void add_out_option(CLI::App* command, std::filesystem::path& out) {
  out = default_out();
  command->add_option("--out", out, "folder of the run's results; else $STATEPROOF_OUT, reports/out/latest");
}

int run_command(int argc, char** argv) {
  CLI::App app{"Proves on a live cluster that Kubernetes keeps its promises to stateful workloads."};
  app.require_subcommand(1);
  app.set_version_flag("--version", STATEPROOF_VERSION);
  int code = ExitCode::kConformant;

  BeginOptions begin_options;
  auto* begin_command = app.add_subcommand("begin", "plan a run and look at the cluster");
  add_cluster_options(begin_command, begin_options.cluster);
  add_out_option(begin_command, begin_options.out);
  begin_command->add_option("--profile", begin_options.profile, "which promises are judged")
      ->check(CLI::IsMember({"quick", "conformance", "disruptive", "upgrade"}))
      ->envname("STATEPROOF_PROFILE");
  begin_command
      ->add_option("--seed", begin_options.seed, "of the order of disruptions; else by chance, and reported")
      ->envname("STATEPROOF_SEED");
  begin_command
      ->add_flag("--disrupt-nodes", begin_options.disrupt_nodes,
                 "this cluster's nodes may be drained and stopped, its control plane restarted")
      ->envname("STATEPROOF_DISRUPT_NODES");
  begin_command
      ->add_option("--attachment-root", begin_options.attachment_root,
                   "what junit.xml puts before the path of the evidence: GitLab wants --out relative to the "
                   "project, Jenkins absolute")
      ->envname("STATEPROOF_ATTACHMENT_ROOT");
  begin_command->callback([&] { code = begin(begin_options); });

  RunOptions run_options;
  auto* run_command = app.add_subcommand("run", "play one scenario on the cluster and record it");
  run_command->add_option("scenario", run_options.scenario, "for example lifecycle")->required();
  add_cluster_options(run_command, run_options.cluster);
  add_out_option(run_command, run_options.out);
  run_command->add_option("--mutant", run_options.mutant,
                          "deploy this wrong workload instead, to see what a broken promise looks like");
  run_command->callback([&] { code = run(run_options); });

  JudgeOptions judge_options;
  auto* judge_command = app.add_subcommand("judge", "judge saved recordings; needs no cluster");
  judge_command
      ->add_option("folder", judge_options.folder, "folder of a run, of recordings, or one recording")
      ->default_val(default_out());
  judge_command->add_option("--promise", judge_options.promise, "only this one");
  judge_command->add_flag("--save", judge_options.save, "keep the verdicts in the folder of the run");
  judge_command->add_option("--not-applicable-code", judge_options.not_applicable_code,
                            "exit code for ctest's skip");
  judge_command->callback([&] { code = judge(judge_options); });

  std::filesystem::path report_out = default_out();
  auto* report_command =
      app.add_subcommand("report", "summary, junit.xml and report.html of a run, written again");
  report_command->add_option("folder", report_out, "folder of the run, or one that has only recordings");
  report_command->callback([&] { code = report(report_out); });

  std::filesystem::path before;
  std::filesystem::path after;
  auto* compare_command = app.add_subcommand("compare", "what changed between two runs; needs no cluster");
  compare_command->add_option("before", before, "folder of the former run")->required();
  compare_command->add_option("after", after, "folder of the later run")->required();
  compare_command->callback([&] { code = compare(before, after); });

  MutantOptions mutant_options;
  auto* mutant_command =
      app.add_subcommand("mutant", "deploy a wrong workload and demand that its promise is judged broken");
  mutant_command->add_option("name", mutant_options.name)->required();
  add_cluster_options(mutant_command, mutant_options.cluster);
  mutant_options.out = "reports/out/mutants";
  mutant_command->add_option("--out", mutant_options.out, "folder for the recordings");
  mutant_command->callback([&] { code = mutant(mutant_options); });

  DoctorOptions doctor_options;
  auto* doctor_command =
      app.add_subcommand("doctor", "what is wrong with a StatefulSet, and what to do about it; reads only");
  doctor_command->add_option("target", doctor_options.target, "statefulset/NAME; else all of the namespace")
      ->expected(0, 2);
  add_connection_options(doctor_command, doctor_options.cluster);
  doctor_command->add_option("-n,--namespace", doctor_options.cluster.ns,
                             "namespace to look at; else the context's");
  doctor_command->add_flag("-A,--all-namespaces", doctor_options.all_namespaces, "every set of the cluster");
  doctor_command->add_option("-o,--output", doctor_options.output)->check(CLI::IsMember({"text", "json"}));
  doctor_command->callback([&] { code = doctor(doctor_options); });

  WatchOptions watch_options;
  auto* watch_command = app.add_subcommand(
      "watch", "a StatefulSet with its pods, claims, endpoints and events, as they change; reads only");
  watch_command->add_option("target", watch_options.target, "statefulset/NAME")->required()->expected(1, 2);
  add_connection_options(watch_command, watch_options.cluster);
  watch_command->add_option("-n,--namespace", watch_options.cluster.ns,
                            "namespace of the set; else the context's");
  watch_command->add_option("--record", watch_options.record, "folder for a recording, which judge reads");
  watch_command
      ->add_option("--until", watch_options.until,
                   "end with 0 when all pods are Ready, available and updated, or when set and pods are gone")
      ->check(CLI::IsMember({"ready", "gone"}));
  watch_command
      ->add_option("--timeout", watch_options.limit,
                   "end after so long (90s, 10m, 2h): with 0, or with 2 when --until has not come")
      ->transform(CLI::AsNumberWithUnit(std::map<std::string, std::int64_t>{{"s", 1}, {"m", 60}, {"h", 3600}},
                                        CLI::AsNumberWithUnit::CASE_SENSITIVE));
  watch_command->add_flag("--await", watch_options.await,
                          "wait for a set that does not exist yet; else that ends it with 2");
  watch_command->add_flag("--plain", watch_options.plain,
                          "a line for each change, on a terminal, too; else only where there is none");
  watch_command->callback([&] { code = watch(watch_options); });

  FaultOptions fault_options;
  auto* fault_command = app.add_subcommand(
      "fault", "make a StatefulSet of our own sick, demand the diagnosis, and heal it by its remedy");
  fault_command->add_option("name", fault_options.name)->required();
  add_cluster_options(fault_command, fault_options.cluster);
  fault_options.out = "reports/out/faults";
  fault_command->add_option("--out", fault_options.out, "folder for the recordings");
  fault_command->callback([&] { code = fault(fault_options); });

  GateOptions gate_options;
  gate_options.out = default_out();
  auto* gate_command =
      app.add_subcommand("gate", "judges an upgrade of a cluster, which you do in your own way");
  gate_command->require_subcommand(1);
  const auto add_gate = [&](const char* name, const char* does, int (*command)(const GateOptions&)) {
    auto* added = gate_command->add_subcommand(name, does);
    add_cluster_options(added, gate_options.cluster);
    added->callback([&code, &gate_options, command] { code = command(gate_options); });
    return added;
  };
  auto* gate_begin_command = add_gate(
      "begin", "deploy the workload; leave clients and a recorder running in the cluster", gate_begin);
  gate_begin_command->add_option("--write-gap", gate_options.budget.gap,
                                 "seconds without writes, or reads of a member, while a node is upgraded");
  gate_begin_command->add_option("--control-plane-gap", gate_options.budget.control_plane_gap,
                                 "the same before the first node is cordoned");
  gate_begin_command->add_option("--availability", gate_options.budget.availability,
                                 "per cent of the seconds in which a write is acknowledged");
  add_gate("status", "how it goes", gate_status);
  auto* gate_end_command = add_gate("end", "after the upgrade: judge, report, clean up", gate_end);
  gate_end_command->add_option("--out", gate_options.out, "folder of the results");
  add_gate("abort", "clean up, without a verdict", gate_abort);
  std::filesystem::path record_folder;
  auto* record_command = gate_command->add_subcommand("record", "");
  record_command->group("");  // runs inside the cluster, and is nobody's to call
  record_command->add_option("folder", record_folder)->required();
  record_command->callback([&] { code = gate_record(record_folder); });

  app.add_subcommand("images", "every image that a run needs")->callback([&] { code = images(); });

  std::string format = "md";
  auto* promises_command = app.add_subcommand("promises", "the catalogue of promises");
  promises_command->add_option("--format", format)->check(CLI::IsMember({"md", "json"}));
  promises_command->callback([&] { code = promises(format); });

  ClusterOptions sweep_options;
  auto* sweep_command = app.add_subcommand("sweep", "remove what abandoned runs left in the cluster");
  add_cluster_options(sweep_command, sweep_options);
  sweep_command->callback([&] { code = sweep(sweep_options); });

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int answered = app.exit(error);
    return answered == 0 ? 0 : ExitCode::kUsage;
  }
  return code;
}

}  // namespace

int main(int argc, char** argv) {
  // Recordings and evidence show what is in somebody's cluster.
  ::umask(S_IRWXG | S_IRWXO);
  try {
    return run_command(argc, argv);
  } catch (const nlohmann::json::exception&) {
    return harness_error(
        "Something that was read is not what it should be; look whether files of the run, or answers "
        "of the API server, were changed on their way.");
  } catch (const std::exception& error) {
    return harness_error(fmt::format("The program did not expect this: {}; please report it.", error.what()));
  }
}
