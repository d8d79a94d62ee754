#pragma once

#include <string>
#include <vector>

#include "harness/kube/client.h"

namespace stateproof::scenarios {

/// A node that is a container of the local Docker, as kind makes them. Each call throws HarnessTrouble when
/// docker refuses.
class NodeContainer {
 public:
  explicit NodeContainer(std::string name) : name_(std::move(name)) {}
  void stop();
  void start();
  void run(const std::vector<std::string>& command);
  /// SIGKILL to every process of this name (its first 15 characters, as the kernel keeps them).
  void kill(const std::string& process);

 private:
  std::string name_;
};

/// Why the nodes of this cluster cannot be touched; empty when they can.
std::string untouchable_nodes(const kube::Client& client);
/// Name of the first node with the control plane's label. Throws HarnessTrouble when there is none.
std::string control_plane_node(const kube::Client& client);
/// Deletes every pod of the cluster's DNS.
void delete_dns_pods(const kube::Client& client);

}  // namespace stateproof::scenarios
