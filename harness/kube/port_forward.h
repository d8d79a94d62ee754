#pragma once

#include <memory>
#include <string>

#include "harness/kube/client.h"
#include "harness/kube/exec.h"

namespace stateproof::kube {

/// A local AF_UNIX socket whose connections end at one port of one pod: one WebSocket per connection,
/// legacy v4.channel.k8s.io. The socket lives in a 0700 folder that the destructor removes.
class PortForward {
 public:
  static Result<std::unique_ptr<PortForward>> open(const Client& client, PodRef pod, int port);
  virtual ~PortForward() = default;  ///< closes listener and connections, joins

  /// Path for Connector/C's unix_socket. Shorter than 108 bytes.
  [[nodiscard]] virtual const std::string& socket_path() const = 0;
  /// The last trouble of a connection (for example "connection refused" from the pod), empty if none.
  [[nodiscard]] virtual std::string last_error() const = 0;
};

}  // namespace stateproof::kube
