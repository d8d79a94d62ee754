#include "harness/diagnosis/last_words.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <sstream>

namespace stateproof::diagnosis {
namespace {

// Lines of a log in which databases and their clients name a cause that an engineer knows.
struct KnownLine {
  std::string_view part;
  std::string_view id;
  std::string_view cause;
  std::string_view remedy;
  std::string_view trap;
};

constexpr std::string_view kRoom =
    "give it room: ask the claim for more, where its StorageClass allows expansion; or remove what is not "
    "needed";
constexpr std::string_view kTogether =
    "bring the password in the Secret and the one in the data directory together: a claim that was kept "
    "keeps the "
    "passwords with which its database was made";
constexpr std::string_view kFull = "A file system that container {} writes to is full.";
constexpr std::string_view kRefused = "The database refuses the password that container {} gives.";
constexpr std::string_view kLocked =
    "Container {} finds its data locked: another process uses it, or left its lock file.";
constexpr std::string_view kUnlock =
    "see that no other pod uses the volume; if none does, remove the lock file that an abrupt end left";
constexpr std::string_view kLockTrap =
    "Two servers on one data directory destroy it: be certain before removing a lock.";
constexpr std::string_view kPort = "Container {} cannot listen: its address or port is in use already.";
constexpr std::string_view kPortRemedy =
    "give the program another port; with hostNetwork the port must be free on the whole node, and two "
    "containers of one pod "
    "share theirs, too";
constexpr std::string_view kForbidden = "Container {} may not use its files: permission denied.";
constexpr std::string_view kOwnWords =
    "let the volume belong to the user that the container runs as: "
    "spec.template.spec.securityContext.fsGroup and runAsUser, or "
    "an init container that changes the owner";
constexpr std::string_view kReadOnly = "Container {} writes to a file system that is read-only.";
constexpr std::string_view kUnresolved = "Container {} does not find another host by its name.";
constexpr std::string_view kResolve =
    "see whether the Service and the pods behind that name exist; names of pods resolve only when they are "
    "Ready, unless the "
    "Service has publishNotReadyAddresses: true";
constexpr std::string_view kUnreachable = "Container {} cannot connect to another server.";
constexpr std::string_view kConnect =
    "see whether what it connects to runs, and whether name and port are right";
constexpr std::string_view kDamaged = "The data that container {} finds is damaged.";
constexpr std::string_view kRestore =
    "restore it from a backup, or let the replica copy it anew from its primary";
constexpr std::string_view kVersion =
    "The data that container {} finds was written by another version of the program.";
constexpr std::string_view kUpgrade =
    "run the version that wrote the data, or upgrade the data as the program's manual says";
constexpr std::string_view kNotEmpty =
    "Container {} wants an empty data directory, and finds something in it.";
constexpr std::string_view kSubPath =
    "let the data live in a folder below the mount (subPath, PGDATA): new file systems hold a lost+found";
constexpr std::string_view kUnset = "Container {} lacks a setting without which its program does not start.";
constexpr std::string_view kSet = "set the variable or the file that its last words name, in the template";

constexpr std::array kKnownLines = {
    KnownLine{"No space left on device", "volume-full", kFull, kRoom,
              "Deleting the claim gives an empty volume."},
    KnownLine{"Errcode: 28", "volume-full", kFull, kRoom, "Deleting the claim gives an empty volume."},
    KnownLine{"Disk quota exceeded", "volume-full", kFull, kRoom,
              "Deleting the claim gives an empty volume."},
    KnownLine{"Access denied for user", "password-refused", kRefused, kTogether,
              "Changing the Secret does not change a database that exists already."},
    KnownLine{"password authentication failed", "password-refused", kRefused, kTogether,
              "Changing the Secret does not change a database that exists already."},
    KnownLine{
        "Got fatal error 1236", "replica-cannot-catch-up",
        "The replica in container {} asks for transactions whose binary logs its primary has purged.",
        "let replicas begin with a copy of the primary's data and its position: a script in "
        "/docker-entrypoint-initdb.d or an init container that loads a dump or a backup",
        "An empty volume alone changes nothing, for the replica would ask for the same logs. Never empty the "
        "primary's."},
    KnownLine{"Read-only file system", "file-system-read-only", kReadOnly,
              "see the node's kernel log when it was writable before; else let the volume be mounted without "
              "readOnly, or set "
              "readOnlyRootFilesystem to false or mount an emptyDir there",
              ""},
    KnownLine{"ddress already in use", "port-in-use", kPort, kPortRemedy, ""},
    KnownLine{"ddress in use", "port-in-use", kPort, kPortRemedy, ""},
    KnownLine{"EADDRINUSE", "port-in-use", kPort, kPortRemedy, ""},
    KnownLine{"Unable to lock ./ib", "data-locked", kLocked, kUnlock, kLockTrap},
    KnownLine{"postmaster.pid\" already exists", "data-locked", kLocked, kUnlock, kLockTrap},
    KnownLine{"lock file", "data-locked", kLocked, kUnlock, kLockTrap},
    KnownLine{"lockfile", "data-locked", kLocked, kUnlock, kLockTrap},
    KnownLine{"Unable to acquire lock", "data-locked", kLocked, kUnlock, kLockTrap},
    KnownLine{"failed to obtain node lock", "data-locked", kLocked, kUnlock, kLockTrap},
    KnownLine{"LOCK: already held", "data-locked", kLocked, kUnlock, kLockTrap},
    KnownLine{"another mysqld server running", "data-locked", kLocked, kUnlock, kLockTrap},
    KnownLine{"page corruption", "data-damaged", kDamaged, kRestore,
              "Deleting the claim loses what could still be saved."},
    KnownLine{"nvalid checkpoint record", "data-damaged", kDamaged, kRestore,
              "Deleting the claim loses what could still be saved."},
    KnownLine{"checksum mismatch", "data-damaged", kDamaged, kRestore,
              "Deleting the claim loses what could still be saved."},
    KnownLine{"database files are incompatible", "data-of-other-version", kVersion, kUpgrade,
              "Emptying the volume loses the data."},
    KnownLine{"initialized by PostgreSQL version", "data-of-other-version", kVersion, kUpgrade,
              "Emptying the volume loses the data."},
    KnownLine{"Unsupported redo log format", "data-of-other-version", kVersion, kUpgrade,
              "Emptying the volume loses the data."},
    KnownLine{"owngrade is not supported", "data-of-other-version", kVersion, kUpgrade,
              "Emptying the volume loses the data."},
    KnownLine{"exists but is not empty", "data-directory-not-empty", kNotEmpty, kSubPath,
              "What is in it may be data: look before removing it."},
    KnownLine{"data directory has files in it", "data-directory-not-empty", kNotEmpty, kSubPath,
              "What is in it may be data: look before removing it."},
    KnownLine{"password option is not specified", "setting-missing", kUnset, kSet, ""},
    KnownLine{"superuser password is not specified", "setting-missing", kUnset, kSet, ""},
    KnownLine{
        "exec format error", "wrong-architecture",
        "The program of container {} was built for another processor than its node has.",
        "name an image that has this processor's variant, or let the pods go to nodes of the other kind", ""},
    KnownLine{"ermission denied", "permission-denied", kForbidden, kOwnWords, ""},
    KnownLine{"Operation not permitted", "permission-denied", kForbidden, kOwnWords, ""},
    KnownLine{"Errcode: 13", "permission-denied", kForbidden, kOwnWords, ""},
    KnownLine{"AccessDeniedException", "permission-denied", kForbidden, kOwnWords, ""},
    KnownLine{"could not translate host name", "peer-unresolved", kUnresolved, kResolve, ""},
    KnownLine{"Name or service not known", "peer-unresolved", kUnresolved, kResolve, ""},
    KnownLine{"Temporary failure in name resolution", "peer-unresolved", kUnresolved, kResolve, ""},
    KnownLine{"Name does not resolve", "peer-unresolved", kUnresolved, kResolve, ""},
    KnownLine{"no such host", "peer-unresolved", kUnresolved, kResolve, ""},
    KnownLine{"UnknownHostException", "peer-unresolved", kUnresolved, kResolve, ""},
    KnownLine{"getaddrinfo", "peer-unresolved", kUnresolved, kResolve, ""},
    KnownLine{"Unknown MySQL server host", "peer-unresolved", kUnresolved, kResolve, ""},
    KnownLine{"onnection refused", "peer-unreachable", kUnreachable, kConnect, ""},
};

}  // namespace

std::vector<std::string> last_lines(const std::string& text, std::size_t count) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);)
    if (!line.empty()) lines.push_back(line);
  if (lines.size() > count) lines.erase(lines.begin(), lines.end() - static_cast<std::ptrdiff_t>(count));
  return lines;
}

std::optional<Finding> known_line(const std::string& words, const Evidence& where,
                                  const std::string& container,
                                  std::initializer_list<std::string_view> only) {
  const auto lines = last_lines(words, 1000);
  for (const KnownLine& known : kKnownLines) {
    if (only.size() != 0 && std::find(only.begin(), only.end(), known.id) == only.end()) continue;
    // The last of such lines is the nearest to the end.
    const auto line = std::find_if(lines.rbegin(), lines.rend(), [&](const std::string& one) {
      return one.find(known.part) != std::string::npos;
    });
    if (line == lines.rend()) continue;
    Evidence evidence = where;
    evidence.value = *line;
    std::string cause = fmt::format(fmt::runtime(known.cause), container);
    if (cause.back() == '.') cause.pop_back();
    constexpr std::size_t kShown = 160;
    return Finding{
        known.id,
        fmt::format("{}: \"{}\"", cause, line->size() > kShown ? line->substr(0, kShown) + "..." : *line),
        {evidence},
        {{std::string{known.remedy}}},
        std::string{known.trap}};
  }
  return std::nullopt;
}

std::string exit_meaning(std::int64_t code) {
  static const std::map<std::int64_t, std::string> kMeanings{
      {126, "its command cannot be executed"},
      {127, "its command was not found"},
      {128, "its command could not be started"},
      {130, "it was interrupted (SIGINT)"},
      {132, "it met an instruction that this processor does not know (SIGILL)"},
      {134, "it gave up (SIGABRT)"},
      {135, "it met a bad address (SIGBUS)"},
      {137, "it was killed (SIGKILL)"},
      {139, "it crashed (SIGSEGV)"},
      {143, "it was asked to end (SIGTERM)"}};
  const auto meaning = kMeanings.find(code);
  return meaning == kMeanings.end() ? std::string{} : fmt::format("{}: {}", code, meaning->second);
}

std::string repeated_line(const std::string& log, std::size_t times) {
  // Times and counters differ from line to line: only the letters are compared.
  const auto letters = [](const std::string& line) {
    std::string kept;
    std::copy_if(line.begin(), line.end(), std::back_inserter(kept),
                 [](unsigned char c) { return c < '0' || c > '9'; });
    return kept;
  };
  const auto lines = last_lines(log, times);
  if (lines.size() < times) return {};
  const std::string first = letters(lines.front());
  return std::all_of(lines.begin(), lines.end(),
                     [&](const std::string& line) { return letters(line) == first; })
             ? lines.back()
             : std::string{};
}

}  // namespace stateproof::diagnosis
