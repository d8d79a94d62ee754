#include "cli/copied_set.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>
#include <utility>

#include "harness/diagnosis/selectors.h"
#include "harness/model/fields.h"
#include "harness/model/object_name.h"

namespace stateproof::cli {
namespace {

using nlohmann::json;

/// Every namespace has these without anybody's doing.
constexpr const char* kDefaultAccount = "default";
constexpr const char* kRootCertificate = "kube-root-ca.crt";

struct Unreadable : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Names of ConfigMaps and Secrets in a pod's spec, wherever they stand in it.
struct References {
  std::set<std::string> config_maps;
  std::set<std::string> secrets;
  std::set<std::string> claims;

  void gather(const json& value) {
    if (value.is_array())
      for (const json& one : value) gather(one);
    if (!value.is_object()) return;
    for (const auto& [key, member] : value.items()) {
      if (key == "configMapRef" || key == "configMapKeyRef" || key == "configMap")
        config_maps.insert(fields::text(member, "name"));
      if (key == "secretRef" || key == "secretKeyRef" || key == "secret")
        secrets.insert(fields::text(
            member, member.is_object() && member.contains("secretName") ? "secretName" : "name"));
      if (key == "imagePullSecrets")
        for (const json& one : member) secrets.insert(fields::text(one, "name"));
      if (key == "persistentVolumeClaim") claims.insert(fields::text(member, "claimName"));
      gather(member);
    }
  }
};

class Copy {
 public:
  Copy(const kube::Client& client, std::string ns) : client_(client), ns_(std::move(ns)) {}

  std::string of(const std::string& name) {
    const auto set = client_.get(kube::kStatefulSets, ns_, name);
    if (!set) throw Unreadable(set.error().sentence());
    const json& pod = fields::in(*set, "spec", "template");
    const diagnosis::Labels labels = diagnosis::labels_of(pod);
    add(*set);
    for (const json& service : all(kube::kServices))
      if (fields::text(fields::member(service, "metadata"), "name") ==
              fields::text(fields::member(*set, "spec"), "serviceName") ||
          diagnosis::selects(fields::texts(fields::member(service, "spec"), "selector"), labels))
        add(service);
    for (const json& budget : all(kube::kPodDisruptionBudgets))
      if (diagnosis::selects(fields::in(budget, "spec", "selector"), labels)) add(budget);
    References needed;
    needed.gather(fields::member(pod, "spec"));
    needed.config_maps.erase(kRootCertificate);
    add_all(kube::kConfigMaps, needed.config_maps);
    add_all(kube::kSecrets, needed.secrets);
    add_all(kube::kClaims, needed.claims);
    add_account(fields::text(fields::member(pod, "spec"), "serviceAccountName"));
    return json{{"apiVersion", "v1"}, {"kind", "List"}, {"items", std::move(items_)}}.dump();
  }

 private:
  void add(const json& object) { items_.push_back(without_its_place(object)); }

  std::vector<json> all(const kube::Resource& resource) const {
    auto listed = client_.list(resource, ns_);
    if (!listed) throw Unreadable(listed.error().sentence());
    return std::move(listed->items);
  }

  /// What is not there the pods do without: it may be optional.
  void add_all(const kube::Resource& resource, const std::set<std::string>& names) {
    for (const std::string& name : names) {
      if (name.empty()) continue;
      const auto object = client_.get(resource, ns_, name);
      if (object)
        add(*object);
      else if (!object.error().is_not_found())
        throw Unreadable(object.error().sentence());
    }
  }

  void add_account(const std::string& account) {
    if (account.empty() || account == kDefaultAccount) return;
    add_all(kube::kServiceAccounts, {account});
    for (const json& binding : all(kube::kRoleBindings)) {
      const json& subjects = fields::member(binding, "subjects");
      const bool names_it = std::any_of(subjects.begin(), subjects.end(), [&](const json& one) {
        return fields::text(one, "kind") == "ServiceAccount" && fields::text(one, "name") == account;
      });
      if (!names_it) continue;
      add(binding);
      const json& role = fields::member(binding, "roleRef");
      if (fields::text(role, "kind") == "Role") add_all(kube::kRoles, {fields::text(role, "name")});
    }
  }

  const kube::Client& client_;
  const std::string ns_;
  std::vector<json> items_;
};

}  // namespace

json without_its_place(json object) {
  const json metadata = fields::member(object, "metadata");
  json kept{{"name", fields::text(metadata, "name")}};
  for (const char* key : {"labels", "annotations"})
    if (metadata.contains(key)) kept[key] = metadata.at(key);
  if (kept.contains("annotations"))
    for (const char* key :
         {"kubectl.kubernetes.io/last-applied-configuration", "pv.kubernetes.io/bind-completed",
          "pv.kubernetes.io/bound-by-controller", "volume.kubernetes.io/selected-node"})
      kept["annotations"].erase(key);
  object["metadata"] = std::move(kept);
  object.erase("status");
  const std::string kind = fields::text(object, "kind");
  if (kind == "ServiceAccount") object.erase("secrets");
  if (kind == "PersistentVolumeClaim") object["spec"].erase("volumeName");
  if (kind == "Service") {
    json& spec = object["spec"];
    if (fields::text(spec, "clusterIP") != "None") spec.erase("clusterIP");
    for (const char* key : {"clusterIPs", "healthCheckNodePort", "ipFamilies"}) spec.erase(key);
    if (spec.contains("ports"))
      for (json& port : spec["ports"]) port.erase("nodePort");
  }
  return object;
}

tl::expected<std::vector<workload::SourceFile>, HarnessError> copy_set(const kube::Client& client,
                                                                       const std::string& set) {
  const auto name = parse_namespaced_name(set);
  if (!name) return fail(fmt::format("--set {} must be NAMESPACE/NAME of a running StatefulSet.", set));
  try {
    return std::vector{
        workload::SourceFile{"StatefulSet " + set, Copy(client, name->first).of(name->second)}};
  } catch (const Unreadable& why) {
    return fail(why.what());
  }
}

}  // namespace stateproof::cli
