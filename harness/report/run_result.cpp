#include "harness/report/run_result.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "harness/report/text.h"
#include "harness/report/timeline_text.h"

namespace stateproof::report {
namespace {

/// A report shows paths as they stand in the repository, wherever it was built.
// A compiler cache that is shared between clones may have made the path relative to the build folder.
std::string in_repository(std::string_view file) {
  constexpr std::string_view root = STATEPROOF_SOURCE_DIR "/";
  constexpr std::string_view up = "../";
  if (file.starts_with(root)) file.remove_prefix(root.size());
  while (file.starts_with(up)) file.remove_prefix(up.size());
  return std::string{file};
}

Level level_of(const std::vector<Requirement>& requirements) {
  const bool blocks = std::any_of(requirements.begin(), requirements.end(),
                                  [](const Requirement& one) { return one.level == Level::kBlocking; });
  return blocks ? Level::kBlocking : Level::kInforming;
}

/// What the scenario was about when this entry came.
std::string step_at(const Timeline& timeline, std::size_t index) {
  const Step* last = nullptr;
  for (const Observation& seen : timeline) {
    if (seen.index > index) break;
    if (const Step* step = seen.as<Step>()) last = step;
  }
  if (last == nullptr) return {};
  return (last->phase == Step::Phase::kBegin ? ", in step " : ", after step ") + last->name();
}

/// Other people's logs have the time of day: this machine's, to the second.
std::string when(const Timeline& timeline, const Finding& finding) {
  const std::size_t index = finding.evidence.empty() ? 0 : finding.evidence.back();
  if (index < 1 || index > timeline.size()) return {};
  const Elapsed at = timeline.at_index(index).at;
  return fmt::format("{}, which is {}Z{}", moment_text(at),
                     format_rfc3339(timeline.header.started + at).substr(0, 19), step_at(timeline, index));
}

RequirementResult result_of(const RequirementVerdict& verdict, const Timeline& timeline) {
  const Requirement& requirement = *verdict.requirement;
  RequirementResult result{
      std::string{requirement.id},     std::string{requirement.title}, std::string{requirement.sentence},
      std::string{requirement.source}, std::string{requirement.since}, requirement.level,
      verdict.verdict.outcome,         verdict.verdict.reason,         {},
      verdict.verdict.measurements};
  for (const Finding& finding : verdict.verdict.findings)
    result.findings.push_back({finding, excerpt(timeline, finding), when(timeline, finding)});
  return result;
}

void close_step(std::vector<StepResult>& steps, const Step& step, double since_begin) {
  const auto open = std::find_if(steps.rbegin(), steps.rend(), [&step](const StepResult& one) {
    return one.name == step.name() && one.outcome == Step::Phase::kBegin;
  });
  if (open == steps.rend()) return;
  open->outcome = step.phase;
  open->seconds += since_begin;
  if (step.phase != Step::Phase::kReached && !step.text.empty()) open->text = step.text;
}

/// What the cluster does in the namespaces of one scenario. Volumes and namespaces are watched for the whole
/// cluster, so that other scenarios' are in the recording, too.
class OwnChanges {
 public:
  explicit OwnChanges(const Timeline& timeline) : namespaces_{timeline.subject().ns} {
    for (const Observation& seen : timeline)
      if (const ObjectSeen* change = seen.as<ObjectSeen>())
        if (const std::string& ns = meta_of(change->object).ref.ns; !ns.empty()) namespaces_.insert(ns);
  }

  [[nodiscard]] bool contain(const ObjectSeen& seen) const {
    if (seen.change == Change::kListed || seen.synthesized) return false;
    if (const auto* volume = std::get_if<Volume>(&seen.object)) return namespaces_.contains(volume->claim.ns);
    const ObjectRef& ref = meta_of(seen.object).ref;
    if (ref.kind == "Namespace") return namespaces_.contains(ref.name);
    return ref.kind != "Event" && !ref.ns.empty();
  }

 private:
  std::set<std::string> namespaces_;
};

/// The stretch from the first to the last change within a step.
class ChangesWithin {
 public:
  void add(double now) {
    if (!first_) first_ = now;
    last_ = now;
  }
  [[nodiscard]] std::optional<double> seconds() const {
    return first_ ? std::optional{last_ - *first_} : std::nullopt;
  }

 private:
  std::optional<double> first_;
  double last_ = 0;
};

std::string type_of(Profile profile) {
  return profile >= Profile::kDisruptive ? std::string{to_text(profile)} : "";
}

/// A reason alone may say "it": then the object that it is about comes first.
std::string named_reason(const RequirementResult& requirement) {
  if (requirement.findings.empty()) return requirement.reason;
  const ObjectRef& object = requirement.findings.front().finding.object;
  if (object.name.empty() || requirement.reason.find(object.name) != std::string::npos)
    return requirement.reason;
  return fmt::format("{} {}: {}", object.kind, object.name, requirement.reason);
}

/// The words of the requirements that made the promise's verdict what it is.
std::string sentence_of(const PromiseResult& result) {
  std::string text;
  for (const RequirementResult& one : result.requirements) {
    if (one.outcome != result.outcome || one.reason.empty()) continue;
    if (one.level == Level::kInforming && result.outcome >= Outcome::kInconclusive) continue;
    const std::string reason = named_reason(one);
    if (text.find(reason) != std::string::npos) continue;
    const bool named = result.outcome >= Outcome::kInconclusive;
    text += (text.empty() ? "" : "; ") + (named ? one.id + ": " : std::string{}) + reason;
  }
  return one_line(text);
}

std::string why_not_run(const RunResult& run, const std::string& scenario) {
  if (scenario.empty()) return "no verdict was saved";
  const ScenarioResult* result = run.scenario(scenario);
  if (result == nullptr) {
    const ScenarioResult* first = run.scenario("preflight");
    if (first != nullptr && first->outcome == ScenarioResult::Outcome::kHarnessError)
      return fmt::format("the cluster could not be used: {}", one_line(first->sentence));
    return fmt::format("scenario {} has not finished", scenario);
  }
  switch (result->outcome) {
    case ScenarioResult::Outcome::kComplete:
      return fmt::format("the recording of scenario {} was not judged", scenario);
    case ScenarioResult::Outcome::kInterrupted:
      return fmt::format("scenario {} was interrupted", scenario);
    case ScenarioResult::Outcome::kHarnessError:
      break;
  }
  return fmt::format("the harness failed in scenario {}: {}", scenario, one_line(result->sentence));
}

Standing standing_of(const RunResult& run, const PlannedPromise& plan) {
  if (const PromiseResult* result = run.verdict(plan.id))
    return {&plan, result, state_of(result->outcome), sentence_of(*result)};
  return {&plan, nullptr, Standing::State::kNotRun, why_not_run(run, plan.scenario)};
}

bool all_scenarios_complete(const RunResult& run) {
  return std::all_of(run.plan.scenarios.begin(), run.plan.scenarios.end(),
                     [&run](const PlannedScenario& one) { return run.scenario(one.name) != nullptr; }) &&
         std::all_of(run.scenarios.begin(), run.scenarios.end(), [](const ScenarioResult& one) {
           return one.outcome == ScenarioResult::Outcome::kComplete;
         });
}

}  // namespace

const std::string& group_of(const Standing& standing) {
  return standing.plan != nullptr ? standing.plan->group : standing.result->group;
}

Standing::State state_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::kNotApplicable:
      return Standing::State::kNotApplicable;
    case Outcome::kConformant:
      return Standing::State::kConformant;
    case Outcome::kInconclusive:
      return Standing::State::kInconclusive;
    case Outcome::kNonconformant:
      return Standing::State::kNonconformant;
  }
  return Standing::State::kInconclusive;
}

const ScenarioResult* RunResult::scenario(std::string_view name) const {
  const auto found =
      std::find_if(scenarios.begin(), scenarios.end(), [name](const auto& one) { return one.name == name; });
  return found == scenarios.end() ? nullptr : &*found;
}

const PromiseResult* RunResult::verdict(std::string_view promise) const {
  const auto found = std::find_if(verdicts.begin(), verdicts.end(),
                                  [promise](const auto& one) { return one.id == promise; });
  return found == verdicts.end() ? nullptr : &*found;
}

PlannedPromise planned(const Promise& promise) {
  PlannedPromise plan{std::string{promise.id},
                      std::string{promise.title},
                      std::string{promise.group},
                      std::string{promise.scenario},
                      {},
                      level_of(promise.requirements),
                      in_repository(promise.written.file_name()),
                      static_cast<int>(promise.written.line()),
                      type_of(promise.profile),
                      std::string{promise.compares}};
  for (const Requirement& one : promise.requirements) plan.requirements.emplace_back(one.id);
  return plan;
}

PromiseResult result_of(const PromiseVerdict& verdict, const Timeline& timeline, std::string replay) {
  PlannedPromise plan = planned(*verdict.promise);
  PromiseResult result;
  result.run = timeline.header.run;
  result.id = std::move(plan.id);
  result.title = std::move(plan.title);
  result.group = std::move(plan.group);
  result.scenario = std::move(plan.scenario);
  result.file = std::move(plan.file);
  result.line = plan.line;
  result.outcome = verdict.outcome;
  result.replay = std::move(replay);
  for (const RequirementVerdict& one : verdict.requirements)
    result.requirements.push_back(result_of(one, timeline));
  return result;
}

std::vector<StepResult> steps_of(const Timeline& timeline) {
  const OwnChanges own{timeline};
  std::vector<StepResult> steps;
  ChangesWithin changes;
  for (const Observation& seen : timeline) {
    const double now = in_seconds(seen.at);
    const auto* change = seen.as<ObjectSeen>();
    if (change != nullptr && !steps.empty() && steps.back().outcome == Step::Phase::kBegin &&
        own.contain(*change)) {
      changes.add(now);
      steps.back().cluster_seconds = changes.seconds();
    }
    const Step* step = seen.as<Step>();
    if (step == nullptr) continue;
    // Until its end is seen, `seconds` holds minus the begin.
    if (step->phase == Step::Phase::kBegin) {
      steps.push_back({step->name(), step->text, Step::Phase::kBegin, -now, {}});
      changes = {};
    } else {
      close_step(steps, *step, now);
    }
  }
  const double last = timeline.observations.empty() ? 0 : in_seconds(timeline.observations.back().at);
  for (StepResult& step : steps)
    if (step.outcome == Step::Phase::kBegin) step.seconds += last;
  return steps;
}

double cluster_seconds(const ScenarioResult& scenario) {
  double sum = 0;
  for (const StepResult& step : scenario.steps) sum += step.cluster_seconds.value_or(0);
  return sum;
}

Level level_of(const PromiseResult& result) {
  const bool blocks = std::any_of(result.requirements.begin(), result.requirements.end(),
                                  [](const RequirementResult& one) { return one.level == Level::kBlocking; });
  return blocks || result.requirements.empty() ? Level::kBlocking : Level::kInforming;
}

std::vector<Figure> figures_of(const std::vector<Measurement>& measurements) {
  std::map<std::string, std::vector<const Measurement*>> by_name;
  for (const Measurement& one : measurements) by_name[one.name].push_back(&one);
  std::vector<Figure> figures;
  for (auto& [name, same] : by_name) {
    if (const std::size_t comma = name.rfind(", ");
        comma != std::string::npos && by_name.contains(name.substr(0, comma)))
      continue;
    std::stable_sort(same.begin(), same.end(),
                     [](const auto* a, const auto* b) { return a->value < b->value; });
    const Measurement& largest = *same.back();
    figures.push_back(
        {name, same.size(), same[same.size() / 2]->value, largest.value, largest.unit, largest.of});
  }
  return figures;
}

std::string_view outcome_text(Step::Phase outcome) {
  switch (outcome) {
    case Step::Phase::kBegin:
      return "unfinished";
    case Step::Phase::kReached:
      return "reached";
    case Step::Phase::kTimedOut:
      return "timed out";
    case Step::Phase::kFailed:
      return "failed";
  }
  return "";
}

std::vector<Standing> standings(const RunResult& run) {
  std::vector<Standing> result;
  std::set<std::string> known;
  for (const PlannedPromise& plan : run.plan.promises) {
    result.push_back(standing_of(run, plan));
    known.insert(plan.id);
  }
  for (const PromiseResult& verdict : run.verdicts)
    if (!known.contains(verdict.id))
      result.push_back({nullptr, &verdict, state_of(verdict.outcome), sentence_of(verdict)});
  return result;
}

std::string_view word_of(Standing::State state) {
  switch (state) {
    case Standing::State::kConformant:
      return "kept";
    case Standing::State::kNotApplicable:
      return "not applicable";
    case Standing::State::kNotRun:
      return "not run";
    case Standing::State::kInconclusive:
      return "inconclusive";
    case Standing::State::kNonconformant:
      return "broken";
  }
  return "";
}

int exit_code(const RunResult& run) {
  const std::vector<Standing> all = standings(run);
  const auto has = [&all](Standing::State state) {
    return std::any_of(all.begin(), all.end(), [state](const Standing& one) { return one.state == state; });
  };
  if (has(Standing::State::kNonconformant)) return 1;
  const bool open = all.empty() || has(Standing::State::kInconclusive) || has(Standing::State::kNotRun);
  return open || !all_scenarios_complete(run) ? 2 : 0;
}

}  // namespace stateproof::report
