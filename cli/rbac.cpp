#include "cli/rbac.h"

#include <fmt/format.h>

#include <map>
#include <set>

#include "fixtures/manifest/manifest_text.h"
#include "suites/explore/play.h"
#include "suites/scenarios/engine/rights.h"

namespace stateproof::cli {

using nlohmann::json;

namespace {

using Names = std::set<std::string>;

std::vector<scenarios::Right> rights_of(const std::string& profile) {
  if (const auto known = parse_profile(profile)) return scenarios::rights_of(*known);
  return scenarios::rights_of(explore::scenario_of({}));
}

/// One for all resources that may be treated alike.
json rules_of(const std::string& profile) {
  std::map<std::pair<std::string, std::string>, Names> verbs;  // of (group, resource)
  for (const scenarios::Right& right : rights_of(profile)) {
    std::string resource{right.resource.plural};
    if (!right.subresource.empty()) resource += fmt::format("/{}", right.subresource);
    verbs[{std::string{right.resource.group}, resource}].emplace(right.verb);
  }
  std::map<std::pair<std::string, Names>, Names> rules;  // resources with the same verbs in one rule
  for (const auto& [resource, allowed] : verbs) rules[{resource.first, allowed}].insert(resource.second);
  json told = json::array();
  for (const auto& [rule, resources] : rules)
    told.push_back({{"apiGroups", {rule.first}}, {"resources", resources}, {"verbs", rule.second}});
  return told;
}

}  // namespace

std::vector<json> rbac_objects(const RbacOptions& options) {
  constexpr const char* group = "rbac.authorization.k8s.io";
  const std::string version = fmt::format("{}/v1", group);
  const std::string role = fmt::format("{}-{}", options.name, options.profile);
  const json account{{"name", options.name}, {"namespace", options.ns}};
  json subject = account;
  subject["kind"] = "ServiceAccount";
  return {
      {{"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", options.ns}}}},
      {{"apiVersion", "v1"}, {"kind", "ServiceAccount"}, {"metadata", account}},
      {{"apiVersion", version},
       {"kind", "ClusterRole"},
       {"metadata", {{"name", role}}},
       {"rules", rules_of(options.profile)}},
      {{"apiVersion", version},
       {"kind", "ClusterRoleBinding"},
       {"metadata", {{"name", role}}},
       {"roleRef", {{"apiGroup", group}, {"kind", "ClusterRole"}, {"name", role}}},
       {"subjects", json::array({subject})}},
  };
}

std::string rbac_text(const RbacOptions& options) {
  return fmt::format("# What stateproof run --profile {} needs, and no more.\n{}", options.profile,
                     fixtures::manifest_text(rbac_objects(options)));
}

}  // namespace stateproof::cli
