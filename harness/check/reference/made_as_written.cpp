#include "harness/check/reference/made_as_written.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <string_view>
#include <vector>

#include "harness/check/evidence/course.h"
#include "harness/check/evidence/judgement.h"
#include "harness/check/reference/difference.h"
#include "harness/check/reference/heard.h"
#include "harness/check/reference/set_history.h"
#include "harness/model/fields.h"

namespace stateproof::check {
namespace {

using nlohmann::json;

// ------------------------------------------------------------------------------------------- who else writes

bool is_token_volume(const json* expected, const json* /*served*/, const FieldPath& path) {
  return expected == nullptr && path.back().starts_with("kube-api-access-");
}
bool is_token_mount(const json* expected, const json* /*served*/, const FieldPath& path) {
  return expected == nullptr && path.back() == "/var/run/secrets/kubernetes.io/serviceaccount";
}
bool is_true(const json* expected, const json* served, const FieldPath& /*path*/) {
  return expected == nullptr && served != nullptr && *served == true;
}
bool is_always(const json* /*expected*/, const json* served, const FieldPath& /*path*/) {
  return served != nullptr && *served == "Always";
}
bool is_topology(const json* expected, const json* /*served*/, const FieldPath& path) {
  return expected == nullptr && path.back().starts_with("topology.kubernetes.io/");
}

/// What the API server itself writes into every object.
constexpr std::string_view kServer = "the API server";

std::vector<Leeway> leeways_of_metadata() {
  return {{"metadata uid", kServer, is_added},
          {"metadata resourceVersion", kServer, is_added},
          {"metadata creationTimestamp", kServer, always},
          {"metadata generation", kServer, is_added},
          {"metadata managedFields", kServer, is_added},
          {"metadata selfLink", kServer, is_added}};
}

const std::vector<Leeway>& leeways_of_pods() {
  static const std::vector<Leeway> leeways = [] {
    std::vector<Leeway> all = leeways_of_metadata();
    const std::vector<Leeway> pods{
        {"metadata annotations kubernetes.io/limit-ranger", "admission plugin LimitRanger", is_added},
        {"metadata labels *", "admission plugin PodTopologyLabels", is_topology},
        {"spec serviceAccountName", "admission plugin ServiceAccount", is_added},
        {"spec serviceAccount", "admission plugin ServiceAccount", is_added},
        {"spec imagePullSecrets", "admission plugin ServiceAccount", is_added},
        {"spec volumes *", "admission plugin ServiceAccount", is_token_volume},
        {"spec containers * volumeMounts *", "admission plugin ServiceAccount", is_token_mount},
        {"spec initContainers * volumeMounts *", "admission plugin ServiceAccount", is_token_mount},
        {"spec tolerations *",
         "admission plugins DefaultTolerationSeconds, PodTolerationRestriction, "
         "RuntimeClass and ExtendedResourceToleration",
         is_added},
        {"spec nodeSelector *", "admission plugins PodNodeSelector and RuntimeClass", is_added},
        {"spec overhead", "admission plugin RuntimeClass", is_added},
        {"spec priority", "admission plugin Priority", is_added},
        {"spec priorityClassName", "admission plugin Priority", is_added},
        {"spec preemptionPolicy", "admission plugin Priority", is_added},
        {"spec enableServiceLinks", "defaulting of pods", is_true},
        {"spec resources * *", "defaulting of pods", is_added},
        {"spec containers * resources * *", "defaulting of pods and LimitRanger", is_added},
        {"spec initContainers * resources * *", "defaulting of pods and LimitRanger", is_added},
        {"spec containers * resizePolicy", "defaulting of pods", is_added},
        {"spec initContainers * resizePolicy", "defaulting of pods", is_added},
        {"spec containers * ports * hostPort", "defaulting of pods with hostNetwork", is_added},
        {"spec initContainers * ports * hostPort", "defaulting of pods with hostNetwork", is_added},
        {"spec containers * * httpGet *", "defaulting of probes", is_added},
        {"spec containers * imagePullPolicy", "admission plugin AlwaysPullImages", is_always},
        {"spec initContainers * imagePullPolicy", "admission plugin AlwaysPullImages", is_always}};
    all.insert(all.end(), pods.begin(), pods.end());
    return all;
  }();
  return leeways;
}

const std::vector<Leeway>& leeways_of_claims() {
  static const std::vector<Leeway> leeways = [] {
    std::vector<Leeway> all = leeways_of_metadata();
    const std::vector<Leeway> claims{
        {"metadata finalizers", "admission plugin StorageObjectInUseProtection", is_added},
        {"metadata ownerReferences", "the retention policy, which has promises of its own", always},
        {"spec storageClassName", "admission plugin DefaultStorageClass", is_added},
        {"spec volumeMode", "defaulting of claims", is_added},
        {"spec volumeName", "the volume controller", is_added},
        {"spec dataSourceRef", "defaulting of claims", is_added},
        {"spec dataSource", "defaulting of claims", is_added}};
    all.insert(all.end(), claims.begin(), claims.end());
    return all;
  }();
  return leeways;
}

/// Fields that a pod of Kubernetes 1.37 or before may have. What a newer server adds by itself is not known
/// here and judged by nobody.
const std::set<std::string_view>& known_in_pods() {
  static const std::set<std::string_view> names{"volumes",
                                                "initContainers",
                                                "containers",
                                                "ephemeralContainers",
                                                "restartPolicy",
                                                "terminationGracePeriodSeconds",
                                                "dnsPolicy",
                                                "activeDeadlineSeconds",
                                                "nodeSelector",
                                                "automountServiceAccountToken",
                                                "nodeName",
                                                "hostNetwork",
                                                "hostPID",
                                                "hostIPC",
                                                "securityContext",
                                                "shareProcessNamespace",
                                                "hostname",
                                                "subdomain",
                                                "affinity",
                                                "schedulerName",
                                                "tolerations",
                                                "hostAliases",
                                                "dnsConfig",
                                                "readinessGates",
                                                "runtimeClassName",
                                                "topologySpreadConstraints",
                                                "hostUsers",
                                                "setHostnameAsFQDN",
                                                "os",
                                                "schedulingGates",
                                                "resourceClaims",
                                                "hostnameOverride",
                                                "image",
                                                "command",
                                                "args",
                                                "workingDir",
                                                "ports",
                                                "envFrom",
                                                "env",
                                                "volumeMounts",
                                                "volumeDevices",
                                                "livenessProbe",
                                                "readinessProbe",
                                                "startupProbe",
                                                "lifecycle",
                                                "terminationMessagePath",
                                                "imagePullPolicy",
                                                "terminationMessagePolicy",
                                                "stdin",
                                                "stdinOnce",
                                                "tty",
                                                "labels",
                                                "annotations",
                                                "finalizers",
                                                "ownerReferences",
                                                "generateName",
                                                "name",
                                                "namespace",
                                                "accessModes",
                                                "selector",
                                                "resources",
                                                "volumeAttributesClassName"};
  return names;
}

/// The last name in the path that is no key of a list or map: "spec.podGroup" is unknown, and so is all
/// below.
bool is_unknown(const Difference& difference) {
  if (difference.expected != "nothing") return false;
  const std::string_view field = difference.field;
  const std::size_t end = field.find_first_of(".[", field.find('.') + 1);
  const auto name_at = [&](std::size_t begin) {
    const std::size_t stop = std::min(field.find_first_of(".[", begin), field.size());
    return field.substr(begin, stop - begin);
  };
  if (!known_in_pods().contains(name_at(field.find('.') + 1))) return true;
  const bool in_container =
      field.starts_with("spec.containers[") || field.starts_with("spec.initContainers[");
  const std::size_t inner = in_container ? field.find("].", end) : std::string_view::npos;
  return inner != std::string_view::npos && !known_in_pods().contains(name_at(inner + 2));
}

// ------------------------------------------------------------------------------------------------
// expectation

json controller_reference(const json& set) {
  return {{"apiVersion", "apps/v1"},
          {"kind", "StatefulSet"},
          {"name", fields::in(set, "metadata", "name")},
          {"uid", fields::in(set, "metadata", "uid")},
          {"controller", true},
          {"blockOwnerDeletion", true}};
}

json copy_of(const json& object, const char* key) {
  const json& value = fields::member(object, key);
  return value.is_null() ? json::object() : value;
}

std::string claim_name(const json& claim_template, const std::string& pod) {
  return fields::text(fields::member(claim_template, "metadata"), "name") + "-" + pod;
}

/// A volume of a claim template takes the place of one of its name.
json volumes_of(const json& set, const json& written, const std::string& pod) {
  json volumes = json::array();
  std::set<std::string> names;
  for (const json& one : fields::in(set, "spec", "volumeClaimTemplates")) {
    const std::string name = fields::text(fields::member(one, "metadata"), "name");
    names.insert(name);
    volumes.push_back({{"name", name}, {"persistentVolumeClaim", {{"claimName", claim_name(one, pod)}}}});
  }
  for (const json& one : written)
    if (!names.contains(fields::text(one, "name"))) volumes.push_back(one);
  return volumes;
}

std::string name_of(const json& object) { return fields::text(fields::member(object, "metadata"), "name"); }

// ----------------------------------------------------------------------------------------------------
// judging

struct Match {
  const SetState* state = nullptr;
  std::vector<Difference> differences;
};

/// The state of the set that comes closest to what was made.
template <class Written>
Match closest(const std::vector<SetState>& states, const json& served, const char* part,
              const std::vector<Leeway>& leeways, const Written& written) {
  Match best;
  for (auto state = states.rbegin(); state != states.rend(); ++state) {
    if (state->served == nullptr) continue;
    const json expected = written(*state->served);
    auto found = differences(
        expected, {{"metadata", fields::member(served, "metadata")}, {part, fields::member(served, part)}},
        leeways);
    if (std::string_view{part} == "spec") std::erase_if(found, is_unknown);
    if (best.state != nullptr && found.size() >= best.differences.size()) continue;
    best = {&*state, std::move(found)};
    if (best.differences.empty()) break;
  }
  return best;
}

/// Names of what changes objects of that kind before they are stored, as far as the run could see them;
/// "unknown" when it could not. Nullopt when there is nothing.
std::optional<std::string> mutators(const Header& header, const Course& course) {
  const auto told = header.environment.find("podMutators");
  if (told == header.environment.end())
    return course.steps().empty() ? std::optional{"what nobody looked for"} : std::nullopt;
  if (!told->is_array()) return "what this user may not list";
  if (told->empty()) return std::nullopt;
  return fmt::format("{}", fmt::join(told->get<std::vector<std::string>>(), ", "));
}

class Made {
 public:
  Made(const Timeline& timeline, const Course& course, Judgement& judgement, std::string what)
      : webhooks_(mutators(timeline.header, course)),
        hearing_(timeline, course),
        judgement_(judgement),
        what_(std::move(what)) {}

  /// A pod that bears a revision of the set, and does not name it as its controller.
  void find_stray(const Observation& seen, const ObjectMeta& meta, const SetHistory& set) {
    ++judged_;
    const SetState& state = set.states().front();
    report(seen, meta, state,
           {"metadata.ownerReferences",
            fmt::format("a controller reference to UID {}", state.set->meta.ref.uid.value),
            meta.controller() == nullptr ? "no controller reference"
                                         : fmt::format("one to UID {}", meta.controller()->uid.value)});
  }

  void judge(const Observation& seen, const ObjectMeta& meta, const Match& match) {
    if (match.state == nullptr) return;
    ++judged_;
    for (const Difference& one : match.differences) report(seen, meta, *match.state, one);
  }
  [[nodiscard]] std::size_t judged() const { return judged_; }

 private:
  void report(const Observation& seen, const ObjectMeta& meta, const SetState& state, const Difference& one) {
    if (webhooks_) {
      judgement_.doubt(fmt::format("{} of {} is {} instead of {}: admission ({}) may have changed it",
                                   one.field, meta.ref.name, one.served, one.expected, *webhooks_));
      return;
    }
    const ObjectMeta& set = state.set->meta;
    hearing_.find(
        judgement_, "statefulsets", seen,
        {meta.ref,
         fmt::format("{} is {}, as generation {} of StatefulSet {} (#{}) says for {}", one.field,
                     one.expected, set.generation, set.ref.name, state.seen->index, what_),
         fmt::format("{} was created with {} {} at {}", meta.ref.name, one.field, one.served, moment(seen)),
         {state.seen->index, seen.index},
         fmt::format("{}: kubectl -n {} get {} {} -o yaml", one.field, meta.ref.ns, meta.ref.kind,
                     meta.ref.name)});
  }

  std::optional<std::string> webhooks_;
  const Hearing hearing_;
  Judgement& judgement_;
  std::string what_;
  std::size_t judged_ = 0;
};

/// Claims that the controllers of sets told that they had created.
std::set<std::string> told_claims(std::span<const Observation> observations) {
  std::set<std::string> names;
  for (const Observation& seen : observations) {
    const json* event = seen.object<OtherObject>() == nullptr ? nullptr : served_object(seen);
    if (event == nullptr || fields::text(*event, "reason") != "SuccessfulCreate") continue;
    const std::string message = fields::text(*event, "message");
    constexpr std::string_view kClaim = " Claim ";
    const std::size_t begin = message.find(kClaim);
    if (begin == std::string::npos) continue;
    const std::size_t name = begin + kClaim.size();
    names.insert(message.substr(name, message.find(' ', name) - name));
  }
  return names;
}

/// A set and the template in it from which a claim of this name is made.
struct ClaimSource {
  const SetHistory* set = nullptr;
  std::string claim_template;
  Ordinal ordinal;
};

std::optional<ClaimSource> source_of(const SetHistories& sets, const Claim& claim) {
  std::optional<ClaimSource> source;
  for (const auto& [uid, set] : sets) {
    const ObjectMeta& meta = set.meta();
    // One that was there before the set is somebody else's.
    if (!meta.created || !claim.meta.created || *claim.meta.created < *meta.created) continue;
    for (const std::string& name : set.states().front().set->claim_templates) {
      const std::string prefix = name + "-";
      if (!claim.meta.ref.name.starts_with(prefix)) continue;
      const auto ordinal = ordinal_of(claim.meta.ref.name.substr(prefix.size()), meta.ref.name);
      if (ordinal) source = ClaimSource{&set, name, *ordinal};
    }
  }
  return source;
}

bool is_of_a_stranger(const Claim& claim) {
  return std::any_of(claim.meta.owners.begin(), claim.meta.owners.end(), [](const OwnerReference& owner) {
    return owner.kind != "StatefulSet" && owner.kind != "Pod";
  });
}

const json* template_named(const json& set, const std::string& name) {
  for (const json& one : fields::in(set, "spec", "volumeClaimTemplates"))
    if (name_of(one) == name) return &one;
  return nullptr;
}

}  // namespace

json written_pod(const json& set, Ordinal ordinal, const std::string& revision) {
  const json& written = fields::in(set, "spec", "template");
  const json& meta = fields::member(set, "metadata");
  const std::string name = fmt::format("{}-{}", fields::text(meta, "name"), ordinal.value);
  json pod{{"metadata", copy_of(written, "metadata")}, {"spec", copy_of(written, "spec")}};
  json& metadata = pod["metadata"];
  metadata["name"] = name;
  metadata["namespace"] = fields::member(meta, "namespace");
  metadata["generateName"] = fields::text(meta, "name") + "-";
  metadata["labels"]["statefulset.kubernetes.io/pod-name"] = name;
  metadata["labels"]["apps.kubernetes.io/pod-index"] = std::to_string(ordinal.value);
  metadata["labels"][kRevisionLabel] =
      revision.empty() ? fields::text_or(fields::member(set, "status"), "updateRevision", "its revision")
                       : revision;
  metadata["ownerReferences"] = json::array({controller_reference(set)});
  json& spec = pod["spec"];
  spec["hostname"] = name;
  spec["subdomain"] = fields::in(set, "spec", "serviceName");
  spec["volumes"] = volumes_of(set, fields::in(written, "spec", "volumes"), name);
  return pod;
}

json written_claim(const json& set, const json& claim_template, Ordinal ordinal) {
  const json& meta = fields::member(set, "metadata");
  const std::string pod = fmt::format("{}-{}", fields::text(meta, "name"), ordinal.value);
  json claim{{"metadata", copy_of(claim_template, "metadata")}, {"spec", copy_of(claim_template, "spec")}};
  claim["metadata"]["name"] = claim_name(claim_template, pod);
  claim["metadata"]["namespace"] = fields::member(meta, "namespace");
  const json& selector = fields::in(set, "spec", "selector", "matchLabels");
  for (const auto& [key, value] : selector.items()) claim["metadata"]["labels"][key] = value;
  return claim;
}

namespace {

/// The set whose revision this pod bears under a name of its own; null when there is none.
const SetHistory* set_of_revision(const SetHistories& sets, const Pod& pod) {
  for (const auto& [uid, set] : sets)
    if (ordinal_of(pod.meta.ref.name, set.meta().ref.name) && set.has_revision(pod.revision())) return &set;
  return nullptr;
}

}  // namespace

Verdict pods_as_written(const Timeline& timeline) {
  const Course course(timeline);
  const SetHistories sets = set_histories(course.judged(), timeline.subject());
  Judgement judgement{course, Watches{"pods", "statefulsets"}.of_states()};
  judgement.doubt_if(course.cut_short());
  Made made(timeline, course, judgement, "a pod of its revision");
  for (const Observation& seen : course.judged()) {
    const Pod* pod = seen.object<Pod>();
    const json* served = pod == nullptr || !is_live_creation(seen) ? nullptr : served_object(seen);
    if (served == nullptr) continue;
    const SetHistory* set = controlling_set(sets, pod->meta);
    if (set == nullptr) {
      if (const SetHistory* origin = set_of_revision(sets, *pod)) made.find_stray(seen, pod->meta, *origin);
      continue;
    }
    const auto ordinal = ordinal_of(pod->meta.ref.name, set->meta().ref.name);
    if (!ordinal) continue;
    made.judge(seen, pod->meta,
               closest(set->written_for(pod->revision()), *served, "spec", leeways_of_pods(),
                       [&](const json& written) { return written_pod(written, *ordinal, pod->revision()); }));
  }
  if (made.judged() == 0) judgement.doubt("no pod was created by the controller of a set that was recorded");
  return std::move(judgement).verdict(fmt::format("{} were created as the template of their revision says",
                                                  counted(made.judged(), "pod", "pods")));
}

Verdict claims_as_written(const Timeline& timeline) {
  const Course course(timeline);
  const SetHistories sets = set_histories(course.judged(), timeline.subject());
  const bool any_template = std::any_of(sets.begin(), sets.end(), [](const auto& one) {
    return !one.second.states().front().set->claim_templates.empty();
  });
  if (!sets.empty() && !any_template && !course.distrust())
    return not_applicable("no set of this scenario has claim templates");
  Judgement judgement{course, Watches{"persistentvolumeclaims", "statefulsets"}.of_states()};
  judgement.doubt_if(course.cut_short());
  const std::set<std::string> told = told_claims(course.judged());
  const bool is_ours = !course.steps().empty();
  Made made(timeline, course, judgement, "a claim of that template");
  for (const Observation& seen : course.judged()) {
    const Claim* claim = seen.object<Claim>();
    const json* served = claim == nullptr || !is_live_creation(seen) ? nullptr : served_object(seen);
    if (served == nullptr || claim->meta.ref.ns != timeline.subject().ns || is_of_a_stranger(*claim))
      continue;
    if (!is_ours && !told.contains(claim->meta.ref.name)) continue;
    const auto source = source_of(sets, *claim);
    if (!source) continue;
    made.judge(
        seen, claim->meta,
        closest(source->set->generations(), *served, "spec", leeways_of_claims(), [&](const json& written) {
          const json* one = template_named(written, source->claim_template);
          return one == nullptr ? json::object() : written_claim(written, *one, source->ordinal);
        }));
  }
  if (made.judged() == 0) judgement.doubt("no claim was created of a template that was recorded");
  return std::move(judgement).verdict(
      fmt::format("{} were created as their templates say", counted(made.judged(), "claim", "claims")));
}

namespace {

/// The ControllerRevision of the set's template as served.
json written_revision(const json& set, const ObjectMeta& meta) {
  const json& written = fields::in(set, "spec", "template");
  json labels = copy_of(fields::member(written, "metadata"), "labels");
  labels["controller.kubernetes.io/hash"] = meta.label("controller.kubernetes.io/hash");
  json remembered = written;
  remembered["$patch"] = "replace";
  return {{"metadata",
           {{"name", fields::in(set, "metadata", "name").get<std::string>() + "-" +
                         meta.label("controller.kubernetes.io/hash")},
            {"namespace", fields::in(set, "metadata", "namespace")},
            {"labels", std::move(labels)},
            {"ownerReferences", json::array({controller_reference(set)})}}},
          {"data", {{"spec", {{"template", std::move(remembered)}}}}}};
}

const std::vector<Leeway>& leeways_of_revisions() {
  static const std::vector<Leeway> leeways = [] {
    std::vector<Leeway> all = leeways_of_metadata();
    all.push_back({"metadata annotations", "the annotations of the set at that time", always});
    return all;
  }();
  return leeways;
}

}  // namespace

Verdict revisions_as_written(const Timeline& timeline) {
  const Course course(timeline);
  const SetHistories sets = set_histories(course.judged(), timeline.subject());
  if (!sets.empty() && course.heard_last("controllerrevisions") == 0 && !course.distrust())
    return not_applicable("ControllerRevisions were not recorded");
  Judgement judgement{course, Watches{"controllerrevisions", "statefulsets"}.of_states()};
  judgement.doubt_if(course.cut_short());
  Made made(timeline, course, judgement, "a revision of its template");
  for (const Observation& seen : course.judged()) {
    const auto* revision = seen.object<ControllerRevision>();
    const json* served = revision == nullptr || !is_live_creation(seen) ? nullptr : served_object(seen);
    const SetHistory* set = served == nullptr ? nullptr : controlling_set(sets, revision->meta);
    if (set == nullptr) continue;
    made.judge(seen, revision->meta,
               closest(set->generations(), *served, "data", leeways_of_revisions(),
                       [&](const json& written) { return written_revision(written, revision->meta); }));
  }
  if (made.judged() == 0) judgement.doubt("no revision of a set was created");
  return std::move(judgement).verdict(
      fmt::format("{} hold a template of their set", counted(made.judged(), "revision", "revisions")));
}

}  // namespace stateproof::check
