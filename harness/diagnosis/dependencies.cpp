#include "harness/diagnosis/dependencies.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <set>

#include "harness/diagnosis/remedies.h"
#include "harness/diagnosis/selectors.h"
#include "harness/model/fields.h"

namespace stateproof::diagnosis {
namespace {

using nlohmann::json;
using namespace fields;

constexpr std::size_t kLongestScript = 16U << 10U;

bool is_of_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_';
}

void substitute(std::string& script, const std::string& name, const std::string& value) {
  for (const std::string& form : {"${" + name + "}", "$(" + name + ")", "$" + name})
    for (auto at = script.find(form); at != std::string::npos && script.size() < kLongestScript;
         at = script.find(form, at + value.size()))
      script.replace(at, form.size(), value);
}

std::vector<std::string> words_of(const std::string& text) {
  std::vector<std::string> words;
  std::string word;
  for (const char c : text) {
    if (is_of_name(c)) {
      word += c;
      continue;
    }
    if (!word.empty()) words.push_back(std::exchange(word, {}));
  }
  if (!word.empty()) words.push_back(std::move(word));
  return words;
}

bool loops(const std::string& script) {
  for (const char* part : {"until ", "while ", "for ;", "wait-for", "wait_for", "wait4"})
    if (script.find(part) != std::string::npos) return true;
  return false;
}

Remedy publish(const Workload& workload) {
  return {"let the Service publish pods that are not Ready, too",
          merge_patch({"-n", workload.ns(), "service", workload.set().service_name},
                      {{"spec", {{"publishNotReadyAddresses", true}}}})};
}

}  // namespace

std::string script_of(const Container& container) {
  std::string script;
  for (const char* list : {"command", "args"})
    for (const json& word : member(*container.spec, list))
      if (word.is_string()) script += (script.empty() ? "" : " ") + word.get<std::string>();
  if (script.size() > kLongestScript) script.resize(kLongestScript);
  for (const json& variable : member(*container.spec, "env"))
    if (const std::string value = text(variable, "value"); !value.empty())
      substitute(script, text(variable, "name"), value);
  return script;
}

std::vector<Ordinal> peers_in(const Workload& workload, const std::string& text, Ordinal own) {
  std::set<Ordinal> peers;
  const std::string prefix = workload.name() + "-";
  for (auto at = text.find(prefix); at != std::string::npos; at = text.find(prefix, at + 1)) {
    if (at > 0 && is_of_name(text[at - 1]) && text[at - 1] != '.') continue;
    Ordinal peer;
    const char* begin = text.data() + at + prefix.size();
    const auto [end, error] = std::from_chars(begin, text.data() + text.size(), peer.value);
    if (error != std::errc{} || end == begin) continue;
    const bool over = end == text.data() + text.size();
    if (!over && *end != '.' && is_of_name(*end)) continue;  // "db-1-config" is something else
    if (peer != own && workload.wants(peer)) peers.insert(peer);
  }
  return {peers.begin(), peers.end()};
}

std::vector<std::string> hosts_in(const std::string& script) {
  static constexpr std::array<std::string_view, 14> kAsking{
      "nslookup", "getent", "hosts",  "ahosts", "nc", "ping",       "dig",
      "host",     "-h",     "--host", "-zv",    "-z", "pg_isready", "wait-for-it"};
  std::set<std::string> hosts;
  bool asked = false;
  for (std::string word : words_of(script)) {
    const bool asking = std::find(kAsking.begin(), kAsking.end(), word) != kAsking.end();
    const bool served = word.find(".svc") != std::string::npos;
    if (!asking && (asked || served)) {
      while (!word.empty() && word.back() == '.') word.pop_back();
      const bool number =
          std::all_of(word.begin(), word.end(), [](char c) { return (c >= '0' && c <= '9') || c == '.'; });
      if (!word.empty() && word.front() != '-' && !number) hosts.insert(word);
      if (word.empty() || word.front() != '-') asked = false;
    }
    asked = asked || asking;
  }
  return {hosts.begin(), hosts.end()};
}

std::optional<Finding> bootstrap_deadlock(const Workload& workload, const SeenPod& seen,
                                          const std::string& who, const std::string& text) {
  const auto own = ordinal_of(seen.pod.meta.ref.name, workload.name());
  if (!own) return std::nullopt;
  const json* service = workload.cluster().find("Service", workload.ns(), workload.set().service_name);
  const bool published = service == nullptr || flag(member(*service, "spec"), "publishNotReadyAddresses");
  std::vector<std::string> uncreated;
  std::vector<std::string> unnamed;
  for (const Ordinal peer : peers_in(workload, text, *own)) {
    const auto found = workload.pods().find(peer);
    if (found == workload.pods().end()) {
      if (workload.ordered() && peer > *own) uncreated.push_back(workload.pod_name(peer));
    } else if (!found->second.pod.ready && !published) {
      unnamed.push_back(workload.pod_name(peer));
    }
  }
  // Where others have names, the one that asks is to blame; where none is Ready, nobody can be the first.
  const bool anybody = std::any_of(workload.pods().begin(), workload.pods().end(),
                                   [](const auto& entry) { return entry.second.pod.ready; });
  if (uncreated.empty() && (unnamed.empty() || anybody)) return std::nullopt;
  const std::string& pod = seen.pod.meta.ref.name;
  std::string cause = fmt::format("Bootstrap deadlock: {} of pod {} wants an answer from {}", who, pod,
                                  fmt::join(uncreated.empty() ? unnamed : uncreated, " and "));
  if (!uncreated.empty())
    cause += fmt::format(", which is created only when {} is Ready (podManagementPolicy OrderedReady)", pod);
  if (!published)
    cause += fmt::format(
        "{} the Service {} publishes no names of pods that are not Ready (publishNotReadyAddresses is not "
        "set)",
        uncreated.empty() ? ", and" : "; and", workload.set().service_name);
  Finding finding{"bootstrap-deadlock", cause + ".", {}, {}};
  if (!uncreated.empty())
    finding.evidence.push_back(
        {workload.described(), "spec.podManagementPolicy", workload.set().pod_management});
  if (!published) finding.evidence.push_back({ref_text(*service), "spec.publishNotReadyAddresses", "false"});
  if (!published) finding.remedy.push_back(publish(workload));
  if (!uncreated.empty())
    finding.remedy.push_back(recreate_set(
        workload,
        std::string{published ? "" : "and "} +
            "let all pods start at once (Parallel): that field cannot be changed, so recreate the set under "
            "its pods",
        json::array({{{"op", "replace"}, {"path", "/spec/podManagementPolicy"}, {"value", "Parallel"}}})));
  finding.remedy.push_back({fmt::format("or let {} ask for the pod itself only", who), {}, 2});
  finding.trap =
      "Whoever is asked for must answer before the pod is Ready: a probe that asks for others takes all pods "
      "down with one.";
  return finding;
}

std::optional<Finding> nameless_service(const Workload& workload, const std::string& who,
                                        const std::string& line) {
  const std::string& name = workload.set().service_name;
  const json* service = name.empty() ? nullptr : workload.cluster().find("Service", workload.ns(), name);
  if (service == nullptr || flag(member(*service, "spec"), "publishNotReadyAddresses")) return std::nullopt;
  for (const auto& [ordinal, seen] : workload.pods())
    if (seen.pod.ready) return std::nullopt;
  const auto words = words_of(line);
  if (std::none_of(words.begin(), words.end(),
                   [&](const std::string& word) { return word == name || word.rfind(name + ".", 0) == 0; }))
    return std::nullopt;
  return Finding{"bootstrap-deadlock",
                 fmt::format("Bootstrap deadlock: {} looks for the name of Service {}, which has no address "
                             "before a pod is Ready "
                             "(publishNotReadyAddresses is not set), and no pod becomes Ready without it.",
                             who, name),
                 {{ref_text(*service), "spec.publishNotReadyAddresses", "false"}},
                 {publish(workload)}};
}

std::string unmet_dependency(const Workload& workload, const std::string& script) {
  if (!workload.snapshot().services || !loops(script)) return {};
  for (const std::string& host : hosts_in(script)) {
    const auto dot = host.find('.');
    const std::string first = host.substr(0, dot);
    std::string rest = dot == std::string::npos ? std::string{} : host.substr(dot + 1);
    if (ordinal_of(first, workload.name()) || first == "localhost") continue;
    const std::string ns = rest.substr(0, rest.find('.'));
    const bool here = rest.empty() || ns == workload.ns();
    if (!here) continue;  // of another namespace, or of the world: not seen
    const json* service = workload.cluster().find("Service", workload.ns(), first);
    if (service == nullptr) return fmt::format("no Service {} exists in namespace {}", first, workload.ns());
    const Labels selector = texts(member(*service, "spec"), "selector");
    if (selector.empty() || flag(member(*service, "spec"), "publishNotReadyAddresses")) continue;
    const auto& pods = workload.cluster().pods_in(workload.ns());
    const bool served = std::any_of(pods.begin(), pods.end(), [&](const json* pod) {
      return selects(selector, labels_of(*pod)) && text(condition(*pod, "Ready"), "status") == "True";
    });
    if (!served) return fmt::format("no pod behind the Service {} is Ready", first);
  }
  return {};
}

}  // namespace stateproof::diagnosis
