#include "cli/run.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <random>

#include "cli/evidence.h"
#include "cli/interrupt.h"
#include "cli/recordings.h"
#include "harness/record/jsonl.h"
#include "harness/report/text.h"
#include "suites/catalogue.h"

namespace stateproof::cli {

namespace fs = std::filesystem;

namespace {

bool is_terminal(const char* path) {
  const int descriptor = ::open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
  const bool terminal = descriptor >= 0 && ::isatty(descriptor) != 0;
  if (descriptor >= 0) ::close(descriptor);
  return terminal;
}

}  // namespace

ShownProgress::ShownProgress(std::string of) {
  const char* path = std::getenv("STATEPROOF_PROGRESS");
  if (path != nullptr) file_.open(path, std::ios::app);
  report::ProgressStyle style;
  style.terminal = file_.is_open() ? is_terminal(path) : ::isatty(STDERR_FILENO) != 0;
  style.colour = style.terminal && std::getenv("NO_COLOR") == nullptr;
  style.unicode = style.terminal;
  if (file_.is_open()) style.of = std::move(of);
  progress_ = report::make_progress(file_.is_open() ? static_cast<std::ostream&>(file_) : std::cerr, style);
}

int harness_error(const std::string& sentence) {
  std::cerr << "stateproof: " << report::valid_text(sentence) << "\n";
  return ExitCode::kInconclusive;
}

int wrong_usage(const std::string& sentence) {
  harness_error(sentence);
  return ExitCode::kUsage;
}

Timestamp now() {
  return std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
}

std::string new_run_id() {
  std::string stamp = format_rfc3339(now());
  std::erase_if(stamp, [](char c) { return c == '-' || c == ':'; });
  stamp[8] = '-';
  return fmt::format("{}-{:04x}", stamp.substr(0, 15), std::random_device{}() & 0xFFFFU);
}

report::ReadRecording recording_reader() {
  return [](const fs::path& path) -> std::optional<Timeline> {
    auto timeline = record::load_recording(path);
    if (!timeline) return std::nullopt;
    return std::move(*timeline);
  };
}

namespace {

/// Moves a folder, or, where we stand in it, what is in it.
std::error_code move_folder(const fs::path& from, const fs::path& to) {
  std::error_code error;
  if (!fs::equivalent(from, fs::current_path(error), error)) {
    fs::rename(from, to, error);
    return error;
  }
  fs::create_directory(to, error);
  std::vector<fs::path> entries;
  for (const auto& entry : fs::directory_iterator(from, error)) entries.push_back(entry.path());
  for (const fs::path& entry : entries)
    if (!error) fs::rename(entry, to / entry.filename(), error);
  return error;
}

/// What a person may write as "out/" or ".", with the name that it has in its parent.
fs::path named_folder(const fs::path& out) {
  std::error_code ignored;
  const fs::path place = fs::absolute(out, ignored).lexically_normal();
  return place.has_filename() ? place : place.parent_path();
}

}  // namespace

void put_aside(const fs::path& out) {
  const auto former = report::load_run(out);
  if (!former) return;
  const fs::path place = named_folder(out);
  const fs::path kept = place.parent_path() / (place.filename().string() + "." + former->plan.run);
  if (const std::error_code error = move_folder(place, kept)) {
    std::cerr << fmt::format("The earlier run in {} cannot be moved aside ({}); it is overwritten.\n",
                             out.string(), error.message());
    return;
  }
  std::cerr << "The earlier run in " << out.string() << " was moved to " << kept.string() << "\n";
  const report::RunFolder folder(kept, recording_reader());
  for (const scenarios::Scenario& scenario : scenarios::all())
    if (const std::string name{scenario.name};
        scenario.salvage != nullptr && unfinished(folder.recording_of(name)))
      std::cerr << fmt::format(
          "It was killed in scenario {0}; continue it with stateproof run {0} --out {1}.\n", name,
          kept.string());
}

std::optional<Timeline> unfinished(const fs::path& recording) {
  std::error_code ignored;
  if (!fs::exists(recording, ignored)) return std::nullopt;
  auto timeline = record::load_recording(recording);
  if (!timeline || timeline->finish) return std::nullopt;
  return std::move(*timeline);
}

report::Plan plan_of(std::string_view profile) {
  report::Plan plan;
  plan.run = new_run_id();
  plan.profile = profile;
  plan.started = now();
  plan.scenarios = {{kPreflight, "the cluster can be reached and offers what is needed"}};
  return plan;
}

report::Plan plan_of(Profile profile) {
  report::Plan plan = plan_of(to_text(profile));
  for (const scenarios::Scenario& scenario : scenarios::all())
    if (has_place(scenario.profile, profile))
      plan.scenarios.push_back({std::string{scenario.name}, std::string{scenario.title}});
  for (const Promise& promise : catalogue())
    if (has_place(promise.profile, profile)) plan.promises.push_back(report::planned(promise));
  return plan;
}

int begin_plan(const BeginOptions& options, report::Plan& plan, const std::vector<scenarios::Right>& needed) {
  const Interrupt interrupt;
  put_aside(options.out);
  plan.attachment_root = options.attachment_root;
  plan.seed = options.seed.value_or(std::random_device{}());
  const report::RunFolder folder(options.out, recording_reader());
  if (auto saved = folder.save_plan(plan); !saved) return harness_error(saved.error().sentence);

  const auto began = std::chrono::steady_clock::now();
  const auto prepared = prepare(options.cluster, needed, interrupt);
  scenarios::ScenarioEnd end;
  end.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  if (prepared) {
    plan.properties = prepared->environment.properties();
    plan.properties["seed"] = std::to_string(plan.seed);
    if (auto saved = folder.save_plan(plan); !saved) return harness_error(saved.error().sentence);
    for (const auto& [name, value] : plan.properties) std::cerr << fmt::format("{:15} {}\n", name, value);
  } else {
    end.reason = End::Reason::kHarnessError;
    end.sentence = prepared.error().sentence;
  }
  if (auto saved = folder.save_scenario(scenario_result(plan.run, kPreflight, end)); !saved)
    return harness_error(saved.error().sentence);
  return prepared ? ExitCode::kConformant : harness_error(end.sentence);
}

report::ScenarioResult scenario_result(const std::string& run, const std::string& name,
                                       const scenarios::ScenarioEnd& end) {
  report::ScenarioResult result;
  result.run = run;
  result.name = name;
  result.sentence = end.sentence;
  result.seconds = end.seconds;
  result.left_behind = end.left_behind;
  switch (end.reason) {
    case End::Reason::kComplete:
      result.outcome = report::ScenarioResult::Outcome::kComplete;
      break;
    case End::Reason::kInterrupted:
      result.outcome = report::ScenarioResult::Outcome::kInterrupted;
      break;
    case End::Reason::kHarnessError:
      result.outcome = report::ScenarioResult::Outcome::kHarnessError;
      break;
  }
  return result;
}

int save_ended(const fs::path& out, const std::string& run, const std::string& name,
               const scenarios::ScenarioEnd& end) {
  const report::RunFolder folder(out, recording_reader());
  report::ScenarioResult result = scenario_result(run, name, end);
  if (const auto timeline = record::load_recording(folder.recording_of(name))) {
    result.steps = report::steps_of(*timeline);
    result.served = served_of(*timeline);
  }
  if (end.reason == End::Reason::kHarnessError) result.bundle = bundle_of(out, name);
  if (auto saved = folder.save_scenario(result); !saved) return harness_error(saved.error().sentence);
  tell_left_behind(end.left_behind);
  return end.reason == End::Reason::kComplete ? ExitCode::kConformant : harness_error(end.sentence);
}

tl::expected<void, HarnessError> judge_scenario(const std::string& scenario, Profile profile,
                                                const fs::path& out) {
  const report::RunFolder folder(out, recording_reader());
  const auto timeline = record::load_recording(folder.recording_of(scenario));
  if (!timeline) return tl::make_unexpected(HarnessError{timeline.error().sentence});
  for (const Promise& promise : catalogue()) {
    if (promise.scenario != scenario || !has_place(promise.profile, profile)) continue;
    if (auto saved = folder.save_verdict(judge_one(promise, *timeline, out)); !saved)
      return tl::make_unexpected(HarnessError{saved.error().sentence});
  }
  return {};
}

void add_cluster_arguments(std::vector<std::string>& arguments, const ClusterOptions& cluster) {
  const auto add = [&](const char* option, const std::string& value) {
    if (!value.empty()) arguments.insert(arguments.end(), {option, value});
  };
  add("--kubeconfig", cluster.kubeconfig);
  add("--context", cluster.context);
  add("--namespace", cluster.ns);
  add("--image", cluster.image);
  const fixtures::Terms& terms = cluster.terms;
  add("--storage-class", terms.storage_class);
  add("--image-pull-secret", terms.pull_secret);
  add("--cluster-domain", terms.cluster_domain);
  for (const std::string& label : terms.labels) add("--label", label);
  for (const std::string& label : terms.node_selector) add("--node-selector", label);
  for (const std::string& toleration : terms.tolerations) add("--toleration", toleration);
}

void tell_left_behind(const std::vector<std::string>& commands) {
  if (commands.empty()) return;
  std::cerr << "Some objects were left in the cluster; delete them with:\n";
  for (const std::string& command : commands) std::cerr << "  " << command << "\n";
}

std::string replay_of(const std::string& promise, const fs::path& folder) {
  return fmt::format("stateproof judge {} --promise {}", folder.string(), promise);
}

report::PromiseResult judge_one(const Promise& promise, const Timeline& timeline, const fs::path& folder) {
  const auto began = std::chrono::steady_clock::now();
  const PromiseVerdict verdict = stateproof::judge(promise, timeline);
  report::PromiseResult result =
      report::result_of(verdict, timeline, replay_of(std::string{promise.id}, folder));
  result.run = timeline.header.run;
  if (result.outcome >= Outcome::kInconclusive)
    result.bundle = bundle_of(run_folder_of(folder), timeline.header.scenario);
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  return result;
}

tl::expected<Prepared, HarnessError> prepare(const ClusterOptions& options,
                                             const std::vector<scenarios::Right>& needed,
                                             const Interrupt& interrupt) {
  auto client = connect(options, interrupt.hurry());
  if (!client) return tl::make_unexpected(client.error());
  auto environment = probe_environment(client->until(interrupt.stop()), options, needed);
  if (!environment) return tl::make_unexpected(environment.error());
  return Prepared{std::move(*client), std::move(*environment)};
}

scenarios::ScenarioRequest request_for(const Prepared& prepared, const ClusterOptions& cluster,
                                       const std::string& run, const fs::path& recording,
                                       report::Progress* progress, const Interrupt& interrupt) {
  return {.client = prepared.client,
          .run = run,
          .recording = recording,
          .ns = cluster.ns,
          .image = prepared.environment.image,
          .environment = prepared.environment.to_json(),
          .terms = terms_of(cluster, prepared.environment),
          .mutant = {},
          .mutation = {},
          .before_clean_up = evidence_gatherer(prepared.client, recording, progress, interrupt.hurry()),
          .progress = progress,
          .stop = interrupt.stop(),
          .hurry = interrupt.hurry()};
}

namespace {

/// Ends this process, without a word to anybody, when a step begins.
class Killer : public report::Progress {
 public:
  explicit Killer(StepName at) : at_(at) {}
  void step_began(std::string_view name, std::string_view) override {
    if (name == at_.text) ::kill(::getpid(), SIGKILL);
  }
  void note(std::string_view) override {}
  void step_ended(std::string_view, Step::Phase, std::string_view) override {}
  void tell(std::string_view) override {}

 private:
  const StepName at_;
};

tl::expected<Timeline, HarnessError> play(const Solo& solo, const ClusterOptions& cluster,
                                          report::Progress* progress);

// A process of its own, started before this one has any thread.
tl::expected<void, HarnessError> play_until_killed(const Solo& solo, const ClusterOptions& cluster) {
  const pid_t child = ::fork();
  if (child == 0) {
    Solo first = solo;
    first.killed_at.reset();
    Killer killer(*solo.killed_at);
    const auto played = play(first, cluster, &killer);
    if (!played) std::cerr << "stateproof: " << played.error().sentence << "\n";
    ::_exit(ExitCode::kInconclusive);
  }
  int status = 0;
  while (child > 0 && ::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (child > 0 && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) return {};
  return tl::make_unexpected(HarnessError{
      fmt::format("The process that should have been killed at step \"{}\" ended before that step.",
                  solo.killed_at->text)});
}

tl::expected<Timeline, HarnessError> play(const Solo& solo, const ClusterOptions& cluster,
                                          report::Progress* progress) {
  const Interrupt interrupt;
  const auto prepared = prepare(cluster, scenarios::rights_of(solo.scenario), interrupt);
  if (!prepared) return tl::make_unexpected(prepared.error());
  scenarios::ScenarioRequest request =
      request_for(*prepared, cluster, solo.run, solo.recording, progress, interrupt);
  request.mutant = solo.name;
  request.mutation = solo.mutation;
  request.only_disruption = solo.only_disruption;
  request.until = solo.until;
  request.upgrade = solo.upgrade;
  request.salvages = solo.killed_at.has_value();
  request.meanwhile = solo.meanwhile;
  const scenarios::ScenarioEnd end = scenarios::run(solo.scenario, request);
  tell_left_behind(end.left_behind);
  if (end.reason != End::Reason::kComplete) return tl::make_unexpected(HarnessError{end.sentence});
  auto timeline = record::load_recording(solo.recording);
  if (!timeline) return tl::make_unexpected(HarnessError{timeline.error().sentence});
  return std::move(*timeline);
}

}  // namespace

tl::expected<Timeline, HarnessError> play(const Solo& solo, const ClusterOptions& cluster) {
  if (solo.killed_at)
    if (auto killed = play_until_killed(solo, cluster); !killed) return tl::make_unexpected(killed.error());
  const ShownProgress shown(solo.name);
  return play(solo, cluster, shown.get());
}

}  // namespace stateproof::cli
