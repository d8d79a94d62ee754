#include "harness/diagnosis/manager.h"

#include <fmt/format.h>

#include <array>

#include "harness/model/fields.h"

namespace stateproof::diagnosis {
namespace {

using nlohmann::json;
using namespace fields;

struct Mark {
  const char* key;
  std::string_view tool;
};

// Labels and annotations by which tools know their own.
constexpr std::array<Mark, 5> kMarks{{{"argocd.argoproj.io/tracking-id", "Argo CD application"},
                                      {"argocd.argoproj.io/instance", "Argo CD application"},
                                      {"kustomize.toolkit.fluxcd.io/name", "Flux Kustomization"},
                                      {"helm.toolkit.fluxcd.io/name", "Flux HelmRelease"},
                                      {"fleet.cattle.io/bundle-id", "Fleet bundle"}}};

std::string marked(const ObjectMeta& meta, const std::string& key) {
  const auto annotation = meta.annotations.find(key);
  return annotation == meta.annotations.end() ? meta.label(key) : annotation->second;
}

}  // namespace

std::string manager_of(const Workload& workload) {
  const ObjectMeta& meta = workload.set().meta;
  if (const OwnerReference* owner = meta.controller())
    return owner->kind + " " + workload.ns() + "/" + owner->name;
  for (const Mark& mark : kMarks)
    if (const std::string name = marked(meta, mark.key); !name.empty())
      return fmt::format("{} {}", mark.tool, name.substr(0, name.find(':')));
  if (const std::string release = marked(meta, "meta.helm.sh/release-name"); !release.empty()) {
    const std::string ns = marked(meta, "meta.helm.sh/release-namespace");
    return fmt::format("Helm release {} (namespace {})", release, ns.empty() ? workload.ns() : ns);
  }
  if (meta.label("app.kubernetes.io/managed-by") == "Helm" &&
      !meta.label("app.kubernetes.io/instance").empty())
    return "Helm release " + meta.label("app.kubernetes.io/instance");
  // An operator that sets no owner still signs its fields.
  for (const json& entry : in(workload.served(), "metadata", "managedFields")) {
    const std::string manager = text(entry, "manager");
    const bool owns = in(entry, "fieldsV1", "f:spec").contains("f:template");
    if (owns &&
        (manager.find("operator") != std::string::npos || manager.find("argocd") != std::string::npos ||
         manager == "helm" || manager.find("flux") != std::string::npos))
      return "field manager " + manager;
  }
  return {};
}

}  // namespace stateproof::diagnosis
