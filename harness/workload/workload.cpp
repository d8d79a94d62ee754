#include "harness/workload/workload.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <optional>

#include "harness/model/fields.h"
#include "harness/workload/yaml.h"

namespace stateproof::workload {
namespace {

using nlohmann::json;

struct Refused : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// What lives in a namespace and is created, in this order: what others need comes first.
constexpr std::array<std::string_view, 19> kCreated{"ResourceQuota",
                                                    "LimitRange",
                                                    "NetworkPolicy",
                                                    "ServiceAccount",
                                                    "Secret",
                                                    "ConfigMap",
                                                    "PersistentVolumeClaim",
                                                    "Role",
                                                    "RoleBinding",
                                                    "Service",
                                                    "Endpoints",
                                                    "EndpointSlice",
                                                    "PodDisruptionBudget",
                                                    "Pod",
                                                    "Deployment",
                                                    "DaemonSet",
                                                    "Job",
                                                    "CronJob",
                                                    "StatefulSet"};

/// What lives in a namespace, and would bring the outside in or move the set while it is judged.
constexpr std::array<std::string_view, 2> kLeftAlone{"Ingress", "HorizontalPodAutoscaler"};

constexpr std::array<std::string_view, 24> kClusterWide{"Namespace",
                                                        "Node",
                                                        "PersistentVolume",
                                                        "StorageClass",
                                                        "VolumeAttachment",
                                                        "VolumeAttributesClass",
                                                        "VolumeSnapshotClass",
                                                        "VolumeSnapshotContent",
                                                        "CSIDriver",
                                                        "CSINode",
                                                        "ClusterRole",
                                                        "ClusterRoleBinding",
                                                        "CustomResourceDefinition",
                                                        "PriorityClass",
                                                        "RuntimeClass",
                                                        "IngressClass",
                                                        "APIService",
                                                        "CertificateSigningRequest",
                                                        "ClusterIssuer",
                                                        "PodSecurityPolicy",
                                                        "MutatingWebhookConfiguration",
                                                        "ValidatingWebhookConfiguration",
                                                        "MutatingAdmissionPolicy",
                                                        "ValidatingAdmissionPolicy"};

template <std::size_t N>
bool is_one_of(std::string_view kind, const std::array<std::string_view, N>& kinds) {
  return std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
}

/// API groups of Kubernetes itself have no dot, or end so.
bool is_of_kubernetes(std::string_view version) {
  const std::size_t slash = version.find('/');
  if (slash == std::string_view::npos) return true;
  const std::string_view group = version.substr(0, slash);
  return group.find('.') == std::string_view::npos || group.ends_with(".k8s.io");
}

struct Placed {
  json object;
  std::string place;            ///< "db.yaml:12"
  std::string namespace_place;  ///< of its metadata.namespace; empty when it has none

  [[nodiscard]] std::string kind() const { return fields::text(object, "kind"); }
  [[nodiscard]] std::string name() const { return fields::text(fields::member(object, "metadata"), "name"); }
  [[nodiscard]] std::string text() const { return kind() + " " + name(); }
};

class Assembly {
 public:
  Assembly(std::string name, const Choice& choice) : choice_(choice) { workload_.name = std::move(name); }

  Workload assemble(const std::vector<SourceFile>& files) {
    for (const SourceFile& file : files) is_contract(file) ? take_contract(file) : take_manifest(file);
    refuse_cluster_wide();
    refuse_fixed_namespace();
    refuse_doubles();
    put_in_order();
    demand_container();
    return std::move(workload_);
  }

 private:
  static bool is_contract(const SourceFile& file) {
    const std::size_t slash = file.name.rfind('/');
    return std::string_view{file.name}.substr(slash == std::string::npos ? 0 : slash + 1) == kContractFile;
  }

  void take_contract(const SourceFile& file) {
    if (!workload_.contract.file.empty())
      throw Refused(
          fmt::format("There are two contracts, {} and {}; keep one.", workload_.contract.file, file.name));
    auto contract = read_contract(file);
    if (!contract) throw Refused(contract.error().sentence);
    workload_.contract = std::move(*contract);
  }

  void take_manifest(const SourceFile& file) {
    try {
      for (Document& document : read_yaml(file.text)) take(file, document, document.value, "");
    } catch (const BadYaml& bad) {
      throw Refused(fmt::format("{}:{}: this is not YAML: {}.", file.name, bad.line, bad.what()));
    }
    last_file_ = file.name;
  }

  void take(const SourceFile& file, const Document& document, const json& value, const std::string& pointer) {
    const std::string place = fmt::format("{}:{}", file.name, document.line_of(pointer));
    const std::string kind = fields::text(value, "kind");
    if (kind.ends_with("List") && value.contains("items")) {
      const json& items = fields::member(value, "items");
      for (std::size_t i = 0; i < items.size(); ++i)
        take(file, document, items.at(i), fmt::format("{}/items/{}", pointer, i));
      return;
    }
    const json& metadata = fields::member(value, "metadata");
    if (kind.empty() || fields::text(value, "apiVersion").empty())
      throw Refused(fmt::format("{}: this is no manifest: an object needs apiVersion and kind.", place));
    Placed placed{value, place, {}};
    if (placed.name().empty())
      throw Refused(fmt::format("{}: the {} has no metadata.name, without which it cannot be recognized.",
                                place, kind));
    if (metadata.contains("namespace"))
      placed.namespace_place =
          fmt::format("{}:{}", file.name, document.line_of(pointer + "/metadata/namespace"));
    if (auto why = reason_to_skip(placed))
      workload_.skipped.push_back(fmt::format("{} ({}) is not created: {}.", placed.text(), place, *why));
    else
      objects_.push_back(std::move(placed));
  }

  static std::optional<std::string> reason_to_skip(const Placed& placed) {
    const json& annotations = fields::member(fields::member(placed.object, "metadata"), "annotations");
    if (annotations.contains("helm.sh/hook"))
      return fmt::format("it is a hook of Helm ({})", fields::text(annotations, "helm.sh/hook"));
    const std::string kind = placed.kind();
    if (is_one_of(kind, kLeftAlone))
      return kind == "Ingress" ? "nobody comes in from outside" : "it would scale the set while it is judged";
    if (is_one_of(kind, kCreated) || is_one_of(kind, kClusterWide)) return std::nullopt;
    const std::string version = fields::text(placed.object, "apiVersion");
    return is_of_kubernetes(version) ? fmt::format("a {} of {} is of no concern to the set", kind, version)
                                     : fmt::format("{} is not an API of Kubernetes itself", version);
  }

  void refuse_cluster_wide() const {
    std::vector<std::string> found;
    for (const Placed& one : objects_)
      if (is_one_of(one.kind(), kClusterWide)) found.push_back(fmt::format("{} ({})", one.text(), one.place));
    if (found.empty()) return;
    throw Refused(
        fmt::format("{} {} cluster-wide, and only what lives in a namespace is created and cleaned up; "
                    "create {} yourself "
                    "and take {} out of the manifest.",
                    fmt::join(found, ", "), found.size() == 1 ? "is" : "are",
                    found.size() == 1 ? "it" : "them", found.size() == 1 ? "it" : "them"));
  }

  void refuse_fixed_namespace() {
    for (Placed& one : objects_) {
      if (one.namespace_place.empty()) continue;
      json& metadata = one.object["metadata"];
      const std::string fixed = fields::text(metadata, "namespace");
      if (fixed != choice_.ns)
        throw Refused(
            fmt::format("{}: {} is fixed to namespace \"{}\", and the workload gets a namespace of its own; "
                        "take the line "
                        "out, or pass --namespace {}{}.",
                        one.namespace_place, one.text(), fixed,
                        fixed == "default" ? "NAME and render it for that" : fixed,
                        fixed == "default" ? " one" : ", which is created and deleted again"));
      metadata.erase("namespace");
    }
  }

  void refuse_doubles() const {
    for (std::size_t i = 0; i < objects_.size(); ++i)
      for (std::size_t j = 0; j < i; ++j)
        if (objects_[i].kind() == objects_[j].kind() && objects_[i].name() == objects_[j].name())
          throw Refused(fmt::format("{}: {} stands there already, at {}.", objects_[i].place,
                                    objects_[i].text(), objects_[j].place));
  }

  /// The index of the set that is judged.
  [[nodiscard]] std::size_t chosen() const {
    const std::string& wanted = choice_.set.empty() ? workload_.contract.set : choice_.set;
    std::vector<std::size_t> sets;
    std::vector<std::string> names;
    for (std::size_t i = 0; i < objects_.size(); ++i) {
      if (objects_[i].kind() != "StatefulSet") continue;
      if (objects_[i].name() == wanted) return i;
      sets.push_back(i);
      names.push_back(objects_[i].name());
    }
    if (sets.empty())
      throw Refused(fmt::format("{} has no StatefulSet: there is nothing to judge.", last_file_.empty() ? "It"
                                                                                     : objects_.size() > 1
                                                                                         ? workload_.name
                                                                                         : last_file_));
    if (!wanted.empty())
      throw Refused(fmt::format("{} has no StatefulSet {}; it has {}.", workload_.name, wanted,
                                fmt::join(names, ", ")));
    if (sets.size() > 1)
      throw Refused(
          fmt::format("{} has {} StatefulSets, {}; choose the one that is judged with --statefulset NAME.",
                      workload_.name, sets.size(), fmt::join(names, ", ")));
    return sets.front();
  }

  void put_in_order() {
    const std::size_t judged = chosen();
    Placed set = std::move(objects_[judged]);
    objects_.erase(objects_.begin() + static_cast<std::ptrdiff_t>(judged));
    const auto rank = [](const Placed& one) {
      return std::find(kCreated.begin(), kCreated.end(), one.kind()) - kCreated.begin();
    };
    std::stable_sort(objects_.begin(), objects_.end(),
                     [&](const Placed& one, const Placed& other) { return rank(one) < rank(other); });
    for (Placed& one : objects_) workload_.objects.push_back(std::move(one.object));
    set_place_ = set.place;
    workload_.objects.push_back(std::move(set.object));
  }

  void demand_container() const {
    const json& spec = fields::member(workload_.set(), "spec");
    const json& containers = fields::in(spec, "template", "spec", "containers");
    if (!containers.is_array() || containers.empty())
      throw Refused(fmt::format("{}: the StatefulSet has no spec.template.spec.containers.", set_place_));
    const json& replicas = fields::member(spec, "replicas");
    if (!replicas.is_null() && (!replicas.is_number_integer() || replicas < 1))
      throw Refused(fmt::format(
          "{}: spec.replicas of the StatefulSet must be at least 1: without pods there is nothing "
          "to judge.",
          set_place_));
    const std::string& wanted = workload_.contract.container;
    const bool known =
        wanted.empty() || std::any_of(containers.begin(), containers.end(),
                                      [&](const json& one) { return fields::text(one, "name") == wanted; });
    if (!known)
      throw Refused(fmt::format("{}: the StatefulSet has no container {}.",
                                workload_.contract.place_of("container"), wanted));
  }

  const Choice& choice_;
  Workload workload_;
  std::vector<Placed> objects_;
  std::string last_file_;
  std::string set_place_;
};

/// By what the elements of a list are told apart.
const char* key_of(const json& list) {
  for (const char* key : {"name", "mountPath"})
    if (!list.empty() && list.front().is_object() && list.front().contains(key)) return key;
  return nullptr;
}

void merge(json& target, const json& patch);

std::string claim_template_name(const json& one) {
  return fields::text(fields::member(one, "metadata"), "name");
}

void merge_list(json& target, const json& patch) {
  const char* key = key_of(patch);
  const bool named = key != nullptr || (!patch.empty() && !claim_template_name(patch.front()).empty());
  if (!named) {
    target = patch;
    return;
  }
  const auto name_of = [&](const json& one) {
    return key != nullptr ? fields::text(one, key) : claim_template_name(one);
  };
  for (const json& element : patch) {
    const auto found = std::find_if(target.begin(), target.end(),
                                    [&](const json& one) { return name_of(one) == name_of(element); });
    if (fields::text(element, "$patch") == "delete") {
      if (found != target.end()) target.erase(found);
    } else if (found == target.end()) {
      target.push_back(element);
    } else {
      merge(*found, element);
    }
  }
}

void merge(json& target, const json& patch) {
  for (const auto& [key, value] : patch.items()) {
    if (value.is_null())
      target.erase(key);
    else if (value.is_object() && target.contains(key) && target.at(key).is_object())
      merge(target.at(key), value);
    else if (value.is_array() && target.contains(key) && target.at(key).is_array())
      merge_list(target.at(key), value);
    else
      target[key] = value;
  }
}

std::vector<std::string> claim_templates(const Workload& workload) {
  std::vector<std::string> names;
  for (const json& one : fields::in(workload.set(), "spec", "volumeClaimTemplates"))
    names.push_back(claim_template_name(one));
  return names;
}

/// Where the container mounts the volume; empty when it does not.
std::string path_of(const json& container, const std::string& volume) {
  for (const json& mount : fields::member(container, "volumeMounts"))
    if (fields::text(mount, "name") == volume) return fields::text(mount, "mountPath");
  return {};
}

}  // namespace

const json* Workload::find(std::string_view kind, std::string_view object_name) const {
  for (const json& object : objects)
    if (fields::text(object, "kind") == kind &&
        fields::text(fields::member(object, "metadata"), "name") == object_name)
      return &object;
  return nullptr;
}

const json& Workload::container() const {
  const json& containers = fields::in(set(), "spec", "template", "spec", "containers");
  for (const json& one : containers)
    if (!contract.container.empty() && fields::text(one, "name") == contract.container) return one;
  for (const json& one : containers)
    for (const std::string& claim : claim_templates(*this))
      if (!path_of(one, claim).empty()) return one;
  return containers.front();
}

tl::expected<Workload, HarnessError> assemble(std::string name, const std::vector<SourceFile>& files,
                                              const Choice& choice) {
  try {
    return Assembly(std::move(name), choice).assemble(files);
  } catch (const Refused& refused) {
    return fail(refused.what());
  }
}

tl::expected<void, HarnessError> lay_over(std::vector<json>& objects, const SourceFile& overlay) {
  try {
    for (const Document& document : read_yaml(overlay.text)) {
      const std::string kind = fields::text(document.value, "kind");
      const std::string name = fields::text(fields::member(document.value, "metadata"), "name");
      const auto found = std::find_if(objects.begin(), objects.end(), [&](const json& object) {
        return fields::text(object, "kind") == kind &&
               fields::text(fields::member(object, "metadata"), "name") == name;
      });
      if (found == objects.end())
        return fail(fmt::format("{}:{}: the workload has no {} {} to change.", overlay.name, document.line,
                                kind, name));
      merge(*found, document.value);
    }
    return {};
  } catch (const BadYaml& bad) {
    return fail(fmt::format("{}:{}: this is not YAML: {}.", overlay.name, bad.line, bad.what()));
  }
}

std::vector<json> objects_in(const Workload& workload, const std::string& ns) {
  std::vector<json> objects = workload.objects;
  for (json& object : objects) {
    if (fields::text(object, "kind") != "RoleBinding" || !object.contains("subjects")) continue;
    for (json& one : object.at("subjects"))
      if (fields::text(one, "kind") == "ServiceAccount") one["namespace"] = ns;
  }
  return objects;
}

Subject subject_of(const Workload& workload, const std::string& ns) {
  const json& spec = fields::member(workload.set(), "spec");
  Subject subject;
  subject.ns = ns;
  subject.set = fields::text(fields::member(workload.set(), "metadata"), "name");
  subject.service = fields::text(spec, "serviceName");
  subject.container = fields::text(workload.container(), "name");
  subject.replicas = {fields::small_number(spec, "replicas", 1)};
  subject.first = {fields::small_number(fields::member(spec, "ordinals"), "start", 0)};
  subject.ordered = fields::text(spec, "podManagementPolicy") != "Parallel";
  const std::vector<std::string> claims = claim_templates(workload);
  for (const std::string& claim : claims) {
    const std::string path = path_of(workload.container(), claim);
    if (path.empty() && claim != claims.back()) continue;
    subject.claim_template = claim;
    subject.mount_path = path;
    break;
  }
  return subject;
}

std::vector<std::string> claim_paths(const Workload& workload) {
  std::vector<std::string> paths;
  for (const std::string& claim : claim_templates(workload))
    if (std::string path = path_of(workload.container(), claim); !path.empty())
      paths.push_back(std::move(path));
  return paths;
}

}  // namespace stateproof::workload
