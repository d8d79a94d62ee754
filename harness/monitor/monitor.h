#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "harness/kube/watch.h"
#include "harness/monitor/scene.h"
#include "harness/record/recorder.h"

namespace stateproof::monitor {

struct MonitorOptions {
  Target target;
  std::optional<record::RecordingFile> recording = {};
  Header header = {};  ///< of the recording; its subject's namespace is the target's
  bool tells = false;  ///< keeps a line for each change, for take_lines()
  /// Called after everything that is seen, on the watcher's thread; must be quick and must not call back.
  std::function<void()> wake = [] {};
  kube::WatcherOptions watcher = {};
};

/// Watches one set and what belongs to it, and records it when asked to. Reads only. What it keeps in memory
/// is the newest state and the last Events, however long it runs. Thread safe.
class Monitor {
 public:
  Monitor(kube::Client client, MonitorOptions options);
  Monitor(const Monitor&) = delete;
  Monitor& operator=(const Monitor&) = delete;
  ~Monitor();

  /// What is known now; `now` is this machine's clock.
  [[nodiscard]] Scene scene() const;
  /// Why watching no longer makes sense: the set or its pods may not be watched, the recording cannot be
  /// written, or the cluster did not even answer once. Empty while it does.
  [[nodiscard]] std::string failure() const;
  /// Changes since the last call, oldest first, each "2026-03-01T10:00:00.000Z  pod web-0  Running, ...".
  /// None before the first lists are complete; what exists then is printed first.
  std::vector<std::string> take_lines();
  /// Stops watching and ends the recording.
  void finish(End end);

 private:
  class Sink;
  struct Hearing {
    bool awaited = true;  ///< its first list has not come, and may yet come
    std::optional<Silence> silence;
  };

  void watch(const kube::Resource& resource, const std::string& ns, const std::string& label_selector,
             const std::string& field_selector);
  void take(const kube::WatchEvent& event, const KubeObject& object);
  void follow_service(const StatefulSet& set);
  void synced(const std::string& name);
  void heard(Hearing& hearing);
  void troubled(const std::string& name, const kube::ApiError& error);
  void lost(const kube::Resource& resource, const std::string& name, const kube::ApiError& error);
  void keep_event(const kube::WatchEvent& event);
  [[nodiscard]] bool whole() const;
  [[nodiscard]] const Silence* silence() const;
  [[nodiscard]] Details details(const ObjectMeta& meta) const;

  void tell_all();
  void tell(const KubeObject& object, bool deleted);
  void tell_endpoints();
  void tell_if_changed(const std::string& key, const std::string& text);
  void tell_line(const std::string& text);

  const Target target_;
  const bool tells_;
  const bool records_;
  const std::function<void()> wake_;
  const kube::Client client_;
  record::Recorder recorder_;

  mutable std::mutex mutex_;
  std::map<std::string, Hearing> hearing_;  ///< by watch
  bool was_there_ = false;                  ///< the set, if only for a moment
  std::set<std::string> services_;          ///< governing ones, that are watched
  std::map<std::string, Details> details_;  ///< by UID of pod or claim
  std::deque<SeenEvent> events_;
  std::vector<std::string> left_out_;
  std::string failure_;
  bool told_all_ = false;
  std::map<std::string, std::string> told_;  ///< by object: what was said of it last
  std::vector<std::string> early_;           ///< Events that came before the first lists were complete
  std::deque<std::string> lines_;
  std::size_t dropped_ = 0;  ///< lines that nobody took in time

  std::vector<std::unique_ptr<Sink>> sinks_;
  kube::Watcher watcher_;  // the last member: its sinks must outlive it
};

}  // namespace stateproof::monitor
