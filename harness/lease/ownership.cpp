#include "harness/lease/ownership.h"

#include <algorithm>
#include <charconv>

#include "harness/lease/holder.h"
#include "harness/model/fields.h"

namespace stateproof::lease {
namespace {

using nlohmann::json;
using std::chrono::seconds;

constexpr const char* kManagedByKey = "app.kubernetes.io/managed-by";
constexpr const char* kManager = "stateproof";
constexpr const char* kFounder = "stateproof.dev/holder";
constexpr const char* kNamespaceUid = "stateproof.dev/namespace-uid";
constexpr const char* kSpared = "stateproof.dev/spared-seconds";
constexpr auto kLongest = seconds{std::chrono::hours{24 * 365}};  // far above any term, far below an overflow

std::string label(const json& object, const char* key) {
  return fields::text(fields::in(object, "metadata", "labels"), key);
}

std::string annotation(const json& object, const char* key) {
  return fields::text(fields::in(object, "metadata", "annotations"), key);
}

seconds duration_of(const json& lease) {
  const seconds told{fields::number(fields::member(lease, "spec"), "leaseDurationSeconds")};
  return std::clamp(told, seconds{kDuration}, kLongest);
}

seconds spared_of(const json& lease) {
  const std::string told = annotation(lease, kSpared);
  std::int64_t spared = 0;
  std::from_chars(told.data(), told.data() + told.size(), spared);
  return std::clamp(seconds{spared}, seconds{0}, kLongest);
}

json founding_labels(const Founding& founding) {
  return {{kManagedByKey, kManager}, {kRunLabel, founding.run}};
}

}  // namespace

json namespace_of(const std::string& name, const Founding& founding) {
  return {{"apiVersion", "v1"},
          {"kind", "Namespace"},
          {"metadata",
           {{"name", name},
            {"labels", founding_labels(founding)},
            {"annotations", {{kFounder, founding.founder}}}}}};
}

json lease_of(const json& ns, const Founding& founding, const Term& term, Timestamp now) {
  return {{"apiVersion", "coordination.k8s.io/v1"},
          {"kind", "Lease"},
          {"metadata",
           {{"name", kLeaseName},
            {"labels", founding_labels(founding)},
            {"annotations",
             {{kFounder, founding.founder},
              {kNamespaceUid, uid_of(ns)},
              {kSpared, std::to_string(term.spared.count())}}}}},
          {"spec",
           {{"holderIdentity", founding.founder},
            {"leaseDurationSeconds", term.duration.count()},
            {"renewTime", micro_time(now)}}}};
}

std::string micro_time(Timestamp time) {
  // MicroTime wants six digits.
  std::string text = format_rfc3339(time);
  return text.insert(text.size() - 1, "000");
}

std::string objection(const json& ns, const json& lease) {
  if (!has_our_label(ns)) return "it does not have the label " + std::string{kManagedBy};
  if (run_of(ns).empty()) return "it names no run";
  const std::string founder = annotation(ns, kFounder);
  if (!Holder::parse(founder)) return "it names nobody who made it";
  if (!lease.is_object()) return "it has no Lease " + std::string{kLeaseName};
  if (!belongs_to(lease, uid_of(ns))) return "its Lease is of another namespace";
  if (label(lease, kRunLabel) != run_of(ns)) return "its Lease is of another run";
  if (annotation(lease, kFounder) != founder) return "its Lease is of somebody else";
  return {};
}

bool founded_by(const json& ns, const Founding& founding) {
  return has_our_label(ns) && run_of(ns) == founding.run && annotation(ns, kFounder) == founding.founder;
}

bool belongs_to(const json& lease, const std::string& namespace_uid) {
  return !namespace_uid.empty() && annotation(lease, kNamespaceUid) == namespace_uid;
}

bool has_our_label(const json& ns) { return label(ns, kManagedByKey) == kManager; }

bool is_terminating(const json& ns) {
  return !fields::text(fields::member(ns, "metadata"), "deletionTimestamp").empty();
}

std::string name_of(const json& object) { return fields::text(fields::member(object, "metadata"), "name"); }

std::string uid_of(const json& object) { return fields::text(fields::member(object, "metadata"), "uid"); }

std::string version_of(const json& object) {
  return fields::text(fields::member(object, "metadata"), "resourceVersion");
}

std::string run_of(const json& ns) { return label(ns, kRunLabel); }

std::string holder_of(const json& lease) {
  return fields::text(fields::member(lease, "spec"), "holderIdentity");
}

// The server stamps whose fields it wrote when. What the holder wrote himself, by whatever clock, counts only
// where that was cut away.
std::optional<Timestamp> last_renewed(const json& lease) {
  std::optional<Timestamp> newest;
  const json& metadata = fields::member(lease, "metadata");
  const json& managed = fields::member(metadata, "managedFields");
  if (managed.is_array())
    for (const json& entry : managed)
      if (const auto time = fields::time(entry, "time")) newest = std::max(newest.value_or(*time), *time);
  if (newest) return newest;
  if (const auto told = fields::time(fields::member(lease, "spec"), "renewTime")) return told;
  return fields::time(metadata, "creationTimestamp");
}

Hold hold_of(const json& lease, Timestamp server_now) {
  const auto renewed = last_renewed(lease);
  if (!renewed || server_now - *renewed <= duration_of(lease)) return Hold::kHeld;
  return server_now - *renewed <= spared_of(lease) ? Hold::kAbandoned : Hold::kGivenUp;
}

seconds remaining(const json& lease, Timestamp server_now) {
  const auto renewed = last_renewed(lease);
  if (!renewed) return kLongest;
  const auto left = std::chrono::ceil<seconds>(duration_of(lease) - (server_now - *renewed)) + seconds{1};
  return std::clamp(left, seconds{0}, kLongest);
}

}  // namespace stateproof::lease
