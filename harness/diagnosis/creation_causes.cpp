#include <fmt/format.h>

#include <regex>

#include "harness/diagnosis/causes.h"
#include "harness/model/fields.h"
#include "harness/model/quantity.h"

namespace stateproof::diagnosis {
namespace {

using nlohmann::json;
using namespace fields;

// A label's value has at most 63 characters, and each pod is labelled with its revision: the set's name, a
// hyphen and a hash of up to ten.
constexpr std::size_t kLongestLabel = 63;
constexpr std::size_t kHashAndHyphen = 11;

Finding name_too_long(const Workload& workload, const json* refused) {
  const std::string& name = workload.name();
  Finding finding{
      "name-too-long",
      fmt::format("The set's name has {} characters: with the hash of its revision behind it, it is "
                  "too long for the label that each pod bears.",
                  name.size()),
      {{workload.described(), "metadata.name",
        fmt::format("{} characters; at most {}", name.size(), kLongestLabel - kHashAndHyphen)}},
      {}};
  if (refused != nullptr) finding.evidence.push_back(event_evidence(*refused));
  finding.remedy = {
      {"a name cannot be changed: make the set anew under a shorter one",
       fmt::format("{}get statefulset {} -o yaml | sed -e 's/^  name: .*/  name: <shorter-name>/' -e "
                   "'/resourceVersion:/d' -e '/uid:/d' | kubectl create -f -",
                   workload.kubectl(), name)},
      {"and remove this one", workload.kubectl() + "delete statefulset " + name}};
  finding.trap = "Claims bear the set's name: one that has data already does not come along.";
  return finding;
}

std::string matched(const std::string& message, const char* pattern) {
  std::smatch found;
  return std::regex_search(message, found, std::regex(pattern)) ? found[1].str() : std::string{};
}

Remedy resources(const Workload& workload, const std::string& what) {
  const std::string container = in(workload.template_spec(), "containers").empty()
                                    ? "<container>"
                                    : text(in(workload.template_spec(), "containers").front(), "name");
  return {what, fmt::format("{}set resources statefulset/{} -c {} <--requests=… or --limits=…>",
                            workload.kubectl(), workload.name(), container)};
}

void tell_quota(const Workload& workload, const std::string& name, Finding& finding) {
  finding.id = "quota-exceeded";
  finding.cause = fmt::format("The ResourceQuota {} of the namespace has no room for the pod.", name);
  const json* quota = find(workload.snapshot().quotas, workload.ns(), name);
  std::string raise = "\"<resource>\":\"<more>\"";
  if (quota != nullptr) {
    const auto used = texts(in(*quota, "status"), "used");
    for (const auto& [resource, hard] : texts(in(*quota, "status"), "hard")) {
      const auto taken = used.find(resource);
      if (taken == used.end()) continue;
      finding.evidence.push_back(
          {ref_text(*quota), "status", fmt::format("{}: {} of {} used", resource, taken->second, hard)});
      const auto full = parse_quantity(hard);
      const auto now = parse_quantity(taken->second);
      if (resource == "pods" && full && now && *now >= *full) {
        const int missing = workload.set().replicas.value - static_cast<int>(workload.pods().size());
        raise = fmt::format("\"pods\":\"{}\"", static_cast<int>(*now) + missing);
      }
    }
  }
  finding.remedy = {
      {"raise the quota, or use less of it",
       fmt::format("{}patch resourcequota {} --type=merge -p '{{\"spec\":{{\"hard\":{{{}}}}}}}'",
                   workload.kubectl(), name, raise)}};
}

// A level that asks for less; the last one asks for nothing.
std::string lower_level(const std::string& level) {
  return level == "restricted" ? "baseline" : "privileged";
}

Finding refused_by(const Workload& workload, const json& event) {
  const std::string message = text(event, "message");
  Finding finding{"creation-refused", "The API server refuses the set's pods.", {event_evidence(event)}, {}};
  if (const std::string quota = matched(message, "(?:exceeded quota|failed quota): ([^,: ]+)");
      !quota.empty()) {
    tell_quota(workload, quota, finding);
  } else if (const std::string level = matched(message, "violates PodSecurity \"([a-z]+)"); !level.empty()) {
    finding.id = "pod-security-refused";
    finding.cause =
        fmt::format("The namespace enforces the pod security level {}, which the pods do not meet.", level);
    finding.remedy = {{"give the template what the message names, which is the safe way"},
                      {"or lower the namespace's level", fmt::format("kubectl label --overwrite namespace {} "
                                                                     "pod-security.kubernetes.io/enforce={}",
                                                                     workload.ns(), lower_level(level))}};
  } else if (!matched(message, "((?:maximum|minimum) .* usage per|max limit to request ratio)").empty()) {
    finding.id = "limit-range-refused";
    finding.cause = "A LimitRange of the namespace forbids what the pods ask for.";
    finding.remedy = {resources(workload, "stay within the range that the message names")};
  } else if (const std::string account = matched(message, "serviceaccount \"([^\"]+)\" not found");
             !account.empty()) {
    finding.id = "service-account-missing";
    finding.cause = fmt::format("The ServiceAccount {} that the pods run as does not exist.", account);
    finding.evidence.push_back({workload.described(), "spec.template.spec.serviceAccountName", account});
    finding.remedy = {{"create it, with the rights that the pods need",
                       workload.kubectl() + "create serviceaccount " + account}};
  } else if (const std::string binding =
                 matched(message, "ValidatingAdmissionPolicy '[^']+' with binding '([^']+)'");
             !binding.empty()) {
    finding.id = "admission-refused";
    finding.cause = "A rule of this cluster (ValidatingAdmissionPolicy) refuses the pods.";
    finding.remedy = {
        {"change the template to what the rule asks for; or, where the rule is wrong, unbind it",
         "kubectl delete validatingadmissionpolicybinding " + binding}};
  } else if (const std::string webhook = matched(message, "webhook \"([^\"]+)\""); !webhook.empty()) {
    finding.id = "admission-refused";
    finding.cause = fmt::format("The admission webhook {} {} the pods.", webhook,
                                message.find("failed calling") == std::string::npos
                                    ? "refuses"
                                    : "does not answer, and so nobody lets in");
    finding.remedy = {{"change the template to what it asks for; or mend what serves it",
                       "kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations"}};
  } else {
    finding.remedy = {{"do what the message says"}};
  }
  finding.trap =
      "The controller tries again ever more rarely, up to a quarter of an hour later; any change of "
      "the set makes it try at once.";
  return finding;
}

}  // namespace

std::optional<Finding> creation_cause(const Workload& workload, Ordinal ordinal) {
  const json* refused = workload.event("StatefulSet", workload.name(), "FailedCreate");
  if (workload.name().size() > kLongestLabel - kHashAndHyphen) return name_too_long(workload, refused);
  if (refused == nullptr) return std::nullopt;
  // A refusal that is over tells nothing: the pod that it speaks of is there, or was since.
  const std::string message = text(*refused, "message");
  if (message.find(workload.pod_name(ordinal) + " ") == std::string::npos) return std::nullopt;
  const json* created = workload.event("StatefulSet", workload.name(), "SuccessfulCreate");
  if (created != nullptr &&
      text(*created, "message").find("create Pod " + workload.pod_name(ordinal) + " ") != std::string::npos &&
      time_of_event(*created) > time_of_event(*refused))
    return std::nullopt;
  return refused_by(workload, *refused);
}

}  // namespace stateproof::diagnosis
