#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>

#include "cli/command_tree.h"
#include "cli/commands.h"
#include "cli/completion.h"
#include "cli/delivery.h"
#include "cli/doctor.h"
#include "cli/explore.h"
#include "cli/gate.h"
#include "cli/histories.h"
#include "cli/in_cluster.h"
#include "cli/list.h"
#include "cli/manual.h"
#include "cli/private_files.h"
#include "cli/profile.h"
#include "cli/rbac.h"
#include "cli/run.h"
#include "cli/scaffold.h"
#include "cli/watch.h"
#include "cli/workload.h"
#include "fixtures/probe/resolv_conf.h"
#include "harness/model/object_name.h"

namespace {

using namespace stateproof::cli;

std::string default_out() {
  const char* variable = std::getenv("STATEPROOF_OUT");
  return variable != nullptr && *variable != '\0' ? variable : "reports/out/latest";
}

void add_connection_options(CLI::App* command, ClusterOptions& cluster) {
  command->add_option(
      "--kubeconfig", cluster.kubeconfig,
      "kubeconfig file (default: $KUBECONFIG, then ~/.kube/config, then the pod's service account)");
  command->add_option("--context", cluster.context, "context of the kubeconfig (default: the current one)")
      ->envname("STATEPROOF_CONTEXT");
}

std::string check_label(const std::string& text) {
  return stateproof::fixtures::parse_label(text) ? "" : text + " is not KEY=VALUE";
}

std::string check_toleration(const std::string& text) {
  return stateproof::fixtures::parse_toleration(text) ? "" : text + " is not KEY[=VALUE][:EFFECT]";
}

std::string check_namespaced_name(const std::string& text) {
  return stateproof::parse_namespaced_name(text) ? "" : text + " is not NAMESPACE/NAME";
}

std::string check_domain(const std::string& text) {
  return stateproof::probe::is_domain(text) ? "" : text + " is not a domain in lower case";
}

/// What a hardened cluster demands of the objects of a run.
void add_terms(CLI::App* command, stateproof::fixtures::Terms& terms) {
  command
      ->add_option("--storage-class", terms.storage_class,
                   "StorageClass of every claim (default: the cluster's default)")
      ->envname("STATEPROOF_STORAGE_CLASS");
  command
      ->add_option("--label", terms.labels,
                   "label of every namespace and pod, KEY=VALUE; may be given several times")
      ->check(check_label)
      ->envname("STATEPROOF_LABELS")
      ->delimiter(',')
      ->allow_extra_args(false);
  command
      ->add_option("--node-selector", terms.node_selector,
                   "label of the nodes that may run the pods, KEY=VALUE; may be given several times")
      ->check(check_label)
      ->envname("STATEPROOF_NODE_SELECTOR")
      ->delimiter(',')
      ->allow_extra_args(false);
  command
      ->add_option("--toleration", terms.tolerations,
                   "taint that the pods tolerate, KEY[=VALUE][:EFFECT]; may be given several times")
      ->check(check_toleration)
      ->envname("STATEPROOF_TOLERATIONS")
      ->delimiter(',')
      ->allow_extra_args(false);
  command
      ->add_option("--image-pull-secret", terms.pull_secret,
                   "Secret for pulling images, NAMESPACE/NAME; copied into the namespaces of the run")
      ->check(check_namespaced_name)
      ->envname("STATEPROOF_IMAGE_PULL_SECRET");
  command
      ->add_option("--cluster-domain", terms.cluster_domain,
                   "domain of the names of Services and pods (default: as CoreDNS is configured, else "
                   "cluster.local)")
      ->check(check_domain)
      ->envname("STATEPROOF_CLUSTER_DOMAIN");
}

void add_cluster_options(CLI::App* command, ClusterOptions& cluster) {
  add_connection_options(command, cluster);
  command->add_option("--namespace", cluster.ns, "namespace to create and use (default: stateproof-RUN)")
      ->envname("STATEPROOF_NAMESPACE");
  command->add_option("--image", cluster.image,
                      "MariaDB image (default: $STATEPROOF_IMAGE, then the image built by ci/cluster where "
                      "every node has it, then the published one)");
  add_terms(command, cluster.terms);
}

void add_out_option(CLI::App* command, std::filesystem::path& out) {
  out = default_out();
  command->add_option(
      "--out", out, "folder for the results of the run (default: $STATEPROOF_OUT, then reports/out/latest)");
}

void add_seed_option(CLI::App* command, BeginOptions& begin) {
  command
      ->add_option("--seed", begin.seed,
                   "seed for the order of the disruptions (default: random, and reported)")
      ->envname("STATEPROOF_SEED");
}

void add_attachment_option(CLI::App* command, BeginOptions& begin) {
  command
      ->add_option("--attachment-root", begin.attachment_root,
                   "prefix of the paths of evidence in junit.xml: GitLab wants --out relative to the "
                   "project, Jenkins an absolute path")
      ->envname("STATEPROOF_ATTACHMENT_ROOT");
}

const CLI::IsMember kProfiles{{"quick", "conformance", "disruptive", "upgrade"}};
const CLI::IsMember kPlayedProfiles{{"quick", "conformance", "disruptive", "upgrade", "explore"}};

void add_begin_options(CLI::App* command, BeginOptions& begin) {
  add_cluster_options(command, begin.cluster);
  add_out_option(command, begin.out);
  add_seed_option(command, begin);
  command
      ->add_flag(
          "--disrupt-nodes", begin.disrupt_nodes,
          "confirm that nodes of this cluster may be drained and stopped, and its control plane restarted")
      ->envname("STATEPROOF_DISRUPT_NODES");
  add_attachment_option(command, begin);
}

void add_delivery_options(CLI::App* command, ProfileOptions& run, bool& is_plugin, CLI::Option* profile) {
  command
      ->add_option("--config-map", run.delivery.config_map,
                   "ConfigMap that gets a summary of the run, NAMESPACE/NAME")
      ->check(check_namespaced_name)
      ->needs(profile);
  command
      ->add_flag("--compare", run.delivery.compares,
                 "compare with the run before in the same folder; exit 1 when a promise is no longer kept")
      ->needs(profile);
  command
      ->add_option("--keep", run.delivery.keeps,
                   "of the runs before in the same place keep only so many (default: all)")
      ->check(CLI::PositiveNumber)
      ->needs(profile);
  command
      ->add_flag(
          "--sonobuoy", is_plugin,
          "give junit.xml to Sonobuoy, in $SONOBUOY_RESULTS_DIR, $RESULTS_DIR or /tmp/sonobuoy/results")
      ->needs(profile);
  // Of several runs none would be the one.
  for (const char* option : {"--config-map", "--compare", "--keep", "--sonobuoy"})
    command->get_option(option)->excludes(command->get_option("--all-storage-classes"));
  command->add_flag("--fetched", run.is_fetched)->group("");  // inside the cluster; not for users
}

/// The options of a run as a Job. Those of the cluster mean the Job: its namespace, its image.
void add_in_cluster_options(CLI::App* command, InClusterOptions& options) {
  BeginOptions& begin = options.run.begin;
  add_connection_options(command, begin.cluster);
  command
      ->add_option("--profile", begin.profile,
                   "set of promises to judge; nodes cannot be disrupted from within")
      ->check(CLI::IsMember({"quick", "conformance", "explore"}))
      ->required();
  command
      ->add_option("--image", options.image,
                   "image of this program, from a registry or loaded into the nodes with ci/image")
      ->envname("STATEPROOF_PROGRAM_IMAGE")
      ->capture_default_str();
  command->add_option("--namespace", begin.cluster.ns,
                      "namespace of the Job, created and deleted again (default: stateproof-runner)");
  command->add_option("--database-image", begin.cluster.image, "MariaDB image: --image of stateproof run")
      ->envname("STATEPROOF_IMAGE");
  add_terms(command, begin.cluster.terms);
  add_out_option(command, begin.out);
  add_seed_option(command, begin);
  add_attachment_option(command, begin);
  command
      ->add_option("--parallel", options.run.parallel,
                   "scenarios side by side (default: 2 of conformance, else 1)")
      ->check(CLI::Range(1, 16));
  options.minutes = ExploreOptions{}.minutes;
  command->add_option("--minutes", options.minutes, "of the profile explore: begin new sequences for so long")
      ->check(CLI::PositiveNumber);
}

void add_explore_options(CLI::App* command, ExploreOptions& options) {
  command->add_option("--minutes", options.minutes, "begin new sequences for so long")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command->add_option("--sets", options.sets, "sets side by side")
      ->check(CLI::Range(1, 16))
      ->capture_default_str();
  command->add_option("--operations", options.operations, "operations of each sequence")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  command->add_option("--only", options.only, "play only these operations, by number, of the seed's sequence")
      ->delimiter(',')
      ->check(CLI::Range(0, 1000));
  command->add_option("--replays", options.replays, "most replays that shrink one breach; 0: none is shrunk")
      ->check(CLI::Range(0, 1000))
      ->capture_default_str();
  command->add_option("--broken-at", options.broken_at)->group("");  // for the proof that breaches are found
  command->add_flag("--part", options.is_part)->group("");  // a process of an exploration; not for users
}

/// Gives the options of which one says what is judged.
std::vector<CLI::Option*> add_workload_options(CLI::App* command, WorkloadOptions& workload) {
  auto* path =
      command->add_option("--workload", workload.path,
                          "judge your own StatefulSet: a folder or a file of manifests, or - for what "
                          "is piped in, such as the output of helm template");
  auto* running = command
                      ->add_option("--set", workload.running,
                                   "judge a copy of a StatefulSet that runs already, NAMESPACE/NAME; the set "
                                   "itself is only read")
                      ->excludes(path);
  command->add_option("--statefulset", workload.set,
                      "of several StatefulSets in the manifests the one to judge");
  command->add_option(
      "--contract", workload.contract,
      "a workload.yaml that does not lie beside the manifests: how records are written and read");
  return {path, running};
}

int run_command(int argc, char** argv) {
  CLI::App app{"Proves on a live cluster that Kubernetes keeps its promises to stateful workloads."};
  app.require_subcommand(1);
  app.set_version_flag("--version", STATEPROOF_VERSION);
  int code = ExitCode::kConformant;

  BeginOptions begin_options;
  auto* begin_command = app.add_subcommand("begin", "plan a run and check the cluster");
  add_begin_options(begin_command, begin_options);
  begin_command->add_option("--profile", begin_options.profile, "set of promises to judge")
      ->check(kProfiles)
      ->envname("STATEPROOF_PROFILE");
  begin_command->callback([&] { code = begin(begin_options); });

  RunOptions run_options;
  ProfileOptions profile_options;
  bool dry_run = false;
  double minutes = ExploreOptions{}.minutes;
  auto* run_command = app.add_subcommand(
      "run", "run a whole profile, judge it and report; or only one scenario of a run that was begun");
  add_begin_options(run_command, profile_options.begin);
  auto* profile_option =
      run_command->add_option("--profile", profile_options.begin.profile, "set of promises to judge")
          ->check(kPlayedProfiles);
  auto* parallel_option =
      run_command
          ->add_option("--parallel", profile_options.parallel,
                       "scenarios side by side (default: 2 of conformance and disruptive, else 1)")
          ->check(CLI::Range(1, 16))
          ->needs(profile_option);
  bool on_every_class = false;
  run_command
      ->add_flag("--all-storage-classes", on_every_class,
                 "run it once with each StorageClass that provisions volumes, in OUT/CLASS")
      ->needs(profile_option)
      ->excludes(run_command->get_option("--storage-class"));
  run_command
      ->add_flag("--dry-run", dry_run,
                 "print what would be run and created, with which rights; asks no cluster")
      ->needs(profile_option);
  auto* minutes_option =
      run_command->add_option("--minutes", minutes, "of the profile explore: begin new sequences for so long")
          ->check(CLI::PositiveNumber)
          ->needs(profile_option);
  bool is_plugin = false;
  add_delivery_options(run_command, profile_options, is_plugin, profile_option);
  auto* scenario_option = run_command->add_option("scenario", run_options.scenario,
                                                  "name of the scenario, for example lifecycle");
  scenario_option->excludes(profile_option)->excludes(parallel_option);
  run_command->add_option("--mutant", run_options.mutant,
                          "deploy this faulty workload instead, to see what a broken promise looks like");
  WorkloadOptions workload_options;
  const auto workload_asked = add_workload_options(run_command, workload_options);
  for (CLI::Option* asked : workload_asked) asked->excludes(profile_option)->excludes(scenario_option);
  run_command->callback([&, workload_asked] {
    const bool is_workload = workload_asked.front()->count() + workload_asked.back()->count() > 0;
    if (profile_option->count() + scenario_option->count() == 0 && !is_workload)
      throw CLI::RequiredError("--profile PROFILE, --workload DIR|FILE, or the name of a scenario,");
    if (profile_option->count() > 0 && !run_options.mutant.empty())
      throw CLI::ExcludesError("--mutant", "--profile");
    if (is_workload) {
      workload_options.begin = profile_options.begin;
      workload_options.mutant = run_options.mutant;
      code = run_workload(workload_options);
      return;
    }
    run_options.cluster = profile_options.begin.cluster;
    run_options.out = profile_options.begin.out;
    const bool explores = profile_options.begin.profile == "explore";
    if (is_plugin) profile_options.delivery.plugin = plugin_folder();
    if (minutes_option->count() > 0 && !explores)
      code = wrong_usage("--minutes is for the profile explore.");
    else if (on_every_class && (explores || dry_run))
      code = wrong_usage("--all-storage-classes is for a profile that is played, other than explore.");
    else if (explores && dry_run)
      code = wrong_usage("An exploration is drawn as it goes: it has no --dry-run.");
    else if (explores)
      code = deliver(
          profile_options.delivery, profile_options.begin,
          explore({.begin = profile_options.begin,
                   .minutes = minutes,
                   .sets = profile_options.parallel > 0 ? profile_options.parallel : ExploreOptions{}.sets}));
    else if (dry_run)
      std::cout << dry_run_text(profile_options);
    else if (on_every_class)
      code = run_profile_on_every_class(profile_options);
    else
      code = profile_option->count() > 0 ? run_profile(profile_options) : run(run_options);
  });

  InClusterOptions in_cluster_options;
  in_cluster_options.image = "stateproof.local/stateproof:" STATEPROOF_VERSION;
  auto* in_cluster_command = app.add_subcommand(
      "in-cluster", "run a profile as a Job in the cluster, bring its results back, and delete the Job");
  add_in_cluster_options(in_cluster_command, in_cluster_options);
  bool prints_job = false;
  auto* print_flag = in_cluster_command->add_flag(
      "--print", prints_job, "print the manifests, for kubectl apply -f -; asks no cluster");
  in_cluster_command
      ->add_option("--schedule", in_cluster_options.schedule,
                   "a CronJob instead, at these times (\"0 3 * * *\"), whose runs are kept and compared")
      ->needs(print_flag);
  in_cluster_command->callback([&] {
    if (prints_job)
      std::cout << in_cluster_text(in_cluster_options);
    else
      code = in_cluster(in_cluster_options);
  });
  auto* results_command = app.add_subcommand("results", "");
  results_command->group("");  // runs inside the cluster; not for users
  results_command->require_subcommand(1);
  results_command->add_subcommand("keep", "")->callback([&] { code = keep_results(); });
  std::filesystem::path sent_folder;
  auto* send_command = results_command->add_subcommand("send", "");
  send_command->add_option("folder", sent_folder)->required();
  send_command->callback([&] { code = send_results(sent_folder); });

  ExploreOptions explore_options;
  auto* explore_command = app.add_subcommand(
      "explore", "draw operations at random, judge them by the reference model, shrink what breaks it");
  add_begin_options(explore_command, explore_options.begin);
  add_explore_options(explore_command, explore_options);
  explore_command->callback([&] { code = explore(explore_options); });

  JudgeOptions judge_options;
  auto* judge_command = app.add_subcommand("judge", "judge saved recordings; needs no cluster");
  judge_command
      ->add_option("folder", judge_options.folder,
                   "folder of a run, folder of recordings, or a single recording")
      ->default_val(default_out());
  judge_command->add_option("--promise", judge_options.promise, "judge only this promise");
  judge_command->add_flag("--save", judge_options.save, "save the verdicts in the folder of the run");
  judge_command->add_option("--not-applicable-code", judge_options.not_applicable_code,
                            "exit code when no promise applies, for ctest's SKIP_RETURN_CODE");
  HistoriesOptions histories_options;
  auto* histories_flag = judge_command->add_option(
      "--histories", histories_options.folder,
      "judge the good and wrong histories in this folder (default: those of the build) by one requirement");
  histories_flag->expected(0, 1);
  auto* requirement_option =
      judge_command->add_option("--requirement", histories_options.requirement,
                                "id of the requirement for --histories, for example ORD-01");
  histories_flag->needs(requirement_option);
  requirement_option->needs(histories_flag);
  judge_command->callback([&] {
    code = histories_flag->count() > 0 ? judge_histories(histories_options) : judge(judge_options);
  });

  std::filesystem::path report_out = default_out();
  auto* report_command = app.add_subcommand(
      "report", "print the summary of a run, and write its junit.xml and report.html again");
  report_command->add_option("folder", report_out, "folder of the run, or one that contains only recordings");
  report_command->callback([&] { code = report(report_out); });

  std::filesystem::path before;
  std::filesystem::path after;
  auto* compare_command =
      app.add_subcommand("compare", "show what changed between two runs; needs no cluster");
  compare_command->add_option("before", before, "folder of the earlier run")->required();
  compare_command->add_option("after", after, "folder of the later run")->required();
  compare_command->callback([&] { code = compare(before, after); });

  MutantOptions mutant_options;
  auto* mutant_command =
      app.add_subcommand("mutant", "deploy a faulty workload, and check that its promise is judged broken");
  mutant_command->add_option("name", mutant_options.name)->required();
  add_cluster_options(mutant_command, mutant_options.cluster);
  mutant_options.out = "reports/out/mutants";
  mutant_command->add_option("--out", mutant_options.out, "folder for the recordings");
  mutant_command->callback([&] { code = mutant(mutant_options); });

  DoctorOptions doctor_options;
  auto* doctor_command =
      app.add_subcommand("doctor", "diagnose a StatefulSet and show the commands that fix it; read-only");
  doctor_command
      ->add_option("target", doctor_options.target,
                   "statefulset/NAME (default: every StatefulSet of the namespace)")
      ->expected(0, 2);
  add_connection_options(doctor_command, doctor_options.cluster);
  doctor_command->add_option("-n,--namespace", doctor_options.cluster.ns,
                             "namespace of the StatefulSet (default: that of the context)");
  doctor_command->add_flag("-A,--all-namespaces", doctor_options.all_namespaces,
                           "every StatefulSet of the cluster");
  doctor_command->add_option("-o,--output", doctor_options.output)
      ->check(CLI::IsMember({"text", "json", "sarif", "prometheus"}));
  doctor_command->add_flag("--strict", doctor_options.strict, "what is in danger is a finding, too");
  std::int64_t doctor_looks_for = 0;
  doctor_command
      ->add_option("--for", doctor_looks_for,
                   "look on so long (60s, 5m), so that what goes round is seen to do so")
      ->transform(CLI::AsNumberWithUnit(std::map<std::string, std::int64_t>{{"s", 1}, {"m", 60}, {"h", 3600}},
                                        CLI::AsNumberWithUnit::CASE_SENSITIVE))
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{24 * 3600}));
  doctor_command->callback([&] {
    doctor_options.look_for = std::chrono::seconds{doctor_looks_for};
    code = doctor(doctor_options);
  });

  WatchOptions watch_options;
  auto* watch_command = app.add_subcommand(
      "watch", "follow a StatefulSet with its pods, claims, endpoints and events as they change; read-only");
  watch_command->add_option("target", watch_options.target, "statefulset/NAME")->required()->expected(1, 2);
  add_connection_options(watch_command, watch_options.cluster);
  watch_command->add_option("-n,--namespace", watch_options.cluster.ns,
                            "namespace of the StatefulSet (default: that of the context)");
  watch_command->add_option("--record", watch_options.record,
                            "folder for a recording, to be judged with stateproof judge");
  watch_command
      ->add_option("--until", watch_options.until,
                   "exit 0 once all pods are Ready, available and updated (ready), or once the StatefulSet "
                   "and its pods are gone (gone)")
      ->check(CLI::IsMember({"ready", "gone"}));
  watch_command
      ->add_option("--timeout", watch_options.limit,
                   "exit after this time (90s, 10m, 2h): exit 2 if --until was not reached, else 0")
      ->transform(CLI::AsNumberWithUnit(std::map<std::string, std::int64_t>{{"s", 1}, {"m", 60}, {"h", 3600}},
                                        CLI::AsNumberWithUnit::CASE_SENSITIVE));
  watch_command->add_flag("--await", watch_options.await,
                          "wait for a StatefulSet that does not exist yet (default: exit 2)");
  watch_command->add_flag("--plain", watch_options.plain,
                          "print one line for each change, even on a terminal");
  watch_command->callback([&] { code = watch(watch_options); });

  FaultOptions fault_options;
  auto* fault_command = app.add_subcommand(
      "fault", "break a StatefulSet on purpose, check the doctor's diagnosis, and apply its remedy");
  fault_command->add_option("name", fault_options.name)->required();
  add_cluster_options(fault_command, fault_options.cluster);
  fault_options.out = "reports/out/faults";
  fault_command->add_option("--out", fault_options.out, "folder for the recordings");
  fault_command->callback([&] { code = fault(fault_options); });

  GateOptions gate_options;
  gate_options.out = default_out();
  auto* gate_command = app.add_subcommand("gate", "judge a cluster upgrade that you perform in your own way");
  gate_command->require_subcommand(1);
  const auto add_gate = [&](const char* name, const char* does, int (*command)(const GateOptions&)) {
    auto* added = gate_command->add_subcommand(name, does);
    add_cluster_options(added, gate_options.cluster);
    added->callback([&code, &gate_options, command] { code = command(gate_options); });
    return added;
  };
  auto* gate_begin_command = add_gate(
      "begin",
      "before the upgrade: deploy the workload, and leave clients and a recorder running in the cluster",
      gate_begin);
  gate_begin_command->add_option(
      "--write-gap", gate_options.budget.gap,
      "longest time without writes, or without reads from a member, while a node is upgraded, in seconds");
  gate_begin_command->add_option("--control-plane-gap", gate_options.budget.control_plane_gap,
                                 "the same until the first node is cordoned");
  gate_begin_command->add_option("--availability", gate_options.budget.availability,
                                 "lowest share of seconds in which a write is acknowledged, in percent");
  add_gate("status", "show the state of the gate, and what is known to be broken already", gate_status);
  auto* gate_end_command = add_gate("end", "after the upgrade: judge it, report, and clean up", gate_end);
  gate_end_command->add_option("--out", gate_options.out, "folder for the results");
  add_gate("abort", "clean up without judging", gate_abort);
  std::filesystem::path record_folder;
  auto* record_command = gate_command->add_subcommand("record", "");
  record_command->group("");  // runs inside the cluster; not for users
  record_command->add_option("folder", record_folder)->required();
  record_command->callback([&] { code = gate_record(record_folder); });

  RbacOptions rbac_options;
  auto* rbac_command = app.add_subcommand(
      "rbac", "print a ServiceAccount and the exact rights that a profile needs, as manifests");
  rbac_command->add_option("--profile", rbac_options.profile, "profile that will be run")
      ->check(kPlayedProfiles);
  rbac_command->add_option("--name", rbac_options.name, "name of the ServiceAccount and of its role")
      ->capture_default_str();
  rbac_command->add_option("-n,--namespace", rbac_options.ns, "namespace of the ServiceAccount")
      ->capture_default_str();
  rbac_command->callback([&] { std::cout << rbac_text(rbac_options); });

  app.add_subcommand("images", "list every image that a run needs")->callback([&] { code = images(); });

  NewPromise new_promise_options;
  auto* new_command =
      app.add_subcommand("new", "create the files of a new workload, or of a new promise in the repository");
  new_command->require_subcommand(1);
  auto* new_promise_command = new_command->add_subcommand(
      "promise",
      "create its requirement, checker, test and wrong history, which fail until they are filled in");
  new_promise_command->add_option("name", new_promise_options.name, "for example pods-are-named")->required();
  new_promise_command
      ->add_option("--scenario", new_promise_options.scenario,
                   "scenario that records what the promise is judged on")
      ->capture_default_str();
  new_promise_command
      ->add_option("--room", new_promise_options.room, "folder of harness/check for the checker")
      ->capture_default_str();
  new_promise_command->add_option("--requirement", new_promise_options.requirement,
                                  "id of the requirement, for example ID-08 (default: the name)");
  new_promise_command->callback([&] { code = new_promise(new_promise_options); });

  NewWorkload new_workload_options;
  auto* new_workload_command =
      new_command->add_subcommand("workload", "create a manifest, a contract and a mutant to begin with");
  new_workload_command->add_option("name", new_workload_options.name, "for example etcd")->required();
  new_workload_command->add_option("--in", new_workload_options.folder, "folder that its own is made in")
      ->capture_default_str();
  new_workload_command->callback([&] { code = new_workload(new_workload_options); });

  WorkloadOptions checked;
  auto* workload_command = app.add_subcommand("workload", "look after workloads as files");
  workload_command->require_subcommand(1);
  const auto add_workload = [&](const char* name, const char* does, int (*command)(const WorkloadOptions&)) {
    auto* added = workload_command->add_subcommand(name, does);
    added->add_option("path", checked.path, "folder of the workload, or a file of manifests")->required();
    added->add_option("--statefulset", checked.set, "of several StatefulSets the one to judge");
    add_begin_options(added, checked.begin);
    added->callback([&code, &checked, command] { code = command(checked); });
    return added;
  };
  add_workload("check", "say whether a workload is well-formed and what can be judged, and play it once",
               check_workload)
      ->add_flag("--form-only", checked.form_only, "do not play it");
  add_workload("mutant", "play a workload with one of its mutants, and check that it is judged broken",
               mutate_workload)
      ->add_option("name", checked.mutant, "an overlay in its folder mutants")
      ->required();

  bool list_as_json = false;
  auto* list_command = app.add_subcommand("list", "list every scenario, promise, mutant and fault");
  list_command->add_flag("--json", list_as_json, "include labels, rights, durations and relations");
  list_command->callback([&] { std::cout << (list_as_json ? list_json().dump(1) + "\n" : list_text()); });

  std::string format = "md";
  auto* promises_command = app.add_subcommand("promises", "print the catalogue of promises");
  promises_command->add_option("--format", format)->check(CLI::IsMember({"md", "json"}));
  promises_command->callback([&] { code = promises(format); });

  std::string shell;
  auto* completion_command =
      app.add_subcommand("completion", "print a script that completes commands in a shell");
  completion_command->add_option("shell", shell, "of which shell")
      ->required()
      ->check(CLI::IsMember(std::vector<std::string>(kShells.begin(), kShells.end())));
  completion_command->callback([&] { std::cout << completion(command_tree(app, "stateproof"), shell); });

  app.add_subcommand("manual", "print the manual page, for example for man -l -")->callback([&] {
    std::cout << manual(command_tree(app, "stateproof"), STATEPROOF_VERSION);
  });

  ClusterOptions sweep_options;
  auto* sweep_command = app.add_subcommand("sweep", "delete what abandoned runs left in the cluster");
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
  keep_files_private();
  try {
    return run_command(argc, argv);
  } catch (const nlohmann::json::exception&) {
    return harness_error(
        "Unexpected input; check whether files of the run, or answers of the API server, were changed in "
        "transit.");
  } catch (const std::exception& error) {
    return harness_error(fmt::format("Unexpected error: {}; please report it.", error.what()));
  }
}
