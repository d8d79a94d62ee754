// What the API server says when it does not let a pod or a claim in.
#include "harness/diagnosis/refusals.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "harness/diagnosis/remedies.h"
#include "harness/diagnosis/selectors.h"
#include "harness/diagnosis/shell.h"
#include "harness/model/fields.h"
#include "harness/model/quantity.h"

namespace stateproof::diagnosis {
namespace {

using nlohmann::json;
using namespace fields;

/// What stands between two texts; empty when either is missing.
std::string between(const std::string& message, std::string_view begin, std::string_view end) {
  const auto at = message.find(begin);
  if (at == std::string::npos) return {};
  const auto from = at + begin.size();
  const auto to = end.empty() ? message.size() : message.find(end, from);
  return to == std::string::npos ? std::string{} : message.substr(from, to - from);
}

std::vector<std::string> split(const std::string& text, std::string_view by) {
  std::vector<std::string> parts;
  for (std::size_t at = 0; at <= text.size();) {
    const auto end = std::min(text.find(by, at), text.size());
    if (end > at) parts.push_back(text.substr(at, end - at));
    at = end + by.size();
  }
  return parts;
}

/// "pods=1,requests.cpu=500m"
std::map<std::string, std::string> amounts(const std::string& text) {
  std::map<std::string, std::string> all;
  for (const std::string& part : split(text, ","))
    if (const auto equals = part.find('='); equals != std::string::npos)
      all.emplace(part.substr(0, equals), part.substr(equals + 1));
  return all;
}

/// The words of the refusal itself, without what the controller puts before them.
std::string said(const std::string& message) {
  const std::string error = between(message, "failed error: ", "");
  return error.empty() ? message : error;
}

// --- quotas -----------------------------------------------------------------------------------------------

// Room for what is used and for what is still missing.
std::string enough(const Workload& workload, const std::string& resource, const std::string& asked,
                   const std::string& used) {
  const double each = parse_quantity(asked).value_or(0);
  const double now = parse_quantity(used).value_or(0);
  const double missing =
      std::max<double>(1, workload.set().replicas.value - static_cast<double>(workload.pods().size()));
  const double sum = now + each * missing;
  if (resource.find("cpu") != std::string::npos) return fmt::format("{:.0f}m", std::ceil(sum * 1000));
  if (resource.find("memory") != std::string::npos || resource.find("storage") != std::string::npos ||
      resource.find("hugepages") != std::string::npos)
    return resource.find("persistentvolumeclaims") != std::string::npos
               ? fmt::format("{:.0f}", sum)
               : fmt::format("{:.0f}Mi", std::ceil(sum / 0x1p20));
  return fmt::format("{:.0f}", sum);
}

void tell_full(const Workload& workload, const std::string& name, const std::string& message,
               Finding& finding) {
  const auto asked = amounts(between(message, "requested: ", ", used:"));
  const auto used = amounts(between(message, "used: ", ", limited:"));
  const auto limited = amounts(between(message, "limited: ", ""));
  std::vector<std::string> parts;
  json hard = json::object();
  for (const auto& [resource, limit] : limited) {
    const auto now = used.find(resource);
    const auto more = asked.find(resource);
    parts.push_back(fmt::format("{} {} of {} used, {} more asked for", resource,
                                now == used.end() ? "?" : now->second, limit,
                                more == asked.end() ? "?" : more->second));
    if (now != used.end() && more != asked.end())
      hard[resource] = enough(workload, resource, more->second, now->second);
  }
  const bool claim = message.find("reate Claim") != std::string::npos ||
                     message.find("persistentvolumeclaims \"") != std::string::npos;
  finding.id = "quota-exceeded";
  finding.cause = fmt::format("The ResourceQuota {} of the namespace has no room for the {}{}.", name,
                              claim ? "claim " + between(message, "persistentvolumeclaims \"", "\"") : "pod",
                              parts.empty() ? std::string{} : fmt::format(": {}", fmt::join(parts, "; ")));
  if (const json* quota = workload.cluster().find("ResourceQuota", workload.ns(), name))
    for (const auto& [resource, limit] : texts(in(*quota, "status"), "hard")) {
      const std::string taken = text(in(*quota, "status", "used"), resource.c_str());
      finding.evidence.push_back(
          {ref_text(*quota), "status", fmt::format("{}: {} of {} used", resource, taken, limit)});
    }
  if (hard.empty()) {
    finding.remedy = {{"raise the quota, or use less of it"}};
    return;
  }
  finding.remedy = {{"raise the quota, here to what the set still needs",
                     merge_patch({"-n", workload.ns(), "resourcequota", name}, {{"spec", {{"hard", hard}}}})},
                    {"or use less of it: delete what is not needed, or run fewer pods", {}, 2}};
}

const json* container_named(const Workload& workload, const std::string& name, const char*& kind) {
  for (const char* list : {"containers", "initContainers"})
    for (const json& container : in(workload.template_spec(), list))
      if (text(container, "name") == name) {
        kind = list;
        return &container;
      }
  return nullptr;
}

// What the other containers of the pod ask for, which the quota lets in; else little.
std::string modest(const Workload& workload, const char* side, const std::string& resource) {
  for (const char* list : {"containers", "initContainers"})
    for (const json& container : in(workload.template_spec(), list))
      if (std::string value = text(in(container, "resources", side), resource.c_str()); !value.empty())
        return value;
  if (resource == "cpu") return std::string_view{side} == "limits" ? "500m" : "100m";
  return resource == "memory" ? "128Mi" : "1Gi";
}

/// Resources and the containers that lack them: "limits.cpu for: prepare; limits.memory for: prepare".
std::map<std::string, std::vector<std::string>> lacking(const std::string& message) {
  std::map<std::string, std::vector<std::string>> found;
  for (const std::string& part : split(between(message, "must specify ", ""), "; ")) {
    const auto colon = part.find(" for: ");
    if (colon == std::string::npos) {
      for (const std::string& resource : split(part, ",")) found[resource];
      continue;
    }
    found[part.substr(0, colon)] = split(part.substr(colon + 6), ",");
  }
  return found;
}

void tell_demands(const Workload& workload, const std::string& name, const std::string& message,
                  Finding& finding) {
  const auto lacks = lacking(message);
  std::map<std::string, json> wanted;
  json defaults = json::object();
  std::vector<std::string> resources;
  for (const auto& [resource, containers] : lacks) {
    resources.push_back(resource);
    const auto dot = resource.find('.');
    const std::string side = dot == std::string::npos ? "requests" : resource.substr(0, dot);
    const std::string what = dot == std::string::npos ? resource : resource.substr(dot + 1);
    const std::string amount = modest(workload, side.c_str(), what);
    defaults[side == "limits" ? "default" : "defaultRequest"][what] = amount;
    std::vector<std::string> named = containers;
    if (named.empty())
      for (const json& container : in(workload.template_spec(), "containers"))
        named.push_back(text(container, "name"));
    for (const std::string& container : named) wanted[container][side][what] = amount;
  }
  std::vector<std::string> names;
  json patch = json::object();
  for (const auto& [container, requests] : wanted) {
    const char* kind = "containers";
    if (container_named(workload, container, kind) == nullptr) continue;
    names.push_back(std::string_view{kind} == "containers" ? "container " + container
                                                           : "init container " + container);
    patch[kind].push_back({{"name", container}, {"resources", requests}});
  }
  finding.id = "quota-demands-resources";
  finding.cause = fmt::format(
      "The ResourceQuota {} lets in only pods whose containers say what they use, and {} must specify {}; "
      "the "
      "quota is not full.",
      name, names.empty() ? std::string{"they"} : fmt::format("{}", fmt::join(names, ", ")),
      fmt::join(resources, ", "));
  if (const json* quota = workload.cluster().find("ResourceQuota", workload.ns(), name))
    finding.evidence.push_back({ref_text(*quota), "spec.hard", in(*quota, "spec", "hard").dump()});
  finding.remedy.clear();
  if (!patch.empty()) finding.remedy.push_back({"let the template say it", patch_template(workload, patch)});
  defaults["type"] = "Container";
  finding.remedy.push_back({"or give the namespace defaults, which all containers get that say nothing",
                            create_command(workload.ns(), {{"apiVersion", "v1"},
                                                           {"kind", "LimitRange"},
                                                           {"metadata", {{"name", name + "-defaults"}}},
                                                           {"spec", {{"limits", json::array({defaults})}}}}),
                            finding.remedy.empty() ? 1 : 2});
}

// --- webhooks ---------------------------------------------------------------------------------------------

struct Webhook {
  std::string configuration;  ///< "mutatingwebhookconfiguration/NAME"; empty when it may not be read
  std::string name;
  std::string ns;  ///< of its Service
  std::string service;
};

Webhook webhook_of(const Workload& workload, const std::string& name, const std::string& message) {
  Webhook found{{}, name, {}, {}};
  // Post "https://injector.shop.svc:443/mutate?timeout=3s"
  const auto host = split(between(message, "https://", "/"), ".");
  if (host.size() >= 3 && host[2].rfind("svc", 0) == 0) {
    found.service = host[0];
    found.ns = host[1];
  }
  if (!workload.snapshot().webhooks) return found;
  for (const json& configuration : *workload.snapshot().webhooks)
    for (const json& webhook : member(configuration, "webhooks")) {
      if (text(webhook, "name") != name) continue;
      const json& service = in(webhook, "clientConfig", "service");
      if (found.service.empty()) found.service = text(service, "name");
      if (found.ns.empty()) found.ns = text(service, "namespace");
      if (!text(service, "name").empty() &&
          (text(service, "name") != found.service || text(service, "namespace") != found.ns))
        continue;
      std::string kind = text(configuration, "kind");
      std::transform(kind.begin(), kind.end(), kind.begin(),
                     [](unsigned char c) { return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c); });
      found.configuration = kind + "/" + name_of(configuration);
    }
  return found;
}

// The last words of the refusal say what is wrong with the way to the webhook.
std::string trouble_of(const std::string& message, const Webhook& webhook) {
  if (message.find("service \"" + webhook.service + "\" not found") != std::string::npos)
    return fmt::format("Service {} not found in namespace {}", webhook.service, webhook.ns);
  if (message.find("no endpoints available") != std::string::npos ||
      message.find("connection refused") != std::string::npos)
    return fmt::format("its Service {}/{} leads to no pod that answers", webhook.ns, webhook.service);
  if (message.find("deadline exceeded") != std::string::npos || message.find("timeout") != std::string::npos)
    return fmt::format("its Service {}/{} does not answer in time", webhook.ns, webhook.service);
  if (message.find("x509") != std::string::npos)
    return fmt::format("the certificate of its Service {}/{} is not trusted", webhook.ns, webhook.service);
  const auto colon = message.rfind(": ");
  return colon == std::string::npos ? message : message.substr(colon + 2);
}

void tell_unreachable(const Workload& workload, const std::string& name, const std::string& message,
                      Finding& finding) {
  const Webhook webhook = webhook_of(workload, name, message);
  finding.id = "webhook-unreachable";
  finding.cause = fmt::format("The admission webhook {} cannot be reached, and so no pod is let in: {}{}.",
                              name, trouble_of(message, webhook),
                              webhook.configuration.empty() ? "" : " (" + webhook.configuration + ")");
  if (!webhook.configuration.empty())
    finding.evidence.push_back({webhook.configuration, "webhooks[" + name + "].clientConfig.service",
                                webhook.ns + "/" + webhook.service});
  finding.remedy = {
      {fmt::format("bring its backend back: the Service {} of namespace {} and the pods behind it",
                   webhook.service, webhook.ns),
       webhook.ns.empty()
           ? ""
           : command_line({"kubectl", "-n", webhook.ns, "get", "service,endpointslices,pods"})}};
  if (webhook.configuration.empty())
    finding.remedy.push_back({"or if it is no longer in use, delete its configuration",
                              "kubectl get mutatingwebhookconfigurations,validatingwebhookconfigurations",
                              2});
  else
    finding.remedy.push_back({"or if it is no longer in use, delete its configuration",
                              command_line({"kubectl", "delete", webhook.configuration}), 2});
  finding.trap = "Once its configuration is deleted, the webhook neither changes nor refuses pods.";
}

// --- the rest ---------------------------------------------------------------------------------------------

// A level that asks for less; the last one asks for nothing.
std::string lower_level(const std::string& level) {
  return level == "restricted" ? "baseline" : "privileged";
}

/// A patch of the template that meets the rules, with <uid> for a user that nobody names; empty when no patch
/// can meet them.
std::string secured(const Workload& workload, const std::string& rules) {
  const auto says = [&](std::string_view words) { return rules.find(words) != std::string::npos; };
  for (const char* unpatchable :
       {"hostPath", "hostPort", "forbidden sysctls", "seLinux", "procMount", "volume types"})
    if (says(unpatchable)) return {};
  json of_pod = json::object();
  json of_container = json::object();
  json spec = json::object();
  if (says("allowPrivilegeEscalation")) of_container["allowPrivilegeEscalation"] = false;
  if (says("unrestricted capabilities")) of_container["capabilities"]["drop"] = {"ALL"};
  if (says("non-default capabilities") || says("securityContext.capabilities.add"))
    of_container["capabilities"]["add"] = nullptr;
  if (says("privileged (")) of_container["privileged"] = false;
  if (says("seccompProfile")) of_pod["seccompProfile"]["type"] = "RuntimeDefault";
  for (const char* field : {"hostNetwork", "hostPID", "hostIPC"})
    if (says(field)) spec[field] = nullptr;
  if (says("runAsNonRoot") || says("runAsUser=0")) {
    of_pod["runAsNonRoot"] = true;
    if (number(in(workload.template_spec(), "securityContext"), "runAsUser") == 0)
      of_pod["runAsUser"] = "<uid>";
  }
  if (!of_pod.empty()) spec["securityContext"] = of_pod;
  if (!of_container.empty())
    for (const char* list : {"containers", "initContainers"})
      for (const json& container : in(workload.template_spec(), list))
        spec[list].push_back({{"name", text(container, "name")}, {"securityContext", of_container}});
  if (spec.empty()) return {};
  std::string command = patch_template(workload, spec);
  if (const auto at = command.find("\"<uid>\""); at != std::string::npos) command.replace(at, 7, "<uid>");
  return command;
}

void tell_level(const Workload& workload, const std::string& level, const std::string& message,
                Finding& finding) {
  const std::string rules = between(message, "violates PodSecurity \"", "");
  const auto colon = rules.find("\": ");
  finding.id = "pod-security-refused";
  finding.cause =
      fmt::format("The namespace enforces the pod security level {}, which the pods do not meet: {}.", level,
                  colon == std::string::npos ? "see the message" : rules.substr(colon + 3));
  const std::string command = secured(workload, rules);
  finding.remedy = {{command.find("<uid>") == std::string::npos
                         ? "give the template what the message names, which is the safe way"
                         : "give the template what the message names, which is the safe way; the user that "
                           "the program can run as is any but 0",
                     command},
                    {"or lower the namespace's level",
                     command_line({"kubectl", "label", "--overwrite", "namespace", workload.ns(),
                                   "pod-security.kubernetes.io/enforce=" + lower_level(level)}),
                     2}};
}

void tell_account(const Workload& workload, const std::string& account, Finding& finding) {
  finding.id = "service-account-missing";
  finding.cause = fmt::format("The ServiceAccount {} that the pods run as does not exist.", account);
  finding.evidence.push_back({workload.described(), "spec.template.spec.serviceAccountName", account});
  finding.remedy = {{"create it, with the rights that the pods need",
                     workload.kubectl({"create", "serviceaccount", account})}};
}

void tell_priority(const Workload& workload, const std::string& priority, Finding& finding) {
  finding.id = "priority-class-missing";
  finding.cause = fmt::format("The PriorityClass {} that the template names does not exist.", priority);
  finding.evidence.push_back({workload.described(), "spec.template.spec.priorityClassName", priority});
  finding.remedy = {
      {"create it; 0 is the value of pods that name no class",
       command_line({"kubectl", "create", "priorityclass", priority, "--value=0"})},
      {"or take it out of the template",
       patch_set(workload,
                 json::array({{{"op", "remove"}, {"path", "/spec/template/spec/priorityClassName"}}})),
       2}};
}

/// A JSON patch that brings the sizes of the claim templates within the bound; empty when all are.
json sizes_within(const Workload& workload, const std::string& bound, bool most) {
  json operations = json::array();
  const auto limit = parse_quantity(bound);
  for (const json& claim_template : member(workload.spec(), "volumeClaimTemplates")) {
    const auto asked = parse_quantity(text(in(claim_template, "spec", "resources", "requests"), "storage"));
    if (limit && asked && (most ? *asked > *limit : *asked < *limit))
      operations.push_back({{"op", "replace"},
                            {"path", claim_template_path(workload, name_of(claim_template)) +
                                         "/spec/resources/requests/storage"},
                            {"value", bound}});
  }
  return operations;
}

/// "maximum cpu usage per Container is 100m, but limit is 500m"
void tell_limits(const Workload& workload, const std::string& message, Finding& finding) {
  finding.id = "limit-range-refused";
  std::string forbidden = between(message, "is forbidden: ", "");
  if (forbidden.empty()) forbidden = said(message);
  finding.cause = fmt::format("A LimitRange of the namespace forbids what the pods ask for: {}.", forbidden);
  const bool most = forbidden.find("maximum ") != std::string::npos;
  const std::string resource = between(forbidden, most ? "maximum " : "minimum ", " usage per");
  const std::string bound = between(forbidden, " is ", ", but");
  const json& containers = in(workload.template_spec(), "containers");
  finding.remedy = {{"stay within the range that the message names"}};
  if (resource == "storage") {
    if (const json within = sizes_within(workload, bound, most); !within.empty())
      finding.remedy = {recreate_set(workload,
                                     fmt::format("let the claim template ask for {}: claim templates cannot "
                                                 "be changed, so recreate the set under its pods",
                                                 bound),
                                     within)};
    return;
  }
  if (resource.empty() || bound.empty() || containers.empty()) return;
  std::vector<std::string> words{"set",
                                 "resources",
                                 "statefulset/" + workload.name(),
                                 "-c",
                                 text(containers.front(), "name"),
                                 "--requests=" + resource + "=" + bound};
  if (most) words.push_back("--limits=" + resource + "=" + bound);
  finding.remedy.front().command = workload.kubectl(words);
}

/// "cpu max limit to request ratio per Container is 2, but provided ratio is 10.000000"
void tell_ratio(const Workload& workload, const std::string& message, Finding& finding) {
  finding.id = "limit-range-refused";
  const std::string forbidden = between(message, "is forbidden: ", "");
  finding.cause = fmt::format("A LimitRange of the namespace forbids what the pods ask for: {}.", forbidden);
  finding.remedy = {{"bring limit and request nearer to each other, in the template"}};
  const std::string resource = forbidden.substr(0, forbidden.find(' '));
  const double ratio = parse_quantity(between(forbidden, "per Container is ", ",")).value_or(0);
  json containers = json::array();
  for (const json& container : in(workload.template_spec(), "containers")) {
    const auto limit = parse_quantity(text(in(container, "resources", "limits"), resource.c_str()));
    const auto request = parse_quantity(text(in(container, "resources", "requests"), resource.c_str()));
    if (!limit || ratio < 1 || (request && *request * ratio >= *limit)) continue;
    const double least = *limit / ratio;
    const std::string asked = resource == "cpu" ? fmt::format("{:.0f}m", std::ceil(least * 1000))
                                                : fmt::format("{:.0f}Mi", std::ceil(least / 0x1p20));
    containers.push_back(
        {{"name", text(container, "name")}, {"resources", {{"requests", {{resource, asked}}}}}});
  }
  if (!containers.empty())
    finding.remedy.front() = {"ask for more, so that the limit is no more than that multiple of it",
                              patch_template(workload, {{"containers", containers}})};
}

}  // namespace

Finding refusal(const Workload& workload, const json& event) {
  const std::string message = text(event, "message");
  Finding finding{"creation-refused", "", {event_evidence(event)}, {}};
  const auto name_after = [&](std::string_view begin) {
    const std::string rest = between(message, begin, "");
    return rest.substr(0, rest.find_first_of(",: "));
  };
  const std::string exceeded = name_after("exceeded quota: ");
  const std::string demanding = name_after("failed quota: ");
  const std::string level = name_after("violates PodSecurity \"");
  const std::string account = between(message, "serviceaccount \"", "\" not found");
  const std::string priority = between(message, "no PriorityClass with name ", " was found");
  const std::string binding = between(message, "with binding '", "'");
  const std::string unreached = between(message, "failed calling webhook \"", "\"");
  const std::string refusing = between(message, "admission webhook \"", "\"");
  const auto says = [&](std::string_view words) { return message.find(words) != std::string::npos; };
  if (!exceeded.empty()) {
    tell_full(workload, exceeded, message, finding);
  } else if (!demanding.empty()) {
    tell_demands(workload, demanding, message, finding);
  } else if (!level.empty()) {
    tell_level(workload, level, message, finding);
  } else if ((says("maximum ") && says(" usage per")) || (says("minimum ") && says(" usage per")) ||
             says("max limit to request ratio")) {
    if (says("max limit to request ratio"))
      tell_ratio(workload, message, finding);
    else
      tell_limits(workload, message, finding);
  } else if (!account.empty()) {
    tell_account(workload, account, finding);
  } else if (!priority.empty()) {
    tell_priority(workload, priority, finding);
  } else if (const std::string runtime = between(message, "RuntimeClass \"", "\" not found");
             !runtime.empty()) {
    finding.id = "runtime-class-missing";
    finding.cause = fmt::format("The RuntimeClass {} that the template names does not exist.", runtime);
    finding.remedy = {
        {"take it out of the template",
         patch_set(workload,
                   json::array({{{"op", "remove"}, {"path", "/spec/template/spec/runtimeClassName"}}}))},
        {"or create it, for a handler that the nodes have", {}, 2}};
  } else if (!binding.empty()) {
    finding.id = "admission-refused";
    finding.cause =
        fmt::format("A rule of this cluster (ValidatingAdmissionPolicy, bound by {}) refuses the pods: {}",
                    binding, between(message, "denied request: ", ""));
    finding.remedy = {{"change the template to what the rule asks for"},
                      {"or where the rule is wrong, unbind it",
                       command_line({"kubectl", "delete", "validatingadmissionpolicybinding", binding}), 2}};
  } else if (!unreached.empty()) {
    tell_unreachable(workload, unreached, message, finding);
  } else if (!refusing.empty()) {
    finding.id = "admission-refused";
    finding.cause = fmt::format("The admission webhook {} refuses the pods: {}", refusing,
                                between(message, "denied the request: ", ""));
    finding.remedy = {{"change the template to what it asks for"},
                      {"or ask whose rule it is",
                       "kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations", 2}};
  } else if (says("is being terminated")) {
    finding.id = "namespace-terminating";
    finding.cause =
        fmt::format("The namespace {} is being deleted: nothing is created in it any more.", workload.ns());
    finding.remedy = {{"see what keeps it, and let it go",
                       command_line({"kubectl", "get", "namespace", workload.ns(), "-o", "yaml"})}};
  } else {
    finding.cause =
        fmt::format("The API server refuses what the set's controller creates: {}", said(message));
    finding.remedy = {{"do what the message says"}};
  }
  finding.trap += finding.trap.empty() ? "" : " ";
  finding.trap +=
      "The controller tries again ever more rarely, up to a quarter of an hour later; any change of "
      "the set makes it try at once.";
  return finding;
}

}  // namespace stateproof::diagnosis
