#include "suites/scenarios/engine/stage.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <utility>

#include "fixtures/terms/pull_secret.h"
#include "harness/kube/backoff.h"
#include "harness/kube/exec.h"
#include "harness/model/object_name.h"
#include "harness/model/steps.h"
#include "harness/report/text.h"
#include "suites/scenarios/engine/conditions.h"

namespace stateproof::scenarios {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

const record::Within kSync{30s, "nine lists in an almost empty namespace"};
const record::Within kNews{5s, "the API server sends at once what a watch has missed"};
const record::Within kFurnish{60s, "the ServiceAccount controller of a busy cluster"};
const record::Within kCleanUp{120s,
                              "graceful termination of all pods, then the namespace and volume controllers"};

const record::Within kControllerPass{
    60s, "one sync of the StatefulSet controller for a set that did not change, on a busy cluster"};

// Who starts a killed run again does it soon, or not at all.
constexpr auto kSpared = 600s;

const kube::Resource& resource_of(const json& object) {
  const std::string kind = object.at("kind");
  if (const kube::Resource* known = kube::resource_of_kind(kind)) return *known;
  throw HarnessTrouble("The fixture contains an object of kind " + kind +
                       ", which a scenario cannot create.");
}

Subject subject_of(const Scenario& scenario, const ScenarioRequest& request, const std::string& ns) {
  Subject subject = scenario.subject(ns);
  if (!request.terms.cluster_domain.empty()) subject.zone = request.terms.cluster_domain;
  return subject;
}

Header header_of(const Scenario& scenario, const ScenarioRequest& request, const Subject& subject) {
  Header header;
  header.scenario = scenario.name;
  header.run = request.run;
  header.started = std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
  header.mutant = request.mutant;
  header.subject = subject;
  header.environment = request.environment;
  return header;
}

record::RecordingFile create_file(const std::string& path) {
  auto file = record::RecordingFile::create(path);
  if (!file) throw HarnessTrouble(file.error().sentence);
  return std::move(*file);
}

record::RecordingFile reopen_file(const std::string& path) {
  auto file = record::RecordingFile::reopen(path);
  if (!file) throw HarnessTrouble(file.error().sentence);
  return std::move(*file);
}

// Of a recorder that was killed, or asked to stop, before its scenario was over.
std::optional<Timeline> former_recording(const ScenarioRequest& request) {
  if (!(request.adopts || request.salvages) || !std::filesystem::exists(request.recording))
    return std::nullopt;
  auto former = record::load_recording(request.recording);
  if (!former) throw HarnessTrouble(former.error().sentence);
  return std::move(*former);
}

// Scenarios of one run may play side by side: each has a namespace of its own.
lease::LeaseRequest names_for(const Scenario& scenario, const std::string& run, const std::string& ns) {
  lease::LeaseRequest lease;
  lease.run = run;
  lease.name = ns;
  if (scenario.name != all().front().name && !(scenario.bears_given_name && !ns.empty()))
    lease.name = fmt::format("{}-{}", lease::namespaces_of(lease).front(), scenario.name);
  if (scenario.has_client_namespace) lease.more = {"client"};
  return lease;
}

}  // namespace

std::vector<std::string> namespaces_of(const Scenario& scenario, const std::string& run,
                                       const std::string& ns) {
  return lease::namespaces_of(names_for(scenario, run, ns));
}

lease::LeaseRequest lease_request(const Scenario& scenario, const ScenarioRequest& request) {
  lease::LeaseRequest lease = names_for(scenario, request.run, request.ns);
  // Side by side with others or not: who adopts a namespace has its name.
  if (request.adopts) lease.name = request.ns;
  lease.labels = fixtures::labels_of(request.terms.labels);
  lease.stop = request.stop;
  if (scenario.salvage != nullptr) lease.spared = kSpared;
  return lease;
}

/// Sees at once when a namespace that the stage stands in is deleted by somebody else, or replaced.
class Stage::NamespaceGuard : public kube::WatchSink {
 public:
  NamespaceGuard(Stage& stage, kube::WatchSink& recorded) : stage_(stage), recorded_(recorded) {
    if (stage.lease_)
      for (const lease::Home& home : stage.lease_->homes()) homes_[home.name] = home.uid;
  }

  void stand_down() { standing_ = false; }

  void on_event(const kube::Resource& resource, kube::WatchEvent event) override {
    const std::string why = standing_ ? objection(event) : std::string{};
    recorded_.on_event(resource, std::move(event));
    if (!why.empty()) stage_.lose(why);
  }
  void on_synced(const kube::Resource& resource) override { recorded_.on_synced(resource); }
  void on_gap(const kube::Resource& resource, const kube::WatchGap& gap) override {
    recorded_.on_gap(resource, gap);
  }
  void on_trouble(const kube::Resource& resource, const kube::ApiError& error) override {
    recorded_.on_trouble(resource, error);
  }
  void on_failed(const kube::Resource& resource, const kube::ApiError& error) override {
    recorded_.on_failed(resource, error);
  }

 private:
  std::string objection(const kube::WatchEvent& event) {
    const std::string name = lease::name_of(event.object);
    const bool wanted =
        std::find(stage_.namespaces_.begin(), stage_.namespaces_.end(), name) != stage_.namespaces_.end();
    if (!wanted) return {};
    const std::string uid = lease::uid_of(event.object);
    // Whoever adopts namespaces takes them as they are.
    const std::string& ours = homes_.try_emplace(name, uid).first->second;
    const bool deleted = event.type == kube::WatchEventType::kDeleted || lease::is_terminating(event.object);
    if (uid == ours && !deleted) return {};
    if (uid != ours && deleted) return {};  // the last word on a predecessor
    return fmt::format(
        "Namespace {} was {} by somebody else while the scenario \"{}\" used it; run it again.", name,
        deleted ? "deleted" : "replaced", stage_.scenario_.name);
  }

  Stage& stage_;
  kube::WatchSink& recorded_;
  std::map<std::string, std::string> homes_;  ///< UIDs by name
  std::atomic<bool> standing_ = true;
};

Stage::Stage(const Scenario& scenario, const ScenarioRequest& request)
    : scenario_(scenario),
      request_(request),
      client_(request.client.fenced([this] { return objection(); })),
      subject_(subject_of(scenario, request, lease::namespaces_of(lease_request(scenario, request)).front())),
      namespaces_(lease::namespaces_of(lease_request(scenario, request))),
      former_(former_recording(request)),
      recorder_(
          former_ ? record::Recorder(*former_, reopen_file(request.recording))
                  : record::Recorder(header_of(scenario, request, subject_), create_file(request.recording))),
      watcher_(request.client),
      on_user_stop_(request.stop, [this] { stopping_.request_stop(); }) {}

Stage::~Stage() = default;

std::string Stage::loss() const {
  const std::scoped_lock lock(mutex_);
  return loss_;
}

void Stage::lose(const std::string& why) {
  {
    const std::scoped_lock lock(mutex_);
    if (!loss_.empty()) return;
    loss_ = why;
  }
  recorder_.add(Trouble{why});
  stopping_.request_stop();
}

std::optional<std::string> Stage::objection() const {
  if (std::string why = loss(); !why.empty()) return why;
  return lease_ ? lease_->objection() : std::nullopt;
}

void Stage::tell(const std::string& text) {
  recorder_.add(Trouble{text});
  if (request_.progress != nullptr) request_.progress->tell(text);
}

void Stage::take_namespaces() {
  lease::LeaseRequest wanted = lease_request(scenario_, request_);
  wanted.tell = [this](const std::string& text) { tell(text); };
  wanted.lost = [this](const std::string& why) { lose(why); };
  auto lease = request_.salvages ? lease::NamespaceLease::take_up(request_.client, wanted)
                                 : lease::NamespaceLease::take(request_.client, wanted);
  if (!lease) throw HarnessTrouble(lease.error().sentence);
  lease_ = std::move(*lease);
  copy_pull_secret();
}

// Pods may name a Secret of their own namespace only.
void Stage::copy_pull_secret() {
  const std::string& wanted = request_.terms.pull_secret;
  const auto source = parse_namespaced_name(wanted);
  if (!source) return;
  const auto& [home, name] = *source;
  const auto secret = client().get(kube::kSecrets, home, name);
  if (!secret)
    throw HarnessTrouble(
        fmt::format("The pull secret {} cannot be read: {}", wanted, secret.error().sentence()));
  for (const std::string& ns : namespaces_)
    create(kube::kSecrets, ns, fixtures::copied_secret(*secret, name));
}

void Stage::open() {
  if (!request_.adopts) take_namespaces();
  const std::string& ns = subject_.ns;
  for (const kube::Resource& resource : {kube::kPods, kube::kStatefulSets, kube::kClaims, kube::kServices,
                                         kube::kEndpointSlices, kube::kEvents})
    watch(resource, ns);
  for (const kube::Resource& resource : scenario_.also_watches) watch(resource, ns);
  watch(kube::kVolumes, "");
  if (scenario_.has_client_namespace) watch(kube::kPods, client_namespace());
  for (const std::string& name : namespaces_) watch(kube::kServiceAccounts, name);
  guard_ = std::make_unique<NamespaceGuard>(*this, *recorder_.sink("namespaces of the cluster"));
  watcher_.start({.resource = kube::kNamespaces,
                  .ns = {},
                  .label_selector = lease::kManagedBy,
                  .field_selector = {},
                  .sink = guard_.get()});
  for (const kube::Resource& resource : scenario_.also_watches_cluster) watch(resource, "");
  require(recorder_.await_synced(kSync, stop_));
  recorder_.tell_vanished();
  require(recorder_.await([this](const record::View& view) { return furnished(view); }, kFurnish, stop_));
}

// Pods are refused until the controller manager has given their namespace its ServiceAccount.
record::Standing Stage::furnished(const record::View& view) const {
  for (const std::string& name : namespaces_)
    if (!view.service_accounts.contains(name + "/default"))
      return {
          false,
          fmt::format("namespace {} has no ServiceAccount default; look at kube-controller-manager", name),
          {}};
  return {true, {}, {}};
}

void Stage::require(const record::Waited& waited) const {
  if (waited.result == record::Waited::Result::kStopped) throw Interrupted();
  if (waited.result != record::Waited::Result::kReached) throw HarnessTrouble(waited.text);
}

void Stage::watch(const kube::Resource& resource, const std::string& ns, const std::string& label_selector) {
  watcher_.start(
      {.resource = resource,
       .ns = ns,
       .label_selector = label_selector,
       .field_selector = {},
       .sink = recorder_.sink(fmt::format("{} of {}", resource.plural, ns.empty() ? "the cluster" : ns))});
}

json Stage::create(const kube::Resource& resource, const std::string& ns, const json& object) {
  auto created = client().create_object(resource, ns, fixtures::adapted(object, request_.terms));
  if (!created) throw HarnessTrouble(created.error().sentence());
  return std::move(*created);
}

void Stage::create(const std::vector<json>& objects) {
  for (const json& object : objects) create(resource_of(object), subject_.ns, object);
}

json Stage::patch(const kube::Resource& resource, const std::string& name, const json& merge) {
  auto patched = client().patch(resource, subject_.ns, name, kube::PatchType::kMerge, merge);
  if (!patched) throw HarnessTrouble(patched.error().sentence());
  return std::move(*patched);
}

Answer Stage::ask(const kube::Resource& resource, const std::string& name, const json& merge) {
  const auto patched = client().patch(resource, subject_.ns, name, kube::PatchType::kMerge, merge);
  if (patched) return {.code = 200};
  const kube::ApiError& refusal = patched.error();
  const bool refused = refusal.http_status == 403 || refusal.http_status == 422;
  if (refusal.kind != kube::ApiError::Kind::kStatus || !refused) throw HarnessTrouble(refusal.sentence());
  return {refusal.http_status, refusal.message};
}

json Stage::scale(const Subject& set, int replicas) {
  auto scaled = client().scale(kube::kStatefulSets, set.ns, set.set, replicas);
  if (!scaled) throw HarnessTrouble(scaled.error().sentence());
  return std::move(*scaled);
}

json Stage::read_scale() const {
  auto scale = client().get_scale(kube::kStatefulSets, subject_.ns, subject_.set);
  if (!scale) throw HarnessTrouble(scale.error().sentence());
  return std::move(*scale);
}

void Stage::remove(const kube::Resource& resource, const std::string& name, const kube::DeleteOptions& how) {
  const auto removed = client().remove(resource, subject_.ns, name, how);
  if (!removed && !removed.error().is_not_found() && !removed.error().is_conflict())
    throw HarnessTrouble(removed.error().sentence());
}

ObjectRef Stage::pod_now(const std::string& name) const {
  return recorder_.look([&](const record::View& view) {
    const auto pod = view.pods.find(name);
    return pod == view.pods.end() ? ObjectRef{"Pod", subject_.ns, name, {}} : pod->second.meta.ref;
  });
}

Uid Stage::delete_pod(const std::string& name) {
  const ObjectRef target = pod_now(name);
  recorder_.add(FaultMark{"DeletePod", FaultMark::Phase::kInject, target});
  kube::DeleteOptions only_this_one;
  only_this_one.precondition_uid = target.uid.value;
  remove(kube::kPods, name, only_this_one);
  return target.uid;
}

Answer Stage::evict(Ordinal ordinal) {
  const std::string name = subject_.pod_name(ordinal);
  recorder_.add(FaultMark{"EvictPod", FaultMark::Phase::kInject, pod_now(name)});
  const auto evicted = client().evict(subject_.ns, name);
  if (evicted) return {.code = 201};
  if (evicted.error().http_status != 429) throw HarnessTrouble(evicted.error().sentence());
  return {429, evicted.error().message};
}

std::string Stage::exec(Ordinal ordinal, const std::vector<std::string>& command) {
  return exec(subject_.pod_name(ordinal), command);
}

std::string Stage::exec(const std::string& pod, const std::vector<std::string>& command) {
  const auto done = kube::exec(
      client(), {.pod = {subject_.ns, pod, subject_.container}, .command = command, .stop = stop_});
  if (!done) throw HarnessTrouble(done.error().sentence());
  if (done->exit_code != 0)
    throw HarnessTrouble(fmt::format("{} in pod {} ended with exit code {}: {}", fmt::join(command, " "), pod,
                                     done->exit_code, done->err));
  return done->out;
}

std::vector<json> Stage::mutated(std::vector<json> objects) const {
  if (request_.mutation) request_.mutation(objects);
  return objects;
}

void Stage::hold_still(const Task& task) {
  const int limit = recorder_.look([this](const record::View& view) {
    const auto set = view.sets.find(subject_.set);
    return set == view.sets.end() ? StatefulSet{}.revision_history_limit : set->second.revision_history_limit;
  });
  for (const int passing : {limit + 1, limit}) {
    const json patched =
        patch(kube::kStatefulSets, subject_.set, {{"spec", {{"revisionHistoryLimit", passing}}}});
    const auto generation = patched.at("metadata").at("generation").get<std::int64_t>();
    const record::Waited waited = await_heard(worked_through(subject_, generation), kControllerPass);
    if (waited.result == record::Waited::Result::kTimedOut) {
      end(task, Step::Phase::kTimedOut, waited.text);
      throw Curtain{};
    }
    require(waited);
  }
  end(task, Step::Phase::kReached, "the controller has synced the set twice");
}

void Stage::pause(std::chrono::milliseconds duration) const {
  std::mutex mutex;
  std::condition_variable_any wake;
  std::unique_lock lock(mutex);
  wake.wait_for(lock, stop_, duration, [&] { return stop_.stop_requested(); });
}

void Stage::ask_until(std::chrono::seconds limit, const std::function<std::string()>& objection) const {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  kube::Backoff backoff(200ms, 3s);
  for (std::string why = objection(); !why.empty(); why = objection()) {
    if (std::chrono::steady_clock::now() > deadline) throw HarnessTrouble(why);
    pause(backoff.next());
  }
}

void Stage::begin(const Task& task, const std::string& text) {
  if (stop_.stop_requested()) throw Interrupted();
  recorder_.add(Step{task, Step::Phase::kBegin, text});
  if (request_.progress != nullptr) request_.progress->step_began(task.name(), text);
}

void Stage::end(const Task& task, Step::Phase phase, const std::string& text) {
  recorder_.add(Step{task, phase, text});
  if (request_.progress != nullptr) request_.progress->step_ended(task.name(), phase, text);
  if (request_.until && task.is(*request_.until)) throw Curtain{};
}

record::Waited Stage::await_heard(const record::Condition& condition, const record::Within& within) {
  record::Waited waited = recorder_.await(condition, within, stop_);
  if (waited.result != record::Waited::Result::kTimedOut) return waited;
  recorder_.doubt_watches();
  watcher_.renew();
  if (const record::Waited heard = recorder_.await_synced(kSync, stop_);
      heard.result != record::Waited::Result::kReached)
    return heard;
  const record::Waited news = recorder_.await(condition, kNews, stop_);
  return news.result == record::Waited::Result::kTimedOut ? waited : news;
}

bool Stage::await(const Task& task, const record::Condition& condition, const record::Within& within) {
  const auto noting = [&](const record::View& view) {
    record::Standing standing = condition(view);
    if (request_.progress != nullptr && !standing.reached) request_.progress->note(standing.last_seen);
    return standing;
  };
  const record::Waited waited = await_heard(noting, within);
  switch (waited.result) {
    case record::Waited::Result::kReached:
      end(task, Step::Phase::kReached, waited.text);
      return true;
    case record::Waited::Result::kTimedOut:
      end(task, Step::Phase::kTimedOut, waited.text);
      return false;
    case record::Waited::Result::kStopped:
      end(task, Step::Phase::kFailed, "interrupted");
      throw Interrupted();
    case record::Waited::Result::kImpossible:
    case record::Waited::Result::kBlind:
      end(task, Step::Phase::kFailed, waited.text);
      throw HarnessTrouble(waited.text);
  }
  return false;
}

record::Standing Stage::all_gone(const record::View& view) const {
  const std::vector<std::string> left = left_behind(view, Retained::kPassedOver);
  return {left.empty(), fmt::format("{} still exist", fmt::join(left, ", ")), {}};
}

// Of this run and of the abandoned ones that it swept.
std::vector<std::string> Stage::left_behind(const record::View& view, Retained retained) const {
  std::vector<lease::Home> homes = lease_->homes();
  homes.insert(homes.end(), lease_->swept().begin(), lease_->swept().end());
  std::vector<std::string> left;
  for (const lease::Home& home : homes)
    if (const auto found = view.namespaces.find(home.name);
        found != view.namespaces.end() && found->second.ref.uid.value == home.uid)
      left.push_back("namespace " + home.name);
  for (const auto& [name, volume] : view.volumes)
    if ((retained == Retained::kNamed || volume.reclaim_policy != "Retain") &&
        std::any_of(homes.begin(), homes.end(),
                    [&](const lease::Home& home) { return home.name == volume.claim.ns; }))
      left.push_back("persistentvolume " + name);
  return left;
}

std::vector<std::string> Stage::clean_up() {
  if (!lease_) return {};
  if (guard_) guard_->stand_down();
  const Task task = steps::Cleanup{};
  std::string text = "delete what was created:";
  for (const lease::Home& home : lease_->homes()) text += " " + home.name;
  recorder_.add(Step{task, Step::Phase::kBegin, text});
  if (request_.progress != nullptr) request_.progress->step_began(task.name(), text);
  const std::vector<lease::Remnant> refused = lease_->release();
  const record::Waited waited =
      recorder_.await([this](const record::View& view) { return all_gone(view); }, kCleanUp, request_.hurry);
  const bool clean = refused.empty() && waited.result == record::Waited::Result::kReached;
  std::vector<std::string> left =
      recorder_.look([this](const record::View& view) { return left_behind(view, Retained::kNamed); });
  const std::string done = left.empty()
                               ? "nothing is left"
                               : report::counted(left.size(), "volume") + " left, by the reclaim policy";
  end(task, clean ? Step::Phase::kReached : Step::Phase::kTimedOut, clean ? done : waited.text);
  for (std::string& object : left) object = "kubectl delete " + object;
  for (const lease::Remnant& remnant : refused) {
    tell(fmt::format("namespace {} was not deleted: {}", remnant.ns, remnant.why));
    // Blind: what could not even be asked for is named all the same.
    std::string command = "kubectl delete namespace " + remnant.ns;
    if (remnant.ours && std::find(left.begin(), left.end(), command) == left.end())
      left.push_back(std::move(command));
  }
  return left;
}

void Stage::finish(End end) {
  watcher_.stop();
  end.requests = client().request_counts();
  recorder_.finish(std::move(end));
}

}  // namespace stateproof::scenarios
