#include "suites/explore/hand.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "fixtures/manifest/manifest.h"
#include "fixtures/sleeper/sleeper.h"
#include "harness/kube/exec.h"
#include "suites/scenarios/disruptions/node_container.h"
#include "suites/scenarios/plays/sleepers.h"

namespace stateproof::explore {
namespace {

using fixtures::Sleeper;
using nlohmann::json;
using namespace std::chrono_literals;

constexpr const char* kHold = "stateproof.dev/hold";
constexpr const char* kStrayed = "strayed";
constexpr const char* kStranger = "stranger";

/// Seconds: long enough to be told from the time that two watches may lie apart.
constexpr int kMinReadyUnit = 4;

const record::Within kSetGone{60s, "the garbage collector after a set was deleted, its pods with it"};

/// The answer as text. Trouble in reaching the API server is the harness's.
template <class T>
std::string told(const kube::Result<T>& result) {
  if (result) return "done";
  const kube::ApiError& error = result.error();
  if (error.kind != kube::ApiError::Kind::kStatus) throw scenarios::HarnessTrouble(error.sentence());
  return fmt::format("refused: {} {}", error.http_status, error.message);
}

json container_patch(const json& fields) {
  json container{{"name", Sleeper::kName}};
  container.update(fields);
  return {{"spec", {{"template", {{"spec", {{"containers", {container}}}}}}}}};
}

json template_patch(const json& pods) { return {{"spec", {{"template", pods}}}}; }

bool is_held(const Pod& pod) {
  const auto& finalizers = pod.meta.finalizers;
  return std::find(finalizers.begin(), finalizers.end(), kHold) != finalizers.end();
}

std::vector<json> objects_of(const std::string& image, const Shape& shape) {
  auto objects = fixtures::sleeper_objects(image, {.replicas = {shape.replicas}, .claims = shape.claims});
  json& spec = fixtures::object_of_kind(objects, "StatefulSet")["spec"];
  if (shape.start != 0) spec["ordinals"]["start"] = shape.start;
  if (shape.parallel) spec["podManagementPolicy"] = "Parallel";
  if (shape.on_delete) spec["updateStrategy"]["type"] = "OnDelete";
  if (shape.min_ready != 0) spec["minReadySeconds"] = shape.min_ready * kMinReadyUnit;
  spec["template"]["spec"]["terminationGracePeriodSeconds"] = 20;
  return objects;
}

json retention_patch(int bits) {
  const auto fate = [](bool deleted) { return deleted ? "Delete" : "Retain"; };
  return {{"spec",
           {{"persistentVolumeClaimRetentionPolicy",
             {{"whenScaled", fate((bits & 1) != 0)}, {"whenDeleted", fate((bits & 2) != 0)}}}}}};
}

}  // namespace

Hand::Hand(scenarios::Stage& stage, const Shape& shape)
    : stage_(stage), subject_(stage.subject()), objects_(objects_of(stage.request().image, shape)) {
  json& set = fixtures::object_of_kind(objects_, "StatefulSet");
  if (shape.retention != 0) set.merge_patch(retention_patch(shape.retention));
  objects_ = stage_.mutated(std::move(objects_));
  template_ = good_template_ = fixtures::object_of_kind(objects_, "StatefulSet").at("spec").at("template");
}

std::string Hand::create() {
  stage_.create(objects_);
  return "done";
}

std::string Hand::act(const Operation& operation) {
  const int value = operation.value;
  switch (operation.kind) {
    case Kind::kScale:
      return scale(value);
    case Kind::kMoveStart:
      return patch_set({{"spec", {{"ordinals", {{"start", value}}}}}});
    case Kind::kEditTemplate:
      return edit_template(operation);
    case Kind::kBreakTemplate:
      return break_template(value);
    case Kind::kRepairTemplate:
      return write_template(good_template_);
    case Kind::kRevertTemplate:
      return write_template(fixtures::object_of_kind(objects_, "StatefulSet").at("spec").at("template"));
    case Kind::kPartition:
      return patch_set(
          {{"spec",
            {{"updateStrategy", {{"type", "RollingUpdate"}, {"rollingUpdate", {{"partition", value}}}}}}}});
    case Kind::kOnDelete:
      return patch_set({{"spec", {{"updateStrategy", {{"type", "OnDelete"}, {"rollingUpdate", nullptr}}}}}});
    case Kind::kRollingUpdate:
      return patch_set({{"spec", {{"updateStrategy", {{"type", "RollingUpdate"}}}}}});
    case Kind::kMinReady:
      return patch_set({{"spec", {{"minReadySeconds", value * kMinReadyUnit}}}});
    case Kind::kMaxUnavailable:
      return max_unavailable(value);
    case Kind::kRetention:
      return patch_set(retention_patch(value));
    case Kind::kTouchSet:
      return patch_set({{"metadata", {{"labels", {{"touched", std::to_string(operation.number)}}}}},
                        {"spec", {{"revisionHistoryLimit", 5 + operation.number}}}});
    case Kind::kDeletePod:
      return delete_pod(pod_name(operation));
    case Kind::kHoldPod:
      return hold_pod(pod_name(operation));
    case Kind::kLetGo:
      return let_go();
    case Kind::kFailPod:
      return patch_pod(pod_name(operation), {{"spec", {{"activeDeadlineSeconds", 1}}}});
    case Kind::kFinishPod:
      return patch_pod(pod_name(operation), {{"status", {{"phase", "Succeeded"}}}}, "status");
    case Kind::kUnready:
      return unready(pod_name(operation));
    case Kind::kReady:
      return ready();
    case Kind::kStray:
      return patch_pod(pod_name(operation), {{"metadata", {{"labels", {{"app", kStrayed}}}}}});
    case Kind::kReturn:
      return label_pods(kStrayed, Sleeper::kName);
    case Kind::kOccupy:
      return occupy();
    case Kind::kVacate:
      return vacate();
    case Kind::kDeleteClaim:
      return told(stage_.client().remove(kube::kClaims, subject_.ns,
                                         fmt::format("{}-{}", Sleeper::kClaimTemplate, pod_name(operation))));
    case Kind::kAddOwner:
      return add_owner(pod_name(operation));
    case Kind::kDropOwner:
      return drop_owner();
    case Kind::kDeleteSet:
      return delete_set(value);
    case Kind::kRecreateSet:
      return recreate_set();
    case Kind::kBudget:
      return budget(value);
    case Kind::kDropBudget:
      return told(stage_.client().remove(kube::kPodDisruptionBudgets, subject_.ns, Sleeper::kName));
    case Kind::kEvict:
      return evict(pod_name(operation));
    case Kind::kWriteStatus:
      return write_status(value);
    case Kind::kStaleScale:
      return stale_scale(value);
    case Kind::kRestartController:
      return restart_controller();
  }
  return {};
}

std::string Hand::pod_name(const Operation& operation) const {
  return stage_.recorder().look([&](const record::View& view) {
    const auto set = view.sets.find(subject_.set);
    const int first = set == view.sets.end() ? subject_.first.value : set->second.first.value;
    return subject_.pod_name({first + operation.pod});
  });
}

std::vector<std::string> Hand::pods_that(const std::function<bool(const Pod&)>& hold) const {
  return stage_.recorder().look([&](const record::View& view) {
    std::vector<std::string> names;
    for (const auto& [name, pod] : view.pods)
      if (hold(pod)) names.push_back(name);
    return names;
  });
}

// ----------------------------------------------------------------------------------------------- the set

std::string Hand::patch_set(const json& patch) {
  const auto patched = stage_.client().patch(kube::kStatefulSets, subject_.ns, subject_.set,
                                             kube::PatchType::kStrategicMerge, patch);
  if (patched) template_ = patched->at("spec").at("template");
  return told(patched);
}

std::string Hand::scale(int replicas) {
  return told(stage_.client().scale(kube::kStatefulSets, subject_.ns, subject_.set, replicas));
}

std::string Hand::stale_scale(int replicas) {
  auto scale = stage_.client().get_scale(kube::kStatefulSets, subject_.ns, subject_.set);
  if (!scale) return told(scale);
  patch_set({{"metadata", {{"labels", {{"outdates", scale->at("metadata").at("resourceVersion")}}}}}});
  (*scale)["spec"]["replicas"] = replicas;
  return told(stage_.client().replace_scale(kube::kStatefulSets, subject_.ns, subject_.set, *scale));
}

std::string Hand::edit_template(const Operation& operation) {
  const std::string edition = fmt::format("e{}", operation.number);
  json patch;
  switch (static_cast<Edit>(operation.value)) {
    case Edit::kLabel:
      patch = template_patch({{"metadata", {{"labels", {{"edition", edition}}}}}});
      break;
    case Edit::kAnnotation:
      patch = template_patch({{"metadata", {{"annotations", {{"edition", edition}}}}}});
      break;
    case Edit::kEnvironment:
      patch = container_patch({{"env", {{{"name", "EDITION"}, {"value", edition}}}}});
      break;
    case Edit::kPreStop:
      patch = container_patch(
          {{"lifecycle",
            {{"preStop", {{"exec", {{"command", {"sleep", std::to_string(1 + operation.number % 4)}}}}}}}}});
      break;
    case Edit::kGracePeriod:
      patch = template_patch({{"spec", {{"terminationGracePeriodSeconds", 5 + operation.number}}}});
      break;
  }
  std::string answer = patch_set(patch);
  good_template_ = template_;
  return answer;
}

std::string Hand::break_template(int how) {
  if (how == 0) return patch_set(container_patch({{"env", {{{"name", "HELD"}, {"value", "yes"}}}}}));
  return patch_set(container_patch(scenarios::with_missing_image(json::object())));
}

std::string Hand::write_template(const json& pods) {
  const auto patched =
      stage_.client().patch(kube::kStatefulSets, subject_.ns, subject_.set, kube::PatchType::kJson,
                            json::array({{{"op", "replace"}, {"path", "/spec/template"}, {"value", pods}}}));
  if (patched) template_ = good_template_ = patched->at("spec").at("template");
  return told(patched);
}

std::string Hand::max_unavailable(int value) {
  const json wanted = value == 0 ? json(nullptr) : value == 3 ? json("50%") : json(value);
  return patch_set(
      {{"spec",
        {{"updateStrategy", {{"type", "RollingUpdate"}, {"rollingUpdate", {{"maxUnavailable", wanted}}}}}}}});
}

std::string Hand::delete_set(int how) {
  constexpr std::array kHow{kube::Propagation::kBackground, kube::Propagation::kForeground,
                            kube::Propagation::kOrphan};
  return told(stage_.client().remove(kube::kStatefulSets, subject_.ns, subject_.set,
                                     {.propagation = kHow.at(static_cast<std::size_t>(how))}));
}

std::string Hand::recreate_set() {
  const record::Waited gone = stage_.recorder().await(
      [&](const record::View& view) {
        return record::Standing{!view.sets.contains(subject_.set), "the set still exists", {}};
      },
      kSetGone, stage_.stop());
  if (gone.result != record::Waited::Result::kTimedOut) stage_.require(gone);
  json& set = fixtures::object_of_kind(objects_, "StatefulSet");
  template_ = good_template_ = set.at("spec").at("template");
  return told(stage_.client().create_object(kube::kStatefulSets, subject_.ns, set));
}

// The mark comes before the request: what stands in the status then is not the controller's.
std::string Hand::write_status(int ready) {
  const auto set = stage_.recorder().look([&](const record::View& view) {
    const auto known = view.sets.find(subject_.set);
    return known == view.sets.end() ? std::nullopt : std::optional{known->second.meta.ref};
  });
  if (!set) return "there is none yet";
  stage_.recorder().add(FaultMark{"WriteStatus", FaultMark::Phase::kInject, *set});
  return told(stage_.client().patch(kube::kStatefulSets, subject_.ns, subject_.set, kube::PatchType::kMerge,
                                    {{"status", {{"readyReplicas", ready}}}}, "status"));
}

std::string Hand::restart_controller() {
  if (std::string why = scenarios::untouchable_nodes(stage_.client()); !why.empty()) return "refused: " + why;
  scenarios::NodeContainer(scenarios::control_plane_node(stage_.client())).kill("kube-controller");
  return "killed";
}

// ------------------------------------------------------------------------------------------------ its pods

std::string Hand::delete_pod(const std::string& pod) {
  const ObjectRef target = stage_.pod_now(pod);
  if (target.uid.empty()) return "there is none";
  stage_.delete_pod(pod);
  return "done";
}

std::string Hand::hold_pod(const std::string& pod) {
  const std::string held = patch_pod(pod, {{"metadata", {{"finalizers", {kHold}}}}});
  return held == "done" ? delete_pod(pod) : held;
}

std::string Hand::patch_pod(const std::string& pod, const json& patch, const std::string& subresource) {
  return told(
      stage_.client().patch(kube::kPods, subject_.ns, pod, kube::PatchType::kMerge, patch, subresource));
}

std::string Hand::let_go() {
  const auto held = pods_that(is_held);
  for (const std::string& pod : held) patch_pod(pod, {{"metadata", {{"finalizers", nullptr}}}});
  return fmt::format("of {}", fmt::join(held, ", "));
}

/// A pod that is on its way, in either direction, cannot be entered: that is its answer.
std::string Hand::run_in(const std::string& pod, const std::string& script) {
  const auto done = kube::exec(stage_.client(), {.pod = {subject_.ns, pod, subject_.container},
                                                 .command = {"sh", "-c", script},
                                                 .stop = stage_.stop()});
  if (stage_.stop().stop_requested()) throw scenarios::Interrupted();
  return done ? "done" : "refused: " + done.error().message;
}

std::string Hand::unready(const std::string& pod) {
  return run_in(pod, fmt::format("rm -f {}", Sleeper::kReadyFile));
}

std::string Hand::ready() {
  const auto unready = pods_that([](const Pod& pod) {
    return pod.phase == "Running" && !pod.ready && !pod.terminating() && pod.meta.label("app") != kStranger;
  });
  std::string answers;
  for (const std::string& pod : unready)
    answers += fmt::format("{}: {}; ", pod,
                           run_in(pod, fmt::format("test \"$HELD\" = yes || touch {}", Sleeper::kReadyFile)));
  return answers;
}

std::string Hand::label_pods(const char* from, const char* to) {
  const auto pods = pods_that([&](const Pod& pod) { return pod.meta.label("app") == from; });
  for (const std::string& pod : pods) patch_pod(pod, {{"metadata", {{"labels", {{"app", to}}}}}});
  return fmt::format("of {}", fmt::join(pods, ", "));
}

std::string Hand::occupy() {
  const std::string name = stage_.recorder().look([&](const record::View& view) {
    const auto set = view.sets.find(subject_.set);
    const Ordinal next = set == view.sets.end()
                             ? subject_.first
                             : Ordinal{set->second.first.value + set->second.replicas.value};
    return subject_.pod_name(next);
  });
  json pod{{"apiVersion", "v1"},
           {"kind", "Pod"},
           {"metadata", {{"name", name}, {"labels", {{"app", kStranger}}}}},
           {"spec", fixtures::object_of_kind(objects_, "StatefulSet").at("spec").at("template").at("spec")}};
  pod["spec"]["containers"][0].erase("volumeMounts");
  return name + " " + told(stage_.client().create_object(kube::kPods, subject_.ns, pod));
}

std::string Hand::vacate() {
  const auto strangers = pods_that([](const Pod& pod) { return pod.meta.label("app") == kStranger; });
  for (const std::string& pod : strangers) delete_pod(pod);
  return fmt::format("of {}", fmt::join(strangers, ", "));
}

std::string Hand::evict(const std::string& pod) {
  const ObjectRef target = stage_.pod_now(pod);
  if (target.uid.empty()) return "there is none";
  stage_.recorder().add(FaultMark{"EvictPod", FaultMark::Phase::kInject, target});
  return told(stage_.client().evict(subject_.ns, pod, {.precondition_uid = target.uid.value}));
}

// ------------------------------------------------------------------------------------- what surrounds them

std::string Hand::add_owner(const std::string& pod) {
  if (stranger_.is_null())
    stranger_ =
        stage_.create(kube::kConfigMaps, subject_.ns,
                      {{"apiVersion", "v1"}, {"kind", "ConfigMap"}, {"metadata", {{"name", kStranger}}}});
  const json owner{{"apiVersion", "v1"},
                   {"kind", "ConfigMap"},
                   {"name", kStranger},
                   {"uid", stranger_.at("metadata").at("uid")}};
  return told(stage_.client().patch(kube::kPods, subject_.ns, pod, kube::PatchType::kStrategicMerge,
                                    {{"metadata", {{"ownerReferences", {owner}}}}}));
}

std::string Hand::drop_owner() {
  const auto owned = pods_that([](const Pod& pod) {
    return std::any_of(pod.meta.owners.begin(), pod.meta.owners.end(),
                       [](const OwnerReference& one) { return one.kind == "ConfigMap"; });
  });
  for (const std::string& pod : owned)
    told(stage_.client().patch(
        kube::kPods, subject_.ns, pod, kube::PatchType::kStrategicMerge,
        {{"metadata",
          {{"ownerReferences", {{{"$patch", "delete"}, {"uid", stranger_.at("metadata").at("uid")}}}}}}}));
  return fmt::format("of {}", fmt::join(owned, ", "));
}

std::string Hand::budget(int kind) {
  json budget = fixtures::sleeper_budget({1});
  if (kind == 1) {
    budget["spec"].erase("minAvailable");
    budget["spec"]["maxUnavailable"] = 1;
  }
  return told(stage_.client().create_object(kube::kPodDisruptionBudgets, subject_.ns, budget));
}

// --------------------------------------------------------------------------------------------------- the end

void Hand::heal() {
  let_go();
  vacate();
  label_pods(kStrayed, Sleeper::kName);
  const bool exists =
      stage_.recorder().look([&](const record::View& view) { return view.sets.contains(subject_.set); });
  if (!exists) recreate_set();
  if (template_ != good_template_) write_template(good_template_);
  // Whatever the controller tried without success, it tries again at once.
  patch_set({{"metadata", {{"labels", {{"touched", "last"}}}}}});
  ready();
  want_a_pod();
}

/// Of a set that ends with none, and may never have had one, hardly anything could be judged.
void Hand::want_a_pod() {
  const auto asked = stage_.client().get_scale(kube::kStatefulSets, subject_.ns, subject_.set);
  if (asked && asked->at("spec").value("replicas", 0) == 0) scale(1);
}

void Hand::drop_partition() {
  patch_set(
      {{"spec", {{"updateStrategy", {{"type", "RollingUpdate"}, {"rollingUpdate", {{"partition", 0}}}}}}}});
}

}  // namespace stateproof::explore
