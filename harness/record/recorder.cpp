#include "harness/record/recorder.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <utility>

#include "harness/model/fields.h"
#include "harness/model/known.h"

namespace stateproof::record {
namespace {

Change change_of(kube::WatchEventType type) {
  switch (type) {
    case kube::WatchEventType::kListed:
      return Change::kListed;
    case kube::WatchEventType::kAdded:
      return Change::kAdded;
    case kube::WatchEventType::kModified:
      return Change::kModified;
    case kube::WatchEventType::kDeleted:
      return Change::kDeleted;
  }
  return Change::kModified;
}

}  // namespace

Recorder::Recorder(Header header, std::optional<RecordingFile> file)
    : began_(Clock::now()), subject_(header.subject), file_(std::move(file)) {
  if (file_) file_->append(header_line(header));
}

// The steady clock continues from where the wall clock says that it would be.
Recorder::Recorder(const Timeline& former, std::optional<RecordingFile> file)
    : began_(Clock::now() - std::chrono::duration_cast<Clock::duration>(std::chrono::system_clock::now() -
                                                                        former.header.started)),
      subject_(former.header.subject),
      file_(std::move(file)) {
  remember(former);
}

void Recorder::remember(const Timeline& former) {
  for (const Observation& observation : former) {
    update_view(observation.what);
    const auto* seen = observation.as<ObjectSeen>();
    if (seen == nullptr) continue;
    const std::string& uid = meta_of(seen->object).ref.uid.value;
    if (seen->change == Change::kDeleted) unlisted_.erase(uid);
    if (seen->change != Change::kDeleted) unlisted_.insert_or_assign(uid, *seen);
  }
  view_.ledger.resting.clear();  // what they did since is not known yet
  count_ = former.size();
  std::set<std::string> resources;
  for (const auto& [uid, seen] : unlisted_) resources.insert(meta_of(seen.object).ref.kind);
  add_locked(Trouble{"the recorder was restarted"});
  for (const std::string& kind : resources)
    if (const kube::Resource* resource = kube::resource_of_kind(kind))
      add_locked(Gap{std::string{resource->plural}, "the recorder was not running"});
}

void Recorder::tell_vanished() {
  const std::scoped_lock lock(mutex_);
  for (auto& [uid, seen] : std::exchange(unlisted_, {})) {
    if (meta_of(seen.object).ref.kind == "Event") continue;  // forgotten by the API server after an hour
    seen.change = Change::kDeleted;
    seen.synthesized = true;
    add_locked(std::move(seen));
  }
}

Elapsed Recorder::elapsed() const { return std::chrono::duration_cast<Elapsed>(Clock::now() - began_); }

std::size_t Recorder::add(Entry entry) {
  const std::scoped_lock lock(mutex_);
  return add_locked(std::move(entry));
}

std::size_t Recorder::add_locked(Entry entry) {
  if (finished_) return count_;
  Observation observation{++count_, elapsed(), std::move(entry)};
  if (file_) file_->append(observation_line(observation));
  update_view(observation.what);
  changed_.notify_all();
  return count_;
}

void Recorder::update_view(const Entry& entry) {
  if (const auto* answer = std::get_if<DnsAnswer>(&entry)) {
    if (answer->replica)
      view_.replica_dns.insert_or_assign({answer->vantage, answer->name, answer->type, answer->server},
                                         *answer);
    else
      view_.dns.insert_or_assign({answer->vantage, answer->name, answer->type}, *answer);
  }
  if (const auto* seen = std::get_if<ObjectSeen>(&entry)) update_object(*seen);
  if (const auto* writes = std::get_if<LedgerWrites>(&entry)) update_ledger(*writes);
  if (const auto* reserved = std::get_if<LedgerReserved>(&entry))
    view_.ledger.writers.insert(reserved->writer);
  if (const auto* state = std::get_if<LedgerState>(&entry); state != nullptr && state->what == "rest")
    view_.ledger.resting.insert(state->writer);
  if (const auto* read = std::get_if<LedgerRead>(&entry))
    view_.ledger.reads.insert_or_assign(read->member, *read);
}

void Recorder::update_ledger(const LedgerWrites& writes) {
  View::Ledger& ledger = view_.ledger;
  ledger.resting.erase(writes.writer);
  if (!writes.note.empty()) ledger.last_error = writes.note;
  for (std::size_t i = 0; i < writes.ended.size(); ++i) {
    if (writes.ended[i] != static_cast<char>(WriteOutcome::kOk)) continue;
    ++ledger.acknowledged;
    ledger.last_acknowledged = std::max(ledger.last_acknowledged, writes.began[i]);
  }
}

void Recorder::update_object(const ObjectSeen& seen) {
  const ObjectRef& ref = meta_of(seen.object).ref;
  unlisted_.erase(ref.uid.value);
  if (const auto* pod = std::get_if<Pod>(&seen.object)) {
    if (ref.ns == subject_.ns) take_in(view_.pods, ref.name, *pod, seen.change);
    if (ref.ns != subject_.ns) take_in(view_.client_pods, ref.ns + "/" + ref.name, *pod, seen.change);
  } else if (const auto* set = std::get_if<StatefulSet>(&seen.object)) {
    take_in(view_.sets, ref.name, *set, seen.change);
  } else if (const auto* claim = std::get_if<Claim>(&seen.object)) {
    take_in(view_.claims, ref.name, *claim, seen.change);
    if (seen.change != Change::kDeleted)
      view_.claim_sizes.insert_or_assign(ref.name, claim_size(*seen.served));
    else if (!view_.claims.contains(ref.name))
      view_.claim_sizes.erase(ref.name);
  } else if (const auto* volume = std::get_if<Volume>(&seen.object)) {
    take_in(view_.volumes, ref.name, *volume, seen.change);
  } else if (const auto* service = std::get_if<Service>(&seen.object)) {
    take_in(view_.services, ref.name, *service, seen.change);
  } else if (const auto* slice = std::get_if<EndpointSlice>(&seen.object)) {
    take_in(view_.slices, ref.name, *slice, seen.change);
  } else if (const auto* revision = std::get_if<ControllerRevision>(&seen.object)) {
    take_in(view_.revisions, ref.name, *revision, seen.change);
  } else if (const auto* budget = std::get_if<DisruptionBudget>(&seen.object)) {
    take_in(view_.budgets, ref.name, *budget, seen.change);
  } else if (ref.kind == "Namespace") {
    if (seen.change == Change::kDeleted) view_.namespaces.erase(ref.name);
    if (seen.change != Change::kDeleted) view_.namespaces.insert_or_assign(ref.name, meta_of(seen.object));
  } else if (ref.kind == "ServiceAccount") {
    if (seen.change == Change::kDeleted) view_.service_accounts.erase(ref.ns + "/" + ref.name);
    if (seen.change != Change::kDeleted) view_.service_accounts.insert(ref.ns + "/" + ref.name);
  } else if (ref.kind == "Event" && fields::text(*seen.served, "type") == "Warning") {
    view_.last_warning =
        fmt::format("{}: {}", fields::text(*seen.served, "reason"), fields::text(*seen.served, "message"));
  }
}

// Volumes are watched cluster-wide; those of other people are neither recorded nor kept.
bool Recorder::is_foreign(const KubeObject& object) const {
  const auto* volume = std::get_if<Volume>(&object);
  if (volume == nullptr || volume->claim.ns == subject_.ns || view_.volumes.contains(volume->meta.ref.name))
    return false;
  return std::none_of(view_.claims.begin(), view_.claims.end(),
                      [&](const auto& claim) { return claim.second.volume == volume->meta.ref.name; });
}

std::optional<std::string> Recorder::any_watch(Hearing hearing) const {
  for (const auto& [name, watch] : watches_)
    if (watch.hearing == hearing) return watch.cause;
  return std::nullopt;
}

std::string Recorder::blindness() const {
  if (file_ && !file_->error().empty()) return file_->error();
  return any_watch(Hearing::kLost).value_or(std::string{});
}

Waited Recorder::await(const Condition& condition, const Within& within, const std::stop_token& stop) {
  const Clock::time_point limit = Clock::now() + within.limit;
  std::unique_lock lock(mutex_);
  for (;;) {
    const Standing standing = condition(view_);
    if (standing.reached) return {Waited::Result::kReached, standing.last_seen};
    if (const std::string cause = blindness(); !cause.empty()) return {Waited::Result::kBlind, cause};
    if (stop.stop_requested()) return {Waited::Result::kStopped, "interrupted"};
    if (!standing.impossible.empty()) return {Waited::Result::kImpossible, standing.impossible};
    if (Clock::now() >= limit) {
      // Who could not hear the cluster has no word on what it did.
      if (const auto cause = any_watch(Hearing::kTrouble)) return {Waited::Result::kBlind, *cause};
      return {Waited::Result::kTimedOut, fmt::format("not reached within {:.0f} s ({}); last seen: {}",
                                                     std::chrono::duration<double>(within.limit).count(),
                                                     within.why, standing.last_seen)};
    }
    const std::size_t seen = count_;
    changed_.wait_until(lock, stop, limit, [&] { return count_ != seen; });
  }
}

Waited Recorder::await_synced(const Within& within, const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  changed_.wait_until(lock, stop, Clock::now() + within.limit, [&] {
    return !blindness().empty() || !(any_watch(Hearing::kAwaited) || any_watch(Hearing::kTrouble));
  });
  if (const std::string cause = blindness(); !cause.empty()) return {Waited::Result::kBlind, cause};
  if (stop.stop_requested()) return {Waited::Result::kStopped, "interrupted"};
  if (const auto cause = any_watch(Hearing::kTrouble)) return {Waited::Result::kBlind, *cause};
  if (any_watch(Hearing::kAwaited))
    return {Waited::Result::kBlind,
            fmt::format(
                "The API server did not answer every watch within {:.0f} s; check its load and try again.",
                std::chrono::duration<double>(within.limit).count())};
  return {Waited::Result::kReached, {}};
}

void Recorder::doubt_watches() {
  const std::scoped_lock lock(mutex_);
  for (auto& [name, watch] : watches_)
    if (watch.hearing == Hearing::kHeard) watch.hearing = Hearing::kAwaited;
}

void Recorder::finish(End end) {
  const std::scoped_lock lock(mutex_);
  if (finished_) return;
  finished_ = true;
  if (file_) file_->append(end_line(end));
}

std::string Recorder::write_error() const {
  const std::scoped_lock lock(mutex_);
  return file_ ? file_->error() : std::string{};
}

std::size_t Recorder::size() const {
  const std::scoped_lock lock(mutex_);
  return count_;
}

// Every sink reports under its own name, so that two watches of one resource can be distinguished.
class Recorder::Sink : public kube::WatchSink {
 public:
  Sink(Recorder& recorder, std::string watch) : recorder_(recorder), watch_(std::move(watch)) {}

  void on_event(const kube::Resource&, kube::WatchEvent event) override {
    ObjectSeen seen;
    seen.change = change_of(event.type);
    seen.synthesized = event.synthesized;
    seen.served = std::make_shared<const nlohmann::json>(std::move(event.object));
    seen.object = parse_object(*seen.served);
    const std::scoped_lock lock(recorder_.mutex_);
    // Before the first list is complete the watch is still awaited.
    if (auto& watch = recorder_.watches_[watch_]; watch.hearing == Hearing::kTrouble)
      watch = {Hearing::kHeard, {}};
    if (!recorder_.is_foreign(seen.object)) recorder_.add_locked(std::move(seen));
  }

  void on_synced(const kube::Resource&) override {
    const std::scoped_lock lock(recorder_.mutex_);
    recorder_.watches_[watch_] = {Hearing::kHeard, {}};
    recorder_.changed_.notify_all();
  }

  void on_gap(const kube::Resource& resource, const kube::WatchGap& gap) override {
    const std::scoped_lock lock(recorder_.mutex_);
    recorder_.add_locked(Gap{std::string{resource.plural}, gap.reason});
  }

  void on_trouble(const kube::Resource&, const kube::ApiError& error) override {
    const std::scoped_lock lock(recorder_.mutex_);
    recorder_.watches_[watch_] = {Hearing::kTrouble, error.sentence()};
    recorder_.add_locked(Trouble{fmt::format("watch of {}: {}", watch_, error.sentence())});
  }

  void on_failed(const kube::Resource&, const kube::ApiError& error) override {
    const std::scoped_lock lock(recorder_.mutex_);
    recorder_.watches_[watch_] = {Hearing::kLost, error.sentence()};
    recorder_.add_locked(Trouble{fmt::format("watch of {} ended: {}", watch_, error.sentence())});
  }

 private:
  Recorder& recorder_;
  std::string watch_;
};

Recorder::~Recorder() = default;

kube::WatchSink* Recorder::sink(std::string watch) {
  const std::scoped_lock lock(mutex_);
  watches_.emplace(watch, Watch{});
  return sinks_.emplace_back(std::make_unique<Sink>(*this, std::move(watch))).get();
}

}  // namespace stateproof::record
