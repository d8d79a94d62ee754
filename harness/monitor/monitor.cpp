#include "harness/monitor/monitor.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "harness/model/redaction.h"
#include "harness/monitor/statement.h"
#include "harness/report/text.h"

namespace stateproof::monitor {
namespace {

constexpr std::size_t kMostEvents = 200;   // more than a screen holds
constexpr std::size_t kMostLines = 10000;  // nobody reads them: a pipe that is full, a terminal that is held

Timestamp now() {
  return std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
}

Header with_namespace(Header header, const Target& target) {
  header.subject.ns = target.ns;
  header.subject.set = target.set;
  return header;
}

/// "pod web-0"
std::string key_of(const ObjectRef& ref) {
  if (ref.kind == "PersistentVolumeClaim") return "claim " + ref.name;
  if (ref.kind == "PersistentVolume") return "volume " + ref.name;
  std::string kind = ref.kind;
  std::transform(kind.begin(), kind.end(), kind.begin(), [](unsigned char c) { return std::tolower(c); });
  return kind + " " + ref.name;
}

/// In one line, and without what a terminal would obey: the server's own words stand in it.
std::string sentence_of(const kube::ApiError& error) {
  return report::one_line(report::valid_text(error.sentence()));
}

/// The request was not even answered.
bool is_silence(const kube::ApiError& error) { return error.kind != kube::ApiError::Kind::kStatus; }

}  // namespace

/// Between a watch and the recorder: lets through what belongs to the set.
class Monitor::Sink : public kube::WatchSink {
 public:
  Sink(Monitor& monitor, std::string name, kube::WatchSink* recorder)
      : monitor_(monitor), name_(std::move(name)), recorder_(recorder) {}

  void on_event(const kube::Resource& resource, kube::WatchEvent event) override {
    const KubeObject object = parse_object(event.object);
    const auto* pod = std::get_if<Pod>(&object);
    const bool foreign = pod != nullptr && !belongs_to(*pod, monitor_.target_);
    const bool other_event = resource == kube::kEvents && !event_of(event.object, monitor_.target_);
    if (!foreign && !other_event) {
      kube::WatchEvent recorded = event;
      // The set is somebody else's, and a recording is passed on.
      if (monitor_.records_) recorded.object = discreet_object(std::move(recorded.object));
      recorder_->on_event(resource, std::move(recorded));
    }
    const std::scoped_lock lock(monitor_.mutex_);
    // A watch that answers again with an event has answered.
    if (auto& hearing = monitor_.hearing_[name_]; !hearing.awaited) monitor_.heard(hearing);
    if (!foreign && !other_event) monitor_.take(event, object);
    monitor_.wake_();
  }

  void on_synced(const kube::Resource& resource) override {
    recorder_->on_synced(resource);
    const std::scoped_lock lock(monitor_.mutex_);
    monitor_.synced(name_);
    monitor_.wake_();
  }

  void on_gap(const kube::Resource& resource, const kube::WatchGap& gap) override {
    recorder_->on_gap(resource, gap);
  }

  void on_trouble(const kube::Resource& resource, const kube::ApiError& error) override {
    recorder_->on_trouble(resource, error);
    const std::scoped_lock lock(monitor_.mutex_);
    monitor_.troubled(name_, error);
    monitor_.wake_();
  }

  void on_failed(const kube::Resource& resource, const kube::ApiError& error) override {
    recorder_->on_failed(resource, error);
    const std::scoped_lock lock(monitor_.mutex_);
    monitor_.lost(resource, name_, error);
    monitor_.wake_();
  }

 private:
  Monitor& monitor_;
  const std::string name_;
  kube::WatchSink* recorder_;
};

Monitor::Monitor(kube::Client client, MonitorOptions options)
    : target_(options.target),
      tells_(options.tells),
      records_(options.recording.has_value()),
      wake_(std::move(options.wake)),
      client_(client),
      recorder_(with_namespace(std::move(options.header), options.target), std::move(options.recording)),
      watcher_(std::move(client), options.watcher) {
  const std::scoped_lock lock(mutex_);
  if (records_) watch(kube::kControllerRevisions, target_.ns, {}, {});
  watch(kube::kStatefulSets, target_.ns, {}, "metadata.name=" + target_.set);
  for (const kube::Resource& resource : {kube::kPods, kube::kClaims, kube::kEvents})
    watch(resource, target_.ns, {}, {});
  watch(kube::kVolumes, {}, {}, {});
}

Monitor::~Monitor() = default;

void Monitor::watch(const kube::Resource& resource, const std::string& ns, const std::string& label_selector,
                    const std::string& field_selector) {
  const std::string& selector = label_selector.empty() ? field_selector : label_selector;
  const std::string name = fmt::format("{}{}{}", resource.plural, selector.empty() ? "" : " with ", selector);
  hearing_.emplace(name, Hearing{});
  sinks_.push_back(std::make_unique<Sink>(*this, name, recorder_.sink(name)));
  watcher_.start({.resource = resource,
                  .ns = ns,
                  .label_selector = label_selector,
                  .field_selector = field_selector,
                  .sink = sinks_.back().get()});
}

void Monitor::take(const kube::WatchEvent& event, const KubeObject& object) {
  if (const auto* set = std::get_if<StatefulSet>(&object)) {
    was_there_ = true;
    follow_service(*set);
  }
  const ObjectRef& ref = meta_of(object).ref;
  if (ref.kind == "Event") return keep_event(event);
  if (std::holds_alternative<Pod>(object) || std::holds_alternative<Claim>(object)) {
    if (event.type == kube::WatchEventType::kDeleted) details_.erase(ref.uid.value);
    if (event.type != kube::WatchEventType::kDeleted) details_[ref.uid.value] = details_of(event.object);
  }
  if (told_all_) tell(object, event.type == kube::WatchEventType::kDeleted);
}

// Which Service governs it stands in the set, and may be another one when the set is made anew.
void Monitor::follow_service(const StatefulSet& set) {
  const std::string& name = set.service_name;
  if (name.empty() || !services_.insert(name).second) return;
  watch(kube::kServices, target_.ns, {}, "metadata.name=" + name);
  watch(kube::kEndpointSlices, target_.ns, "kubernetes.io/service-name=" + name, {});
}

void Monitor::keep_event(const kube::WatchEvent& served) {
  if (served.type == kube::WatchEventType::kDeleted)
    return;  // forgotten after an hour; it happened all the same
  auto event = event_of(served.object, target_);
  if (!event) return;
  std::erase_if(events_, [&](const SeenEvent& known) { return known.uid == event->uid; });
  // A list is in the order of names.
  const auto place = std::upper_bound(events_.begin(), events_.end(), *event,
                                      [](const auto& a, const auto& b) { return a.at < b.at; });
  const bool new_one = served.type != kube::WatchEventType::kListed;
  if (new_one && told_all_) tell_line("event  " + statement(*event));
  if (new_one && !told_all_ && early_.size() < kMostEvents) early_.push_back(statement(*event));
  events_.insert(place, *std::move(event));
  if (events_.size() > kMostEvents) events_.pop_front();
}

Details Monitor::details(const ObjectMeta& meta) const {
  const auto found = details_.find(meta.ref.uid.value);
  return found == details_.end() ? Details{} : found->second;
}

bool Monitor::whole() const {
  return std::none_of(hearing_.begin(), hearing_.end(),
                      [](const auto& watch) { return watch.second.awaited; });
}

const Silence* Monitor::silence() const {
  const Silence* first = nullptr;
  for (const auto& [name, hearing] : hearing_)
    if (hearing.silence && (first == nullptr || hearing.silence->since < first->since))
      first = &*hearing.silence;
  return first;
}

void Monitor::synced(const std::string& name) {
  hearing_[name].awaited = false;
  heard(hearing_[name]);
  if (whole() && !told_all_) tell_all();
}

void Monitor::heard(Hearing& hearing) {
  if (!hearing.silence) return;
  hearing.silence.reset();
  if (told_all_ && silence() == nullptr) tell_line("watch  the API server answers again");
}

void Monitor::troubled(const std::string& name, const kube::ApiError& error) {
  Hearing& hearing = hearing_[name];
  const bool first = silence() == nullptr;
  if (!hearing.silence) hearing.silence = Silence{now(), sentence_of(error)};
  if (told_all_ && first) tell_line("watch  no answer: " + sentence_of(error));
  // Who was never answered has nothing to show, and may have the wrong address.
  const bool answered =
      std::any_of(hearing_.begin(), hearing_.end(), [](const auto& watch) { return !watch.second.awaited; });
  if (is_silence(error) && !answered && failure_.empty()) failure_ = sentence_of(error);
}

void Monitor::lost(const kube::Resource& resource, const std::string& name, const kube::ApiError& error) {
  hearing_[name] = {false, std::nullopt};
  const bool needed = resource == kube::kStatefulSets || resource == kube::kPods;
  if (needed && failure_.empty()) failure_ = sentence_of(error);
  if (!needed) {
    std::string sentence =
        error.is_forbidden()
            ? fmt::format("{}: needs the right to list and watch them {}", resource.plural,
                          resource.namespaced ? "in namespace " + target_.ns : "in the cluster")
            : fmt::format("{} ({})", resource.plural, sentence_of(error));
    if (told_all_) tell_line("watch  not shown any more: " + sentence);
    left_out_.push_back(std::move(sentence));
  }
  if (whole() && !told_all_) tell_all();
}

Scene Monitor::scene() const {
  // In this order: the recorder hears of everything before the monitor does, so that the view is never
  // behind.
  const std::scoped_lock lock(mutex_);
  Scene scene = recorder_.look([this](const record::View& view) { return scene_of(view, target_); });
  scene.now = now();
  scene.whole = whole();
  scene.was_there = was_there_;
  for (const Pod& pod : scene.pods) scene.details[pod.meta.ref.uid.value] = details(pod.meta);
  for (const Claim& claim : scene.claims) scene.details[claim.meta.ref.uid.value] = details(claim.meta);
  scene.events.assign(events_.begin(), events_.end());
  scene.left_out = left_out_;
  if (const Silence* silent = silence()) scene.silence = *silent;
  return scene;
}

std::string Monitor::failure() const {
  std::string unwritten = recorder_.write_error();
  const std::scoped_lock lock(mutex_);
  return failure_.empty() ? unwritten : failure_;
}

std::vector<std::string> Monitor::take_lines() {
  const std::scoped_lock lock(mutex_);
  std::vector<std::string> taken(lines_.begin(), lines_.end());
  if (const std::size_t lost = std::exchange(dropped_, 0); lost > 0)
    taken.insert(taken.begin(), fmt::format("{}  watch  {} changes before this one were not told in time",
                                            format_rfc3339(now()), lost));
  lines_.clear();
  return taken;
}

void Monitor::finish(End end) {
  watcher_.stop();
  end.requests = client_.request_counts();
  recorder_.finish(std::move(end));
}

void Monitor::tell_all() {
  told_all_ = true;
  if (!tells_) return;
  const Scene scene = recorder_.look([this](const record::View& view) { return scene_of(view, target_); });
  for (const std::string& sentence : left_out_) tell_line("watch  not shown: " + sentence);
  if (scene.set) tell_if_changed(key_of(scene.set->meta.ref), statement(*scene.set));
  for (const Pod& pod : scene.pods)
    tell_if_changed(key_of(pod.meta.ref), statement(pod, details(pod.meta), target_));
  for (const Claim& claim : scene.claims)
    tell_if_changed(key_of(claim.meta.ref), statement(claim, details(claim.meta)));
  for (const auto& [name, volume] : scene.volumes)
    tell_if_changed(key_of(volume.meta.ref), statement(volume));
  if (scene.service) tell_if_changed(key_of(scene.service->meta.ref), statement(*scene.service));
  tell_endpoints();
  for (const std::string& event : std::exchange(early_, {})) tell_line("event  " + event);
  if (const Silence* silent = silence()) tell_line("watch  no answer: " + silent->cause);
}

void Monitor::tell(const KubeObject& object, bool deleted) {
  if (!tells_) return;
  const ObjectRef& ref = meta_of(object).ref;
  std::string text;
  if (const auto* set = std::get_if<StatefulSet>(&object)) text = statement(*set);
  if (const auto* pod = std::get_if<Pod>(&object)) text = statement(*pod, details(pod->meta), target_);
  if (const auto* service = std::get_if<Service>(&object)) text = statement(*service);
  if (std::holds_alternative<EndpointSlice>(object)) return tell_endpoints();
  // Of claims and volumes the whole namespace is watched.
  const auto is_ours = [&](const record::View& view) {
    const Scene scene = scene_of(view, target_);
    const auto* volume = std::get_if<Volume>(&object);
    const std::string& name = volume != nullptr ? volume->claim.name : ref.name;
    return may_belong_to(name, target_) ||
           std::any_of(scene.claims.begin(), scene.claims.end(),
                       [&](const Claim& claim) { return claim.meta.ref.name == name; });
  };
  if (const auto* claim = std::get_if<Claim>(&object); claim != nullptr && recorder_.look(is_ours))
    text = statement(*claim, details(claim->meta));
  if (const auto* volume = std::get_if<Volume>(&object);
      volume != nullptr && volume->claim.ns == target_.ns && recorder_.look(is_ours))
    text = statement(*volume);
  if (text.empty()) return;
  const std::string key = key_of(ref);
  tell_if_changed(key, deleted ? "gone" : text);
  if (deleted) told_.erase(key);
}

void Monitor::tell_endpoints() {
  if (!tells_) return;
  const Scene scene = recorder_.look([this](const record::View& view) { return scene_of(view, target_); });
  std::map<std::string, std::string> present;
  for (const Endpoint& endpoint : scene.endpoints)
    for (const std::string& address : endpoint.addresses)
      present["endpoint " + address] = statement(endpoint);
  for (auto known = told_.begin(); known != told_.end();) {
    const bool left = known->first.starts_with("endpoint ") && !present.contains(known->first);
    if (left) tell_line(fmt::format("{}  gone", known->first));
    known = left ? told_.erase(known) : std::next(known);
  }
  for (const auto& [key, text] : present) tell_if_changed(key, text);
}

void Monitor::tell_if_changed(const std::string& key, const std::string& text) {
  if (auto& told = told_[key]; told != text) {
    told = text;
    tell_line(fmt::format("{}  {}", key, text));
  }
}

void Monitor::tell_line(const std::string& text) {
  if (!tells_) return;
  lines_.push_back(format_rfc3339(now()) + "  " + text);
  if (lines_.size() <= kMostLines) return;
  lines_.pop_front();
  ++dropped_;
}

}  // namespace stateproof::monitor
