#include "cli/rbac.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>
#include <set>

#include "suites/explore/play.h"
#include "suites/scenarios/engine/rights.h"

namespace stateproof::cli {

using Names = std::set<std::string>;

namespace {

std::vector<scenarios::Right> rights_of(const std::string& profile) {
  if (const auto known = parse_profile(profile)) return scenarios::rights_of(*known);
  return scenarios::rights_of(explore::scenario_of({}));
}

}  // namespace

std::string rbac_text(const RbacOptions& options) {
  std::map<std::pair<std::string, std::string>, Names> verbs;  // of (group, resource)
  for (const scenarios::Right& right : rights_of(options.profile)) {
    std::string resource{right.resource.plural};
    if (!right.subresource.empty()) resource += fmt::format("/{}", right.subresource);
    verbs[{std::string{right.resource.group}, resource}].emplace(right.verb);
  }
  std::map<std::pair<std::string, Names>, Names> rules;  // resources with the same verbs in one rule
  for (const auto& [resource, allowed] : verbs) rules[{resource.first, allowed}].insert(resource.second);

  std::string text = fmt::format(
      "# What stateproof run --profile {1} needs, and no more.\n"
      "apiVersion: v1\n"
      "kind: Namespace\n"
      "metadata: {{name: {2}}}\n"
      "---\n"
      "apiVersion: v1\n"
      "kind: ServiceAccount\n"
      "metadata: {{name: {0}, namespace: {2}}}\n"
      "---\n"
      "apiVersion: rbac.authorization.k8s.io/v1\n"
      "kind: ClusterRole\n"
      "metadata: {{name: {0}-{1}}}\n"
      "rules:\n",
      options.name, options.profile, options.ns);
  for (const auto& [rule, resources] : rules)
    text += fmt::format("- {{apiGroups: [\"{}\"], resources: [{}], verbs: [{}]}}\n", rule.first,
                        fmt::join(resources, ", "), fmt::join(rule.second, ", "));
  text += fmt::format(
      "---\n"
      "apiVersion: rbac.authorization.k8s.io/v1\n"
      "kind: ClusterRoleBinding\n"
      "metadata: {{name: {0}-{1}}}\n"
      "roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: {0}-{1}}}\n"
      "subjects: [{{kind: ServiceAccount, name: {0}, namespace: {2}}}]\n",
      options.name, options.profile, options.ns);
  return text;
}

}  // namespace stateproof::cli
