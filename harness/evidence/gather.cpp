#include "harness/evidence/gather.h"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <set>
#include <thread>

#include "harness/evidence/describe.h"
#include "harness/evidence/index_page.h"
#include "harness/evidence/record_text.h"
#include "harness/kube/log_tail.h"
#include "harness/kube/resource.h"
#include "harness/model/redaction.h"

namespace stateproof::evidence {
namespace {

using nlohmann::json;

// Of namespaces that we made. Secrets are not among them and never will be.
constexpr kube::Resource kOfNamespaces[] = {
    kube::kPods,        kube::kStatefulSets,        kube::kDeployments,
    kube::kReplicaSets, kube::kControllerRevisions, kube::kClaims,
    kube::kServices,    kube::kEndpointSlices,      kube::kPodDisruptionBudgets,
    kube::kConfigMaps,  kube::kServiceAccounts,     kube::kResourceQuotas,
    kube::kEvents};

// A log that is longer even in its last lines is asked for once more, with fewer.
constexpr std::size_t kLongestLog = 16U << 20U;
constexpr int kFewLines = 200;

/// Asks to stop when the time is over or the user hurries.
class Deadline {
 public:
  Deadline(std::chrono::milliseconds time, const std::stop_token& hurry)
      : hurry_(hurry, [this] { source_.request_stop(); }), timer_([this, time](const std::stop_token& over) {
          std::mutex mutex;
          std::condition_variable_any wake;
          std::unique_lock lock(mutex);
          wake.wait_for(lock, over, time, [] { return false; });
          if (!over.stop_requested()) source_.request_stop();
        }) {}

  [[nodiscard]] std::stop_token token() const { return source_.get_token(); }
  [[nodiscard]] bool is_over() const { return source_.stop_requested(); }

 private:
  std::stop_source source_;
  std::stop_callback<std::function<void()>> hurry_;
  std::jthread timer_;
};

std::string dumped(const json& value) {
  return value.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

const std::string& text_at(const json& object, const char* pointer) {
  static const std::string none;
  const json::json_pointer path(pointer);
  return object.contains(path) && object.at(path).is_string() ? object.at(path).get_ref<const std::string&>()
                                                              : none;
}

class Gathering {
 public:
  Gathering(const kube::Client& client, const Request& request)
      : request_(request),
        bundle_(request.folder, request.capacity),
        deadline_(request.time, request.stop),
        client_(patient(client)) {}

  Gathered run() {
    // The smallest and most telling come first, in case that the room or the time is too small for all.
    attempt("findings", [this] { tell_findings(); });
    if (client_) attempt("objects", [this] { read_objects(); });
    attempt("descriptions", [this] { tell_objects(); });
    if (client_) attempt("logs", [this] { read_logs(); });
    attempt("objects", [this] { save_objects(); });
    if (deadline_.is_over()) bundle_.miss("The time for gathering was over before everything was read.");
    const bool whole = bundle_.write_index(index_page(request_, bundle_));
    return {whole, bundle_.files().size(), bundle_.bytes(), bundle_.missing()};
  }

 private:
  // An object that nobody expected must not cost what else there is.
  void attempt(const char* what, const std::function<void()>& part) {
    try {
      part();
    } catch (const std::exception& error) {
      bundle_.miss(fmt::format("{}: not all of them could be gathered ({}).", what, error.what()));
    }
  }

  /// The same cluster by another client: it asks once and does not wait long.
  std::optional<kube::Client> patient(const kube::Client& client) {
    auto created = kube::Client::create(client.config(), {.connect_timeout = request_.request_time,
                                                          .request_timeout = request_.request_time,
                                                          .max_attempts = 1,
                                                          .stop = deadline_.token(),
                                                          .pause = {}});
    if (created) return *std::move(created);
    bundle_.miss("The cluster could not be asked: " + created.error().sentence());
    return std::nullopt;
  }

  void tell_findings() {
    for (const report::PromiseResult& verdict : request_.verdicts)
      bundle_.add(finding_file(verdict), redacted_text(finding_text(verdict, request_.timeline)),
                  "what was found about " + verdict.id + ", and the recording around it");
  }

  void read_objects() {
    read_version();
    for (const std::string& ns : request_.namespaces)
      for (const kube::Resource& resource : kOfNamespaces) read(resource, ns);
    read_cluster();
  }

  void tell_objects() {
    const auto add = [this](const char* path, const std::string& text, const char* about, Keep keep) {
      if (!text.empty()) bundle_.add(path, text, about, keep);
    };
    add("describe.txt", describe(objects_), "sets, pods, claims, volumes and nodes, for people", Keep::kHead);
    add("events.txt", events_text(objects_["Event"]), "events in the order of their time", Keep::kTail);
    add("dns.txt", redacted_text(dns_text(request_.timeline)), "answers of DNS, as the clients saw them",
        Keep::kTail);
  }

  void read_version() {
    const auto version = client_->get_path("/version");
    if (!version) return bundle_.miss("The version of the API server: " + version.error().sentence());
    bundle_.add("version.json", dumped(redacted_object(*version)), "version of the API server");
  }

  void read(const kube::Resource& resource, const std::string& ns,
            const std::function<bool(const json&)>& wanted = {}) {
    if (deadline_.is_over()) return;
    auto list = client_->list(resource, ns);
    if (!list)
      return bundle_.miss(
          fmt::format("{}{}: {}", resource.plural, ns.empty() ? "" : " of " + ns, list.error().sentence()));
    for (json& object : list->items)
      if (!wanted || wanted(object))
        objects_[std::string{resource.kind}].push_back(redacted_object(std::move(object)));
  }

  // Other people's objects stay where they are.
  void read_cluster() {
    const auto is_ours = [this](const std::string& ns) {
      return std::find(request_.namespaces.begin(), request_.namespaces.end(), ns) !=
             request_.namespaces.end();
    };
    read(kube::kNodes, "");
    read(kube::kStorageClasses, "");
    read(kube::kNamespaces, "", [&](const json& one) { return is_ours(text_at(one, "/metadata/name")); });
    read(kube::kVolumes, "",
         [&](const json& one) { return is_ours(text_at(one, "/spec/claimRef/namespace")); });
    std::set<std::string> volumes;
    for (const json& volume : objects_["PersistentVolume"]) volumes.insert(text_at(volume, "/metadata/name"));
    read(kube::kVolumeAttachments, "", [&](const json& one) {
      return volumes.contains(text_at(one, "/spec/source/persistentVolumeName"));
    });
  }

  void save_objects() {
    for (const auto& [kind, objects] : objects_) {
      std::map<std::string, json> by_place;
      for (const json& object : objects) {
        const std::string& ns = text_at(object, "/metadata/namespace");
        by_place[ns.empty() ? "cluster" : ns].push_back(object);
      }
      const kube::Resource* resource = kube::resource_of_kind(kind);
      for (const auto& [place, items] : by_place)
        bundle_.add(fmt::format("objects/{}/{}.json", place, resource->plural),
                    dumped({{"apiVersion", "v1"}, {"kind", "List"}, {"items", items}}),
                    fmt::format("{} as served, without managedFields", resource->plural));
    }
  }

  // Pods that are in trouble first.
  void read_logs() {
    std::vector<const json*> pods;
    for (const json& pod : objects_["Pod"]) pods.push_back(&pod);
    const auto is_well = [](const json* pod) {
      for (const json& one : pod->value("/status/containerStatuses"_json_pointer, json::array()))
        if (!one.value("ready", false) || one.value("restartCount", 0) > 0) return false;
      return true;
    };
    std::stable_sort(pods.begin(), pods.end(),
                     [&](const json* a, const json* b) { return !is_well(a) && is_well(b); });
    for (const json* pod : pods)
      for (const char* part : {"/status/initContainerStatuses", "/status/containerStatuses"})
        for (const json& container : pod->value(json::json_pointer(part), json::array()))
          read_logs_of(*pod, container);
  }

  void read_logs_of(const json& pod, const json& container) {
    const bool has_begun = container.contains("containerID") ||
                           container.value("/state/running"_json_pointer, json()).is_object();
    if (has_begun) read_log(pod, container, false);
    if (container.value("restartCount", 0) > 0) read_log(pod, container, true);
  }

  void read_log(const json& pod, const json& container, bool previous) {
    if (deadline_.is_over()) return;
    const std::string& ns = text_at(pod, "/metadata/namespace");
    const std::string& name = text_at(pod, "/metadata/name");
    const std::string of = container.value("name", "");
    kube::LogTail wanted{ns, name, of, previous, request_.log_lines, kLongestLog};
    auto log = kube::log_tail(*client_, wanted);
    if (!log && log.error().kind == kube::ApiError::Kind::kProtocol) {
      wanted.lines = kFewLines;
      log = kube::log_tail(*client_, wanted);
    }
    const std::string path = fmt::format("logs/{}/{}.{}{}.log", ns, name, of, previous ? ".previous" : "");
    if (!log) return bundle_.miss(fmt::format("{}: {}", path, log.error().sentence()));
    bundle_.add(
        path, redacted_text(*log),
        fmt::format("log of {} in {}/{}{}", of, ns, name, previous ? ", before its last restart" : ""),
        Keep::kTail);
  }

  const Request& request_;
  Bundle bundle_;
  Deadline deadline_;
  std::optional<kube::Client> client_;
  ObjectsByKind objects_;
};

}  // namespace

Gathered gather(const kube::Client& client, const Request& request) {
  try {
    return Gathering(client, request).run();
  } catch (const std::exception& error) {
    return {false, 0, 0, {fmt::format("The evidence could not be gathered ({}).", error.what())}};
  }
}

}  // namespace stateproof::evidence
