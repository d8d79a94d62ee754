#pragma once

#include <cstddef>
#include <string>

#include "harness/kube/client.h"

namespace stateproof::kube {

/// The end of the log of one container.
struct LogTail {
  std::string ns;
  std::string pod;
  std::string container;
  bool previous = false;  ///< of the run before the present one
  int lines = 0;
  std::size_t max_bytes = 0;  ///< a longer answer is kProtocol: lines may be of any length
};

/// Asked for once: what comes too late is of no use.
Result<std::string> log_tail(const Client& client, const LogTail& wanted);

}  // namespace stateproof::kube
