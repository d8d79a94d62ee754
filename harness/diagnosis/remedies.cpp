#include "harness/diagnosis/remedies.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "harness/diagnosis/shell.h"
#include "harness/model/fields.h"

namespace stateproof::diagnosis {
namespace {

using nlohmann::json;

constexpr const char* kKillAll = "kill -9 -1";

std::string dumped(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

}  // namespace

Remedy delete_pod(const Workload& workload, const std::string& pod) {
  return {"replace the pod", workload.kubectl({"delete", "pod", pod})};
}

Remedy replace_after(const Workload& workload, const SeenPod& seen, int way) {
  return {"then replace the pod, which keeps the old template: the controller waits for it",
          workload.kubectl({"delete", "pod", seen.pod.meta.ref.name, "--ignore-not-found"}), way};
}

Remedy scale_down(const Workload& workload, int way) {
  const auto placed = std::count_if(workload.pods().begin(), workload.pods().end(),
                                    [](const auto& entry) { return !entry.second.pod.node.empty(); });
  return {fmt::format("or need only {}", counted(static_cast<std::size_t>(placed), "pod")),
          workload.kubectl({"scale", "statefulset/" + workload.name(), fmt::format("--replicas={}", placed)}),
          way};
}

std::string kill_all(const Workload& workload, const std::string& pod, const Container& container) {
  return workload.kubectl({"exec", pod, "-c", container.name(), "--", "sh", "-c", kKillAll});
}

bool changes(const Remedy& step) {
  if (step.command.empty()) return false;
  for (const char* part : {" | ", kKillAll})
    if (step.command.find(part) != std::string::npos) return true;
  for (const char* verb : {"get", "describe", "logs", "exec"})
    for (const std::string& words :
         {std::string{"kubectl "}, step.command.substr(0, step.command.find(' ', 11) + 1)})
      if (step.command.rfind(words + verb + " ", 0) == 0) return false;
  return step.command.rfind("stateproof ", 0) != 0;
}

std::vector<Remedy> first_way(const Finding& finding, const std::map<std::string, std::string>& words) {
  std::map<int, std::vector<Remedy>> ways;
  std::map<int, bool> able;
  for (Remedy step : finding.remedy) {
    if (!changes(step)) continue;
    for (const auto& [placeholder, word] : words)
      for (auto at = step.command.find(placeholder); at != std::string::npos;
           at = step.command.find(placeholder, at + word.size()))
        step.command.replace(at, placeholder.size(), word);
    // A placeholder that nobody filled; "<<" and a redirection are none.
    const auto open = step.command.find('<');
    const bool left = open != std::string::npos && open + 1 < step.command.size() &&
                      step.command[open + 1] != '<' && step.command.find('>', open) != std::string::npos;
    able.emplace(step.way, true).first->second &= !left;
    ways[step.way].push_back(std::move(step));
  }
  for (auto& [way, steps] : ways)
    if (able[way]) return std::move(steps);
  return {};
}

std::string patch_template(const Workload& workload, const json& pod_spec) {
  return workload.kubectl({"patch", "statefulset", workload.name(), "--type=strategic", "-p",
                           dumped({{"spec", {{"template", {{"spec", pod_spec}}}}}})});
}

std::string patch_set(const Workload& workload, const json& operations) {
  return workload.kubectl({"patch", "statefulset", workload.name(), "--type=json", "-p", dumped(operations)});
}

std::string merge_patch(std::vector<std::string> words, const json& patch) {
  words.insert(words.begin(), "kubectl");
  const auto at = words.size() > 3 && words[1] == "-n" ? words.begin() + 3 : words.begin() + 1;
  words.insert(at, "patch");
  words.insert(words.end(), {"--type=merge", "-p", dumped(patch)});
  return command_line(words);
}

Remedy recreate_set(const Workload& workload, const std::string& text, const json& operations, int way) {
  return {text,
          workload.kubectl({"get", "statefulset", workload.name(), "-o", "json"}) + " | " +
              command_line({"kubectl", "patch", "--local", "-f", "-", "--type=json", "-p", dumped(operations),
                            "-o", "json"}) +
              " | " + workload.kubectl({"replace", "--force", "--cascade=orphan", "-f", "-"}),
          way};
}

std::string claim_template_path(const Workload& workload, const std::string& name) {
  std::size_t index = 0;
  for (const json& claim_template : fields::in(workload.spec(), "volumeClaimTemplates")) {
    if (name_of(claim_template) == name) return fmt::format("/spec/volumeClaimTemplates/{}", index);
    ++index;
  }
  return {};
}

std::string container_path(const Workload& workload, const char* list, const std::string& name) {
  std::size_t index = 0;
  for (const json& container : fields::in(workload.template_spec(), list)) {
    if (fields::text(container, "name") == name) return fmt::format("/spec/template/spec/{}/{}", list, index);
    ++index;
  }
  return {};
}

std::string retain(const std::string& volume) {
  return merge_patch({"persistentvolume", volume}, {{"spec", {{"persistentVolumeReclaimPolicy", "Retain"}}}});
}

}  // namespace stateproof::diagnosis
