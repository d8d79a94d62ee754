#include "cli/environment.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <set>
#include <sstream>
#include <string_view>

#include "cli/images.h"
#include "fixtures/probe/resolv_conf.h"
#include "harness/kube/certificate.h"
#include "harness/model/fields.h"
#include "harness/model/rfc3339.h"
#include "harness/report/whole_file.h"
#include "suites/catalogue.h"

namespace stateproof::cli {
namespace {

using nlohmann::json;

tl::expected<void, HarnessError> check(const kube::Client& client, const scenarios::Right& right,
                                       const std::string& ns) {
  json attributes{{"verb", right.verb},
                  {"group", right.resource.group},
                  {"resource", right.resource.plural},
                  {"subresource", right.subresource}};
  if (right.resource.namespaced) attributes["namespace"] = ns;
  const auto review =
      client.review(kube::kSelfSubjectAccessReviews, {{"apiVersion", "authorization.k8s.io/v1"},
                                                      {"kind", "SelfSubjectAccessReview"},
                                                      {"spec", {{"resourceAttributes", attributes}}}});
  if (!review) return fail(review.error().sentence());
  const json status = review->value("status", json::object());
  if (status.value("allowed", false)) return {};
  return fail(fmt::format(
      "This user may not {}{}; ask for the permission, or use a kubeconfig whose user has it.",
      scenarios::to_text(right),
      right.resource.namespaced ? " in namespace " + (ns.empty() ? "(any)" : ns) : " (cluster-wide)"));
}

bool is_default(const json& storage_class) {
  const json annotations = storage_class.at("metadata").value("annotations", json::object());
  return annotations.value("storageclass.kubernetes.io/is-default-class", "") == "true";
}

bool is_schedulable(const json& node, const fixtures::Terms& terms = {}) {
  const json spec = node.value("spec", json::object());
  if (spec.value("unschedulable", false)) return false;
  for (const json& taint : spec.value("taints", json::array())) {
    const std::string effect = taint.value("effect", "");
    if ((effect == "NoSchedule" || effect == "NoExecute") && !terms.is_tolerated(taint)) return false;
  }
  const json labels = node.value("/metadata/labels"_json_pointer, json::object());
  return terms.selects(labels);
}

bool has_image(const json& node, std::string_view image) {
  for (const json& listed : node.value("status", json::object()).value("images", json::array()))
    for (const json& name : listed.value("names", json::array()))
      if (name == image) return true;
  return false;
}

tl::expected<void, HarnessError> read_storage_class(const kube::Client& client, const std::string& wanted,
                                                    Environment& environment) {
  const auto classes = client.list(kube::kStorageClasses, "");
  if (!classes) return fail(classes.error().sentence());
  const auto found = std::find_if(classes->items.begin(), classes->items.end(), [&](const json& one) {
    return wanted.empty() ? is_default(one) : one.at("metadata").value("name", "") == wanted;
  });
  if (found == classes->items.end() && !wanted.empty())
    return fail(fmt::format("The cluster has no StorageClass {}; see kubectl get storageclass.", wanted));
  if (found == classes->items.end())
    return fail(
        fmt::format("The cluster has {}; mark one as default: kubectl annotate storageclass NAME "
                    "storageclass.kubernetes.io/is-default-class=true, or pass --storage-class NAME.",
                    classes->items.empty() ? "no StorageClass" : "no default StorageClass"));
  environment.storage_class = found->at("metadata").value("name", "");
  environment.provisioner = found->value("provisioner", "");
  environment.binding_mode = found->value("volumeBindingMode", "Immediate");
  environment.allows_expansion = found->value("allowVolumeExpansion", false);
  return {};
}

// Nodes may differ: each system once.
std::string system_of(const std::vector<json>& nodes) {
  std::set<std::string> systems;
  for (const json& node : nodes) {
    const json info = node.value("/status/nodeInfo"_json_pointer, json::object());
    if (is_schedulable(node) && info.contains("osImage"))
      systems.insert(fmt::format("{}, {}, {}", info.value("osImage", ""),
                                 info.value("containerRuntimeVersion", ""), info.value("architecture", "")));
  }
  return fmt::format("{}", fmt::join(systems, "; "));
}

tl::expected<void, HarnessError> read_nodes(const kube::Client& client, const ClusterOptions& options,
                                            Environment& environment) {
  const auto nodes = client.list(kube::kNodes, "");
  if (!nodes) return fail(nodes.error().sentence());
  environment.nodes = static_cast<int>(nodes->items.size());
  environment.schedulable_nodes =
      static_cast<int>(std::count_if(nodes->items.begin(), nodes->items.end(),
                                     [&](const json& node) { return is_schedulable(node, options.terms); }));
  if (environment.schedulable_nodes == 0)
    return fail(
        "No node accepts these pods: all are cordoned, tainted or lack a label that was asked for; see "
        "kubectl describe nodes, --toleration and --node-selector.");
  environment.image = resolve_image(options.image, nodes->items);
  environment.node_system = system_of(nodes->items);
  return {};
}

// It has this label wherever it was installed in the usual way; elsewhere, and where we may not look, it
// stays unknown.
void read_dns(const kube::Client& client, Environment& environment) {
  const auto servers = client.list(kube::kDeployments, "kube-system", {.label_selector = "k8s-app=kube-dns"});
  if (!servers || servers->items.empty()) return;
  environment.dns =
      servers->items.front().value("/spec/template/spec/containers/0/image"_json_pointer, std::string{});
}

/// As the pod looks names up that this process runs in; empty elsewhere.
std::string own_cluster_domain(const kube::Client& client) {
  if (client.config().context != "in-cluster") return {};
  const auto text = report::read_whole("/etc/resolv.conf");
  const std::string found = text ? probe::cluster_domain_of(probe::parse_resolv_conf(*text)) : std::string{};
  return probe::is_domain(found) ? found : "";
}

/// Where the DNS server is another, or we may not look, it is as almost everywhere; the first pod that asks
/// finds out when it is not.
void read_cluster_domain(const kube::Client& client, const std::string& given, Environment& environment) {
  if (!given.empty()) {
    environment.cluster_domain = given;
    return;
  }
  if (const std::string own = own_cluster_domain(client); !own.empty()) {
    environment.cluster_domain = own;
    return;
  }
  const auto served = client.get(kube::kConfigMaps, "kube-system", "coredns");
  if (!served) return;
  const std::string found = cluster_domain_in(fields::text(fields::member(*served, "data"), "Corefile"));
  if (!found.empty()) environment.cluster_domain = found;
}

bool any_names(const json& rule, const char* key, std::initializer_list<std::string_view> names) {
  const json& listed = fields::member(rule, key);
  return std::any_of(listed.begin(), listed.end(), [&](const json& one) {
    return one.is_string() && std::find(names.begin(), names.end(), one.get<std::string>()) != names.end();
  });
}

bool may_change_pods(const json& rules) {
  return std::any_of(rules.begin(), rules.end(), [](const json& rule) {
    return any_names(rule, "apiGroups", {"", "*"}) &&
           any_names(rule, "resources", {"pods", "persistentvolumeclaims", "*", "*/*"});
  });
}

/// Nullopt where we may not look; an API that the server does not have has none.
void read_pod_mutators(const kube::Client& client, Environment& environment) {
  environment.pod_mutators.emplace();
  for (const char* path : {"/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations",
                           "/apis/admissionregistration.k8s.io/v1/mutatingadmissionpolicies",
                           "/apis/admissionregistration.k8s.io/v1beta1/mutatingadmissionpolicies"}) {
    const auto list = client.get_path(path);
    if (!list && list.error().http_status == 404) continue;
    if (!list) return environment.pod_mutators.reset();
    for (std::string& name : pod_mutators_in(*list)) environment.pod_mutators->push_back(std::move(name));
  }
}

// Metrics are for monitoring: a user who may not read them does not need to.
void read_feature_gates(const kube::Client& client, Environment& environment) {
  if (const auto metrics = client.get_text("/metrics"))
    environment.feature_gates = parse_feature_gates(*metrics);
}

/// Value of `label="..."` in a line of metrics.
std::string_view label_of(std::string_view line, std::string_view label) {
  const std::size_t found = line.find(label);
  if (found == std::string_view::npos) return {};
  line.remove_prefix(found + label.size());
  return line.substr(0, line.find('"'));
}

/// What promises depend on, for people.
std::string gates_text(const std::optional<std::map<std::string, bool>>& gates) {
  if (!gates) return "unknown: /metrics could not be read";
  std::string text;
  for (const Promise& promise : catalogue())
    for (const Requirement& requirement : promise.requirements) {
      const auto gate = gates->find(std::string{requirement.gate});
      if (gate == gates->end() || text.find(gate->first) != std::string::npos) continue;
      text += fmt::format("{}{} {}", text.empty() ? "" : ", ", gate->first, gate->second ? "on" : "off");
    }
  return text.empty() ? "none that a promise depends on" : text;
}

}  // namespace

const char* const kPublishedImage = kPinnedPublishedImage;
const char* const kBuiltImage = "stateproof.local/mariadb:" STATEPROOF_MARIADB_SERIES;

json Environment::to_json() const {
  json told{{"server", server_version},
            {"nodes", nodes},
            {"schedulableNodes", schedulable_nodes},
            {"storageClass", storage_class},
            {"provisioner", provisioner},
            {"bindingMode", binding_mode},
            {"allowVolumeExpansion", allows_expansion},
            {"nodeSystem", node_system},
            {"dns", dns},
            {"clusterDomain", cluster_domain},
            {"image", image}};
  told["podMutators"] = pod_mutators ? json(*pod_mutators) : json{};
  if (feature_gates) told["featureGates"] = *feature_gates;
  return told;
}

Environment environment_from_json(const json& told) {
  Environment environment;
  environment.server_version = told.value("server", "");
  environment.nodes = told.value("nodes", 0);
  environment.schedulable_nodes = told.value("schedulableNodes", 0);
  environment.storage_class = told.value("storageClass", "");
  environment.provisioner = told.value("provisioner", "");
  environment.binding_mode = told.value("bindingMode", "");
  environment.allows_expansion = told.value("allowVolumeExpansion", false);
  environment.node_system = told.value("nodeSystem", "");
  environment.dns = told.value("dns", "");
  environment.image = told.value("image", "");
  environment.cluster_domain = told.value("clusterDomain", environment.cluster_domain);
  if (const auto mutators = told.find("podMutators"); mutators != told.end() && mutators->is_array())
    environment.pod_mutators = mutators->get<std::vector<std::string>>();
  if (told.contains("featureGates"))
    environment.feature_gates = told.at("featureGates").get<std::map<std::string, bool>>();
  return environment;
}

std::map<std::string, std::string> Environment::properties() const {
  std::map<std::string, std::string> properties{
      {"server version", server_version},
      {"nodes", fmt::format("{} ({} schedulable)", nodes, schedulable_nodes)},
      {"storage class", fmt::format("{} ({}, {}, {})", storage_class, provisioner, binding_mode,
                                    allows_expansion ? "expandable" : "not expandable")},
      {"cluster domain", cluster_domain},
      {"feature gates", gates_text(feature_gates)},
      {"image", image}};
  if (!node_system.empty()) properties["node system"] = node_system;
  if (!dns.empty()) properties["DNS"] = dns;
  return properties;
}

tl::expected<kube::Client, HarnessError> connect(const ClusterOptions& options, const std::stop_token& stop) {
  auto config = kube::load_cluster_config({.path = options.kubeconfig, .context = options.context});
  if (!config) return fail(config.error().sentence());
  // The API server says no more than that it does not accept it.
  const auto end = kube::certificate_end(config->client_certificate_pem);
  if (end && *end < std::chrono::system_clock::now())
    return fail(
        fmt::format("The client certificate of context \"{}\" expired at {} by this machine's clock; renew "
                    "it, or fetch a new kubeconfig.",
                    config->context, format_rfc3339(*end)));
  kube::ClientOptions client_options;
  client_options.stop = stop;
  auto client = kube::Client::create(std::move(*config), client_options);
  if (!client) return fail(client.error().sentence());
  return std::move(*client);
}

tl::expected<Environment, HarnessError> probe_environment(const kube::Client& client,
                                                          const ClusterOptions& options,
                                                          const std::vector<scenarios::Right>& needed) {
  Environment environment;
  const auto version = client.get_path("/version");
  if (!version) return fail(version.error().sentence());
  environment.server_version = version->value("gitVersion", "unknown");
  for (const scenarios::Right& right : needed)
    if (auto allowed = check(client, right, options.ns); !allowed)
      return tl::make_unexpected(allowed.error());
  if (auto read = read_storage_class(client, options.terms.storage_class, environment); !read)
    return tl::make_unexpected(read.error());
  if (auto read = read_nodes(client, options, environment); !read) return tl::make_unexpected(read.error());
  read_feature_gates(client, environment);
  read_pod_mutators(client, environment);
  read_dns(client, environment);
  read_cluster_domain(client, options.terms.cluster_domain, environment);
  return environment;
}

fixtures::Terms terms_of(const ClusterOptions& options, const Environment& environment) {
  fixtures::Terms terms = options.terms;
  terms.cluster_domain = environment.cluster_domain;
  return terms;
}

std::vector<std::string> pod_mutators_in(const json& list) {
  std::vector<std::string> names;
  for (const json& one : fields::member(list, "items")) {
    const json& webhooks = fields::member(one, "webhooks");
    const bool changes =
        std::any_of(webhooks.begin(), webhooks.end(),
                    [](const json& webhook) { return may_change_pods(fields::member(webhook, "rules")); }) ||
        may_change_pods(fields::in(one, "spec", "matchConstraints", "resourceRules"));
    if (changes) names.push_back(fields::text(fields::member(one, "metadata"), "name"));
  }
  return names;
}

std::map<std::string, bool> parse_feature_gates(std::string_view metrics) {
  constexpr std::string_view metric = "kubernetes_feature_enabled{";
  std::map<std::string, bool> gates;
  while (!metrics.empty()) {
    const std::string_view line = metrics.substr(0, metrics.find('\n'));
    metrics.remove_prefix(std::min(line.size() + 1, metrics.size()));
    if (!line.starts_with(metric)) continue;
    const std::string_view name = label_of(line, "name=\"");
    if (name.empty() || label_of(line, "stage=\"").empty()) continue;
    gates[std::string{name}] = line.ends_with("} 1");
  }
  return gates;
}

std::string cluster_domain_in(std::string_view corefile) {
  std::istringstream lines{std::string{corefile}};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string word;
    if (!(words >> word) || word != "kubernetes") continue;
    while (words >> word && word != "{") {
      if (word.ends_with('.')) word.pop_back();
      if (!word.ends_with(".arpa") && probe::is_domain(word)) return word;
    }
  }
  return {};
}

std::string resolve_image(const std::string& given, const std::vector<json>& nodes) {
  if (!given.empty()) return given;
  if (const char* variable = std::getenv("STATEPROOF_IMAGE"); variable != nullptr && *variable != '\0')
    return variable;
  const bool built = std::all_of(nodes.begin(), nodes.end(), [](const json& node) {
    return !is_schedulable(node) || has_image(node, kBuiltImage);
  });
  return built && !nodes.empty() ? kBuiltImage : kPublishedImage;
}

}  // namespace stateproof::cli
