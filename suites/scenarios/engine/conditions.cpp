#include "suites/scenarios/engine/conditions.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace stateproof::scenarios {
namespace {

using record::Standing;
using record::View;

const Pod* find(const std::map<std::string, Pod>& pods, const std::string& name) {
  const auto found = pods.find(name);
  return found == pods.end() ? nullptr : &found->second;
}

std::string waiting_reason(const Pod& pod) {
  for (const ContainerState& container : pod.containers)
    if (!container.waiting_reason.empty()) return container.waiting_reason;
  return {};
}

std::string describe(const std::string& name, const Pod* pod) {
  if (pod == nullptr) return name + " absent";
  if (pod->terminating()) return name + " terminating";
  if (pod->ready) return name + " Ready";
  std::string text = name + " " + pod->phase;
  if (const std::string reason = waiting_reason(*pod); !reason.empty()) text += " (" + reason + ")";
  if (!pod->unscheduled_message.empty()) text += " (" + pod->unscheduled_message + ")";
  return text;
}

std::string with_warning(std::string text, const View& view) {
  return view.last_warning.empty() ? text : fmt::format("{}; last warning: {}", text, view.last_warning);
}

// The kubelet gives up on these for minutes at a time, and no cluster is at fault.
std::string image_trouble(const Pod* pod) {
  constexpr std::array<std::string_view, 3> hopeless{"ImagePullBackOff", "ErrImageNeverPull",
                                                     "InvalidImageName"};
  if (pod == nullptr) return {};
  for (const ContainerState& container : pod->containers)
    if (std::find(hopeless.begin(), hopeless.end(), container.waiting_reason) != hopeless.end())
      return fmt::format(
          "The image of pod {} cannot be pulled on node {} ({}: {}); pass another one with --image, or load "
          "it onto the nodes (stateproof images lists what is needed).",
          pod->meta.ref.name, pod->node, container.waiting_reason, container.waiting_message);
  return {};
}

// Clients run the same image as the set, and start with it: what they cannot pull no member can.
std::string clients_image_trouble(const View& view, const Subject& subject) {
  for (const auto& [name, pod] : view.pods)
    if (!ordinal_of(name, subject.set))
      if (std::string trouble = image_trouble(&pod); !trouble.empty()) return trouble;
  return {};
}

bool is_ready(const Pod* pod) { return pod != nullptr && pod->ready && !pod->terminating(); }

bool is_v6(const std::string& address) { return address.find(':') != std::string::npos; }

// The pod's addresses of the family that this type of record holds.
std::vector<std::string> addresses_for(const Pod& pod, const std::string& type) {
  std::vector<std::string> wanted;
  for (const std::string& address : pod.addresses)
    if (is_v6(address) == (type == "AAAA")) wanted.push_back(address);
  std::sort(wanted.begin(), wanted.end());
  return wanted;
}

// What is missing before this vantage resolves the pod's name; empty when nothing is.
std::string unresolved(const View& view, const Subject& subject, Ordinal ordinal,
                       const std::string& vantage) {
  const Pod* pod = find(view.pods, subject.pod_name(ordinal));
  if (pod == nullptr) return subject.pod_name(ordinal) + " absent";
  bool has_address = false;
  for (const std::string& type : record_types(view, subject)) {
    const auto wanted = addresses_for(*pod, type);
    if (wanted.empty()) continue;
    has_address = true;
    const auto answer = view.dns.find({vantage, subject.dns_name(ordinal), type});
    if (answer == view.dns.end())
      return fmt::format("{} not answered yet in {}", subject.pod_name(ordinal), vantage);
    if (answer->second.addresses != wanted)
      return fmt::format("{} resolves to {} [{}] in {}, and the pod's address is {}", answer->second.name,
                         answer->second.rcode, fmt::join(answer->second.addresses, ", "), vantage,
                         fmt::join(wanted, ", "));
  }
  return has_address ? "" : subject.pod_name(ordinal) + " has no address of its Service's families";
}

/// Ready pods of the set as their own watch shows them: it may be behind that of the set, whose status knows
/// of them already, and a checker sees the pods as they stand when a step ends.
int seen_ready(const View& view, const Subject& subject) {
  return static_cast<int>(std::count_if(view.pods.begin(), view.pods.end(), [&](const auto& entry) {
    return entry.second.ready && ordinal_of(entry.first, subject.set);
  }));
}

}  // namespace

std::vector<std::string> record_types(const View& view, const Subject& subject) {
  std::vector<std::string> types;
  if (const auto service = view.services.find(subject.service); service != view.services.end())
    for (const std::string& family : service->second.ip_families)
      types.emplace_back(family == "IPv6" ? "AAAA" : "A");
  return types.empty() ? std::vector<std::string>{"A"} : types;
}

std::vector<Ordinal> ordinals(Ordinal first, Replicas count) {
  std::vector<Ordinal> result;
  for (int i = 0; i < count.value; ++i) result.push_back({first.value + i});
  return result;
}

record::Condition all_ready(const Subject& subject, std::vector<Ordinal> wanted) {
  return [=](const View& view) {
    Standing standing{true, {}, {}};
    std::vector<std::string> states;
    for (const Ordinal ordinal : wanted) {
      const std::string name = subject.pod_name(ordinal);
      const Pod* pod = find(view.pods, name);
      states.push_back(describe(name, pod));
      standing.reached = standing.reached && is_ready(pod);
      if (standing.impossible.empty()) standing.impossible = image_trouble(pod);
    }
    if (standing.impossible.empty()) standing.impossible = clients_image_trouble(view, subject);
    standing.last_seen = fmt::format("{}", fmt::join(states, ", "));
    if (!standing.reached) standing.last_seen = with_warning(standing.last_seen, view);
    return standing;
  };
}

record::Condition replaced(const Subject& subject, Ordinal ordinal, Uid former) {
  return [=](const View& view) {
    const std::string name = subject.pod_name(ordinal);
    const Pod* pod = find(view.pods, name);
    const bool is_new = pod != nullptr && pod->meta.ref.uid != former;
    if (is_new && is_ready(pod)) return Standing{true, name + " is back and Ready", {}};
    const std::string state = is_new || pod == nullptr ? describe(name, pod) : name + " not replaced yet";
    return Standing{false, with_warning(state, view), is_new ? image_trouble(pod) : std::string{}};
  };
}

record::Condition scaled_down(const Subject& subject, Replicas remaining) {
  return [=](const View& view) {
    std::vector<std::string> left;
    for (const auto& [name, pod] : view.pods)
      if (const auto ordinal = ordinal_of(name, subject.set);
          ordinal && ordinal->value >= subject.first.value + remaining.value)
        left.push_back(describe(name, &pod));
    if (left.empty()) return Standing{true, fmt::format("{} pods left", remaining.value), {}};
    return Standing{false, fmt::format("{}", fmt::join(left, ", ")), {}};
  };
}

record::Condition started(const Subject& subject, std::vector<Ordinal> wanted) {
  return [=](const View& view) {
    Standing standing{true, "started", {}};
    for (const Ordinal ordinal : wanted) {
      const std::string name = subject.pod_name(ordinal);
      const Pod* pod = find(view.pods, name);
      const bool runs = pod != nullptr && !pod->terminating() && !pod->containers.empty() &&
                        pod->containers.front().running;
      if (runs) continue;
      standing.reached = false;
      standing.last_seen = with_warning(describe(name, pod), view);
      if (standing.impossible.empty()) standing.impossible = image_trouble(pod);
    }
    return standing;
  };
}

record::Condition successor(const Subject& subject, Ordinal ordinal, const Uid& former) {
  return [&subject, ordinal, &former](const View& view) {
    const Pod* pod = find(view.pods, subject.pod_name(ordinal));
    const bool is_there = pod != nullptr && pod->meta.ref.uid != former;
    return Standing{
        is_there, subject.pod_name(ordinal) + (is_there ? " is back" : " has no replacement"), {}};
  };
}

record::Condition absent(const Subject& subject, Ordinal ordinal) {
  return [=](const View& view) {
    const Pod* pod = find(view.pods, subject.pod_name(ordinal));
    return Standing{pod == nullptr, describe(subject.pod_name(ordinal), pod), {}};
  };
}

record::Condition all_created(const Subject& subject, std::vector<Ordinal> wanted) {
  return [=](const View& view) {
    std::vector<std::string> missing;
    for (const Ordinal ordinal : wanted)
      if (!view.pods.contains(subject.pod_name(ordinal))) missing.push_back(subject.pod_name(ordinal));
    if (missing.empty()) return Standing{true, "all created", {}};
    return Standing{false, with_warning(fmt::format("{} absent", fmt::join(missing, ", ")), view), {}};
  };
}

record::Condition worked_through(const Subject& subject, std::int64_t generation) {
  return [=](const View& view) {
    const auto set = view.sets.find(subject.set);
    const std::int64_t observed = set == view.sets.end() ? 0 : set->second.observed_generation;
    return Standing{observed >= generation,
                    fmt::format("status.observedGeneration of StatefulSet {} is {} instead of {}; look at "
                                "kube-controller-manager",
                                subject.set, observed, generation),
                    {}};
  };
}

record::Condition counted_ready(const Subject& subject, Replicas ready) {
  return [=](const View& view) {
    const auto set = view.sets.find(subject.set);
    const int counted = set == view.sets.end() ? 0 : set->second.ready_pods.value;
    return Standing{counted == ready.value && seen_ready(view, subject) == ready.value,
                    fmt::format("status.readyReplicas of StatefulSet {} is {} instead of {}", subject.set,
                                counted, ready.value),
                    {}};
  };
}

record::Condition counted_available(const Subject& subject, Replicas available) {
  return [=](const View& view) {
    const auto set = view.sets.find(subject.set);
    const int counted = set == view.sets.end() ? 0 : set->second.available_pods.value;
    return Standing{set != view.sets.end() && counted == available.value,
                    fmt::format("status.availableReplicas of StatefulSet {} is {} instead of {}", subject.set,
                                counted, available.value),
                    {}};
  };
}

record::Condition rolled_out(const Subject& subject, Replicas replicas, const std::int64_t& generation) {
  return [&subject, replicas, &generation](const View& view) {
    const auto found = view.sets.find(subject.set);
    if (found == view.sets.end()) return Standing{false, "the set does not exist", {}};
    const StatefulSet& set = found->second;
    const bool done = set.observed_generation >= generation && set.update_revision == set.current_revision &&
                      set.updated_pods == replicas && set.ready_pods == replicas &&
                      set.available_pods == replicas && seen_ready(view, subject) == replicas.value;
    return Standing{done,
                    fmt::format("{} of {} pods updated, {} Ready, {} available", set.updated_pods.value,
                                replicas.value, set.ready_pods.value, set.available_pods.value),
                    {}};
  };
}

record::Condition updated(const Subject& subject, Ordinal ordinal, const std::int64_t& generation) {
  return [&subject, ordinal, &generation](const View& view) {
    const auto set = view.sets.find(subject.set);
    const Pod* pod = find(view.pods, subject.pod_name(ordinal));
    const bool done = set != view.sets.end() && set->second.observed_generation >= generation &&
                      is_ready(pod) && pod->revision() == set->second.update_revision;
    return Standing{
        done, describe(subject.pod_name(ordinal), pod) + (done ? ", updated" : ", not updated"), {}};
  };
}

record::Condition serving(const Subject& subject, std::vector<Ordinal> wanted, const Elapsed& since) {
  return [=, &since, ready = all_ready(subject, wanted)](const View& view) {
    if (Standing standing = ready(view); !standing.reached) return standing;
    for (const Ordinal ordinal : wanted) {
      const std::string name = subject.pod_name(ordinal);
      const auto read = view.ledger.reads.find(name);
      if (read == view.ledger.reads.end() || !read->second.ok || read->second.began < since)
        return Standing{false,
                        fmt::format("{} not read yet{}", name,
                                    read == view.ledger.reads.end() ? "" : " (" + read->second.note + ")"),
                        {}};
    }
    const bool writes = view.ledger.last_acknowledged > since;
    return Standing{
        writes,
        writes ? "writes and reads continue" : "no write acknowledged yet: " + view.ledger.last_error,
        {}};
  };
}

record::Condition broken(const Subject& subject, std::vector<Ordinal> wanted,
                         const std::int64_t& generation) {
  return [&subject, wanted = std::move(wanted), &generation](const View& view) {
    const auto set = view.sets.find(subject.set);
    if (set == view.sets.end() || set->second.observed_generation < generation)
      return Standing{false, "the controller has not observed the new template", {}};
    for (const Ordinal ordinal : wanted) {
      const std::string name = subject.pod_name(ordinal);
      const Pod* pod = find(view.pods, name);
      const bool is_broken = pod != nullptr && pod->revision() == set->second.update_revision &&
                             waiting_reason(*pod).find("Image") != std::string::npos;
      if (!is_broken) return Standing{false, describe(name, pod) + ", not yet broken by the update", {}};
    }
    return Standing{true, "broken by the update", {}};
  };
}

record::Condition both(record::Condition first, record::Condition second) {
  return [first = std::move(first), second = std::move(second)](const View& view) {
    Standing one = first(view);
    return one.reached ? second(view) : one;
  };
}

record::Condition running(const Subject& subject, std::vector<std::string> pods) {
  return [=](const View& view) {
    Standing standing{true, "running", {}};
    for (const std::string& path : pods) {
      const std::string own = subject.ns + "/";
      const Pod* pod =
          path.starts_with(own) ? find(view.pods, path.substr(own.size())) : find(view.client_pods, path);
      if (pod != nullptr && pod->phase == "Running") continue;
      standing.reached = false;
      standing.last_seen = with_warning(describe(path, pod), view);
      if (standing.impossible.empty()) standing.impossible = image_trouble(pod);
    }
    return standing;
  };
}

record::Condition resolved(const Subject& subject, std::vector<Ordinal> wanted,
                           std::vector<std::string> vantages) {
  return [=](const View& view) {
    for (const Ordinal ordinal : wanted)
      for (const std::string& vantage : vantages)
        if (std::string missing = unresolved(view, subject, ordinal, vantage); !missing.empty())
          return Standing{false, std::move(missing), {}};
    return Standing{true, "every name resolves to its own pod", {}};
  };
}

}  // namespace stateproof::scenarios
