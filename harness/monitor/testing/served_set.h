#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "harness/kube/testing/scripted_server.h"

/// An API server that has a namespace shop with one StatefulSet web, as it would serve it.
namespace stateproof::monitor::served {

using kube::testing::Connection;
using kube::testing::Handler;
using nlohmann::json;

inline const std::string kCore = "/api/v1/namespaces/shop/";
inline const std::string kSets = "/apis/apps/v1/namespaces/shop/statefulsets";
inline const std::string kRevisions = "/apis/apps/v1/namespaces/shop/controllerrevisions";
inline const std::string kSlices = "/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices";
inline const std::string kVolumes = "/api/v1/persistentvolumes";

inline json object(const std::string& kind, const std::string& name, int version) {
  return {{"kind", kind},
          {"apiVersion", "v1"},
          {"metadata",
           {{"name", name},
            {"namespace", "shop"},
            {"uid", name + "-uid"},
            {"resourceVersion", std::to_string(version)}}}};
}

inline json web_set(int version, int ready) {
  json set = object("StatefulSet", "web", version);
  set["metadata"]["generation"] = 1;
  const json labels{{"app", "web"}};
  set["spec"] = {{"replicas", 1},
                 {"serviceName", "web"},
                 {"selector", {{"matchLabels", labels}}},
                 {"template", {{"metadata", {{"labels", labels}}}}}};
  set["status"] = {{"replicas", 1},
                   {"readyReplicas", ready},
                   {"availableReplicas", ready},
                   {"updatedReplicas", 1},
                   {"observedGeneration", 1},
                   {"currentRevision", "web-a"},
                   {"updateRevision", "web-a"}};
  return set;
}

inline json web_pod(const std::string& name, int version, bool ready) {
  json pod = object("Pod", name, version);
  pod["metadata"]["labels"] = {{"app", name.substr(0, name.rfind('-'))}};
  pod["metadata"]["ownerReferences"] = json::array({{{"kind", "StatefulSet"},
                                                     {"name", name.substr(0, name.rfind('-'))},
                                                     {"uid", name.substr(0, name.rfind('-')) + "-uid"},
                                                     {"controller", true}}});
  pod["spec"] = {
      {"containers", json::array({{{"name", "web"},
                                   {"args", json::array({"--password", "hunter2"})},
                                   {"env", json::array({{{"name", "GREETING"}, {"value", "hunter2"}}})}}})}};
  pod["status"] = {{"phase", ready ? "Running" : "Pending"},
                   {"conditions", json::array({{{"type", "Ready"}, {"status", ready ? "True" : "False"}}})}};
  return pod;
}

inline json event_about(const std::string& pod, int version) {
  json event = object("Event", pod + "." + std::to_string(version), version);
  event["involvedObject"] = {{"kind", "Pod"}, {"name", pod}};
  event["type"] = "Normal";
  event["reason"] = "Pulled";
  event["message"] = "image is there";
  return event;
}

inline Handler list(std::vector<json> items) {
  return [=](Connection& c) {
    c.respond_json({{"kind", "List"},
                    {"apiVersion", "v1"},
                    {"metadata", {{"resourceVersion", "10"}}},
                    {"items", items}});
  };
}

/// Answers a watch with these events and then says nothing more.
inline Handler stream(std::vector<std::pair<std::string, json>> events) {
  return [=](Connection& c) {
    c.begin_stream();
    for (const auto& [type, served] : events) c.event(type, served);
    c.await_close();
  };
}

/// What somebody is told who may not list this resource.
inline Handler refused(const std::string& resource) {
  return [=](Connection& c) {
    c.respond_status(403, "Forbidden",
                     resource + " is forbidden: User \"viewer\" cannot list resource \"" + resource +
                         "\" in API group \"\" in the namespace \"shop\"");
  };
}

/// The set web of one pod, which is not Ready; beside it a pod of another set.
class ServedSet {
 public:
  ServedSet() {
    serve(kSets, {web_set(1, 0)});
    serve(kCore + "pods", {web_pod("web-0", 2, false), web_pod("other-0", 3, true)});
    for (const std::string& path : {kCore + "persistentvolumeclaims", kCore + "events", kCore + "services",
                                    kSlices, kVolumes, kRevisions})
      serve(path, {});
  }

  /// These objects, and nothing more.
  void serve(const std::string& path, const std::vector<json>& items) {
    server_.always("GET " + path, list(items));
    server_.always("WATCH " + path, stream({}));
  }

  [[nodiscard]] kube::testing::ScriptedServer& server() { return server_; }

 private:
  kube::testing::ScriptedServer server_;
};

}  // namespace stateproof::monitor::served
