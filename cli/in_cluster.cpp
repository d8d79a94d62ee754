#include "cli/in_cluster.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>
#include <iostream>
#include <mutex>
#include <optional>
#include <thread>

#include "cli/interrupt.h"
#include "cli/job_standing.h"
#include "cli/rbac.h"
#include "cli/run.h"
#include "fixtures/manifest/manifest_text.h"
#include "fixtures/runner/runner.h"
#include "fixtures/terms/pull_secret.h"
#include "harness/kube/backoff.h"
#include "harness/kube/exec.h"
#include "harness/kube/log_follow.h"
#include "harness/kube/watch.h"
#include "harness/lease/holder.h"
#include "harness/lease/namespace_lease.h"
#include "harness/lease/ownership.h"
#include "harness/lease/sweep.h"
#include "harness/model/fields.h"
#include "harness/model/object_name.h"
#include "harness/report/folder_stream.h"
#include "harness/report/text.h"
#include "harness/report/whole_file.h"

namespace stateproof::cli {
namespace {

namespace fs = std::filesystem;
using fixtures::RunnerPod;
using nlohmann::json;
using Stage = JobStanding::Stage;
using namespace std::chrono_literals;

constexpr const char* kEnforce = "pod-security.kubernetes.io/enforce";
constexpr auto kStarts = 300s;   // a node may have to come, and an image to be pulled
constexpr auto kAdmitted = 30s;  // admission looks up a ServiceAccount that was created just now
constexpr auto kEnds = 330s;     // the pod's grace period, in which the run removes what it created
constexpr auto kGone = 120s;     // the namespace controller empties it kind by kind
constexpr auto kFetched = 300s;  // the whole folder, over a slow line
constexpr int kFetches = 3;
constexpr std::size_t kMostBytes = 1U << 30U;  // a run leaves some tens of MiB

std::string namespace_of(const InClusterOptions& options) {
  const std::string& given = options.run.begin.cluster.ns;
  return given.empty() ? RbacOptions{}.ns : given;
}

bool explores(const InClusterOptions& options) { return options.run.begin.profile == "explore"; }

/// Many times what it takes, for a cluster may be slow.
std::chrono::seconds deadline_of(const InClusterOptions& options) {
  const double seconds = explores(options) ? options.minutes * 60 : seconds_of(options.run);
  return std::chrono::seconds{static_cast<std::int64_t>(seconds * 6)} + 30min;
}

/// The same run, as it is asked of the program in the cluster.
std::vector<std::string> arguments_of(const InClusterOptions& options, bool is_fetched) {
  const BeginOptions& begin = options.run.begin;
  const std::string ns = namespace_of(options);
  std::vector<std::string> arguments{"--profile",    begin.profile,
                                     "--out",        RunnerPod::kFolder,
                                     "--config-map", fmt::format("{}/{}", ns, RunnerPod::kSummary)};
  ClusterOptions cluster = begin.cluster;
  cluster.kubeconfig.clear();
  cluster.context.clear();
  cluster.ns.clear();
  if (const std::string secret = cluster.terms.pull_secret_name(); !secret.empty())
    cluster.terms.pull_secret = fmt::format("{}/{}", ns, secret);
  add_cluster_arguments(arguments, cluster);
  const auto add = [&](const char* option, const std::string& value) {
    arguments.insert(arguments.end(), {option, value});
  };
  if (begin.seed) add("--seed", std::to_string(*begin.seed));
  if (options.run.parallel > 0) add("--parallel", std::to_string(options.run.parallel));
  if (explores(options)) add("--minutes", fmt::format("{}", options.minutes));
  if (!begin.attachment_root.empty()) add("--attachment-root", begin.attachment_root);
  if (!options.schedule.empty()) arguments.insert(arguments.end(), {"--compare", "--keep", "30"});
  if (is_fetched) arguments.emplace_back("--fetched");
  return arguments;
}

enum class Fetching { kNobody, kUs };

std::vector<json> objects_of(const InClusterOptions& options, Fetching fetching) {
  const std::string ns = namespace_of(options);
  std::vector<json> objects = rbac_objects({.profile = options.run.begin.profile, .name = ns, .ns = ns});
  const fixtures::Terms& terms = options.run.begin.cluster.terms;
  for (json& object : objects)
    if (object.at("kind") == "Namespace") {
      object["metadata"]["labels"][kEnforce] = "restricted";
      for (const auto& [key, value] : fixtures::labels_of(terms.labels))
        object["metadata"]["labels"][key] = value;
    }
  fixtures::Runner runner;
  runner.ns = ns;
  runner.service_account = ns;
  runner.image = options.image;
  runner.arguments = arguments_of(options, fetching == Fetching::kUs);
  runner.deadline = deadline_of(options);
  runner.terms = terms;
  runner.schedule = options.schedule;
  runner.hands_over = fetching == Fetching::kUs;
  for (json& object : fixtures::runner_objects(runner)) objects.push_back(std::move(object));
  return objects;
}

/// What the watches tell of the Job, its pod, and the namespace.
class Lookout : public kube::WatchSink {
 public:
  Lookout(const kube::Client& client, const std::string& ns) : watcher_(client) {
    const auto watch = [&](const kube::Resource& resource, const std::string& selector,
                           const std::string& fields, const std::string& where) {
      watcher_.start({.resource = resource,
                      .ns = where,
                      .label_selector = selector,
                      .field_selector = fields,
                      .sink = this});
    };
    watch(kube::kPods, RunnerPod::kSelector, "", ns);
    watch(kube::kJobs, "", std::string{"metadata.name="} + RunnerPod::kJob, ns);
    watch(kube::kEvents, "", "involvedObject.kind=Job,reason=FailedCreate", ns);
    watch(kube::kNamespaces, "", "metadata.name=" + ns, "");
  }

  void on_event(const kube::Resource& resource, kube::WatchEvent event) override {
    const bool gone = event.type == kube::WatchEventType::kDeleted;
    const std::scoped_lock lock(mutex_);
    if (resource == kube::kNamespaces) namespace_is_gone_ = gone;
    if (resource == kube::kJobs) {
      job_is_gone_ = gone;
      seen_.job = std::move(event.object);
    } else if (resource == kube::kEvents && !gone) {
      seen_.refusal = fields::text(event.object, "message");
    } else if (resource == kube::kPods) {
      seen_.pod_is_gone = gone;
      seen_.pod = std::move(event.object);
    }
    changed_.notify_all();
  }
  void on_synced(const kube::Resource&) override {}
  void on_gap(const kube::Resource&, const kube::WatchGap&) override {}
  void on_trouble(const kube::Resource&, const kube::ApiError&) override {}
  void on_failed(const kube::Resource&, const kube::ApiError& error) override {
    const std::scoped_lock lock(mutex_);
    blind_ = error.sentence();
    changed_.notify_all();
  }

  /// Until `is_enough` says so of what was seen. False when that did not come to pass within the limit.
  template <class Enough>
  bool await(const Enough& is_enough, std::chrono::milliseconds limit, const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    const auto until = [&] { return !blind_.empty() || is_enough(seen_); };
    return changed_.wait_for(lock, stop, limit, until) && blind_.empty();
  }
  /// Which it is when its pod is: its deletion was asked for in the foreground.
  bool await_job_gone(const std::stop_token& stop) {
    return await([this](const SeenJob&) { return job_is_gone_; }, kEnds, stop);
  }
  bool await_namespace_gone(const std::stop_token& stop) {
    return await([this](const SeenJob&) { return namespace_is_gone_; }, kGone, stop);
  }

  [[nodiscard]] SeenJob seen() const {
    const std::scoped_lock lock(mutex_);
    return seen_;
  }
  /// Why nothing more is seen; empty while something is.
  [[nodiscard]] std::string blindness() const {
    const std::scoped_lock lock(mutex_);
    return blind_;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  SeenJob seen_;
  bool job_is_gone_ = false;
  bool namespace_is_gone_ = false;
  std::string blind_;
  kube::Watcher watcher_;  // after what its sink is made of
};

bool job_is_over(const SeenJob& seen) { return standing_of(seen).is_over(); }
bool job_has_begun(const SeenJob& seen) { return standing_of(seen).stage != Stage::kWaiting; }

/// The Job in its namespace, from its creation to its deletion.
class RunInCluster {
 public:
  RunInCluster(kube::Client client, const InClusterOptions& options, const Interrupt& interrupt)
      : client_(std::move(client)), options_(options), interrupt_(interrupt), ns_(namespace_of(options)) {}

  tl::expected<int, HarnessError> play() {
    if (auto created = create(); !created) return tl::make_unexpected(created.error());
    if (auto started = await_start(); !started) return tl::make_unexpected(started.error());
    const JobStanding ended = show_log();
    // Even when it was stopped or is lost: what it recorded may show why.
    const auto fetched = ended.stage == Stage::kEnded ? fetch() : tl::expected<void, HarnessError>{};
    if (interrupt_.stop().stop_requested()) return fail("Interrupted.");
    if (ended.stage != Stage::kEnded)
      return fail(ended.sentence.empty() ? lookout_->blindness() : ended.sentence);
    if (!fetched) return tl::make_unexpected(fetched.error());
    return ended.exit_code;
  }

  /// Deletes what was created, and says what is left.
  void clean_up() {
    progress_.get()->step_began("cleanup", "delete the Job, its rights and its namespace");
    std::vector<std::string> left;
    if (lookout_) end_job(left);
    for (auto one = created_.rbegin(); one != created_.rend(); ++one) remove(*one, left);
    if (lease_) {
      for (const lease::Remnant& remnant : lease_->release())
        if (remnant.ours) left.push_back("kubectl delete namespace " + remnant.ns);
      if (left.empty() && lookout_ && !lookout_->await_namespace_gone(interrupt_.hurry()))
        left.push_back("kubectl delete namespace " + ns_);
    }
    progress_.get()->step_ended("cleanup", left.empty() ? Step::Phase::kReached : Step::Phase::kTimedOut,
                                left.empty() ? "" : "not all of it");
    tell_left_behind(left);
  }

 private:
  /// Without a namespace of its own.
  struct Created {
    kube::Resource resource;
    std::string name;
    std::string uid;
  };

  tl::expected<void, HarnessError> create() {
    progress_.get()->step_began("job", fmt::format("create it in namespace {}", ns_));
    auto done = create_all();
    progress_.get()->step_ended("job", done ? Step::Phase::kReached : Step::Phase::kFailed, "");
    return done;
  }

  tl::expected<void, HarnessError> create_all() {
    const std::vector<json> objects = objects_of(options_, Fetching::kUs);
    if (auto taken = take_namespace(objects.front()); !taken) return taken;
    if (auto copied = copy_pull_secret(); !copied) return copied;
    for (const json& object : objects)
      if (object.at("kind") != "Namespace")
        if (auto created = create_one(object); !created) return created;
    return {};
  }

  tl::expected<void, HarnessError> take_namespace(const json& wanted) {
    lease::LeaseRequest request;
    request.run = new_run_id();
    request.name = ns_;
    request.labels = fields::texts(fields::member(wanted, "metadata"), "labels");
    request.spared = deadline_of(options_);
    request.stop = interrupt_.stop();
    request.tell = [this](const std::string& line) { progress_.get()->tell(line); };
    auto lease = lease::NamespaceLease::take(client_, request);
    if (!lease) return tl::make_unexpected(lease.error());
    lease_ = std::move(*lease);
    lookout_ = std::make_unique<Lookout>(client_, ns_);
    return {};
  }

  /// Nothing is created any more when the namespace is somebody else's by now.
  [[nodiscard]] kube::Client fenced() const {
    return client_.until(interrupt_.stop()).fenced([this] { return lease_->objection(); });
  }

  tl::expected<void, HarnessError> copy_pull_secret() {
    const std::string& wanted = options_.run.begin.cluster.terms.pull_secret;
    const auto source = parse_namespaced_name(wanted);
    if (!source) return {};
    const auto secret = client_.get(kube::kSecrets, source->first, source->second);
    if (!secret)
      return fail(fmt::format("The pull secret {} cannot be read: {}", wanted, secret.error().sentence()));
    const auto copied =
        fenced().create_object(kube::kSecrets, ns_, fixtures::copied_secret(*secret, source->second));
    if (!copied) return fail(copied.error().sentence());
    return {};
  }

  tl::expected<void, HarnessError> create_one(json object) {
    const std::string kind = object.at("kind");
    const kube::Resource* resource = kube::resource_of_kind(kind);
    if (resource == nullptr) return fail("The Job's manifest contains an unknown kind: " + kind);
    // What has no namespace goes with ours, should we not come to delete it.
    if (!resource->namespaced)
      object["metadata"]["ownerReferences"] = json::array({{{"apiVersion", "v1"},
                                                            {"kind", "Namespace"},
                                                            {"name", ns_},
                                                            {"uid", lease_->homes().front().uid}}});
    const auto created = fenced().create_object(*resource, resource->namespaced ? ns_ : "", object);
    if (!created) return fail(created.error().sentence());
    const std::string uid = fields::text(fields::member(*created, "metadata"), "uid");
    if (!resource->namespaced) created_.push_back({*resource, object.at("metadata").at("name"), uid});
    if (*resource == kube::kJobs) job_uid_ = uid;
    return {};
  }

  tl::expected<void, HarnessError> await_start() {
    progress_.get()->step_began("pod", "starts " + options_.image);
    // What is not admitted at once may be so soon, but a quota does not grow.
    lookout_->await([](const SeenJob& seen) { return !seen.pod.is_null() || !seen.refusal.empty(); }, kStarts,
                    interrupt_.stop());
    lookout_->await([](const SeenJob& seen) { return !seen.pod.is_null(); }, kAdmitted, interrupt_.stop());
    const bool begun =
        !lookout_->seen().pod.is_null() && lookout_->await(job_has_begun, kStarts, interrupt_.stop());
    const JobStanding standing = standing_of(lookout_->seen());
    const bool well = begun && standing.stage != Stage::kLost;
    progress_.get()->step_ended("pod", well ? Step::Phase::kReached : Step::Phase::kFailed, "");
    if (well) return {};
    if (interrupt_.stop().stop_requested()) return fail("Interrupted.");
    return fail(lookout_->blindness().empty() ? standing.sentence : lookout_->blindness());
  }

  /// Until the run has ended or is lost, or we are interrupted.
  JobStanding show_log() {
    std::stop_source ended;
    std::jthread teller([this, stop = ended.get_token()] { follow_log(stop); });
    while (!interrupt_.stop().stop_requested() && !lookout_->await(job_is_over, 1h, interrupt_.stop()) &&
           lookout_->blindness().empty()) {
    }
    const JobStanding standing = standing_of(lookout_->seen());
    if (standing.stage != Stage::kEnded) ended.request_stop();
    return standing;
  }

  /// To its end, over as many connections as it takes; of a container that has ended, over a few.
  void follow_log(const std::stop_token& stop) {
    if (!log_) log_.emplace(client_, container(RunnerPod::kRun));
    kube::Backoff backoff(200ms, 5s);
    std::string cause;
    for (int attempts_at_end = 0; attempts_at_end < kFetches && !stop.stop_requested();) {
      const bool ended = job_is_over(lookout_->seen());
      const auto followed =
          log_->follow([](std::string_view line) { std::cerr << report::valid_text(line) << "\n"; }, stop);
      if (followed && ended) return;
      if (!followed) cause = followed.error().sentence();
      attempts_at_end += ended ? 1 : 0;
      // A node that has just started the container may not have its log yet.
      kube::pause(backoff.next(), stop);
    }
    if (!stop.stop_requested() && !cause.empty())
      std::cerr << "The log of the run cannot be shown to its end: " << cause << "\n";
  }

  [[nodiscard]] kube::PodRef container(const char* name) const {
    return {ns_, fields::text(fields::member(lookout_->seen().pod, "metadata"), "name"), name};
  }

  tl::expected<void, HarnessError> fetch() {
    const fs::path& out = options_.run.begin.out;
    progress_.get()->step_began("results", "bring them to " + out.string());
    put_aside(out);
    auto fetched = fetch_folder();
    if (fetched) fetched = make_ours();
    progress_.get()->step_ended("results", fetched ? Step::Phase::kReached : Step::Phase::kFailed, "");
    return fetched;
  }

  tl::expected<void, HarnessError> fetch_folder() {
    kube::Backoff backoff(500ms, 5s);
    for (int attempt = 1;; ++attempt) {
      const auto sent = kube::exec(client_, {.pod = container(RunnerPod::kResults),
                                             .command = {"stateproof", "results", "send", RunnerPod::kFolder},
                                             .limit = kFetched,
                                             .max_output_bytes = kMostBytes,
                                             .stop = interrupt_.stop()});
      if (sent) return take_folder(*sent);
      if (attempt == kFetches || interrupt_.stop().stop_requested())
        return fail("The results cannot be fetched: " + sent.error().sentence());
      kube::pause(backoff.next(), interrupt_.stop());
    }
  }

  [[nodiscard]] tl::expected<void, HarnessError> take_folder(const kube::ExecResult& sent) const {
    if (sent.exit_code != 0)
      return fail("The results cannot be read in the pod: " + report::one_line(report::valid_text(sent.err)));
    report::FolderReader reader(options_.run.begin.out, {.bytes = kMostBytes});
    auto taken = reader.take(sent.out);
    if (taken) taken = reader.finish();
    if (!taken) return fail(taken.error().sentence);
    return {};
  }

  /// The commands in the results name the folder in the pod; the summary is in an object that goes.
  tl::expected<void, HarnessError> make_ours() {
    const fs::path& out = options_.run.begin.out;
    const report::RunFolder folder(out, recording_reader());
    const auto run = report::load_run(out);
    if (!run) return fail(run.error().sentence);
    for (report::PromiseResult verdict : run->verdicts) {
      if (verdict.replay != replay_of(verdict.id, RunnerPod::kFolder)) continue;
      verdict.replay = replay_of(verdict.id, out);
      if (auto saved = folder.save_verdict(verdict); !saved) return fail(saved.error().sentence);
    }
    const auto summary = client_.get(kube::kConfigMaps, ns_, RunnerPod::kSummary);
    if (!summary) return fail(summary.error().sentence());
    if (const auto error =
            report::write_whole(out / "summary.json", fields::member(*summary, "data").dump(1) + "\n"))
      return fail(
          fmt::format("{} cannot be written ({}).", (out / "summary.json").string(), error.message()));
    return {};
  }

  /// The pod first: while it ends it removes what the run has created, for which it needs its rights.
  void end_job(std::vector<std::string>& left) {
    if (job_uid_.empty()) return;
    const std::string pod = container("").name;
    const std::string command = fmt::format("kubectl -n {} delete job {}", ns_, RunnerPod::kJob);
    std::stop_source shown;
    std::jthread teller;
    if (standing_of(lookout_->seen()).stage == Stage::kRunning)
      teller = std::jthread([this, stop = shown.get_token()] { follow_log(stop); });
    const auto removed =
        client_.remove(kube::kJobs, ns_, RunnerPod::kJob,
                       {.propagation = kube::Propagation::kForeground, .precondition_uid = job_uid_});
    const bool asked = removed || removed.error().is_not_found() || removed.error().is_conflict();
    if (!asked || !lookout_->await_job_gone(interrupt_.hurry())) left.push_back(command);
    shown.request_stop();
    if (left.empty() && !pod.empty()) remove_of_run(pod, left);
  }

  /// What a run that was killed could not remove: its process was in that pod, which is gone.
  void remove_of_run(const std::string& pod, std::vector<std::string>& left) {
    const auto listed = client_.list(kube::kNamespaces, "", {.label_selector = lease::kManagedBy});
    if (!listed) return;
    for (const json& ns : listed->items) {
      const auto found = lease::examine(client_, ns);
      if (!found || !found->objection.empty() || lease::is_terminating(ns)) continue;
      const auto holder = lease::Holder::parse(lease::holder_of(found->lease));
      if (!holder || holder->host != pod) continue;
      if (!lease::remove_namespace(client_, lease::name_of(ns), lease::uid_of(ns)))
        left.push_back("kubectl delete namespace " + lease::name_of(ns));
    }
  }

  void remove(const Created& one, std::vector<std::string>& left) {
    const auto removed = client_.remove(one.resource, "", one.name, {.precondition_uid = one.uid});
    if (!removed && !removed.error().is_not_found() && !removed.error().is_conflict())
      left.push_back(fmt::format("kubectl delete {} {}", one.resource.kind, one.name));
  }

  kube::Client client_;
  const InClusterOptions& options_;
  const Interrupt& interrupt_;
  const std::string ns_;
  const ShownProgress progress_{"in-cluster"};
  std::unique_ptr<lease::NamespaceLease> lease_;
  std::unique_ptr<Lookout> lookout_;
  std::optional<kube::LogFollower> log_;  ///< of one thread at a time
  std::vector<Created> created_;
  std::string job_uid_;
};

}  // namespace

int in_cluster(const InClusterOptions& options) {
  const Interrupt interrupt;
  const auto client = connect(options.run.begin.cluster, interrupt.hurry());
  if (!client) return harness_error(client.error().sentence);
  RunInCluster runner(*client, options, interrupt);
  const auto ended = runner.play();
  runner.clean_up();
  if (!ended) return harness_error(ended.error().sentence);
  const int code = report(options.run.begin.out);
  if (*ended == ExitCode::kConformant || *ended == ExitCode::kBroken) return std::max(code, *ended);
  return *ended == ExitCode::kInconclusive
             ? ExitCode::kInconclusive
             : harness_error(
                   fmt::format("The run in the cluster ended with exit code {}; see its log above.", *ended));
}

std::string in_cluster_text(const InClusterOptions& options) {
  std::string text =
      fmt::format("# Stateproof in the cluster, profile {}: kubectl apply -f -\n", options.run.begin.profile);
  const auto secret = options.run.begin.cluster.terms.pull_secret_name();
  if (!secret.empty())
    text += fmt::format("# It needs the Secret {} in namespace {}.\n", secret, namespace_of(options));
  return text + fixtures::manifest_text(objects_of(options, Fetching::kNobody));
}

int keep_results() {
  Interrupt().await();
  return ExitCode::kConformant;
}

int send_results(const fs::path& folder) {
  const auto sent = report::write_folder(folder, [](std::string_view bytes) {
    std::cout << bytes;
    return static_cast<bool>(std::cout);
  });
  std::cout.flush();
  return sent ? ExitCode::kConformant : harness_error(sent.error().sentence);
}

}  // namespace stateproof::cli
