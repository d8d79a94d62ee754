#include "suites/gate/gate.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <condition_variable>
#include <fstream>
#include <mutex>

#include "fixtures/recorder/recorder.h"
#include "harness/kube/backoff.h"
#include "harness/kube/exec.h"
#include "harness/kube/watch.h"
#include "harness/lease/namespace_lease.h"
#include "harness/model/steps.h"
#include "harness/record/jsonl.h"
#include "harness/record/recorder.h"
#include "suites/gate/program.h"
#include "suites/scenarios/clients/dns_probe.h"
#include "suites/scenarios/engine/conditions.h"
#include "suites/scenarios/engine/stage.h"

namespace stateproof::gate {
namespace {

using fixtures::RecorderPod;
using nlohmann::json;
using record::Standing;
using record::View;
using record::Within;
using namespace std::chrono_literals;

constexpr const char* kUpgraded = "stateproof.dev/upgraded";
const Within kPodStarts{180s, "a volume, and an image that may have to be pulled"};
const Within kGone{180s, "graceful termination of all pods, then the namespace and volume controllers"};
const Within kUpgrade{720h, "the user's own upgrade"};

kube::PodRef recorder_pod(const Site& site) { return {site.home(), RecorderPod::kPod, {}}; }

/// A watch of what a condition wants to see, for as long as it takes.
class Lookout {
 public:
  Lookout(const kube::Client& client, const Site& site)
      : recorder_(header_of(site), std::nullopt), watcher_(client) {}

  void watch(const kube::Resource& resource, const std::string& ns, const std::string& selector = {}) {
    watcher_.start({.resource = resource,
                    .ns = ns,
                    .label_selector = selector,
                    .field_selector = {},
                    .sink = recorder_.sink(std::string{resource.plural})});
  }

  tl::expected<void, HarnessError> await(const record::Condition& condition, const Within& within,
                                         const std::stop_token& stop) {
    const record::Waited synced = recorder_.await_synced({30s, "the first lists"}, stop);
    if (synced.result != record::Waited::Result::kReached) return fail(synced.text);
    const record::Waited waited = recorder_.await(condition, within, stop);
    if (waited.result != record::Waited::Result::kReached) return fail(waited.text);
    return {};
  }

 private:
  static Header header_of(const Site& site) {
    Header header;
    header.subject.ns = site.subject;
    return header;
  }
  record::Recorder recorder_;
  kube::Watcher watcher_;  // after the recorder: its sinks must outlive it
};

tl::expected<void, HarnessError> write_file(const kube::Client& client, const Site& site,
                                            const std::string& path, const std::string& bytes,
                                            const std::stop_token& stop) {
  const auto written =
      kube::exec(client, {.pod = recorder_pod(site),
                          .command = {"sh", "-c", scenarios::install_command(bytes.size(), path)},
                          .input = bytes,
                          .input_is_bounded = true,
                          .limit = 180s,
                          .stop = stop});
  if (!written) return fail(written.error().sentence());
  if (written->exit_code != 0)
    return fail(fmt::format("{} cannot be copied into pod {}/{} ({}).", path, site.home(), RecorderPod::kPod,
                            written->err));
  return {};
}

tl::expected<void, HarnessError> install(const kube::Client& client, const Site& site, const Request& request,
                                         const std::stop_token& stop) {
  const auto program = running_program();
  if (!program) return tl::make_unexpected(program.error());
  for (const ProgramFile& file : *program) {
    const bool is_program = file.name == "stateproof";
    const std::string path = is_program ? std::string{RecorderPod::kProgram}
                                        : fmt::format("{}/{}", RecorderPod::kLibraries, file.name);
    if (auto written = write_file(client, site, path, file.bytes, stop); !written) return written;
  }
  const json asked{{"run", request.run},
                   {"namespace", site.subject},
                   {"image", request.image},
                   {"environment", request.environment},
                   {"terms", request.terms.to_json()}};
  if (auto written = write_file(client, site, RecorderPod::kRequest, asked.dump(), stop); !written)
    return written;
  // Another machine type, or a kernel that is too old, shows here and not in a pod that starts over and over.
  const auto started =
      kube::exec(client, {.pod = recorder_pod(site),
                          .command = {RecorderPod::kLoader, "--library-path", RecorderPod::kLibraries,
                                      RecorderPod::kProgram, "--version"},
                          .stop = stop});
  if (!started) return fail(started.error().sentence());
  if (started->exit_code != 0)
    return fail(
        fmt::format("This program does not run in the cluster ({}); the nodes must have the architecture "
                    "that it was built for.",
                    started->err));
  const auto released = kube::exec(
      client,
      {.pod = recorder_pod(site),
       .command = {"sh", "-c",
                   fmt::format("touch {} && echo go > {}", RecorderPod::kInstalled, RecorderPod::kReady)},
       .stop = stop});
  if (!released) return fail(released.error().sentence());
  return {};
}

tl::expected<void, HarnessError> create_recorder(const kube::Client& client, const Site& site,
                                                 const Request& request) {
  const auto home = client.get(kube::kNamespaces, "", site.home());
  if (!home) return fail(home.error().sentence());
  const std::string uid = home->at("metadata").at("uid");
  for (const json& object : fixtures::recorder_objects(request.image, site.home(), uid, site.subject)) {
    const std::string kind = object.at("kind");
    const kube::Resource* resource = kube::resource_of_kind(kind);
    if (resource == nullptr) return fail("The recorder's manifest contains an unknown kind: " + kind);
    const json& meta = object.at("metadata");
    if (auto created = client.create_object(*resource, meta.value("namespace", ""),
                                            fixtures::adapted(object, request.terms));
        !created)
      return fail(created.error().sentence());
  }
  return {};
}

}  // namespace

tl::expected<void, HarnessError> open(const kube::Client& client, const Site& site, const Request& request,
                                      const std::stop_token& stop) {
  lease::LeaseRequest wanted;
  wanted.run = request.run;
  wanted.name = site.subject;
  wanted.more = {"client"};
  wanted.stop = stop;
  wanted.tell = request.tell;
  auto lease = lease::NamespaceLease::take(client, wanted);
  if (!lease) return tl::make_unexpected(lease.error());
  const auto deployed = [&]() -> tl::expected<void, HarnessError> {
    if (auto kept = (*lease)->keep(); !kept) return kept;
    Lookout lookout(client, site);
    lookout.watch(kube::kPods, site.home());
    if (auto created = create_recorder(client, site, request); !created) return created;
    Subject subject;
    subject.ns = site.subject;
    if (auto running = lookout.await(scenarios::running(subject, {site.home() + "/" + RecorderPod::kPod}),
                                     kPodStarts, stop);
        !running)
      return running;
    return install(client, site, request, stop);
  }();
  if (!deployed) (*lease)->release();
  return deployed;
}

tl::expected<bool, HarnessError> is_open(const kube::Client& client, const Site& site) {
  const auto pod = client.get(kube::kStatefulSets, site.home(), RecorderPod::kName);
  if (pod) return true;
  if (pod.error().is_not_found()) return false;
  return fail(pod.error().sentence());
}

tl::expected<void, HarnessError> mark_upgraded(const kube::Client& client, const Site& site) {
  const auto marked = client.patch(kube::kNamespaces, "", site.subject, kube::PatchType::kMerge,
                                   {{"metadata", {{"annotations", {{kUpgraded, "true"}}}}}});
  if (!marked) return fail(marked.error().sentence());
  return {};
}

void await_mark(scenarios::Stage& stage) {
  const auto marked = [&stage](const View& view) {
    const auto ns = view.namespaces.find(stage.subject().ns);
    const bool over = ns != view.namespaces.end() && ns->second.annotations.contains(kUpgraded);
    return Standing{over, over ? "the upgrade is over" : "the upgrade is still in progress", {}};
  };
  // Whoever continues a recording is already in the middle of the step, and leaves it so when asked to stop.
  if (stage.former() == nullptr) stage.begin(steps::Upgrade{}, "the cluster is upgraded");
  const record::Waited waited = stage.recorder().await(marked, kUpgrade, stage.stop());
  stage.require(waited);
  stage.end(steps::Upgrade{}, Step::Phase::kReached, waited.text);
}

namespace {

/// Lines of the recording as they come, over as many connections as it takes.
class Follower {
 public:
  Follower(const std::filesystem::path& file, const std::function<bool(const Step&)>& enough)
      : file_(file, std::ios::binary | std::ios::trunc), enough_(enough) {}

  void on_line(const std::string& line) {
    file_ << line << '\n';
    file_.flush();
    const bool is_end = line.find("\"kind\":\"end\"") != std::string::npos;
    bool is_enough = false;
    if (line.find("\"kind\":\"step\"") != std::string::npos)
      if (const auto told = record::read_observation(line); told && told->as<Step>() != nullptr)
        is_enough = enough_(*told->as<Step>());
    const std::scoped_lock lock(mutex_);
    ++lines_;
    over_ = over_ || is_end || is_enough;
    if (over_) changed_.notify_all();
  }

  void on_end(const kube::Result<kube::ExecResult>& end) {
    const std::scoped_lock lock(mutex_);
    lost_ = true;
    if (!end) cause_ = end.error().sentence();
    changed_.notify_all();
  }

  /// One connection, until it is lost or no more is wanted. True: no more is wanted.
  bool run(const kube::Client& client, const Site& site, const std::stop_token& stop) {
    kube::ExecRequest request;
    request.pod = recorder_pod(site);
    request.command = {"tail", "-n", fmt::format("+{}", lines_ + 1), "-F", RecorderPod::kRecording};
    request.limit = 30s;
    request.max_output_bytes = 64U << 20U;
    lost_ = false;
    auto stream = kube::ExecStream::start(
        client, std::move(request),
        {.on_line = [this](const std::string& line) { on_line(line); },
         .on_end = [this](const kube::Result<kube::ExecResult>& end) { on_end(end); }});
    if (!stream) {
      cause_ = stream.error().sentence();
      return false;
    }
    const long before = lines_;
    std::unique_lock lock(mutex_);
    changed_.wait(lock, stop, [this] { return over_ || lost_; });
    advanced_ = lines_ > before;
    const bool over = over_;
    lock.unlock();
    return over;
  }

  [[nodiscard]] bool advanced() const { return advanced_; }
  [[nodiscard]] bool can_write() const { return static_cast<bool>(file_); }
  [[nodiscard]] const std::string& cause() const { return cause_; }

 private:
  std::ofstream file_;
  const std::function<bool(const Step&)>& enough_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  long lines_ = 0;
  bool over_ = false;
  bool lost_ = false;
  bool advanced_ = false;
  std::string cause_;
};

}  // namespace

tl::expected<void, HarnessError> follow(const kube::Client& client, const Site& site,
                                        const std::filesystem::path& file,
                                        const std::function<bool(const Step&)>& enough,
                                        std::chrono::seconds patience, const std::stop_token& stop) {
  std::error_code ignored;
  std::filesystem::create_directories(file.parent_path(), ignored);
  Follower follower(file, enough);
  kube::Backoff backoff(200ms, 5s);
  auto deadline = std::chrono::steady_clock::now() + patience;
  while (!follower.run(client, site, stop)) {
    if (stop.stop_requested()) return fail("Interrupted; the gate is still open.");
    if (!follower.can_write())
      return fail(fmt::format("{} cannot be written; choose another --out.", file.string()));
    if (follower.advanced()) deadline = std::chrono::steady_clock::now() + patience;
    if (std::chrono::steady_clock::now() > deadline)
      return fail(fmt::format("The recorder {}/{} cannot be reached ({}); see kubectl -n {} describe pod {}.",
                              site.home(), RecorderPod::kPod, follower.cause(), site.home(),
                              RecorderPod::kPod));
    kube::pause(backoff.next(), stop);
  }
  return {};
}

tl::expected<void, HarnessError> copy(const kube::Client& client, const Site& site,
                                      const std::filesystem::path& file, const std::stop_token& stop) {
  const auto copied = kube::exec(client, {.pod = recorder_pod(site),
                                          .command = {"cat", RecorderPod::kRecording},
                                          .limit = 120s,
                                          .max_output_bytes = 1U << 30U,
                                          .stop = stop});
  if (!copied) return fail(copied.error().sentence());
  if (copied->exit_code != 0) return fail("The gate has no recording yet; try again in a minute.");
  std::ofstream(file, std::ios::binary) << copied->out;
  return {};
}

tl::expected<std::vector<std::string>, HarnessError> close(const kube::Client& client, const Site& site,
                                                           const lease::Tell& tell,
                                                           const std::stop_token& stop) {
  std::vector<lease::Home> homes;
  for (const std::string& name : {site.subject, site.home()}) {
    const auto found = lease::find(client, name);
    if (!found) return tl::make_unexpected(found.error());
    if (!*found) continue;
    const bool going = lease::is_terminating((*found)->ns) && lease::has_our_label((*found)->ns);
    if (!going && !(*found)->objection.empty())
      return fail(
          fmt::format("Nothing proves that stateproof created namespace {} ({}), so it is left untouched; "
                      "pass the gate's --namespace.",
                      name, (*found)->objection));
    homes.push_back({name, lease::uid_of((*found)->ns)});
  }
  Lookout lookout(client, site);
  lookout.watch(kube::kNamespaces, "", lease::kManagedBy);
  lookout.watch(kube::kVolumes, "");
  std::vector<std::string> left;
  for (const lease::Home& home : homes) {
    tell("removing namespace " + home.name);
    if (const auto removed = lease::remove_namespace(client, home.name, home.uid); !removed)
      left.push_back("kubectl delete namespace " + home.name);
  }
  if (!left.empty()) return left;
  const auto gone = lookout.await(
      [&](const View& view) {
        for (const lease::Home& home : homes)
          if (const auto found = view.namespaces.find(home.name);
              found != view.namespaces.end() && found->second.ref.uid.value == home.uid)
            return Standing{false, "namespace " + home.name + " still exists", {}};
        return Standing{true, "gone", {}};
      },
      kGone, stop);
  if (!gone)
    for (const lease::Home& home : homes) left.push_back("kubectl delete namespace " + home.name);
  return left;
}

}  // namespace stateproof::gate
