#include "cli/gate.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <set>

#include "cli/evidence.h"
#include "cli/interrupt.h"
#include "cli/run.h"
#include "fixtures/recorder/recorder.h"
#include "harness/model/bounded_json.h"
#include "harness/model/steps.h"
#include "harness/record/jsonl.h"
#include "harness/record/recording_file.h"
#include "harness/report/failure_text.h"
#include "harness/report/whole_file.h"
#include "suites/catalogue.h"
#include "suites/gate/gate.h"

namespace stateproof::cli {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using namespace std::chrono_literals;

constexpr const char* kScenario = "upgrade";
// The recorder's node may be drained, and its pod waits for it.
constexpr auto kPatience = 300s;

gate::Site site_of(const ClusterOptions& cluster) {
  return cluster.ns.empty() ? gate::Site{} : gate::Site{cluster.ns};
}

/// A folder that goes with its owner.
class PassingFolder {
 public:
  PassingFolder() {
    std::string name = fs::temp_directory_path() / "stateproof-gate-XXXXXX";
    if (::mkdtemp(name.data()) != nullptr) path_ = name;
  }
  PassingFolder(const PassingFolder&) = delete;
  PassingFolder& operator=(const PassingFolder&) = delete;
  ~PassingFolder() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }
  [[nodiscard]] fs::path file(const char* name) const { return path_ / name; }

 private:
  fs::path path_;
};

/// Removes the gate and says what is left of it; an error when nothing was, or may be, removed.
tl::expected<bool, HarnessError> close_gate(const kube::Client& client, const gate::Site& site,
                                            const std::stop_token& stop) {
  const auto left =
      gate::close(client, site, [](const std::string& line) { std::cerr << line << "\n"; }, stop);
  if (!left) return tl::make_unexpected(left.error());
  tell_left_behind(*left);
  return left->empty();
}

void show(report::Progress* progress, const Step& step) {
  if (step.phase == Step::Phase::kBegin) progress->step_began(step.name(), step.text);
  if (step.phase != Step::Phase::kBegin) progress->step_ended(step.name(), step.phase, step.text);
}

// "There is none" is no state of the cluster to be quiet about.
tl::expected<kube::Client, HarnessError> client_of_gate(const GateOptions& options,
                                                        const Interrupt& interrupt) {
  auto client = connect(options.cluster, interrupt.hurry());
  if (!client) return client;
  const auto open = gate::is_open(client->until(interrupt.stop()), site_of(options.cluster));
  if (!open) return tl::make_unexpected(open.error());
  if (!*open)
    return tl::make_unexpected(HarnessError{
        fmt::format("There is no gate in namespace {} of this cluster; open one with stateproof gate begin.",
                    site_of(options.cluster).subject)});
  return client;
}

/// The newest state of each object of a type, by name.
template <class T>
std::map<std::string, const T*> newest(const Timeline& timeline) {
  std::map<std::string, const T*> objects;
  for (const Observation& seen : timeline)
    if (const T* object = seen.object<T>()) {
      if (seen.is_deletion()) objects.erase(object->meta.ref.name);
      if (!seen.is_deletion()) objects[object->meta.ref.name] = object;
    }
  return objects;
}

std::string stage_of_gate(const Timeline& timeline) {
  if (timeline.finish) return "over: " + timeline.finish->text;
  std::string stage = "being deployed";
  for (const Observation& seen : timeline) {
    const Step* step = seen.as<Step>();
    if (step == nullptr) continue;
    if (!step->is<steps::Upgrade>()) continue;
    stage = step->phase == Step::Phase::kBegin
                ? "open: upgrade the cluster, then run stateproof gate end"
                : "the upgrade is over; testing the sets that were created before it";
  }
  return stage;
}

void print_status(const Timeline& timeline) {
  std::cout << fmt::format("gate      {}\n", stage_of_gate(timeline));
  std::cout << fmt::format("began     {} on Kubernetes {}, run {}\n", format_rfc3339(timeline.header.started),
                           timeline.header.environment.value("server", "?"), timeline.header.run);
  for (const auto& [name, node] : newest<Node>(timeline))
    std::cout << fmt::format("node      {}  {}{}{}\n", name, node->kubelet, node->ready ? "" : "  not Ready",
                             node->unschedulable ? "  cordoned" : "");
  for (const auto& [name, set] : newest<StatefulSet>(timeline))
    std::cout << fmt::format("set       {}  {}/{} Ready\n", name, set->ready_pods.value, set->replicas.value);
  std::int64_t acknowledged = 0;
  Elapsed last{0};
  for (const Observation& seen : timeline)
    if (const auto* writes = seen.as<LedgerWrites>())
      for (std::size_t i = 0; i < writes->ended.size(); ++i)
        if (writes->ended[i] == static_cast<char>(WriteOutcome::kOk)) {
          ++acknowledged;
          last = std::max(last, writes->began[i]);
        }
  const Elapsed newest_entry = timeline.observations.empty() ? Elapsed{0} : timeline.observations.back().at;
  std::cout << fmt::format("writes    {} acknowledged, the last one {:.1f} s before the newest entry\n",
                           acknowledged, std::chrono::duration<double>(newest_entry - last).count());
  for (const Promise& promise : catalogue()) {
    if (promise.scenario != kScenario) continue;
    for (const RequirementVerdict& one : stateproof::judge(promise, timeline).requirements) {
      for (const Measurement& measured : one.verdict.measurements)
        if (measured.name.ends_with("gap") && measured.value >= 1)
          std::cout << fmt::format("measured  {} ({}): {:.1f} {}\n", measured.name, measured.of,
                                   measured.value, measured.unit);
      for (const Finding& finding : one.verdict.findings)
        std::cout << fmt::format("broken    {} {} {}: {}\n", one.requirement->id, finding.object.kind,
                                 finding.object.name, finding.observed);
    }
  }
}

}  // namespace

int gate_begin(const GateOptions& options) {
  const Interrupt interrupt;
  const auto prepared =
      prepare(options.cluster, scenarios::rights_of(*scenarios::find("upgrade")), interrupt);
  if (!prepared) return harness_error(prepared.error().sentence);
  const gate::Site site = site_of(options.cluster);
  const auto open = gate::is_open(prepared->client, site);
  if (!open) return harness_error(open.error().sentence);
  if (*open)
    return harness_error(fmt::format(
        "There is already a gate in namespace {}; end it with stateproof gate end or stateproof gate abort.",
        site.subject));
  gate::Request request;
  request.run = new_run_id();
  request.image = prepared->environment.image;
  request.environment = prepared->environment.to_json();
  request.terms = terms_of(options.cluster, prepared->environment);
  request.environment["budget"] = {{"gap", options.budget.gap},
                                   {"controlPlaneGap", options.budget.control_plane_gap},
                                   {"availability", options.budget.availability}};
  const ShownProgress shown("upgrade");
  request.tell = [&shown](const std::string& line) { shown.get()->tell(line); };
  shown.get()->step_began("recorder", "a recorder inside the cluster");
  const auto opened = gate::open(prepared->client, site, request, interrupt.stop());
  shown.get()->step_ended("recorder", opened ? Step::Phase::kReached : Step::Phase::kFailed,
                          opened ? "" : opened.error().sentence);
  if (!opened) return harness_error(opened.error().sentence);
  const PassingFolder folder;
  bool stands = false;
  const auto followed = gate::follow(
      prepared->client, site, folder.file("upgrade.jsonl"),
      [&](const Step& step) {
        stands = step.is<steps::Upgrade>();
        if (!stands) show(shown.get(), step);
        return stands;
      },
      kPatience, interrupt.stop());
  if (followed && stands) {
    std::cout << "The gate is open. Upgrade the cluster, then run: stateproof gate end\n";
    return ExitCode::kConformant;
  }
  std::string why = followed ? "The gate's workload did not become ready." : followed.error().sentence;
  if (const auto timeline = record::load_recording(folder.file("upgrade.jsonl"));
      timeline && timeline->finish && !timeline->finish->text.empty())
    why = timeline->finish->text;
  if (const auto closed = close_gate(prepared->client, site, interrupt.hurry()); !closed)
    why += " " + closed.error().sentence;
  return harness_error(why);
}

int gate_status(const GateOptions& options) {
  const Interrupt interrupt;
  const auto client = client_of_gate(options, interrupt);
  if (!client) return harness_error(client.error().sentence);
  const PassingFolder folder;
  const fs::path file = folder.file("upgrade.jsonl");
  if (auto copied = gate::copy(*client, site_of(options.cluster), file, interrupt.stop()); !copied)
    return harness_error(copied.error().sentence);
  const auto timeline = record::load_recording(file);
  if (!timeline) return harness_error(timeline.error().sentence);
  print_status(*timeline);
  return ExitCode::kConformant;
}

int gate_end(const GateOptions& options) {
  const Interrupt interrupt;
  const auto client = client_of_gate(options, interrupt);
  if (!client) return harness_error(client.error().sentence);
  const gate::Site site = site_of(options.cluster);
  const auto environment = probe_environment(client->until(interrupt.stop()), options.cluster,
                                             scenarios::rights_of(Profile::kUpgrade));
  if (!environment) return harness_error(environment.error().sentence);

  put_aside(options.out);
  report::Plan plan = plan_of(Profile::kUpgrade);
  plan.properties = environment->properties();
  plan.properties["type"] = "upgrade";
  const report::RunFolder folder(options.out, recording_reader());
  if (auto saved = folder.save_plan(plan); !saved) return harness_error(saved.error().sentence);
  if (auto marked = gate::mark_upgraded(*client, site); !marked)
    return harness_error(marked.error().sentence);

  const ShownProgress shown("upgrade");
  bool after = false;
  const fs::path recording = folder.recording_of(kScenario);
  const auto followed = gate::follow(
      *client, site, recording,
      [&](const Step& step) {
        if (after) show(shown.get(), step);
        after = after || (step.is<steps::Upgrade>() && step.phase != Step::Phase::kBegin);
        return false;
      },
      kPatience, interrupt.stop());
  if (!followed) return harness_error(followed.error().sentence + " Run stateproof gate end again.");
  const auto timeline = record::load_recording(recording);
  if (!timeline) return harness_error(timeline.error().sentence);

  // The run is the one that was begun.
  plan.run = timeline->header.run;
  plan.started = timeline->header.started;
  plan.properties["upgrade_from"] = timeline->header.environment.value("server", "");
  plan.properties["upgrade_to"] = environment->server_version;
  if (auto saved = folder.save_plan(plan); !saved) return harness_error(saved.error().sentence);
  const auto save = [&](const std::string& name, const scenarios::ScenarioEnd& end, const Timeline* played) {
    report::ScenarioResult result = scenario_result(plan.run, name, end);
    if (played != nullptr) {
      result.steps = report::steps_of(*played);
      result.served = served_of(*played);
    }
    return folder.save_scenario(result);
  };
  scenarios::ScenarioEnd end;
  if (auto saved = save(kPreflight, end, nullptr); !saved) return harness_error(saved.error().sentence);
  if (timeline->finish) {
    end.reason = timeline->finish->reason;
    end.sentence = timeline->finish->text;
  }
  if (!timeline->observations.empty())
    end.seconds = std::chrono::duration<double>(timeline->observations.back().at).count();
  if (auto saved = save(kScenario, end, &*timeline); !saved) return harness_error(saved.error().sentence);

  Timeline judged = *timeline;
  if (!judged.finish) judged.finish = End{end.reason, end.sentence, {}};
  gather_evidence(*client, {options.out,
                            kScenario,
                            {site.subject, site.home()},
                            std::move(judged),
                            shown.get(),
                            interrupt.hurry()});
  shown.get()->step_began(steps::Cleanup::name.text, "remove the gate");
  const auto closed = close_gate(*client, site, interrupt.hurry());
  shown.get()->step_ended(steps::Cleanup::name.text,
                          closed && *closed ? Step::Phase::kReached : Step::Phase::kTimedOut,
                          closed ? "" : closed.error().sentence);

  for (const report::PlannedScenario& planned : plan.scenarios) {
    const scenarios::Scenario* scenario = scenarios::find(planned.name);
    if (scenario == nullptr || planned.name == kScenario || interrupt.stop().stop_requested()) continue;
    const scenarios::ScenarioEnd played = scenarios::run(
        *scenario, {.client = *client,
                    .run = plan.run,
                    .recording = folder.recording_of(planned.name),
                    .ns = {},
                    .image = environment->image,
                    .environment = environment->to_json(),
                    .terms = terms_of(options.cluster, *environment),
                    .mutant = {},
                    .mutation = {},
                    .until = {},
                    .before_clean_up = evidence_gatherer(*client, folder.recording_of(planned.name),
                                                         shown.get(), interrupt.hurry()),
                    .progress = shown.get(),
                    .stop = interrupt.stop(),
                    .hurry = interrupt.hurry()});
    tell_left_behind(played.left_behind);
    const auto recorded = record::load_recording(folder.recording_of(planned.name));
    if (auto saved = save(planned.name, played, recorded ? &*recorded : nullptr); !saved)
      return harness_error(saved.error().sentence);
  }
  for (const report::PlannedScenario& planned : plan.scenarios) {
    const auto played = record::load_recording(folder.recording_of(planned.name));
    if (!played) continue;
    for (const Promise& promise : catalogue())
      if (promise.scenario == planned.name && has_place(promise.profile, Profile::kUpgrade))
        if (auto saved = folder.save_verdict(judge_one(promise, *played, options.out)); !saved)
          return harness_error(saved.error().sentence);
  }
  return report(options.out);
}

int gate_abort(const GateOptions& options) {
  const Interrupt interrupt;
  const auto client = connect(options.cluster, interrupt.stop());
  if (!client) return harness_error(client.error().sentence);
  const auto closed = close_gate(*client, site_of(options.cluster), interrupt.stop());
  if (!closed) return harness_error(closed.error().sentence);
  if (!*closed) return ExitCode::kInconclusive;
  std::cout << "The gate has been removed.\n";
  return ExitCode::kConformant;
}

int gate_record(const fs::path& folder) {
  const Interrupt interrupt;
  const fs::path recording = folder / fs::path(fixtures::RecorderPod::kRecording).filename();
  const auto is_over = [&] {
    const auto former = record::load_recording(recording);
    return former && former->finish;
  };
  if (!fs::exists(recording) || !is_over()) {
    const auto text = report::read_whole(folder / fs::path(fixtures::RecorderPod::kRequest).filename());
    const json asked = parse_bounded_json(text.value_or("")).value_or(json());
    if (!asked.is_object()) return harness_error("The recorder's request cannot be read.");
    const auto client = connect({}, interrupt.hurry());
    if (!client) return harness_error(client.error().sentence);
    const ShownProgress shown("upgrade");
    const scenarios::ScenarioEnd end =
        scenarios::run(*scenarios::find(kScenario),
                       {.client = *client,
                        .run = asked.value("run", ""),
                        .recording = recording,
                        .ns = asked.value("namespace", ""),
                        .image = asked.value("image", ""),
                        .environment = asked.value("environment", json::object()),
                        .terms = fixtures::Terms::from_json(asked.value("terms", json::object())),
                        .mutant = {},
                        .mutation = {},
                        .until = {},
                        .upgrade = gate::await_mark,
                        .adopts = true,
                        .progress = shown.get(),
                        .stop = interrupt.stop(),
                        .hurry = interrupt.hurry()});
    if (end.reason == End::Reason::kInterrupted) return ExitCode::kConformant;
    if (end.reason == End::Reason::kHarnessError) harness_error(end.sentence);
    // Whoever waits for the end must be told, even when the stage was never set.
    if (!is_over())
      if (auto reopened = record::RecordingFile::reopen(recording))
        reopened->append(record::end_line({end.reason, end.sentence, {}}));
  }
  // Nobody starts it over: it stays until the gate is closed.
  interrupt.await();
  return ExitCode::kConformant;
}

}  // namespace stateproof::cli
