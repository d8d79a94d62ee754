#include "cli/workload.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <iostream>
#include <memory>
#include <optional>
#include <utility>

#include "cli/copied_set.h"
#include "cli/interrupt.h"
#include "cli/run.h"
#include "harness/diagnosis/diagnose.h"
#include "harness/diagnosis/observe.h"
#include "harness/kube/kubeconfig.h"
#include "harness/model/ability.h"
#include "harness/model/fields.h"
#include "harness/model/steps.h"
#include "harness/record/jsonl.h"
#include "harness/workload/sources.h"
#include "harness/workload/workload.h"
#include "suites/catalogue.h"
#include "suites/scenarios/engine/stage.h"
#include "suites/scenarios/plays/workload.h"
#include "suites/workload/promises.h"

namespace stateproof::cli {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using scenarios::Scenario;
using workload::Workload;

constexpr const char* kName = "workload";
/// First words of a mutant's overlay; the id of a requirement follows.
constexpr std::string_view kBreaks = "# breaks ";

tl::expected<std::vector<workload::SourceFile>, HarnessError> sources_of(const WorkloadOptions& options) {
  if (options.running.empty()) return workload::read_sources(options.path, std::cin);
  const Interrupt interrupt;
  const auto client = connect(options.begin.cluster, interrupt.stop());
  if (!client) return tl::make_unexpected(client.error());
  return copy_set(*client, options.running);
}

std::string name_of(const WorkloadOptions& options) {
  return options.running.empty() ? workload::name_of(options.path) : options.running;
}

tl::expected<Workload, HarnessError> read_workload(const WorkloadOptions& options) {
  auto sources = sources_of(options);
  if (!sources) return tl::make_unexpected(sources.error());
  if (!options.contract.empty()) {
    auto contract = workload::read_sources(options.contract, std::cin);
    if (!contract) return tl::make_unexpected(contract.error());
    for (workload::SourceFile& file : *contract) {
      if (fs::path(file.name).filename() != workload::kContractFile)
        return fail(fmt::format("{} must be called {}, by which a contract is known.", file.name,
                                workload::kContractFile));
      sources->push_back(std::move(file));
    }
  }
  return workload::assemble(name_of(options), *sources, {.set = options.set, .ns = options.begin.cluster.ns});
}

/// Lays the mutant over what is deployed; the yardstick stays as it is.
tl::expected<scenarios::Mutation, HarnessError> mutation_of(const WorkloadOptions& options,
                                                            const Workload& workload) {
  if (options.mutant.empty()) return scenarios::Mutation{};
  const auto overlay = workload::read_mutant(options.path, options.mutant);
  if (!overlay) return tl::make_unexpected(overlay.error());
  auto objects = workload.objects;
  if (auto laid = workload::lay_over(objects, *overlay); !laid) return tl::make_unexpected(laid.error());
  return scenarios::Mutation{
      [overlay = *overlay](std::vector<json>& deployed) { (void)workload::lay_over(deployed, overlay); }};
}

std::string image_of(const Workload& workload) { return fields::text(workload.container(), "image"); }

/// Where the recording stops short: a step that asked something of the cluster and was not reached.
bool fell_short(const Timeline& timeline) {
  for (auto seen = timeline.observations.rbegin(); seen != timeline.observations.rend(); ++seen)
    if (const Step* step = seen->as<Step>())
      return step->phase == Step::Phase::kTimedOut || step->phase == Step::Phase::kFailed;
  return false;
}

/// Asks the doctor what ails the set; empty when nothing does.
std::string diagnosis_of(const kube::Client& client, const std::string& ns, const std::string& set) {
  const auto snapshot = diagnosis::observe(client, {ns, set});
  if (!snapshot) return {};
  for (const diagnosis::Diagnosis& one : diagnosis::diagnose_all(*snapshot))
    for (const diagnosis::Finding& finding : one.findings) {
      if (finding.note) continue;
      return fmt::format("StatefulSet {} is stuck: {} ({}){}", set, finding.cause, finding.id,
                         finding.remedy.empty() ? "" : " " + finding.remedy.front().text);
    }
  return {};
}

/// Of two of which a set can have only one, nothing needs to be said when the other is judged.
bool is_the_other(const std::map<std::string, std::string>& left_out, std::string_view one) {
  using namespace ability;
  constexpr std::array<std::pair<std::string_view, std::string_view>, 3> pairs{
      {{kDeletedStay, kDeletedGo}, {kClaimsStay, kScaledGo}, {kRoll, kOnDelete}}};
  return std::any_of(pairs.begin(), pairs.end(), [&](const auto& pair) {
    const std::string_view other = pair.first == one ? pair.second : pair.second == one ? pair.first : "";
    return !other.empty() && !left_out.contains(std::string{other});
  });
}

std::string left_out_text(const std::map<std::string, std::string>& left_out) {
  std::map<std::string, std::vector<std::string>> abilities;  // by the reason
  for (const auto& [ability, why] : left_out)
    if (!is_the_other(left_out, ability)) abilities[why].push_back(ability);
  std::string text;
  for (const auto& [why, which] : abilities) text += fmt::format("  {}: {}\n", fmt::join(which, ", "), why);
  return text.empty() ? text : "Not judged on this workload, and why:\n" + text;
}

struct Played {
  int code = ExitCode::kInconclusive;
  std::string diagnosis;  ///< of a set that is stuck
};

/// Plays and judges it in the folder of a run that was planned there.
Played play(const WorkloadOptions& options, const Workload& workload, const scenarios::Mutation& mutation,
            report::Plan& plan) {
  const Interrupt interrupt;
  const fs::path& out = options.begin.out;
  const report::RunFolder folder(out, recording_reader());
  const Scenario scenario = scenarios::workload_scenario(workload);
  ClusterOptions cluster = options.begin.cluster;
  cluster.image = image_of(workload);
  const auto prepared = prepare(cluster, scenarios::rights_of(scenario), interrupt);
  scenarios::ScenarioEnd preflight;
  if (!prepared) preflight = {End::Reason::kHarnessError, prepared.error().sentence, {}, 0};
  if (prepared) plan.properties.merge(prepared->environment.properties());
  if (auto saved = folder.save_plan(plan); !saved) return {harness_error(saved.error().sentence), {}};
  if (auto saved = folder.save_scenario(scenario_result(plan.run, kPreflight, preflight)); !saved)
    return {harness_error(saved.error().sentence), {}};
  if (!prepared) return {harness_error(preflight.sentence), {}};

  const ShownProgress shown(kName);
  scenarios::ScenarioRequest request =
      request_for(*prepared, cluster, plan.run, folder.recording_of(kName), shown.get(), interrupt);
  request.environment[kName] = workload.name;
  request.mutant = options.mutant;
  request.mutation = mutation;
  Played played;
  request.before_clean_up = [&, gather = request.before_clean_up](const scenarios::Aftermath& after) {
    const auto timeline = record::load_recording(folder.recording_of(kName));
    const bool ill = timeline && fell_short(*timeline) && after.end.reason != End::Reason::kInterrupted;
    if (ill)
      played.diagnosis = diagnosis_of(prepared->client, timeline->subject().ns, timeline->subject().set);
    if (gather) gather(after);
  };
  scenarios::ScenarioEnd end = scenarios::run(scenario, request);
  // The doctor's word is the better one of two.
  if (end.reason == End::Reason::kHarnessError && !played.diagnosis.empty())
    end.sentence = std::exchange(played.diagnosis, {});
  played.code = save_ended(out, plan.run, kName, end);
  return played;
}

tl::expected<report::Plan, HarnessError> planned(const WorkloadOptions& options, const Workload& workload) {
  put_aside(options.begin.out);
  report::Plan plan = plan_of(Profile::kWorkload);
  plan.attachment_root = options.begin.attachment_root;
  plan.properties[kName] = workload.name;
  if (!options.mutant.empty()) plan.properties["deployed wrong on purpose"] = options.mutant;
  const report::RunFolder folder(options.begin.out, recording_reader());
  if (auto saved = folder.save_plan(plan); !saved) return fail(saved.error().sentence);
  return plan;
}

int run(const WorkloadOptions& options, const Workload& workload) {
  const auto mutation = mutation_of(options, workload);
  if (!mutation) return wrong_usage(mutation.error().sentence);
  for (const std::string& skipped : workload.skipped) std::cerr << skipped << "\n";
  auto plan = planned(options, workload);
  if (!plan) return harness_error(plan.error().sentence);
  const Played played = play(options, workload, *mutation, *plan);
  int code = played.code;
  if (code == ExitCode::kConformant)
    if (const auto judged = judge_scenario(kName, Profile::kWorkload, options.begin.out); !judged)
      code = harness_error(judged.error().sentence);
  code = std::max(code, report(options.begin.out));
  const report::RunFolder folder(options.begin.out, recording_reader());
  if (const auto timeline = record::load_recording(folder.recording_of(kName)))
    std::cout << left_out_text(left_out_in(*timeline));
  return played.diagnosis.empty() ? code : std::max(code, harness_error(played.diagnosis));
}

}  // namespace

int run_workload(const WorkloadOptions& options) {
  const auto workload = read_workload(options);
  return workload ? run(options, *workload) : wrong_usage(workload.error().sentence);
}

int check_workload(const WorkloadOptions& options) {
  const auto workload = read_workload(options);
  if (!workload) return wrong_usage(workload.error().sentence);
  for (const std::string& name : workload::mutants_of(options.path)) {
    WorkloadOptions mutated = options;
    mutated.mutant = name;
    if (const auto mutation = mutation_of(mutated, *workload); !mutation)
      return wrong_usage(mutation.error().sentence);
  }
  const Subject subject = workload::subject_of(*workload, "");
  std::cout << fmt::format(
      "Workload {} is well-formed: StatefulSet {} with {} replicas, container {} of image {}.\n",
      workload->name, subject.set, subject.replicas.value, subject.container, image_of(*workload));
  std::cout << left_out_text(scenarios::left_out_of(*workload));
  const auto config = kube::load_cluster_config(
      {.path = options.begin.cluster.kubeconfig, .context = options.begin.cluster.context});
  if (options.form_only || !config) {
    std::cout << "It was not played" << (options.form_only ? ".\n" : ": no cluster is configured.\n");
    return ExitCode::kConformant;
  }
  return run(options, *workload);
}

int mutate_workload(const WorkloadOptions& options) {
  const auto workload = read_workload(options);
  if (!workload) return wrong_usage(workload.error().sentence);
  const auto overlay = workload::read_mutant(options.path, options.mutant);
  if (!overlay) return wrong_usage(overlay.error().sentence);
  if (!overlay->text.starts_with(kBreaks))
    return wrong_usage(fmt::format("{}:1: its first line must say what it breaks, \"{}REC-01\" for example.",
                                   overlay->name, kBreaks));
  const std::string wanted = overlay->text.substr(
      kBreaks.size(), overlay->text.find_first_of(" \r\n:", kBreaks.size()) - kBreaks.size());
  const int code = run(options, *workload);
  if (code == ExitCode::kUsage) return code;
  const auto result = report::load_run(options.begin.out);
  if (!result) return harness_error(result.error().sentence);
  bool caught = false;
  for (const report::PromiseResult& promise : result->verdicts)
    for (const auto& requirement : promise.requirements)
      caught = caught || (requirement.id == wanted && requirement.outcome == Outcome::kNonconformant);
  std::cout << fmt::format("mutant {} of {}: {} by {}\n", options.mutant, workload->name,
                           caught ? "caught" : "NOT caught", wanted);
  return caught ? ExitCode::kConformant : ExitCode::kBroken;
}

}  // namespace stateproof::cli
