#include "harness/lease/namespace_lease.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "harness/kube/transport.h"
#include "harness/kube/watch.h"
#include "harness/model/fields.h"

namespace stateproof::lease {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

// Between a look at the lease and the request that rests on it.
constexpr auto kMargin = 5s;
// A holder that lives has renewed his lease by then.
constexpr auto kRenewedSurely = kRenewEvery + 5s;
constexpr auto kKept = std::chrono::seconds{std::chrono::hours{24 * 30}};
constexpr auto kDeletionLimit = 120s;  // the namespace controller empties it kind by kind

// Wakes when a namespace is gone.
class NamespaceGone : public kube::WatchSink {
 public:
  void on_event(const kube::Resource&, kube::WatchEvent event) override {
    set([&] { present_ = event.type != kube::WatchEventType::kDeleted; });
  }
  void on_synced(const kube::Resource&) override {
    set([&] { synced_ = true; });
  }
  void on_gap(const kube::Resource&, const kube::WatchGap&) override {}
  void on_trouble(const kube::Resource&, const kube::ApiError&) override {}
  void on_failed(const kube::Resource&, const kube::ApiError& error) override {
    set([&] { failed_ = error.sentence(); });
  }

  tl::expected<void, HarnessError> await(const std::string& name, const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, stop, kDeletionLimit, [&] { return (synced_ && !present_) || !failed_.empty(); });
    if (!failed_.empty()) return fail(failed_);
    if (stop.stop_requested()) return fail("Interrupted.");
    if (synced_ && !present_) return {};
    return fail(
        fmt::format("Namespace {} of an earlier run is still being deleted after {} s; see its "
                    "status.conditions: kubectl get namespace {} -o yaml.",
                    name, kDeletionLimit.count(), name));
  }

 private:
  template <class Change>
  void set(Change change) {
    const std::scoped_lock lock(mutex_);
    change();
    changed_.notify_all();
  }
  std::mutex mutex_;
  std::condition_variable_any changed_;
  bool present_ = false;
  bool synced_ = false;
  std::string failed_;
};

tl::expected<void, HarnessError> await_gone(const kube::Client& client, const std::string& name,
                                            const std::stop_token& stop) {
  NamespaceGone gone;
  kube::Watcher watcher(client);
  watcher.start({.resource = kube::kNamespaces,
                 .ns = "",
                 .label_selector = "",
                 .field_selector = "metadata.name=" + name,
                 .sink = &gone});
  return gone.await(name, stop);
}

std::string holder_shown(const json& lease) {
  const auto holder = Holder::parse(holder_of(lease));
  return holder ? holder->shown() : "somebody else";
}

/// Until the hold on a namespace has ended without being renewed; then what it is now. Fails when it is
/// renewed, or lasts too long to be waited for.
tl::expected<Found, HarnessError> await_abandoned(const kube::Client& client, Found found,
                                                  const std::stop_token& stop) {
  const std::string name = name_of(found.ns);
  const std::string version = version_of(found.lease);
  for (auto pause = kRenewedSurely;; pause = kDuration) {
    if (!found.server_now)
      return fail(
          fmt::format("Whether namespace {} is abandoned cannot be told, for the API server does not say "
                      "what time it is; pass another --namespace.",
                      name));
    if (hold_of(found.lease, *found.server_now) != Hold::kHeld) return found;
    const auto left = remaining(found.lease, *found.server_now);
    if (version_of(found.lease) != version || left > kDuration + kMargin)
      return fail(
          fmt::format("Namespace {} is in use by {}; wait for that run to end, or pass another --namespace.",
                      name, holder_shown(found.lease)));
    if (!client.transport()->pause(std::min<std::chrono::milliseconds>(left, pause), stop))
      return fail("Interrupted.");
    auto again = examine(client, std::move(found.ns));
    if (!again) return again;
    found = std::move(*again);
    if (!found.objection.empty()) return fail(fmt::format("Namespace {} has changed hands.", name));
  }
}

}  // namespace

std::vector<std::string> namespaces_of(const LeaseRequest& request) {
  const std::string main = request.name.empty() ? "stateproof-" + request.run : request.name;
  std::vector<std::string> names{main};
  for (const std::string& suffix : request.more) names.push_back(main + "-" + suffix);
  return names;
}

NamespaceLease::NamespaceLease(kube::Client client, const LeaseRequest& request)
    : client_(std::move(client)),
      request_(request),
      identity_(Holder::this_process().identity()),
      founding_{request.run, identity_} {
  if (!request_.tell) request_.tell = [](const std::string&) {};
}

NamespaceLease::~NamespaceLease() = default;

tl::expected<std::unique_ptr<NamespaceLease>, HarnessError> NamespaceLease::take(
    const kube::Client& client, const LeaseRequest& request) {
  std::unique_ptr<NamespaceLease> lease(new NamespaceLease(client, request));
  if (auto created = lease->create_all(); !created) {
    std::string left;
    for (const Remnant& remnant : lease->release())
      left += fmt::format(" Left in the cluster; remove it with: kubectl delete namespace {}", remnant.ns);
    return fail(created.error().sentence + left);
  }
  return lease;
}

tl::expected<std::unique_ptr<NamespaceLease>, HarnessError> NamespaceLease::take_up(
    const kube::Client& client, const LeaseRequest& request) {
  std::unique_ptr<NamespaceLease> lease(new NamespaceLease(client, request));
  for (const std::string& name : namespaces_of(request)) {
    if (auto taken = lease->take_up_one(name); !taken) return tl::make_unexpected(taken.error());
    if (!lease->renewer_.joinable()) lease->keep_renewing();
  }
  lease->sweep();
  return lease;
}

tl::expected<void, HarnessError> NamespaceLease::create_all() {
  for (const std::string& name : namespaces_of(request_)) {
    if (auto created = create_one(name); !created) return created;
    if (!renewer_.joinable()) keep_renewing();  // the next one may have to be cleared away first
  }
  sweep();
  return {};
}

tl::expected<void, HarnessError> NamespaceLease::create_one(const std::string& name) {
  const auto ns = create_namespace(name);
  if (!ns) return tl::make_unexpected(ns.error());
  const Home home{name, uid_of(*ns)};
  if (const auto stamp = fields::time(fields::member(*ns, "metadata"), "creationTimestamp");
      held_.empty() && stamp)
    learn_time(*stamp);
  const auto asked = BootClock::now();
  const auto lease = client_.create_object(
      kube::kLeases, name, lease_of(*ns, founding_, {.spared = request_.spared}, server_now()));
  hold({.home = home, .version = lease ? version_of(*lease) : ""}, asked);
  if (!lease) return fail(lease.error().sentence());
  return {};
}

void NamespaceLease::hold(Held held, BootClock::time_point asked) {
  const std::scoped_lock locks(renewing_, mutex_);
  held_.push_back(std::move(held));
  if (held_.size() == 1) sure_until_ = asked + kDuration - kMargin;  // of several it runs out first
}

tl::expected<json, HarnessError> NamespaceLease::create_namespace(const std::string& name) {
  json wanted = namespace_of(name, founding_);
  for (const auto& [key, value] : request_.labels) wanted["metadata"]["labels"].emplace(key, value);
  auto created = client_.create_object(kube::kNamespaces, "", wanted);
  if (!created && created.error().is_conflict()) {
    if (auto cleared = clear_the_way(name); !cleared) return tl::make_unexpected(cleared.error());
    created = client_.create_object(kube::kNamespaces, "", wanted);
  }
  if (created) return std::move(*created);
  if (created.error().kind != kube::ApiError::Kind::kStatus) {
    // The answer was lost, and the namespace may be there: its founder's token is nobody else's.
    auto found = find(client_, name);
    if (found && *found && founded_by(found->value().ns, founding_)) return std::move(found->value().ns);
  }
  return fail(created.error().sentence());
}

tl::expected<void, HarnessError> NamespaceLease::clear_the_way(const std::string& name) {
  auto found = find(client_, name);
  if (!found) return tl::make_unexpected(found.error());
  if (!*found) return {};  // gone meanwhile
  Found& existing = **found;
  if (is_terminating(existing.ns) && has_our_label(existing.ns))
    return await_gone(client_, name, request_.stop);
  if (!existing.objection.empty())
    return fail(
        fmt::format("Namespace {} exists and is not proved to be of this suite ({}); pass another "
                    "--namespace, or none.",
                    name, existing.objection));
  auto abandoned = await_abandoned(client_, std::move(existing), request_.stop);
  if (!abandoned) return tl::make_unexpected(abandoned.error());
  const auto seized = seize(client_, *abandoned, identity_);
  if (!seized) return tl::make_unexpected(seized.error());
  if (!*seized)
    return fail(
        fmt::format("Namespace {} was taken by another run just now; pass another --namespace.", name));
  request_.tell(fmt::format("removing namespace {} of the abandoned run {}", name, run_of(abandoned->ns)));
  if (auto removed = remove_namespace(client_, name, uid_of(abandoned->ns)); !removed) return removed;
  return await_gone(client_, name, request_.stop);
}

tl::expected<void, HarnessError> NamespaceLease::take_up_one(const std::string& name) {
  auto found = find(client_, name);
  if (!found) return tl::make_unexpected(found.error());
  const bool stands = *found && !is_terminating((*found)->ns) && (*found)->objection.empty() &&
                      run_of((*found)->ns) == request_.run;
  if (!stands)
    return fail(fmt::format(
        "Namespace {} of the killed run {} is gone, along with what its clients recorded; start a new run.",
        name, request_.run));
  auto abandoned = await_abandoned(client_, std::move(**found), request_.stop);
  if (!abandoned) return tl::make_unexpected(abandoned.error());
  if (held_.empty()) learn_time(*abandoned->server_now);
  // With its version, so that of two who take it up one is refused.
  const auto asked = BootClock::now();
  const auto taken =
      client_.patch(kube::kLeases, name, kLeaseName, kube::PatchType::kMerge,
                    {{"metadata", {{"resourceVersion", version_of(abandoned->lease)}}},
                     {"spec", {{"holderIdentity", identity_}, {"renewTime", micro_time(server_now())}}}});
  if (!taken) return fail(taken.error().sentence());
  hold({.home = {name, uid_of(abandoned->ns)}, .version = version_of(*taken)}, asked);
  return {};
}

// What is left of others is nothing that a run would fail for.
void NamespaceLease::sweep() {
  // At the end as at the begin; what is left alone is told once.
  const auto tell = [this](const std::string& text) {
    if (told_.insert(text).second) request_.tell(text);
  };
  const auto swept = sweep_abandoned(client_, Spared::kStay, tell);
  if (!swept) return request_.tell("what abandoned runs left is not looked for: " + swept.error().sentence);
  for (const json& ns : swept->removed) swept_.push_back({name_of(ns), uid_of(ns)});
}

void NamespaceLease::learn_time(Timestamp server_time) {
  server_time_ = server_time;
  learnt_ = BootClock::now();
}

Timestamp NamespaceLease::server_now() const {
  return server_time_ + std::chrono::duration_cast<std::chrono::microseconds>(BootClock::now() - learnt_);
}

void NamespaceLease::keep_renewing() {
  renewer_ = std::jthread([this](const std::stop_token& stop) { renew_until(stop); });
}

void NamespaceLease::renew_until(const std::stop_token& stop) {
  std::mutex mutex;
  std::unique_lock lock(mutex);
  while (!pause_.wait_for(lock, stop, request_.renew_every, [&] { return stop.stop_requested(); })) {
    const std::scoped_lock renewing(renewing_);
    renew_all();
  }
}

// Under renewing_.
void NamespaceLease::renew_all() {
  const auto asked = BootClock::now();
  bool all = true;
  for (Held& held : held_) {
    if (held.is_lost() || held.version.empty()) continue;
    std::string trouble;
    const Renewal renewal = renew(held, trouble);
    all = all && renewal == Renewal::kDone;
    if (renewal == Renewal::kFailed) note_trouble(trouble);
  }
  if (all) note_renewed(asked);
}

NamespaceLease::Renewal NamespaceLease::renew(Held& held, std::string& trouble) {
  const auto renewed =
      client_.patch(kube::kLeases, held.home.name, kLeaseName, kube::PatchType::kMerge,
                    {{"metadata", {{"resourceVersion", held.version}}},
                     {"spec", {{"holderIdentity", identity_}, {"renewTime", micro_time(server_now())}}}});
  if (renewed) {
    held.version = version_of(*renewed);
    return Renewal::kDone;
  }
  if (renewed.error().is_conflict() || renewed.error().is_not_found()) return examine(held, trouble);
  trouble = renewed.error().sentence();
  return Renewal::kFailed;
}

// Refused: somebody wrote it, or it was our own renewal whose answer was lost.
NamespaceLease::Renewal NamespaceLease::examine(Held& held, std::string& trouble) {
  const auto lease = client_.get(kube::kLeases, held.home.name, kLeaseName);
  if (!lease && !lease.error().is_not_found()) {
    trouble = lease.error().sentence();
    return Renewal::kFailed;
  }
  if (lease && belongs_to(*lease, held.home.uid) && holder_of(*lease) == identity_) {
    held.version = version_of(*lease);
    return Renewal::kDone;
  }
  if (!lease || !belongs_to(*lease, held.home.uid))
    lose(held.gone,
         fmt::format("Namespace {}, or the Lease in it, was deleted by somebody else while this run used "
                     "it; run it again.",
                     held.home.name));
  else
    lose(held.taken_over,
         fmt::format(
             "Namespace {} was taken over by {}, because this run had not renewed its lease for {} s or "
             "longer; run it again.",
             held.home.name, holder_shown(*lease), kDuration.count()));
  return Renewal::kLost;
}

void NamespaceLease::note_renewed(BootClock::time_point asked) {
  std::string over;
  {
    const std::scoped_lock lock(mutex_);
    sure_until_ = asked + kDuration - kMargin;
    std::swap(over, trouble_);
  }
  if (!over.empty()) request_.tell("the lease is renewed again");
}

void NamespaceLease::note_trouble(const std::string& trouble) {
  {
    const std::scoped_lock lock(mutex_);
    const bool told = !trouble_.empty();
    trouble_ = trouble;
    if (told) return;
  }
  request_.tell("the lease could not be renewed: " + trouble);
}

void NamespaceLease::lose(bool& how, const std::string& why) {
  {
    const std::scoped_lock lock(mutex_);
    how = true;
    if (!loss_.empty()) return;
    loss_ = why;
  }
  request_.tell(why);
  if (request_.lost) request_.lost(why);
}

std::optional<std::string> NamespaceLease::unsure() const {
  const std::scoped_lock lock(mutex_);
  if (!loss_.empty()) return loss_;
  if (BootClock::now() < sure_until_) return std::nullopt;
  return fmt::format(
      "The lease of namespace {} has run out and cannot be renewed ({}); nothing is changed in it.",
      held_.empty() ? "?" : held_.front().home.name, trouble_);
}

std::optional<std::string> NamespaceLease::objection() {
  if (!unsure()) return std::nullopt;
  const std::scoped_lock renewing(renewing_);
  if (unsure()) renew_all();
  return unsure();
}

std::vector<Home> NamespaceLease::homes() const {
  const std::scoped_lock lock(mutex_);
  std::vector<Home> homes;
  for (const Held& held : held_)
    if (!held.is_lost()) homes.push_back(held.home);
  return homes;
}

tl::expected<void, HarnessError> NamespaceLease::keep() {
  renewer_ = {};
  const std::scoped_lock renewing(renewing_);
  identity_ = Holder::nobody().identity();
  for (Held& held : held_) {
    const auto kept = client_.patch(kube::kLeases, held.home.name, kLeaseName, kube::PatchType::kMerge,
                                    {{"metadata", {{"resourceVersion", held.version}}},
                                     {"spec",
                                      {{"holderIdentity", identity_},
                                       {"leaseDurationSeconds", kKept.count()},
                                       {"renewTime", micro_time(server_now())}}}});
    if (!kept) return fail(kept.error().sentence());
    held.version = version_of(*kept);
  }
  const std::scoped_lock lock(mutex_);
  sure_until_ = BootClock::now() + kKept;
  return {};
}

std::vector<Remnant> NamespaceLease::release() {
  renewer_ = {};
  const std::scoped_lock renewing(renewing_);
  std::vector<Remnant> left;
  for (Held& held : held_) {
    std::string trouble;
    // Once more, so that nobody else has it. One that is gone, or has no Lease yet, is known by its UID.
    if (!held.is_lost() && !held.version.empty()) (void)renew(held, trouble);
    if (held.taken_over) {
      left.push_back({held.home.name, loss_, false});
      continue;
    }
    if (const auto removed = remove_namespace(client_, held.home.name, held.home.uid); !removed)
      left.push_back({held.home.name, removed.error().sentence, true});
  }
  sweep();
  return left;
}

}  // namespace stateproof::lease
