#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <string_view>

#include "harness/kube/client.h"
#include "harness/kube/exec.h"

namespace stateproof::kube {

/// The log of one container as it is written, over as many connections as it takes: a line that was handed
/// out is not handed out again.
class LogFollower {
 public:
  using OnLine = std::function<void(std::string_view line)>;

  LogFollower(Client client, PodRef container)
      : client_(std::move(client)), container_(std::move(container)) {}

  /// One connection. Comes back when the server has no more: the container has ended, or the node's log was
  /// changed for a new one; an error when there is none yet or the connection was lost.
  Result<void> follow(const OnLine& on_line, const std::stop_token& stop);

 private:
  void take_line(std::string_view line, std::string_view former, const OnLine& on_line);

  Client client_;
  PodRef container_;
  std::string last_;  ///< time of the newest line, as the node writes it
};

}  // namespace stateproof::kube
