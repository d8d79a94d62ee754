#include "harness/report/timeline_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <string_view>

#include "harness/report/text.h"

namespace stateproof::report {
namespace {

constexpr std::size_t kMostEntries = 12;
constexpr std::size_t kContext = 2;
constexpr std::size_t kWidestLine = 180;  // columns; the recording has the rest

std::string_view word(Change change) {
  switch (change) {
    case Change::kListed:
      return "LISTED";
    case Change::kAdded:
      return "ADDED";
    case Change::kModified:
      return "MODIFIED";
    case Change::kDeleted:
      return "DELETED";
  }
  return "";
}

std::string_view word(Step::Phase phase) {
  switch (phase) {
    case Step::Phase::kBegin:
      return "begins";
    case Step::Phase::kReached:
      return "reached";
    case Step::Phase::kTimedOut:
      return "TIMED OUT";
    case Step::Phase::kFailed:
      return "FAILED";
  }
  return "";
}

std::string_view word(SqlOperation::Outcome outcome) {
  switch (outcome) {
    case SqlOperation::Outcome::kOk:
      return "ok";
    case SqlOperation::Outcome::kFailed:
      return "FAILED";
    case SqlOperation::Outcome::kUnknown:
      return "outcome unknown";
  }
  return "";
}

/// Enough of a uid to tell two objects of one name apart.
std::string short_uid(const Uid& uid) { return uid.value.substr(0, 8); }

std::string labelled(std::string_view label, const std::string& value) {
  return value.empty() ? std::string{} : fmt::format("  {} {}", label, value);
}

std::string trouble_of(const Pod& pod) {
  if (!pod.unscheduled_message.empty()) return "  (not scheduled: " + one_line(pod.unscheduled_message) + ")";
  for (const ContainerState& container : pod.containers) {
    const std::string& reason =
        container.waiting_reason.empty() ? container.terminated_reason : container.waiting_reason;
    if (!reason.empty() && reason != "ContainerCreating" && reason != "PodInitializing")
      return fmt::format("  ({}: {})", container.name, reason);
  }
  return {};
}

std::string state_of(const Pod& pod) {
  return fmt::format("{}  {}{}{}{}", pod.meta.ref.name, pod.phase, pod.ready ? " Ready" : "",
                     pod.terminating() ? " terminating" : "", trouble_of(pod));
}

std::string state_of(const StatefulSet& set) {
  std::string text = fmt::format("StatefulSet {}  {} wanted, {} created, {} Ready", set.meta.ref.name,
                                 set.replicas.value, set.current_pods.value, set.ready_pods.value);
  if (set.meta.generation > set.observed_generation) text += "  (not yet observed by its controller)";
  return text;
}

std::string terminating(const ObjectMeta& meta) { return meta.deletion ? " terminating" : ""; }

std::string state_of(const Claim& claim) {
  return fmt::format("claim {}  {}{}{}{}", claim.meta.ref.name, claim.phase, terminating(claim.meta),
                     labelled("to", claim.volume), labelled("uid", short_uid(claim.meta.ref.uid)));
}

std::string state_of(const Volume& volume) {
  return fmt::format("volume {}  {}{}{}", volume.meta.ref.name, volume.phase, terminating(volume.meta),
                     labelled("for", volume.claim.name));
}

std::string address_of(const Endpoint& endpoint) {
  const std::string name = endpoint.hostname.empty() ? endpoint.target.name : endpoint.hostname;
  return fmt::format("{}={}{}{}", name, fmt::join(endpoint.addresses, "+"),
                     endpoint.ready ? "" : " not ready", endpoint.terminating ? " terminating" : "");
}

std::string state_of(const EndpointSlice& slice) {
  std::vector<std::string> parts;
  parts.reserve(slice.endpoints.size());
  for (const Endpoint& endpoint : slice.endpoints) parts.push_back(address_of(endpoint));
  return fmt::format("endpoints of {}  {}", slice.service,
                     parts.empty() ? "none" : fmt::format("{}", fmt::join(parts, ", ")));
}

std::string state_of(const Service& service) {
  return fmt::format("Service {}  clusterIP {}{}", service.meta.ref.name, service.cluster_ip,
                     service.publish_not_ready_addresses ? "  publishes addresses that are not ready" : "");
}

std::string state_of(const ControllerRevision& revision) {
  return fmt::format("ControllerRevision {}  revision {}", revision.meta.ref.name, revision.revision);
}

std::string state_of(const DisruptionBudget& budget) {
  return fmt::format("PodDisruptionBudget {}  {} healthy, {} disruptions allowed", budget.meta.ref.name,
                     budget.healthy, budget.allowed);
}

std::string state_of(const Node& node) {
  return fmt::format("Node {}  {}{}  kubelet {}", node.meta.ref.name, node.ready ? "Ready" : "not Ready",
                     node.unschedulable ? ", cordoned" : "", node.kubelet);
}

std::string state_of(const OtherObject& other) {
  return fmt::format("{} {}", other.meta.ref.kind, other.meta.ref.name);
}

std::string incarnation(const ObjectSeen& seen) {
  const bool birth_or_death = seen.change != Change::kModified;
  const auto* pod = std::get_if<Pod>(&seen.object);
  return pod != nullptr && birth_or_death ? labelled("uid", short_uid(pod->meta.ref.uid)) : std::string{};
}

std::string body(const ObjectSeen& seen) {
  const std::string state = std::visit([](const auto& object) { return state_of(object); }, seen.object);
  return fmt::format("{:<8} {}{}{}", word(seen.change), state, incarnation(seen),
                     seen.synthesized ? "  (from a list after a gap)" : "");
}

std::string body(const Gap& gap) {
  return fmt::format("GAP      the watch of {} lost events: {}", gap.resource, gap.reason);
}

std::string body(const Step& step) {
  std::string args;
  for (const auto& [key, value] : step.task.args().items()) args += fmt::format(" {}={}", key, value.dump());
  return fmt::format("STEP     {}{} {}{}", step.name(), args, word(step.phase),
                     step.text.empty() ? "" : ": " + one_line(step.text));
}

std::string body(const FaultMark& fault) {
  return fmt::format("FAULT    {} {} {}", fault.name,
                     fault.phase == FaultMark::Phase::kInject ? "on" : "healed on", fault.target.text());
}

std::string body(const DnsAnswer& answer) {
  const auto& data = answer.addresses.empty() ? answer.records : answer.addresses;
  const std::string found = data.empty() ? answer.rcode : fmt::format("{}", fmt::join(data, ", "));
  return fmt::format("DNS      {} {} = {}  asked by {}{}{}", answer.name, answer.type, found, answer.vantage,
                     answer.replica ? " of " + answer.server : "",
                     answer.queries > 1 ? fmt::format(", {} times", answer.queries) : "");
}

std::string body(const SqlOperation& operation) {
  return fmt::format("SQL      {} {} on {}: {}{}",
                     operation.kind == SqlOperation::Kind::kWrite ? "write of" : "read of",
                     counted(operation.rows.size(), "row"), operation.member, word(operation.outcome),
                     operation.note.empty() ? "" : ", " + one_line(operation.note));
}

std::string body(const MountSeen& mount) {
  if (!mount.present)
    return fmt::format("MOUNT    {} in {}: nothing is mounted there", mount.path, mount.member);
  return fmt::format("MOUNT    {} in {}: {} {} of {}", mount.path, mount.member, mount.fs_type, mount.root,
                     mount.source);
}

std::string body(const HostNameSeen& seen) {
  return fmt::format("HOST     {} calls itself {} and {}", seen.member, seen.name,
                     seen.qualified.empty() ? "has no full name" : seen.qualified);
}

std::string body(const LedgerWrites& writes) {
  const auto ok = std::count(writes.ended.begin(), writes.ended.end(), static_cast<char>(WriteOutcome::kOk));
  return fmt::format("LEDGER   writer {}: rows {} to {}, {} acknowledged{}", writes.writer, writes.first,
                     writes.next() - 1, ok, writes.note.empty() ? "" : ", " + one_line(writes.note));
}

std::string body(const LedgerReserved& reserved) {
  return fmt::format("LEDGER   writer {} may write rows up to {}", reserved.writer, reserved.to);
}

std::string body(const LedgerState& state) {
  return fmt::format("LEDGER   {}{}", state.what,
                     state.writer < 0 ? "" : fmt::format(" of writer {}", state.writer));
}

std::string body(const LedgerRead& read) {
  return fmt::format("LEDGER   read of {}: {}", read.member,
                     read.ok ? "ok" : "failed, " + one_line(read.note));
}

std::string body(const LedgerRows& rows) {
  if (!rows.ok) return fmt::format("LEDGER   rows of {} not read: {}", rows.member, one_line(rows.note));
  std::int64_t count = 0;
  for (const auto& [writer, runs] : rows.present) count += runs.rows;
  return fmt::format("LEDGER   {} has {} at position {}, checksum {}, replication {}", rows.member,
                     counted(static_cast<std::size_t>(count), "row"), rows.position, rows.checksum,
                     rows.replication);
}

std::string body(const Trouble& trouble) { return "TROUBLE  of the harness: " + one_line(trouble.text); }

/// Only objects have a version; every other entry leaves the column empty.
std::string version_of(const Entry& entry) {
  const auto* seen = std::get_if<ObjectSeen>(&entry);
  return seen == nullptr ? std::string{} : "rv " + meta_of(seen->object).resource_version;
}

bool is_background(const Observation& seen) {
  const auto* answer = seen.as<DnsAnswer>();
  return seen.object<OtherObject>() != nullptr || (answer != nullptr && !answer->changed) ||
         seen.as<LedgerReserved>() != nullptr ||
         (seen.as<LedgerRead>() != nullptr && seen.as<LedgerRead>()->ok);
}

/// The nearest entries on one side that a reader wants to see, nearest first.
std::vector<std::size_t> neighbours(const Timeline& timeline, std::size_t from, int direction) {
  std::vector<std::size_t> found;
  for (std::size_t index = from + direction;
       index >= 1 && index <= timeline.size() && found.size() < kContext; index += direction) {
    if (!is_background(timeline.at_index(index))) found.push_back(index);
  }
  return found;
}

/// The moment of the breach comes first, the first piece of evidence second: what does not fit is in the
/// middle.
std::vector<std::size_t> by_weight(const Timeline& timeline, const Finding& finding) {
  std::vector<std::size_t> evidence;
  for (const std::size_t index : finding.evidence)
    if (index >= 1 && index <= timeline.size()) evidence.push_back(index);
  if (evidence.size() > 1) std::rotate(evidence.begin(), evidence.end() - 1, evidence.end());
  return evidence;
}

std::set<std::size_t> shown_entries(const Timeline& timeline, const std::vector<std::size_t>& evidence) {
  std::set<std::size_t> shown;
  const auto add = [&shown](std::size_t index) {
    if (shown.size() < kMostEntries) shown.insert(index);
  };
  for (const std::size_t index : evidence) add(index);
  for (const std::size_t index : evidence) {
    for (const std::size_t before : neighbours(timeline, index, -1)) add(before);
    for (const std::size_t after : neighbours(timeline, index, +1)) add(after);
  }
  return shown;
}

}  // namespace

std::string render(const Observation& seen) {
  const std::string text = std::visit([](const auto& entry) { return body(entry); }, seen.what);
  return valid_text(fmt::format("{:<5} {}  {:<8} {}", "#" + std::to_string(seen.index), moment_text(seen.at),
                                version_of(seen.what), text));
}

std::vector<std::string> excerpt(const Timeline& timeline, const Finding& finding) {
  const std::vector<std::size_t> evidence = by_weight(timeline, finding);
  std::vector<std::string> lines;
  std::size_t last = 0;
  for (const std::size_t index : shown_entries(timeline, evidence)) {
    if (last != 0 && index != last + 1) lines.emplace_back("  ...");
    const bool marked = std::find(evidence.begin(), evidence.end(), index) != evidence.end();
    lines.push_back((marked ? "> " : "  ") + cut(render(timeline.at_index(index)), kWidestLine));
    last = index;
  }
  return lines;
}

}  // namespace stateproof::report
