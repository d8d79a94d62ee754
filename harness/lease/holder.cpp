#include "harness/lease/holder.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstdint>
#include <fstream>
#include <sstream>

namespace stateproof::lease {
namespace {

std::string first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// Field 22 of /proc/PID/stat; the command name before it may itself hold blanks and brackets.
std::optional<long> start_time(long pid) {
  const std::string stat = first_line(fmt::format("/proc/{}/stat", pid));
  const auto bracket = stat.rfind(')');
  if (bracket == std::string::npos) return std::nullopt;
  std::istringstream fields(stat.substr(bracket + 1));
  std::string field;
  for (int number = 3; number <= 22; ++number)
    if (!(fields >> field)) return std::nullopt;
  return std::stol(field);
}

}  // namespace

Holder Holder::this_process() {
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  const long pid = ::getpid();
  return {host.data(), first_line("/proc/sys/kernel/random/boot_id"), pid, start_time(pid).value_or(0)};
}

std::string Holder::identity() const { return fmt::format("{}/{}/{}/{}", host, boot, pid, started); }

std::optional<Holder> Holder::parse(const std::string& identity) {
  std::istringstream parts(identity);
  Holder holder;
  char slash = 0;
  if (!std::getline(parts, holder.host, '/') || !std::getline(parts, holder.boot, '/')) return std::nullopt;
  if (!(parts >> holder.pid >> slash >> holder.started) || slash != '/') return std::nullopt;
  return holder;
}

Liveness liveness(const Holder& holder) {
  const Holder here = Holder::this_process();
  if (holder.host != here.host || holder.boot != here.boot) return Liveness::kUnknown;
  return start_time(holder.pid) == holder.started ? Liveness::kAlive : Liveness::kDead;
}

bool is_abandoned(const nlohmann::json& lease, Timestamp now) {
  if (!lease.is_object() || !lease.contains("spec")) return true;
  const auto& spec = lease["spec"];
  if (const auto holder = Holder::parse(spec.value("holderIdentity", ""))) {
    const Liveness known = liveness(*holder);
    if (known != Liveness::kUnknown) return known == Liveness::kDead;
  }
  const auto renewed = parse_rfc3339(spec.value("renewTime", ""));
  return !renewed || now > *renewed + std::chrono::seconds{spec.value("leaseDurationSeconds", 0)};
}

bool is_given_up(const nlohmann::json& lease, Timestamp now) {
  if (!is_abandoned(lease, now)) return false;
  if (!lease.is_object() || !lease.contains("spec")) return true;
  const auto annotations =
      lease.value("metadata", nlohmann::json::object()).value("annotations", nlohmann::json::object());
  const std::string told = annotations.value(kSpared, "");
  std::int64_t spared = 0;
  std::from_chars(told.data(), told.data() + told.size(), spared);
  const auto renewed = parse_rfc3339(lease["spec"].value("renewTime", ""));
  return !renewed || now > *renewed + std::chrono::seconds{spared};
}

}  // namespace stateproof::lease
