#include "suites/scenarios/disruptions/binary_logs.h"

#include <fmt/format.h>

#include <chrono>
#include <sstream>

#include "harness/kube/backoff.h"

namespace stateproof::scenarios {
namespace {

using namespace std::chrono_literals;

constexpr auto kPurge = 30s;  // replicas that read on within milliseconds, and that try each 10 s to connect
constexpr const char* kAsk = "MYSQL_PWD=$MARIADB_ROOT_PASSWORD mariadb -uroot --batch";

std::string first_line(const std::string& text) { return text.substr(0, text.find_first_of("\t\n")); }

}  // namespace

std::string purge_binary_logs(Stage& stage, Ordinal primary) {
  const std::string first =
      first_line(stage.exec(primary, {"sh", "-c", fmt::format("{} -N -e 'SHOW BINARY LOGS'", kAsk)}));
  const std::string purge = fmt::format(
      "{0} -e 'FLUSH BINARY LOGS'; newest=$({0} -N -e 'SHOW BINARY LOGS' | tail -n 1 | cut -f 1); "
      "{0} -e \"PURGE BINARY LOGS TO '$newest'\" >/dev/null; {0} -N -e 'SHOW BINARY LOGS'",
      kAsk);
  const auto deadline = std::chrono::steady_clock::now() + kPurge;
  kube::Backoff backoff(100ms, 2s);
  while (true) {
    const std::string left = stage.exec(primary, {"sh", "-c", purge});
    // One line is left, and it is not the one that was there from the first day.
    if (left.find('\n') + 1 == left.size() && first_line(left) != first) return first_line(left);
    if (std::chrono::steady_clock::now() > deadline)
      throw HarnessTrouble(fmt::format("The primary does not purge its binary logs; it still has: {}", left));
    stage.pause(backoff.next());
    if (stage.stop().stop_requested()) throw Interrupted();
  }
}

// A restarting server refuses everybody; that is no standstill.
std::string standstill_of(Stage& stage, Ordinal member) {
  const std::string status = stage.exec(
      member, {"sh", "-c", fmt::format("{} --vertical -e 'SHOW REPLICA STATUS' 2>/dev/null || true", kAsk)});
  std::istringstream lines(status);
  bool final = false;
  std::string text;
  for (std::string line; std::getline(lines, line);) {
    const auto value_of = [&line](std::string_view name) -> std::string {
      const auto at = line.find(std::string{name} + ": ");
      return at == std::string::npos ? "" : line.substr(at + name.size() + 2);
    };
    if (value_of("Last_IO_Errno") == "1236") final = true;
    if (const std::string error = value_of("Last_IO_Error"); !error.empty()) text = error;
  }
  return final ? text : std::string{};
}

}  // namespace stateproof::scenarios
