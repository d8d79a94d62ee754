#include "harness/lease/holder.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <random>
#include <sstream>

namespace stateproof::lease {
namespace {

std::string new_token() {
  std::random_device random;
  return fmt::format("{:08x}{:08x}", random(), random());
}

}  // namespace

Holder Holder::this_process() {
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  return {host.data(), ::getpid(), new_token()};
}

Holder Holder::nobody() { return {"kept", 0, new_token()}; }

std::string Holder::identity() const { return fmt::format("{}/{}/{}", host, pid, token); }

std::optional<Holder> Holder::parse(const std::string& identity) {
  std::istringstream parts(identity);
  Holder holder;
  char slash = 0;
  if (!std::getline(parts, holder.host, '/') || !(parts >> holder.pid >> slash) || slash != '/')
    return std::nullopt;
  if (!std::getline(parts, holder.token) || holder.token.empty()) return std::nullopt;
  return holder;
}

std::string Holder::shown() const {
  return pid == 0 ? "a gate that is open" : fmt::format("process {} on {}", pid, host);
}

}  // namespace stateproof::lease
