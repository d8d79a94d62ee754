#pragma once

#include <chrono>
#include <string>
#include <tl/expected.hpp>

namespace stateproof::kube {

/// Content of a regular file or a pipe (`--kubeconfig <(command)`) of at most 16 MiB, which nothing of a
/// kubeconfig is; of a pipe that is not written to its end within `limit` nothing. The error says why not, as
/// the end of a sentence: "is larger than 16 MiB".
tl::expected<std::string, std::string> read_small_file(const std::string& path,
                                                       std::chrono::milliseconds limit = std::chrono::seconds{
                                                           10});

}  // namespace stateproof::kube
