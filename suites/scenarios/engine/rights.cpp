#include "suites/scenarios/engine/rights.h"

#include <fmt/format.h>

#include <algorithm>

#include "suites/scenarios/engine/scenario.h"

namespace stateproof::scenarios {
namespace {

using namespace kube;

/// What every scenario does.
const std::vector<Right>& common_rights() {
  static const std::vector<Right> rights{
      {"create", kNamespaces},    {"delete", kNamespaces},
      {"watch", kNamespaces},     {"list", kNodes},
      {"list", kStorageClasses},  {"watch", kVolumes},
      {"create", kServices},      {"create", kStatefulSets},
      {"watch", kStatefulSets},   {"watch", kPods},
      {"watch", kClaims},         {"watch", kServices},
      {"watch", kEvents},         {"watch", kServiceAccounts},
      {"watch", kEndpointSlices}, {"create", kLeases},
      {"get", kLeases},           {"patch", kLeases},
  };
  return rights;
}

void add(std::vector<Right>& rights, const Right& right) {
  if (std::find(rights.begin(), rights.end(), right) == rights.end()) rights.push_back(right);
}

/// Adds what RBAC wants to see for it. A watch begins with a list. A WebSocket needs `create` on its
/// subresource from Kubernetes 1.35 on; before, `get` was asked.
void add_in_words_of_rbac(std::vector<Right>& rights, const Right& right) {
  Right asked = right;
  if (right.verb == "watch") asked.verb = "list";
  if (right.verb == "connect") asked.verb = "get";
  add(rights, asked);
  asked.verb = right.verb == "connect" ? "create" : right.verb;
  add(rights, asked);
}

}  // namespace

std::string to_text(const Right& right) {
  return fmt::format("{} {}{}{}{}{}", right.verb, right.resource.plural, right.subresource.empty() ? "" : "/",
                     right.subresource, right.resource.group.empty() ? "" : ".", right.resource.group);
}

std::vector<Right> rights_of(const Scenario& scenario) {
  std::vector<Right> rights;
  for (const Right& right : common_rights()) add_in_words_of_rbac(rights, right);
  for (const auto& resources : {scenario.also_watches, scenario.also_watches_cluster})
    for (const Resource& resource : resources) add_in_words_of_rbac(rights, {"watch", resource});
  for (const Right& right : scenario.rights) add_in_words_of_rbac(rights, right);
  return rights;
}

std::vector<Right> rights_of(Profile run) {
  std::vector<Right> rights;
  for (const Scenario& scenario : all())
    if (has_place(scenario.profile, run))
      for (const Right& right : rights_of(scenario)) add(rights, right);
  return rights;
}

}  // namespace stateproof::scenarios
