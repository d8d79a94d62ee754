#include <fmt/format.h>
#include <fmt/ranges.h>

#include "harness/diagnosis/causes.h"
#include "harness/model/fields.h"

namespace stateproof::diagnosis {
namespace {

using nlohmann::json;
using namespace fields;

std::string pairs(const std::map<std::string, std::string>& labels) {
  std::string text;
  for (const auto& [key, value] : labels) text += (text.empty() ? "" : ",") + key + "=" + value;
  return text;
}

std::map<std::string, std::string> wanted_labels(const Workload& workload) {
  return texts(in(workload.spec(), "selector"), "matchLabels");
}

Remedy select(const Workload& workload, const std::string& service) {
  return {"let it select the set's pods", fmt::format("{}set selector service/{} '{}'", workload.kubectl(),
                                                      service, pairs(wanted_labels(workload)))};
}

// The ports of the Service that was there, else those that the containers name, else any: a headless Service
// without ports is allowed, but kubectl cannot make one that has a selector.
std::string ports(const Workload& workload, const json* service) {
  std::string text;
  const auto add = [&text](std::int64_t port) {
    text += fmt::format("{}--tcp={}", text.empty() ? "" : " ", port);
  };
  if (service != nullptr)
    for (const json& port : in(*service, "spec", "ports")) add(number(port, "port"));
  if (text.empty())
    for (const json& container : in(workload.template_spec(), "containers"))
      for (const json& port : in(container, "ports")) add(number(port, "containerPort"));
  return text.empty() ? "--tcp=<port>" : text;
}

Remedy create(const Workload& workload, const std::string& service, const json* former) {
  return {"create it headless", fmt::format("{}create service clusterip {} --clusterip=None {}",
                                            workload.kubectl(), service, ports(workload, former))};
}

}  // namespace

std::optional<Finding> service_cause(const Workload& workload) {
  const std::string& name = workload.set().service_name;
  if (name.empty() || !workload.snapshot().services) return std::nullopt;
  const json* service = find(workload.snapshot().services, workload.ns(), name);
  const Evidence wanted{workload.described(), "spec.serviceName", name};
  if (service == nullptr)
    return Finding{"service-missing",
                   fmt::format("The governing Service {} does not exist, so that no pod of the set has a DNS "
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
        {{"remove the Service", workload.kubectl() + "delete service " + name},
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
      fmt::format("The governing Service {} does not select the pods of the set, so that their names give "
                  "nothing.",
                  name),
      {wanted,
       {ref_text(*service), "spec.selector", selector.empty() ? "none" : pairs(selector)},
       {workload.described(), "spec.template.metadata.labels", pairs(labels)}},
      {select(workload, name)}};
}

}  // namespace stateproof::diagnosis
