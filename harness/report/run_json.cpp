#include "harness/report/run_json.h"

#include <fmt/format.h>

#include <array>
#include <stdexcept>
#include <utility>

namespace stateproof::report {
namespace {

using nlohmann::json;

template <class Enum, std::size_t size>
using Words = std::array<std::pair<Enum, std::string_view>, size>;

const Words<Outcome, 4> kOutcomes{{{Outcome::kNotApplicable, to_text(Outcome::kNotApplicable)},
                                   {Outcome::kConformant, to_text(Outcome::kConformant)},
                                   {Outcome::kInconclusive, to_text(Outcome::kInconclusive)},
                                   {Outcome::kNonconformant, to_text(Outcome::kNonconformant)}}};
constexpr Words<Level, 2> kLevels{{{Level::kBlocking, "blocking"}, {Level::kInforming, "informing"}}};
constexpr Words<ScenarioResult::Outcome, 3> kScenarioOutcomes{
    {{ScenarioResult::Outcome::kComplete, "complete"},
     {ScenarioResult::Outcome::kHarnessError, "harness error"},
     {ScenarioResult::Outcome::kInterrupted, "interrupted"}}};
const Words<Step::Phase, 4> kStepOutcomes{{{Step::Phase::kBegin, outcome_text(Step::Phase::kBegin)},
                                           {Step::Phase::kReached, outcome_text(Step::Phase::kReached)},
                                           {Step::Phase::kTimedOut, outcome_text(Step::Phase::kTimedOut)},
                                           {Step::Phase::kFailed, outcome_text(Step::Phase::kFailed)}}};

template <class Enum, std::size_t size>
std::string to_word(const Words<Enum, size>& words, Enum value) {
  for (const auto& [known, word] : words)
    if (known == value) return std::string{word};
  return {};
}

template <class Enum, std::size_t size>
Enum from_word(const Words<Enum, size>& words, const std::string& text) {
  for (const auto& [known, word] : words)
    if (word == text) return known;
  throw std::runtime_error(fmt::format("unknown word \"{}\"", text));
}

template <class T>
T get(const json& from, const char* key) {
  return from.value(key, T{});
}

std::string text(const json& from, const char* key) { return get<std::string>(from, key); }

template <class T, class Convert>
json list(const std::vector<T>& values, Convert convert) {
  json result = json::array();
  for (const T& value : values) result.push_back(convert(value));
  return result;
}

template <class T, class Convert>
std::vector<T> read_list(const json& from, const char* key, Convert convert) {
  std::vector<T> result;
  for (const json& value : get<json::array_t>(from, key)) result.push_back(convert(value));
  return result;
}

void demand_version(const json& from) {
  if (const int version = from.at("schema").get<int>(); version != kSchemaVersion)
    throw std::runtime_error(
        fmt::format("it has version {}, but this program reads version {}", version, kSchemaVersion));
}

json planned_promise_to_json(const PlannedPromise& promise) {
  return {{"id", promise.id},
          {"title", promise.title},
          {"group", promise.group},
          {"scenario", promise.scenario},
          {"requirements", promise.requirements},
          {"level", to_word(kLevels, promise.level)},
          {"file", promise.file},
          {"line", promise.line},
          {"type", promise.type},
          {"compares", promise.compares}};
}

PlannedPromise planned_promise_from_json(const json& from) {
  return {from.at("id"),
          text(from, "title"),
          text(from, "group"),
          text(from, "scenario"),
          get<std::vector<std::string>>(from, "requirements"),
          from_word(kLevels, from.at("level")),
          text(from, "file"),
          get<int>(from, "line"),
          text(from, "type"),
          text(from, "compares")};
}

json planned_scenario_to_json(const PlannedScenario& scenario) {
  return {{"name", scenario.name}, {"title", scenario.title}};
}

PlannedScenario planned_scenario_from_json(const json& from) {
  return {from.at("name"), text(from, "title")};
}

json step_to_json(const StepResult& step) {
  json result = {{"name", step.name},
                 {"text", step.text},
                 {"outcome", to_word(kStepOutcomes, step.outcome)},
                 {"seconds", step.seconds}};
  if (step.cluster_seconds) result["cluster_seconds"] = *step.cluster_seconds;
  return result;
}

StepResult step_from_json(const json& from) {
  StepResult step{from.at("name"),
                  text(from, "text"),
                  from_word(kStepOutcomes, from.at("outcome")),
                  get<double>(from, "seconds"),
                  {}};
  if (from.contains("cluster_seconds")) step.cluster_seconds = from.at("cluster_seconds").get<double>();
  return step;
}

json disruption_to_json(const DisturbedService& one) {
  return {{"name", one.disruption},
          {"begin_us", one.begin.count()},
          {"recovered_us", one.recovered.count()},
          {"write_gap", one.write_gap},
          {"availability", one.availability},
          {"recovery", one.recovery}};
}

DisturbedService disruption_from_json(const json& from) {
  return {from.at("name"),
          Elapsed{get<std::int64_t>(from, "begin_us")},
          Elapsed{get<std::int64_t>(from, "recovered_us")},
          get<double>(from, "write_gap"),
          get<double>(from, "availability"),
          get<double>(from, "recovery")};
}

json distribution_to_json(const Distribution& one) {
  return {{"name", one.name}, {"unit", one.unit}, {"count", one.count},     {"median", one.median},
          {"p95", one.p95},   {"p99", one.p99},   {"largest", one.largest}, {"beyond", one.beyond}};
}

Distribution distribution_from_json(const json& from) {
  return {from.at("name"),
          text(from, "unit"),
          get<std::size_t>(from, "count"),
          get<double>(from, "median"),
          get<double>(from, "p95"),
          get<double>(from, "p99"),
          get<double>(from, "largest"),
          get<std::size_t>(from, "beyond")};
}

json object_to_json(const ObjectRef& object) {
  return {{"kind", object.kind}, {"namespace", object.ns}, {"name", object.name}, {"uid", object.uid.value}};
}

ObjectRef object_from_json(const json& from) {
  return {text(from, "kind"), text(from, "namespace"), text(from, "name"), Uid{text(from, "uid")}};
}

json finding_to_json(const FindingResult& result) {
  return {{"object", object_to_json(result.finding.object)},
          {"expected", result.finding.expected},
          {"observed", result.finding.observed},
          {"evidence", result.finding.evidence},
          {"look_at", result.finding.look_at},
          {"when", result.when},
          {"timeline", result.excerpt}};
}

FindingResult finding_from_json(const json& from) {
  return {{object_from_json(from.at("object")), text(from, "expected"), text(from, "observed"),
           get<std::vector<std::size_t>>(from, "evidence"), text(from, "look_at")},
          get<std::vector<std::string>>(from, "timeline"),
          text(from, "when")};
}

json measurement_to_json(const Measurement& one) {
  return {{"name", one.name}, {"value", one.value}, {"unit", one.unit}, {"of", one.of}};
}

Measurement measurement_from_json(const json& from) {
  return {from.at("name"), from.at("value"), text(from, "unit"), text(from, "of")};
}

json requirement_to_json(const RequirementResult& one) {
  return {{"id", one.id},
          {"title", one.title},
          {"sentence", one.sentence},
          {"source", one.source},
          {"since", one.since},
          {"level", to_word(kLevels, one.level)},
          {"outcome", to_word(kOutcomes, one.outcome)},
          {"reason", one.reason},
          {"findings", list(one.findings, finding_to_json)},
          {"measurements", list(one.measurements, measurement_to_json)}};
}

RequirementResult requirement_from_json(const json& from) {
  return {from.at("id"),
          text(from, "title"),
          text(from, "sentence"),
          text(from, "source"),
          text(from, "since"),
          from_word(kLevels, from.at("level")),
          from_word(kOutcomes, from.at("outcome")),
          text(from, "reason"),
          read_list<FindingResult>(from, "findings", finding_from_json),
          read_list<Measurement>(from, "measurements", measurement_from_json)};
}

}  // namespace

json plan_to_json(const Plan& plan) {
  return {{"schema", kSchemaVersion},
          {"run", plan.run},
          {"profile", plan.profile},
          {"seed", plan.seed},
          {"started", format_rfc3339(plan.started)},
          {"promises", list(plan.promises, planned_promise_to_json)},
          {"scenarios", list(plan.scenarios, planned_scenario_to_json)},
          {"properties", plan.properties},
          {"attachment_root", plan.attachment_root}};
}

Plan plan_from_json(const json& from) {
  demand_version(from);
  return {from.at("run"),
          text(from, "profile"),
          parse_rfc3339(text(from, "started")).value_or(Timestamp{}),
          from.value("seed", std::uint32_t{1}),
          read_list<PlannedPromise>(from, "promises", planned_promise_from_json),
          read_list<PlannedScenario>(from, "scenarios", planned_scenario_from_json),
          get<std::map<std::string, std::string>>(from, "properties"),
          text(from, "attachment_root")};
}

json scenario_to_json(const ScenarioResult& scenario) {
  return {{"schema", kSchemaVersion},
          {"run", scenario.run},
          {"scenario", scenario.name},
          {"outcome", to_word(kScenarioOutcomes, scenario.outcome)},
          {"sentence", scenario.sentence},
          {"seconds", scenario.seconds},
          {"steps", list(scenario.steps, step_to_json)},
          {"disruptions", list(scenario.served.disruptions, disruption_to_json)},
          {"distributions", list(scenario.served.distributions, distribution_to_json)},
          {"bundle", scenario.bundle},
          {"left_behind", scenario.left_behind}};
}

ScenarioResult scenario_from_json(const json& from) {
  demand_version(from);
  return {from.at("run"),
          from.at("scenario"),
          from_word(kScenarioOutcomes, from.at("outcome")),
          text(from, "sentence"),
          get<double>(from, "seconds"),
          read_list<StepResult>(from, "steps", step_from_json),
          {read_list<DisturbedService>(from, "disruptions", disruption_from_json),
           read_list<Distribution>(from, "distributions", distribution_from_json)},
          text(from, "bundle"),
          get<std::vector<std::string>>(from, "left_behind")};
}

json verdict_to_json(const PromiseResult& verdict) {
  return {{"schema", kSchemaVersion},
          {"run", verdict.run},
          {"promise", verdict.id},
          {"title", verdict.title},
          {"group", verdict.group},
          {"scenario", verdict.scenario},
          {"file", verdict.file},
          {"line", verdict.line},
          {"outcome", to_word(kOutcomes, verdict.outcome)},
          {"seconds", verdict.seconds},
          {"requirements", list(verdict.requirements, requirement_to_json)},
          {"bundle", verdict.bundle},
          {"replay", verdict.replay}};
}

PromiseResult verdict_from_json(const json& from) {
  demand_version(from);
  return {from.at("run"),
          from.at("promise"),
          text(from, "title"),
          text(from, "group"),
          text(from, "scenario"),
          text(from, "file"),
          get<int>(from, "line"),
          from_word(kOutcomes, from.at("outcome")),
          get<double>(from, "seconds"),
          read_list<RequirementResult>(from, "requirements", requirement_from_json),
          text(from, "bundle"),
          text(from, "replay")};
}

}  // namespace stateproof::report
