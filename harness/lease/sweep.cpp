#include "harness/lease/sweep.h"

#include <fmt/format.h>

#include <utility>

#include "harness/lease/holder.h"
#include "harness/lease/ownership.h"
#include "harness/model/fields.h"

namespace stateproof::lease {
namespace {

using nlohmann::json;

/// Finalizers that a scenario puts on objects; nobody else would take them away.
constexpr std::string_view kOwnFinalizers = "stateproof.dev/";

struct Content {
  kube::Resource resource;
  std::string name;
  std::string uid;
  json finalizers;    ///< those that are not ours
  bool held = false;  ///< by one of ours
};

Content content(const kube::Resource& resource, const json& object) {
  Content one{resource, name_of(object), uid_of(object), json::array(), false};
  for (const json& finalizer : fields::in(object, "metadata", "finalizers")) {
    if (finalizer.is_string() && finalizer.get_ref<const std::string&>().starts_with(kOwnFinalizers))
      one.held = true;
    else
      one.finalizers.push_back(finalizer);
  }
  return one;
}

std::vector<Content> content_of(const kube::Client& client, const std::string& ns) {
  std::vector<Content> all;
  for (const kube::Resource& resource :
       {kube::kStatefulSets, kube::kDeployments, kube::kReplicaSets, kube::kPods, kube::kClaims})
    if (const auto found = client.list(resource, ns))
      for (const json& object : found->items)
        if (!uid_of(object).empty()) all.push_back(content(resource, object));
  return all;
}

std::string told_of(const Found& found) {
  std::string told = fmt::format("namespace {} of run {}", name_of(found.ns), run_of(found.ns));
  const auto renewed = last_renewed(found.lease);
  if (renewed && found.server_now)
    told +=
        fmt::format(", abandoned for {} s",
                    std::chrono::duration_cast<std::chrono::seconds>(*found.server_now - *renewed).count());
  return told;
}

// Between its creation and that of its Lease a namespace of a neighbour proves nothing either.
bool is_new(const Found& found) {
  const auto created = fields::time(fields::member(found.ns, "metadata"), "creationTimestamp");
  return created && found.server_now && *found.server_now - *created <= kDuration;
}

bool is_due(const Found& found, Spared spared) {
  if (!found.server_now) return false;
  const Hold hold = hold_of(found.lease, *found.server_now);
  return hold == Hold::kGivenUp || (hold == Hold::kAbandoned && spared == Spared::kGo);
}

/// One sweep over what bears our label.
class Sweeper {
 public:
  Sweeper(const kube::Client& client, Spared spared, const Tell& tell)
      : client_(client), spared_(spared), tell_(tell), identity_(Holder::this_process().identity()) {}

  void look_at(json ns) {
    const std::string name = name_of(ns);
    auto found = examine(client_, std::move(ns));
    if (!found) return say(fmt::format("namespace {} is left alone: {}", name, found.error().sentence));
    if (is_terminating(found->ns)) return look_at_terminating(std::move(*found));
    if (!found->objection.empty()) return leave_alone(*found);
    if (is_due(*found, spared_)) clear_away(std::move(*found));
  }

  [[nodiscard]] Swept result() && { return std::move(swept_); }

 private:
  void say(const std::string& sentence) const {
    if (tell_) tell_(sentence);
  }

  void look_at_terminating(Found found) {
    if (found.objection.empty() && is_due(found, spared_)) swept_.removed.push_back(std::move(found.ns));
  }

  void leave_alone(const Found& found) {
    if (is_new(found)) return;
    ++swept_.left_alone;
    say(fmt::format(
        "namespace {0} looks like one of ours but is not proved to be ({1}), and is left alone; if it "
        "is a leftover: kubectl delete namespace {0}",
        name_of(found.ns), found.objection));
  }

  void clear_away(Found found) {
    const auto seized = seize(client_, found, identity_);
    if (seized && !*seized) return;  // somebody else clears it away, or its run goes on
    const std::string told = told_of(found);
    if (!seized) return say(fmt::format("{} is not removed: {}", told, seized.error().sentence));
    say(fmt::format("removing {}", told));
    const auto removed = remove_namespace(client_, name_of(found.ns), uid_of(found.ns));
    if (!removed) return say(fmt::format("{} is not removed: {}", told, removed.error().sentence));
    swept_.removed.push_back(std::move(found.ns));
  }

  const kube::Client& client_;
  const Spared spared_;
  const Tell& tell_;
  const std::string identity_;
  Swept swept_;
};

}  // namespace

tl::expected<Found, HarnessError> examine(const kube::Client& client, json ns) {
  Found found;
  found.ns = std::move(ns);
  auto lease = client.get_dated(kube::kLeases, name_of(found.ns), kLeaseName);
  if (!lease && !lease.error().is_not_found()) return fail(lease.error().sentence());
  if (lease) {
    found.lease = std::move(lease->object);
    found.server_now = lease->served_at;
  } else {
    found.server_now = lease.error().answered_at;
  }
  found.objection = objection(found.ns, found.lease);
  return found;
}

tl::expected<std::optional<Found>, HarnessError> find(const kube::Client& client, const std::string& name) {
  auto listed =
      client.list(kube::kNamespaces, "", {.label_selector = {}, .field_selector = "metadata.name=" + name});
  if (!listed) return fail(listed.error().sentence());
  for (json& ns : listed->items)
    if (name_of(ns) == name)
      return examine(client, std::move(ns)).map([](Found&& found) {
        return std::optional{std::move(found)};
      });
  return std::nullopt;
}

tl::expected<bool, HarnessError> seize(const kube::Client& client, const Found& found,
                                       const std::string& identity) {
  const auto seized = client.patch(kube::kLeases, name_of(found.ns), kLeaseName, kube::PatchType::kMerge,
                                   {{"metadata", {{"resourceVersion", version_of(found.lease)}}},
                                    {"spec",
                                     {{"holderIdentity", identity},
                                      {"leaseDurationSeconds", kDuration.count()},
                                      {"renewTime", micro_time(found.server_now.value_or(Timestamp{}))}}}});
  if (seized) return true;
  if (seized.error().is_conflict() || seized.error().is_not_found()) return false;
  return fail(seized.error().sentence());
}

tl::expected<void, HarnessError> remove_namespace(const kube::Client& client, const std::string& name,
                                                  const std::string& uid) {
  // Listed before: that the namespace of this UID is there to be deleted proves that this was in it.
  const std::vector<Content> all = content_of(client, name);
  const auto removed = client.remove(kube::kNamespaces, "", name, {.precondition_uid = uid});
  if (removed) {
    // The controller of namespaces looks first after five seconds, and once more after another five when pods
    // were still there. Those that end meanwhile need not be waited for; what is refused here it removes
    // itself.
    for (const Content& object : all)
      if (object.held)
        (void)client.patch(object.resource, name, object.name, kube::PatchType::kMerge,
                           {{"metadata", {{"uid", object.uid}, {"finalizers", object.finalizers}}}});
    for (const Content& object : all)
      (void)client.remove(object.resource, name, object.name, {.precondition_uid = object.uid});
    return {};
  }
  // Gone, or another one has its name.
  if (removed.error().is_not_found() || removed.error().is_conflict()) return {};
  return fail(removed.error().sentence());
}

tl::expected<Swept, HarnessError> sweep_abandoned(const kube::Client& client, Spared spared,
                                                  const Tell& tell) {
  auto found = client.list(kube::kNamespaces, "", {.label_selector = kManagedBy, .field_selector = ""});
  if (!found) return fail(found.error().sentence());
  Sweeper sweeper(client, spared, tell);
  for (json& ns : found->items) sweeper.look_at(std::move(ns));
  return std::move(sweeper).result();
}

}  // namespace stateproof::lease
