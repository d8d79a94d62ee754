#include "harness/diagnosis/last_words.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <sstream>

namespace stateproof::diagnosis {
namespace {

// Lines of logs in which databases and their clients name a cause that an engineer knows.
struct KnownCause {
  std::string_view id;
  std::vector<std::string_view> parts;  ///< of a line in lower case; any of them
  std::string_view cause;
  std::string_view remedy;
  std::string_view trap = {};
};

const std::vector<KnownCause>& known_causes() {
  static const std::vector<KnownCause> known{
      {"volume-full",
       {"no space left on device", "errcode: 28", "disk quota exceeded"},
       "A file system that container {} writes to is full.",
       "give it room: ask the claim for more, where its StorageClass allows expansion; or remove what is not "
       "needed",
       "Deleting the claim gives an empty volume."},
      {"password-refused",
       {"access denied for user", "wrongpass ", "authentication failed"},
       "The database refuses the password that container {} gives.",
       "bring the password in the Secret and the one in the data directory together: a claim that was kept "
       "keeps the passwords with which its database was made",
       "Changing the Secret does not change a database that exists already."},
      {"replica-cannot-catch-up",
       {"got fatal error 1236"},
       "The replica in container {} asks for transactions whose binary logs its primary has purged.",
       "let replicas begin with a copy of the primary's data and its position: a script in "
       "/docker-entrypoint-initdb.d or an init container that loads a dump or a backup",
       "An empty volume alone changes nothing, for the replica would ask for the same logs. Never empty the "
       "primary's."},
      {"file-system-read-only",
       {"read-only file system"},
       "Container {} writes to a file system that is read-only.",
       "see the node's kernel log when it was writable before; else let the volume be mounted without "
       "readOnly, or set readOnlyRootFilesystem to false or mount an emptyDir there"},
      {"port-in-use",
       {"address already in use", "address in use", "eaddrinuse"},
       "Container {} cannot listen: its address or port is in use already.",
       "give the program another port; with hostNetwork the port must be free on the whole node, and two "
       "containers of one pod share theirs, too"},
      {"permission-denied",
       {"permission denied", "operation not permitted", "errcode: 13", "accessdeniedexception"},
       "Container {} may not use its files: permission denied.",
       "let the volume belong to the user that the container runs as: "
       "spec.template.spec.securityContext.fsGroup and runAsUser, or an init container that changes the "
       "owner"},
      {"data-locked",
       {"unable to lock ./ib", "postmaster.pid\" already exists", "lock file", "lockfile",
        "unable to acquire lock", "failed to obtain node lock", "lock: already held",
        "another mysqld server running"},
       "Container {} finds its data locked: another process uses it, or left its lock file.",
       "see that no other pod uses the volume; if none does, remove the lock file that an abrupt end left",
       "Two servers on one data directory destroy it: be certain before removing a lock."},
      {"data-damaged",
       {"page corruption", "invalid checkpoint record", "checksum mismatch"},
       "The data that container {} finds is damaged.",
       "restore it from a backup, or let the replica copy it again from its primary",
       "Deleting the claim loses what could still be saved."},
      {"data-of-other-version",
       {"database files are incompatible", "initialized by postgresql version", "unsupported redo log format",
        "downgrade is not supported"},
       "The data that container {} finds was written by another version of the program.",
       "run the version that wrote the data, or upgrade the data as the program's manual says",
       "Emptying the volume loses the data."},
      {"data-directory-not-empty",
       {"exists but is not empty", "data directory has files in it"},
       "Container {} wants an empty data directory, and finds something in it.",
       "let the data live in a folder below the mount (subPath, PGDATA): new file systems hold a lost+found",
       "What is in it may be data: look before removing it."},
      {"setting-missing",
       {"password option is not specified", "password is not specified", "no root password is given",
        "need to specify one of", "required environment variable"},
       "Container {} lacks a setting without which its program does not start.",
       "set the variable or the file that its last words name, in the template"},
      {"wrong-architecture",
       {"exec format error"},
       "The program of container {} was built for another processor than its node has.",
       "name an image that has this processor's variant, or let the pods go to nodes of the other kind"},
      {"peer-unresolved",
       {"could not translate host name", "name or service not known", "temporary failure in name resolution",
        "name does not resolve", "no such host", "unknownhostexception", "getaddrinfo",
        "unknown mysql server host", "could not resolve host", "can't resolve", "cannot resolve",
        "unable to resolve", "failed to resolve", "server can't find", "bad address", "unknown host",
        "host not found", "nodename nor servname provided"},
       "Container {} does not find another host by its name.",
       "see whether the Service and the pods behind that name exist; names of pods resolve only when they "
       "are Ready, unless the Service has publishNotReadyAddresses: true"},
      {"peer-unreachable",
       {"connection refused", "econnrefused", "no route to host", "connection timed out", "i/o timeout"},
       "Container {} cannot connect to another server.",
       "see whether what it connects to runs, and whether name and port are right"},
      {"option-unknown",
       {"unknown variable", "unknown option", "unrecognized option", "unrecognized argument",
        "unrecognized configuration parameter", "unknown flag", "flag provided but not defined",
        "invalid option"},
       "The program of container {} does not know an option or a variable that it is given.",
       "correct the option in the template or in its configuration file; options differ between versions"},
      {"memory-refused",
       {"cannot allocate memory", "could not map anonymous shared memory", "outofmemoryerror"},
       "Container {} does not get the memory that its program asks for.",
       "raise the container's memory limit, or let the program ask for less (its buffers and caches)"},
      {"node-setting-too-low",
       {"vm.max_map_count", "too many open files"},
       "The node's kernel settings are too low for the program of container {}.",
       "raise the setting on the nodes (sysctl), or in a privileged init container that does so"},
      {"certificate-refused",
       {"x509: ", "certificate has expired", "certificate verify failed"},
       "Container {} meets a certificate that is not accepted.",
       "renew the certificate, or give the program the authority that signed it; names and clocks must "
       "agree, too"},
      {"bootstrap-unsafe",
       {"may not be safe to bootstrap"},
       "Container {} refuses to begin a cluster, because another member may know more.",
       "find the member with the newest data and begin with that one, as the program's manual says (Galera: "
       "safe_to_bootstrap in grastate.dat)",
       "Beginning with the wrong member loses what only the others know."},
      {"member-data-lost",
       {"has already been bootstrapped"},
       "Container {} is known to its cluster, and has lost the data of that member.",
       "remove the member from the cluster and add it again, as the program's manual says"},
      {"file-missing",
       {"no such file or directory"},
       "Container {} does not find a file.",
       "mount what the program looks for (a ConfigMap, a Secret, a volume), or correct the path in the "
       "template"},
  };
  return known;
}

std::string lower_case(const std::string& text) {
  std::string lower = text;
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return lower;
}

/// How many lines come after the last one that names the cause; all of them when none does.
std::size_t distance_from_end(const KnownCause& known, const std::vector<std::string>& lower) {
  const auto found = std::find_if(lower.rbegin(), lower.rend(), [&](const std::string& line) {
    return std::any_of(known.parts.begin(), known.parts.end(),
                       [&](std::string_view part) { return line.find(part) != std::string::npos; });
  });
  return static_cast<std::size_t>(found - lower.rbegin());
}

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
  std::vector<std::string> lower;
  std::transform(lines.begin(), lines.end(), std::back_inserter(lower), lower_case);
  const KnownCause* nearest = nullptr;
  std::size_t nearest_from_end = lines.size();
  for (const KnownCause& known : known_causes()) {
    if (only.size() != 0 && std::find(only.begin(), only.end(), known.id) == only.end()) continue;
    const std::size_t from_end = distance_from_end(known, lower);
    // Programs look for many a file that they can do without: only what they said at their very end counts.
    const bool counts = known.id != "file-missing" || (nearest == nullptr && from_end < 3);
    if (!counts || from_end >= nearest_from_end) continue;
    nearest = &known;
    nearest_from_end = from_end;
  }
  if (nearest == nullptr) return std::nullopt;
  const std::string& line = *(lines.rbegin() + static_cast<std::ptrdiff_t>(nearest_from_end));
  Evidence evidence = where;
  evidence.value = line;
  std::string cause = fmt::format(fmt::runtime(nearest->cause), container);
  if (cause.back() == '.') cause.pop_back();
  constexpr std::size_t kShown = 160;
  return Finding{
      nearest->id,
      fmt::format("{}: \"{}\"", cause, line.size() > kShown ? line.substr(0, kShown) + "..." : line),
      {evidence},
      {{std::string{nearest->remedy}}},
      std::string{nearest->trap}};
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
