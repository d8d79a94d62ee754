#include <fmt/format.h>
#include <fmt/ranges.h>

#include "harness/diagnosis/causes.h"
#include "harness/diagnosis/selectors.h"
#include "harness/model/fields.h"

namespace stateproof::diagnosis {
namespace {

using nlohmann::json;
using namespace fields;

Remedy select(const Workload& workload, const std::string& service) {
  return {"let it select the set's pods",
          workload.kubectl({"set", "selector", "service/" + service, pairs(workload.set().match_labels)})};
}

// The ports of the Service that was there, else those that the containers name, else any: a headless Service
// without ports is allowed, but kubectl cannot make one that has a selector.
std::vector<std::string> ports(const Workload& workload, const json* service) {
  std::vector<std::string> words;
  const auto add = [&words](std::int64_t port) { words.push_back(fmt::format("--tcp={}", port)); };
  if (service != nullptr)
    for (const json& port : in(*service, "spec", "ports")) add(number(port, "port"));
  if (words.empty())
    for (const json& container : in(workload.template_spec(), "containers"))
      for (const json& port : in(container, "ports")) add(number(port, "containerPort"));
  if (words.empty()) words.emplace_back("--tcp=<port>");
  return words;
}

Remedy create(const Workload& workload, const std::string& service, const json* former) {
  std::vector<std::string> words{"create", "service", "clusterip", service, "--clusterip=None"};
  for (std::string& port : ports(workload, former)) words.push_back(std::move(port));
  return {"create it headless", workload.kubectl(words)};
}

}  // namespace

std::optional<Finding> service_cause(const Workload& workload) {
  const std::string& name = workload.set().service_name;
  if (name.empty() || !workload.snapshot().services) return std::nullopt;
  const json* service = workload.cluster().find("Service", workload.ns(), name);
  const Evidence wanted{workload.described(), "spec.serviceName", name};
  if (service == nullptr)
    return Finding{"service-missing",
                   fmt::format("The governing Service {} does not exist, so no pod of the set has a DNS "
                               "name of its own.",
                               name),
                   {wanted},
                   {create(workload, name, nullptr), select(workload, name)},
                   "spec.serviceName cannot be changed: create a Service of this name."};

  const std::string cluster_ip = text(in(*service, "spec"), "clusterIP");
  if (cluster_ip != "None")
    return Finding{
        "service-not-headless",
        fmt::format("The governing Service {} has a cluster IP: its name leads to any pod, and the names "
                    "of the single pods are not promised.",
                    name),
        {wanted, {ref_text(*service), "spec.clusterIP", cluster_ip}},
        {{"remove the Service", workload.kubectl({"delete", "service", name})},
         create(workload, name, service),
         select(workload, name)},
        "spec.clusterIP cannot be changed; clients that use the cluster IP need a second Service."};

  const auto labels = texts(in(workload.spec(), "template", "metadata"), "labels");
  const auto selector = texts(in(*service, "spec"), "selector");
  std::vector<std::string> unmet;
  for (const auto& [key, value] : selector)
    if (const auto label = labels.find(key); label == labels.end() || label->second != value)
      unmet.push_back(key + "=" + value);
  if (unmet.empty() && !selector.empty()) return std::nullopt;
  return Finding{
      "service-selects-others",
      fmt::format("The governing Service {} does not select the pods of the set, so their names do not "
                  "resolve.",
                  name),
      {wanted,
       {ref_text(*service), "spec.selector", selector.empty() ? "none" : pairs(selector)},
       {workload.described(), "spec.template.metadata.labels", pairs(labels)}},
      {select(workload, name)}};
}

}  // namespace stateproof::diagnosis
