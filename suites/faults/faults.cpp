#include "suites/faults/faults.h"

#include <fmt/format.h>

#include <algorithm>

#include "fixtures/manifest/manifest.h"
#include "fixtures/mariadb-replicated/replicated.h"
#include "fixtures/sleeper/sleeper.h"
#include "suites/faults/steps.h"
#include "suites/scenarios/disruptions/binary_logs.h"
#include "suites/scenarios/disruptions/node_container.h"
#include "suites/scenarios/engine/conditions.h"

namespace stateproof::faults {
namespace {

using namespace std::chrono_literals;
using fixtures::object_of_kind;
using fixtures::Sleeper;
using nlohmann::json;
using scenarios::Stage;
using Objects = std::vector<json>;
using Words = std::map<std::string, std::string>;

constexpr kube::Resource kPolicies{"admissionregistration.k8s.io", "v1", "validatingadmissionpolicies",
                                   "ValidatingAdmissionPolicy", false};
constexpr kube::Resource kPolicyBindings{"admissionregistration.k8s.io", "v1",
                                         "validatingadmissionpolicybindings",
                                         "ValidatingAdmissionPolicyBinding", false};
// So long that with "-" and a hash of ten characters it is no label any more.
constexpr const char* kLongName = "sleeper-whose-name-leaves-no-room-for-a-hash-behind-it";

const record::Within kSoon{120s, "a pod that starts within seconds"};

json& set_spec(Objects& objects) { return object_of_kind(objects, "StatefulSet").at("spec"); }
json& pod_spec(Objects& objects) { return set_spec(objects).at("template").at("spec"); }
json& container(Objects& objects) { return pod_spec(objects).at("containers").at(0); }

json cluster_object(const char* api_version, const char* kind, const std::string& name, const json& more) {
  json object{{"apiVersion", api_version}, {"kind", kind}, {"metadata", {{"name", name}}}};
  object.update(more);
  return object;
}

// The API server's word on a request by which a fault is made or taken away.
template <class Answer>
void demand(const Answer& answer) {
  if (!answer && !answer.error().is_not_found()) throw scenarios::HarnessTrouble(answer.error().sentence());
}

void remove_from_cluster(Stage& stage, const kube::Resource& resource, const std::string& name) {
  demand(stage.client().remove(resource, "", name));
}

void set_class(Objects& objects, const std::string& name) {
  set_spec(objects)["volumeClaimTemplates"][0]["spec"]["storageClassName"] = name;
}

// Names of what is not in the namespace carry the namespace's, so that two runs do not meet.
std::string class_of(const std::string& ns) { return "class-of-" + ns; }

void name_missing_class(Objects& objects, const std::string& ns) { set_class(objects, class_of(ns)); }
void remove_class(Stage& stage) {
  remove_from_cluster(stage, kube::kStorageClasses, class_of(stage.subject().ns));
}

void create_class(Stage& stage, const char* provisioner, const char* mode) {
  stage.create(kube::kStorageClasses, "",
               cluster_object("storage.k8s.io/v1", "StorageClass", class_of(stage.subject().ns),
                              {{"provisioner", provisioner}, {"volumeBindingMode", mode}}));
}
void create_static_class(Stage& stage) {
  create_class(stage, "kubernetes.io/no-provisioner", "WaitForFirstConsumer");
}
void create_unserved_class(Stage& stage) { create_class(stage, "nobody.stateproof.dev", "Immediate"); }

// A provisioner of local volumes cannot choose the node before the pod has one.
constexpr const char* kLocalProvisioner = "rancher.io/local-path";
void create_hasty_class(Stage& stage) { create_class(stage, kLocalProvisioner, "Immediate"); }
void let_class_wait(Stage& stage) {
  remove_class(stage);
  create_class(stage, kLocalProvisioner, "WaitForFirstConsumer");
}

std::string volume_of(const std::string& ns) { return "volume-of-" + ns; }

std::string typed(const json& object) { return fmt::format("/dev/stdin <<'END'\n{}\nEND", object.dump()); }

Words write_volume(Stage& stage) {
  const std::string& ns = stage.subject().ns;
  return {
      {"<persistentvolume.yaml>",
       typed(cluster_object("v1", "PersistentVolume", volume_of(ns),
                            {{"spec",
                              {{"capacity", {{"storage", "16Mi"}}},
                               {"accessModes", {"ReadWriteOnce"}},
                               {"persistentVolumeReclaimPolicy", "Retain"},
                               {"storageClassName", class_of(ns)},
                               {"hostPath", {{"path", "/tmp/" + ns}, {"type", "DirectoryOrCreate"}}}}}}))}};
}

void remove_static_storage(Stage& stage) {
  remove_from_cluster(stage, kube::kVolumes, volume_of(stage.subject().ns));
  remove_class(stage);
}

std::string default_class(Stage& stage) {
  const auto classes = stage.client().list(kube::kStorageClasses, "");
  if (!classes) throw scenarios::HarnessTrouble(classes.error().sentence());
  // Written down where another look finds it, too: after the fault there is no default one.
  for (const json& known : classes->items)
    if (known.at("metadata")
            .value("annotations", json::object())
            .contains("storageclass.kubernetes.io/is-default-class"))
      return known.at("metadata").at("name").get<std::string>();
  throw scenarios::HarnessTrouble("The cluster has no default StorageClass.");
}

void mark_default(Stage& stage, const char* value) {
  demand(stage.client().patch(
      kube::kStorageClasses, "", default_class(stage), kube::PatchType::kMerge,
      {{"metadata", {{"annotations", {{"storageclass.kubernetes.io/is-default-class", value}}}}}}));
}
void take_default_away(Stage& stage) { mark_default(stage, "false"); }
void give_default_back(Stage& stage) { mark_default(stage, "true"); }
Words name_default(Stage& stage) { return {{"<class>", default_class(stage)}}; }

std::string claim_of(Stage& stage) { return stage.subject().claim_name({0}); }

// The volume of pod 0.
std::string bound_volume(Stage& stage) {
  const std::string name = claim_of(stage);
  return stage.recorder().look([&](const record::View& view) { return view.claims.at(name).volume; });
}

void delete_claim(Stage& stage) { stage.remove(kube::kClaims, claim_of(stage)); }

void keep_volume(Stage& stage, const std::string& volume) {
  demand(stage.client().patch(kube::kVolumes, "", volume, kube::PatchType::kMerge,
                              {{"spec", {{"persistentVolumeReclaimPolicy", "Retain"}}}}));
}

void replace_pod(Stage& stage, Ordinal ordinal) {
  Uid former;
  stage.step(
      steps::Replace{.ordinal = ordinal}, "delete a pod", [&] { former = stage.delete_pod(ordinal); },
      [&](const record::View& view) { return scenarios::replaced(stage.subject(), ordinal, former)(view); },
      kSoon);
}

void lose_data(Stage& stage) {
  keep_volume(stage, bound_volume(stage));
  delete_claim(stage);
  replace_pod(stage, {0});
}

// Volumes of ours that outlive their claims.
void remove_kept_volumes(Stage& stage) {
  const std::string ns = stage.subject().ns;
  const auto volumes = stage.client().list(kube::kVolumes, "");
  if (!volumes) throw scenarios::HarnessTrouble(volumes.error().sentence());
  for (const json& volume : volumes->items) {
    const Volume seen = std::get<Volume>(parse_object(volume));
    if (seen.claim.ns != ns || seen.reclaim_policy != "Retain") continue;
    // Its files go by the provisioner, as those of any other.
    demand(stage.client().patch(kube::kVolumes, "", seen.meta.ref.name, kube::PatchType::kMerge,
                                {{"spec", {{"persistentVolumeReclaimPolicy", "Delete"}}}}));
  }
}

void forget_service(Objects& objects, const std::string&) {
  std::erase_if(objects, [](const json& object) { return object.at("kind") == "Service"; });
}
void give_cluster_ip(Objects& objects, const std::string&) {
  object_of_kind(objects, "Service")["spec"].erase("clusterIP");
}
void select_others(Objects& objects, const std::string&) {
  object_of_kind(objects, "Service")["spec"]["selector"] = {{"app", "others"}};
}
Words port(Stage&) { return {{"--tcp=<port>", "--tcp=3306"}}; }

constexpr const char* kNoImage = "registry.stateproof.invalid/nothing:1";
void name_missing_image(Objects& objects, const std::string&) { container(objects)["image"] = kNoImage; }
Words image(Stage& stage) { return {{"<image>", stage.request().image}}; }

void set_image(Stage& stage, const std::string& name) {
  stage.client().patch(
      kube::kStatefulSets, stage.subject().ns, Sleeper::kName, kube::PatchType::kStrategicMerge,
      {{"spec",
        {{"template", {{"spec", {{"containers", {{{"name", Sleeper::kName}, {"image", name}}}}}}}}}}});
}

void revert_broken_update(Stage& stage) {
  const std::string last = stage.subject().pod_name({1});
  stage.step(
      steps::Roll{}, "an image that does not exist", [&] { set_image(stage, kNoImage); },
      [last](const record::View& view) {
        const auto pod = view.pods.find(last);
        const bool waits = pod != view.pods.end() && !pod->second.containers.empty() &&
                           pod->second.containers.front().waiting_reason.find("Image") != std::string::npos;
        return record::Standing{waits, "the update has not reached " + last, {}};
      },
      kSoon);
  set_image(stage, stage.request().image);
}

void ask_for_too_much(Objects& objects, const std::string&) {
  container(objects)["resources"]["requests"]["cpu"] = "1000";
}
Words less(Stage&) { return {{"<less>", "10m"}}; }

// Of a node, by which the pods of one fault find it: others that play meanwhile have their own.
std::string label_of(const std::string& ns) { return "stateproof.dev/" + ns; }
constexpr const char* kCordoned = "stateproof.dev/cordoned";
constexpr const char* kNoKubelet = "stateproof.dev/no-kubelet";
void select_no_node(Objects& objects, const std::string& ns) {
  pod_spec(objects)["nodeSelector"] = {{label_of(ns), "yes"}};
}

std::string a_worker(Stage& stage) {
  const auto nodes = stage.client().list(
      kube::kNodes, "",
      {.label_selector = fmt::format("!node-role.kubernetes.io/control-plane,!{}", kNoKubelet)});
  if (!nodes) throw scenarios::HarnessTrouble(nodes.error().sentence());
  if (nodes->items.empty()) throw scenarios::HarnessTrouble("The cluster has no worker.");
  return nodes->items.front().at("metadata").at("name").get<std::string>();
}
Words worker(Stage& stage) { return {{"<node>", a_worker(stage)}}; }

void patch_node(Stage& stage, const std::string& node, const json& merge) {
  // What was done to a node is undone, whatever becomes of the namespaces meanwhile.
  demand(stage.request().client.patch(kube::kNodes, "", node, kube::PatchType::kMerge, merge));
}
void remove_label(Stage& stage) {
  patch_node(stage, a_worker(stage), {{"metadata", {{"labels", {{label_of(stage.subject().ns), nullptr}}}}}});
}

void label_and_taint(Stage& stage) {
  patch_node(stage, a_worker(stage),
             {{"metadata", {{"labels", {{label_of(stage.subject().ns), "yes"}}}}},
              {"spec",
               {{"taints",
                 {{{"key", label_of(stage.subject().ns)}, {"value", "yes"}, {"effect", "NoSchedule"}}}}}}});
}
void remove_taint(Stage& stage) {
  patch_node(stage, a_worker(stage),
             {{"metadata", {{"labels", {{label_of(stage.subject().ns), nullptr}}}}},
              {"spec", {{"taints", nullptr}}}});
}

void cordon_node_of_pod(Stage& stage) {
  const std::string name = stage.subject().pod_name({0});
  const std::string node =
      stage.recorder().look([&](const record::View& view) { return view.pods.at(name).node; });
  patch_node(stage, node,
             {{"metadata", {{"labels", {{kCordoned, "yes"}}}}}, {"spec", {{"unschedulable", true}}}});
  stage.delete_pod(Ordinal{0});
}
void uncordon_all(Stage& stage) {
  const auto nodes = stage.client().list(kube::kNodes, "", {.label_selector = kCordoned});
  if (!nodes) throw scenarios::HarnessTrouble(nodes.error().sentence());
  for (const json& node : nodes->items)
    patch_node(stage, node.at("metadata").at("name").get<std::string>(),
               {{"metadata", {{"labels", {{kCordoned, nullptr}}}}}, {"spec", {{"unschedulable", nullptr}}}});
}

void gate(Objects& objects, const std::string&) {
  pod_spec(objects)["schedulingGates"] = {{{"name", "stateproof.dev/gate"}}};
}

// A node that is an object alone, so that no real one has to be lost: nothing on it starts, ends or answers.
// Its taint keeps the pods of others away; those of DaemonSets do no harm there.
std::string node_of(const std::string& ns) { return "node-of-" + ns; }
void create_node(Stage& stage, const char* ready) {
  const std::string& ns = stage.subject().ns;
  const json room{{"cpu", "4"}, {"memory", "4Gi"}, {"ephemeral-storage", "8Gi"}, {"pods", "110"}};
  const std::string now = format_rfc3339(
      std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now()));
  json node = cluster_object("v1", "Node", node_of(ns), json::object());
  node["metadata"]["labels"] = {{label_of(ns), "yes"}, {kNoKubelet, ""}};
  node["metadata"]["annotations"] = {{"volumes.kubernetes.io/controller-managed-attach-detach", "true"}};
  node["spec"] = {{"taints", {{{"key", kNoKubelet}, {"effect", "NoSchedule"}}}}};
  node["status"] = {{"capacity", room},
                    {"allocatable", room},
                    {"conditions",
                     {{{"type", "Ready"},
                       {"status", ready},
                       {"reason", "NoKubelet"},
                       {"message", "no kubelet runs on this machine"},
                       {"lastHeartbeatTime", now},
                       {"lastTransitionTime", now}}}}};
  stage.create(kube::kNodes, "", node);
}
void create_lost_node(Stage& stage) { create_node(stage, "False"); }
void create_empty_node(Stage& stage) { create_node(stage, "True"); }

void start_on_lost_node(Objects& objects, const std::string& ns) {
  select_no_node(objects, ns);
  pod_spec(objects)["tolerations"] = {{{"operator", "Exists"}, {"effect", "NoSchedule"}}};
}
// The pods find a node that lives in place of the lost one.
void replace_node(Stage& stage) {
  const std::string& ns = stage.subject().ns;
  patch_node(stage, node_of(ns), {{"metadata", {{"labels", {{label_of(ns), nullptr}}}}}});
  patch_node(stage, a_worker(stage), {{"metadata", {{"labels", {{label_of(ns), "yes"}}}}}});
}
void remove_node(Stage& stage) {
  remove_label(stage);
  remove_from_cluster(stage, kube::kNodes, node_of(stage.subject().ns));
}

void remove_node_of_pod(Stage& stage) {
  const std::string pod = stage.subject().pod_name({0});
  const std::string node = node_of(stage.subject().ns);
  stage.step(
      steps::Schedule{}, pod + " is scheduled", [] {},
      [&](const record::View& view) {
        const auto found = view.pods.find(pod);
        const bool there = found != view.pods.end() && found->second.node == node;
        return record::Standing{there, there ? "it is" : "it is not", {}};
      },
      kSoon);
  remove_from_cluster(stage, kube::kNodes, node);
}

// A volume of a driver that nobody runs: the controller attaches it as any other, and this test answers for
// the driver. No kubelet can mount it.
void create_attachable_volume(Stage& stage) {
  const std::string& ns = stage.subject().ns;
  create_node(stage, "True");
  create_static_class(stage);
  stage.create(kube::kVolumes, "",
               cluster_object("v1", "PersistentVolume", volume_of(ns),
                              {{"spec",
                                {{"capacity", {{"storage", "16Mi"}}},
                                 {"accessModes", {"ReadWriteOnce"}},
                                 {"persistentVolumeReclaimPolicy", "Retain"},
                                 {"storageClassName", class_of(ns)},
                                 {"csi", {{"driver", "nobody.stateproof.dev"}, {"volumeHandle", ns}}}}}}));
}
void claim_attachable_volume(Objects& objects, const std::string& ns) {
  name_missing_class(objects, ns);
  start_on_lost_node(objects, ns);
}

std::string attachment_of(Stage& stage) {
  const auto attachments = stage.client().list(kube::kVolumeAttachments, "");
  if (!attachments) throw scenarios::HarnessTrouble(attachments.error().sentence());
  for (const json& attachment : attachments->items)
    if (attachment.at("spec").at("source").value("persistentVolumeName", "") == volume_of(stage.subject().ns))
      return attachment.at("metadata").at("name").get<std::string>();
  return {};
}

// The name under which the node's status lists the volume; empty while it is not attached.
std::string attached_volume(Stage& stage) {
  const auto node = stage.client().get(kube::kNodes, "", node_of(stage.subject().ns));
  if (!node) throw scenarios::HarnessTrouble(node.error().sentence());
  const json volumes = node->at("status").value("volumesAttached", json::array());
  return volumes.empty() ? "" : volumes.front().at("name").get<std::string>();
}

// Attachments and nodes are not in the recording: there is nothing to watch.
std::string await_name(Stage& stage, const char* what, std::string (*name_of)(Stage&)) {
  const auto deadline = std::chrono::steady_clock::now() + kSoon.limit;
  for (;;) {
    std::string name = name_of(stage);
    if (!name.empty()) return name;
    if (std::chrono::steady_clock::now() > deadline)
      throw scenarios::HarnessTrouble(fmt::format("Timed out waiting for {}.", what));
    stage.pause(250ms);
  }
}

// The pod moves, and the kubelet of its former node, if it runs, has not let go of the volume.
void move_while_attached(Stage& stage) {
  const std::string attachment = await_name(stage, "The attachment of the volume", attachment_of);
  demand(stage.client().patch(kube::kVolumeAttachments, "", attachment, kube::PatchType::kMerge,
                              {{"status", {{"attached", true}}}}, "status"));
  const std::string volume = await_name(stage, "The volume in the node's status", attached_volume);
  demand(stage.client().patch(kube::kNodes, "", node_of(stage.subject().ns), kube::PatchType::kMerge,
                              {{"status", {{"volumesInUse", {volume}}}}}, "status"));
  replace_node(stage);
  stage.remove(kube::kPods, stage.subject().pod_name({0}), {.grace_period = 0s});
}
void remove_attachable_volume(Stage& stage) {
  remove_node(stage);
  remove_static_storage(stage);
}

void name_at_length(Objects& objects, const std::string&) {
  object_of_kind(objects, "StatefulSet")["metadata"]["name"] = kLongName;
}
Words short_name(Stage&) { return {{"<shorter-name>", Sleeper::kName}}; }

void limit_pods(Stage& stage) {
  stage.create(kube::kResourceQuotas, stage.subject().ns,
               cluster_object("v1", "ResourceQuota", "pods", {{"spec", {{"hard", {{"pods", "1"}}}}}}));
}

// The API server reads rules of admission from a cache and says nowhere when it has read them.
void await_refusal(Stage& stage) {
  const json pod{{"metadata", {{"name", "probe"}}},
                 {"spec", {{"containers", {{{"name", "probe"}, {"image", stage.request().image}}}}}}};
  const auto deadline = std::chrono::steady_clock::now() + kSoon.limit;
  for (;;) {
    const auto let_in = stage.client().try_create(kube::kPods, stage.subject().ns, pod);
    if (!let_in && (let_in.error().http_status == 403 || let_in.error().http_status == 422)) return;
    demand(let_in);
    if (std::chrono::steady_clock::now() > deadline)
      throw scenarios::HarnessTrouble(
          "The API server does not enforce the rule that this fault consists of.");
    stage.pause(100ms);
    if (stage.stop().stop_requested()) throw scenarios::Interrupted();
  }
}

void restrict_pods(Stage& stage) {
  demand(stage.client().patch(
      kube::kNamespaces, "", stage.subject().ns, kube::PatchType::kMerge,
      {{"metadata", {{"labels", {{"pod-security.kubernetes.io/enforce", "restricted"}}}}}}));
  await_refusal(stage);
}

void limit_containers(Stage& stage) {
  stage.create(
      kube::kLimitRanges, stage.subject().ns,
      cluster_object("v1", "LimitRange", "small",
                     {{"spec", {{"limits", {{{"type", "Container"}, {"max", {{"cpu", "100m"}}}}}}}}}));
}
void ask_for_half_a_core(Objects& objects, const std::string&) {
  container(objects)["resources"] = {{"requests", {{"cpu", "500m"}}}, {"limits", {{"cpu", "500m"}}}};
}
void name_missing_account(Objects& objects, const std::string&) {
  pod_spec(objects)["serviceAccountName"] = "sleepwalker";
}

std::string policy_of(const std::string& ns) { return "policy-of-" + ns; }
void forbid_pods(Stage& stage) {
  const std::string& ns = stage.subject().ns;
  const json rules{
      {{"apiGroups", {""}}, {"apiVersions", {"v1"}}, {"operations", {"CREATE"}}, {"resources", {"pods"}}}};
  stage.create(
      kPolicies, "",
      cluster_object("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy", policy_of(ns),
                     {{"spec",
                       {{"failurePolicy", "Fail"},
                        {"matchConstraints",
                         {{"resourceRules", rules},
                          {"namespaceSelector", {{"matchLabels", {{"kubernetes.io/metadata.name", ns}}}}}}},
                        {"validations",
                         {{{"expression", "has(object.metadata.labels.owner)"},
                           {"message", "every pod needs the label owner"}}}}}}}));
  stage.create(
      kPolicyBindings, "",
      cluster_object("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicyBinding", policy_of(ns),
                     {{"spec", {{"policyName", policy_of(ns)}, {"validationActions", {"Deny"}}}}}));
  await_refusal(stage);
}
void remove_policy(Stage& stage) {
  remove_from_cluster(stage, kPolicyBindings, policy_of(stage.subject().ns));
  remove_from_cluster(stage, kPolicies, policy_of(stage.subject().ns));
}

void need_missing_secret(Objects& objects, const std::string&) {
  container(objects)["env"].push_back(
      {{"name", "TOKEN"}, {"valueFrom", {{"secretKeyRef", {{"name", "tokens"}, {"key", "token"}}}}}});
}
Words value(Stage&) { return {{"<value>", "abc"}, {"<key>", "a"}}; }

void mount_missing_config(Objects& objects, const std::string&) {
  pod_spec(objects)["volumes"] = {{{"name", "settings"}, {"configMap", {{"name", "settings"}}}}};
  container(objects)["volumeMounts"].push_back({{"name", "settings"}, {"mountPath", "/settings"}});
}

// In place of the sleeper's own, which is Ready by a file and listens to SIGTERM: this one is killed soon.
void run_instead(Objects& objects, const char* script) {
  container(objects)["command"] = {"sh", "-c", script};
  container(objects).erase("readinessProbe");
  pod_spec(objects)["terminationGracePeriodSeconds"] = 1;
}

void crash(Objects& objects, const std::string&) {
  run_instead(objects, "echo 'the table of contents is torn'; exit 3; tail -f /dev/null");
}

// Holds 96 MiB of what it reads, then does nothing.
void need_much_memory(Objects& objects, const std::string&) {
  run_instead(objects, "head -c 100663296 /dev/zero | tail -c 99614720 >/dev/null && exec tail -f /dev/null");
  container(objects)["resources"] = {{"limits", {{"memory", "24Mi"}}}};
}
Words more_memory(Stage&) { return {{"<more>", "512Mi"}}; }

void fill_volume(Objects& objects, const std::string&) {
  pod_spec(objects)["volumes"] = {
      {{"name", "small"}, {"emptyDir", {{"medium", "Memory"}, {"sizeLimit", "1Mi"}}}}};
  container(objects)["volumeMounts"].push_back({{"name", "small"}, {"mountPath", "/small"}});
  run_instead(objects, "head -c 8388608 /dev/zero >/small/table && exec tail -f /dev/null");
}
void give_room(Stage& stage) {
  demand(stage.client().patch(kube::kStatefulSets, stage.subject().ns, Sleeper::kName, kube::PatchType::kJson,
                              {{{"op", "replace"},
                                {"path", "/spec/template/spec/volumes/0/emptyDir/sizeLimit"},
                                {"value", "32Mi"}}}));
}

// A database of its own, whose password is in the claim once it was made. This one protects nothing.
constexpr const char* kFirstPassword = "first-of-a-test";
constexpr const char* kOtherPassword = "other-of-a-test";
void run_database(Objects& objects, const std::string&) {
  json& database = container(objects);
  database.erase("command");
  database["env"] = {{{"name", "MARIADB_ROOT_PASSWORD"}, {"value", kFirstPassword}},
                     {{"name", "MARIADB_INITDB_SKIP_TZINFO"}, {"value", "1"}}};
  database["readinessProbe"] = {
      {"exec",
       {{"command", {"sh", "-c", "mariadb -h 127.0.0.1 -uroot -p$MARIADB_ROOT_PASSWORD -e 'SELECT 1'"}}}},
      {"periodSeconds", 2},
      {"timeoutSeconds", 5}};
  database["volumeMounts"][0]["mountPath"] = "/var/lib/mysql";
  pod_spec(objects)["securityContext"] = {{"fsGroup", 999}};
}
void set_password(Stage& stage, const char* password) {
  demand(stage.client().patch(
      kube::kStatefulSets, stage.subject().ns, Sleeper::kName, kube::PatchType::kJson,
      {{{"op", "replace"}, {"path", "/spec/template/spec/containers/0/env/0/value"}, {"value", password}}}));
}
void change_password(Stage& stage) { set_password(stage, kOtherPassword); }
void change_password_back(Stage& stage) { set_password(stage, kFirstPassword); }

// A primary and a replica in place of the sleepers, under their name.
void run_replicated(Objects& objects, const std::string&) {
  const std::string image = container(objects).at("image");
  objects = fixtures::replicated_objects(image, {.replicas = {2}});
  object_of_kind(objects, "Service")["metadata"]["name"] = Sleeper::kName;
  object_of_kind(objects, "StatefulSet")["metadata"]["name"] = Sleeper::kName;
  set_spec(objects)["serviceName"] = Sleeper::kName;
  set_spec(objects)["volumeClaimTemplates"][0]["metadata"]["name"] = Sleeper::kClaimTemplate;
  json& database = container(objects);
  database["name"] = Sleeper::kName;
  database["volumeMounts"][0]["name"] = Sleeper::kClaimTemplate;
  for (json& variable : database["env"])
    if (variable.at("name") == "PRIMARY")
      variable["value"] = fmt::format("{0}-0.{0}.$(NAMESPACE).svc", Sleeper::kName);
}

void create_replication_passwords(Stage& stage) {
  stage.create(kube::kSecrets, stage.subject().ns,
               fixtures::replicated_secret(fixtures::generate_passwords()));
}

// The replica comes back empty, and its primary has no memory of its first day.
void purge_binary_logs(Stage& stage) {
  const Ordinal replica{1};
  scenarios::purge_binary_logs(stage, {0});
  const std::string claim = stage.subject().claim_name(replica);
  const std::string volume =
      stage.recorder().look([&](const record::View& view) { return view.claims.at(claim).volume; });
  stage.remove(kube::kClaims, claim);
  const Uid former = stage.delete_pod(replica);
  stage.step(
      steps::LoseVolume{replica}, "a replica on a new volume", [] {},
      [&](const record::View& view) {
        if (view.volumes.contains(volume)) return record::Standing{false, volume + " still exists", {}};
        return scenarios::both(scenarios::successor(stage.subject(), replica, former),
                               scenarios::started(stage.subject(), {replica}))(view);
      },
      kSoon);
}

void clone_from_now_on(Stage& stage) {
  const json copies{{{"name", "CLONE"}, {"value", "yes"}}};
  demand(stage.client().patch(
      kube::kStatefulSets, stage.subject().ns, Sleeper::kName, kube::PatchType::kStrategicMerge,
      {{"spec",
        {{"template", {{"spec", {{"containers", {{{"name", Sleeper::kName}, {"env", copies}}}}}}}}}}}));
}

void hold(Objects& objects, const std::string&) { container(objects)["env"][0]["value"] = "yes"; }
void let_be_ready(Stage& stage) { stage.exec(Ordinal{0}, {"touch", Sleeper::kReadyFile}); }

void hold_by_finalizer(Stage& stage) {
  demand(stage.client().patch(kube::kPods, stage.subject().ns, stage.subject().pod_name({0}),
                              kube::PatchType::kMerge,
                              {{"metadata", {{"finalizers", {"stateproof.dev/held"}}}}}));
  stage.delete_pod(Ordinal{0});
}
void let_go(Stage& stage) {
  demand(stage.client().patch(kube::kPods, stage.subject().ns, stage.subject().pod_name({0}),
                              kube::PatchType::kMerge, {{"metadata", {{"finalizers", nullptr}}}}));
}

json archive_claim(const std::string& name) {
  return {
      {"apiVersion", "v1"},
      {"kind", "PersistentVolumeClaim"},
      {"metadata", {{"name", name}}},
      {"spec", {{"accessModes", {"ReadWriteOnce"}}, {"resources", {{"requests", {{"storage", "16Mi"}}}}}}}};
}
void use_missing_claim(Objects& objects, const std::string&) {
  pod_spec(objects)["volumes"] = {
      {{"name", "archive"}, {"persistentVolumeClaim", {{"claimName", "archive"}}}}};
}
Words size_of_claim(Stage&) { return {{"<size>", "16Mi"}}; }

void create_early_claim(Stage& stage) {
  stage.create(kube::kClaims, stage.subject().ns, archive_claim(claim_of(stage)));
}

}  // namespace

const std::vector<Fault>& all() {
  static const std::vector<Fault> faults = {
      {.name = "missing-storage-class",
       .title = "claims name a StorageClass that does not exist",
       .finding = "storage-class-missing",
       .spoil = name_missing_class,
       .tidy = remove_class},
      {.name = "no-default-storage-class",
       .title = "claims name no StorageClass, and none is the default",
       .finding = "no-default-storage-class",
       .replicas = 1,
       .prepare = take_default_away,
       .words = name_default,
       .tidy = give_default_back,
       .touches_the_cluster = true},
      {.name = "no-volume",
       .title = "the StorageClass provisions nothing, and no volume exists",
       .finding = "no-volume-available",
       .replicas = 1,
       .prepare = create_static_class,
       .spoil = name_missing_class,
       .words = write_volume,
       .tidy = remove_static_storage},
      {.name = "unserved-class",
       .title = "no provisioner serves the StorageClass",
       .finding = "provisioner-silent",
       .replicas = 1,
       .prepare = create_unserved_class,
       .spoil = name_missing_class,
       .tidy = remove_class},
      {.name = "failing-provisioner",
       .title = "the provisioner cannot create the volume that its StorageClass describes",
       .finding = "provisioning-fails",
       .replicas = 1,
       .prepare = create_hasty_class,
       .spoil = name_missing_class,
       .mend = let_class_wait,
       .tidy = remove_class},
      {.name = "deleted-claim",
       .title = "a claim is deleted while a pod uses it",
       .finding = "claim-deleted",
       .inject = delete_claim,
       .tidy = remove_kept_volumes,
       .leaves = "claim-replaced"},
      {.name = "lost-data",
       .title = "claim and pod were deleted, and the new pod has an empty volume",
       .finding = "claim-replaced",
       .inject = lose_data,
       .tidy = remove_kept_volumes},
      {.name = "missing-claim",
       .title = "pods use a claim that does not exist",
       .finding = "claim-missing",
       .replicas = 1,
       .claims = false,
       .spoil = use_missing_claim,
       .words = size_of_claim},
      {.name = "early-claim",
       .title = "a claim waits for its pod, as it should",
       .finding = "claim-awaits-pod",
       .replicas = 0,
       .prepare = create_early_claim,
       .note = true},
      {.name = "missing-service",
       .title = "the governing Service is missing",
       .finding = "service-missing",
       .spoil = forget_service,
       .words = port},
      {.name = "service-with-address",
       .title = "the governing Service has a cluster IP",
       .finding = "service-not-headless",
       .spoil = give_cluster_ip},
      {.name = "service-of-others",
       .title = "the governing Service selects other pods",
       .finding = "service-selects-others",
       .spoil = select_others},
      {.name = "missing-image",
       .title = "the image does not exist",
       .finding = "image-not-pulled",
       .claims = false,
       .spoil = name_missing_image,
       .words = image},
      {.name = "reverted-update",
       .title = "an update broke a pod and was reverted",
       .finding = "update-awaits-broken-pod",
       .claims = false,
       .inject = revert_broken_update},
      {.name = "too-large-request",
       .title = "no node has enough CPU",
       .finding = "insufficient-resources",
       .claims = false,
       .spoil = ask_for_too_much,
       .words = less},
      {.name = "unknown-node-label",
       .title = "no node has the required label",
       .finding = "node-selector-matches-none",
       .claims = false,
       .spoil = select_no_node,
       .words = worker,
       .tidy = remove_label},
      {.name = "gated-pod",
       .title = "a scheduling gate that is never removed",
       .finding = "scheduling-gated",
       .replicas = 1,
       .claims = false,
       .spoil = gate},
      {.name = "tainted-node",
       .title = "the only eligible node has a taint",
       .finding = "taint-not-tolerated",
       .claims = false,
       .prepare = label_and_taint,
       .spoil = select_no_node,
       .tidy = remove_taint,
       .touches_the_cluster = true},
      {.name = "cordoned-volume",
       .title = "the node on which the volume stands is cordoned",
       .finding = "volume-node-conflict",
       .inject = cordon_node_of_pod,
       .tidy = uncordon_all,
       .touches_the_cluster = true},
      {.name = "long-name",
       .title = "the set's name is too long for the revision label",
       .finding = "name-too-long",
       .spoil = name_at_length,
       .words = short_name,
       .set = kLongName},
      {.name = "exhausted-quota",
       .title = "the quota allows one pod of two",
       .finding = "quota-exceeded",
       .prepare = limit_pods},
      {.name = "restricted-namespace",
       .title = "the namespace enforces a Pod Security level that the pods violate",
       .finding = "pod-security-refused",
       .prepare = restrict_pods},
      {.name = "small-limit-range",
       .title = "a LimitRange allows at most a tenth of a core",
       .finding = "limit-range-refused",
       .claims = false,
       .prepare = limit_containers,
       .spoil = ask_for_half_a_core},
      {.name = "missing-account",
       .title = "the ServiceAccount does not exist",
       .finding = "service-account-missing",
       .claims = false,
       .spoil = name_missing_account},
      {.name = "forbidding-policy",
       .title = "an admission policy rejects the pods",
       .finding = "admission-refused",
       .claims = false,
       .prepare = forbid_pods,
       .tidy = remove_policy},
      {.name = "missing-secret",
       .title = "an environment variable refers to a Secret that does not exist",
       .finding = "container-not-created",
       .claims = false,
       .spoil = need_missing_secret,
       .words = value},
      {.name = "missing-config",
       .title = "a mounted ConfigMap does not exist",
       .finding = "volume-not-mounted",
       .replicas = 1,
       .spoil = mount_missing_config,
       .words = value},
      {.name = "crashing-container",
       .title = "the container exits with an error",
       .finding = "container-crashes",
       .replicas = 1,
       .claims = false,
       .spoil = crash,
       .editor = "'s/exit 3;/true;/'"},
      {.name = "too-little-memory",
       .title = "the container needs more memory than its limit",
       .finding = "out-of-memory",
       .replicas = 1,
       .claims = false,
       .spoil = need_much_memory,
       .words = more_memory},
      {.name = "full-volume",
       .title = "the container fills its volume",
       .finding = "volume-full",
       .replicas = 1,
       .claims = false,
       .spoil = fill_volume,
       .mend = give_room},
      {.name = "other-password",
       .title = "the password is not the one in the kept claim",
       .finding = "password-refused",
       .replicas = 1,
       .spoil = run_database,
       .inject = change_password,
       .mend = change_password_back},
      {.name = "purged-binary-logs",
       .title = "a replica lost its volume, and its primary has purged the logs",
       .finding = "replica-cannot-catch-up",
       .prepare = create_replication_passwords,
       .spoil = run_replicated,
       .inject = purge_binary_logs,
       .mend = clone_from_now_on},
      {.name = "failing-probe",
       .title = "the first pod runs but is not Ready",
       .finding = "probe-fails",
       .replicas = 1,
       .claims = false,
       .spoil = hold,
       .mend = let_be_ready},
      {.name = "lost-node",
       .title = "the node of a pod no longer responds",
       .finding = "node-lost",
       .claims = false,
       .prepare = create_lost_node,
       .spoil = start_on_lost_node,
       .mend = replace_node,
       .tidy = remove_node},
      {.name = "volume-elsewhere",
       .title = "a pod was rescheduled, and its volume is still attached to the previous node",
       .finding = "volume-attached-elsewhere",
       .replicas = 1,
       .prepare = create_attachable_volume,
       .spoil = claim_attachable_volume,
       .inject = move_while_attached,
       .tidy = remove_attachable_volume,
       .starts = false,
       .heals = false},
      {.name = "removed-node",
       .title = "the node of a pod was removed from the cluster",
       .finding = "node-gone",
       .claims = false,
       .prepare = create_empty_node,
       .spoil = start_on_lost_node,
       .inject = remove_node_of_pod,
       .mend = replace_node,
       .tidy = remove_node,
       .starts = false},
      {.name = "held-pod",
       .title = "a finalizer blocks the removal of a terminated pod",
       .finding = "finalizer-holds-pod",
       .claims = false,
       .inject = hold_by_finalizer,
       .tidy = let_go},
  };
  return faults;
}

const Fault* find(std::string_view name) {
  const auto found =
      std::find_if(all().begin(), all().end(), [&](const Fault& fault) { return fault.name == name; });
  return found == all().end() ? nullptr : &*found;
}

}  // namespace stateproof::faults
