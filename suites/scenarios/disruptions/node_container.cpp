#include "suites/scenarios/disruptions/node_container.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "suites/scenarios/engine/stage.h"

extern char** environ;

namespace stateproof::scenarios {
namespace {

using nlohmann::json;

constexpr const char* kControlPlane = "node-role.kubernetes.io/control-plane";

// Gives the exit code, or what kept it from running as a negative errno.
int docker(std::vector<std::string> words) {
  words.insert(words.begin(), "docker");
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t quiet;
  posix_spawn_file_actions_init(&quiet);
  posix_spawn_file_actions_addopen(&quiet, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&quiet, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&quiet, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  pid_t child = 0;
  const int refused = posix_spawnp(&child, "docker", &quiet, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&quiet);
  if (refused != 0) return -refused;
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void docker_or_trouble(const std::vector<std::string>& words) {
  const int code = docker(words);
  if (code == 0) return;
  throw HarnessTrouble(fmt::format("docker {} failed ({}); the node may have to be repaired by hand.",
                                   fmt::join(words, " "),
                                   code < 0 ? std::strerror(-code) : fmt::format("exit code {}", code)));
}

kube::ObjectList nodes(const kube::Client& client, const std::string& selector = {}) {
  auto list = client.list(kube::kNodes, "", {.label_selector = selector});
  if (!list) throw HarnessTrouble(list.error().sentence());
  return std::move(*list);
}

}  // namespace

void NodeContainer::stop() { docker_or_trouble({"stop", "--time", "5", name_}); }
void NodeContainer::start() { docker_or_trouble({"start", name_}); }

void NodeContainer::run(const std::vector<std::string>& command) {
  std::vector<std::string> words{"exec", name_};
  words.insert(words.end(), command.begin(), command.end());
  docker_or_trouble(words);
}

void NodeContainer::kill(const std::string& process) {
  run({"sh", "-c",
       fmt::format("found=; for p in /proc/[0-9]*; do if [ \"$(cat $p/comm 2>/dev/null)\" = {} ]; then "
                   "kill -KILL ${{p#/proc/}} && found=yes; fi; done; [ -n \"$found\" ]",
                   process)});
}

std::string untouchable_nodes(const kube::Client& client) {
  for (const json& node : nodes(client).items) {
    const std::string name = node.at("metadata").at("name");
    const std::string provider = node.value("spec", json::object()).value("providerID", "");
    if (!provider.starts_with("kind://docker/"))
      return fmt::format("node {} is not a kind container (providerID \"{}\")", name, provider);
    if (docker({"inspect", name}) != 0)
      return fmt::format("docker has no container {}: the nodes are on another machine", name);
  }
  return {};
}

std::string control_plane_node(const kube::Client& client) {
  const kube::ObjectList found = nodes(client, kControlPlane);
  if (found.items.empty())
    throw HarnessTrouble("No node has the label node-role.kubernetes.io/control-plane.");
  return found.items.front().at("metadata").at("name");
}

void delete_dns_pods(const kube::Client& client) {
  const auto pods = client.list(kube::kPods, "kube-system", {.label_selector = "k8s-app=kube-dns"});
  if (!pods) throw HarnessTrouble(pods.error().sentence());
  if (pods->items.empty())
    throw HarnessTrouble("The namespace kube-system has no pod with the label k8s-app=kube-dns.");
  for (const json& pod : pods->items) {
    const auto removed =
        client.remove(kube::kPods, "kube-system", pod.at("metadata").at("name").get<std::string>(), {});
    if (!removed && !removed.error().is_not_found()) throw HarnessTrouble(removed.error().sentence());
  }
}

}  // namespace stateproof::scenarios
