#include "suites/scenarios/clients/insides.h"

#include <fmt/format.h>

#include <sstream>

#include "fixtures/probe/mount_table.h"
#include "suites/scenarios/clients/payload.h"

namespace stateproof::scenarios {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kFileBytes = 4096;
constexpr auto kInside = 30s;

// The shell's own commands alone: an image may have no others.
constexpr const char* kWriteFiles =
    R"(for file in "$@"; do IFS= read -r line && printf '%s\n' "$line" >"$file" || exit 1; done)";
constexpr const char* kReadFiles =
    R"(for path in "$@"; do for file in "$path"/.stateproof-*; do [ -e "$file" ] || continue; )"
    R"(IFS= read -r line <"$file"; printf '%s\n%s\n' "$file" "$line"; done; done)";

/// The first name in the line of /etc/hosts that has this one, which is what `hostname --fqdn` answers.
std::string full_name(std::istream& hosts, const std::string& name) {
  for (std::string line; std::getline(hosts, line);) {
    std::istringstream words(line.substr(0, line.find('#')));
    std::string address;
    std::string first;
    words >> address >> first;
    for (std::string word = first; !word.empty(); word.clear(), words >> word)
      if (word == name) return first;
  }
  return {};
}

std::string file_of(const std::string& path, const std::string& member) {
  return fmt::format("{}/.stateproof-{}", path, member);
}

}  // namespace

tl::expected<std::string, std::string> run_inside(const Stage& stage, const std::string& pod,
                                                  const std::vector<std::string>& command,
                                                  const std::string& input) {
  const Subject& subject = stage.subject();
  const auto done = kube::exec(stage.client(), {.pod = {subject.ns, pod, subject.container},
                                                .command = command,
                                                .input = input,
                                                .input_is_bounded = true,
                                                .limit = kInside,
                                                .stop = stage.stop()});
  if (!done) return tl::make_unexpected(done.error().sentence());
  if (done->exit_code == 0) return done->out;
  return tl::make_unexpected(
      fmt::format("exit code {}{}{}", done->exit_code, done->err.empty() ? "" : ": ", done->err));
}

tl::expected<HostNameSeen, std::string> host_names_of(const Stage& stage, const std::string& pod) {
  const ObjectRef ref = stage.pod_now(pod);
  const auto told = run_inside(stage, pod, {"cat", "/proc/sys/kernel/hostname", "/etc/hosts"});
  if (!told) return tl::make_unexpected(told.error());
  std::istringstream lines(*told);
  std::string name;
  std::getline(lines, name);
  return HostNameSeen{ref.name, ref.uid, name, full_name(lines, name)};
}

tl::expected<std::vector<MountSeen>, std::string> mounts_of(const Stage& stage, const std::string& pod,
                                                            const std::vector<std::string>& paths) {
  const ObjectRef ref = stage.pod_now(pod);
  const auto table = run_inside(stage, pod, {"cat", "/proc/self/mountinfo"});
  if (!table) return tl::make_unexpected(table.error());
  std::vector<MountSeen> mounts;
  for (const std::string& path : paths) {
    MountSeen& seen = mounts.emplace_back();
    seen.member = ref.name;
    seen.pod = ref.uid;
    seen.path = path;
    if (const auto mount = probe::mount_at(*table, path)) {
      seen.present = true;
      seen.root = mount->root;
      seen.source = mount->source;
      seen.fs_type = mount->fs_type;
    }
  }
  return mounts;
}

SqlOperation MemberFiles::begin(SqlOperation::Kind kind, Ordinal ordinal) const {
  SqlOperation operation;
  operation.kind = kind;
  const ObjectRef pod = stage_.pod_now(ordinal);
  operation.member = pod.name;
  operation.pod = pod.uid;
  operation.began = stage_.recorder().elapsed();
  return operation;
}

std::vector<std::string> MemberFiles::command(const char* script, const std::vector<std::string>& of) const {
  std::vector<std::string> whole{"sh", "-c", script, "sh"};
  whole.insert(whole.end(), of.begin(), of.end());
  return whole;
}

std::string MemberFiles::write(Ordinal ordinal) {
  SqlOperation write = begin(SqlOperation::Kind::kWrite, ordinal);
  std::vector<std::string> files;
  std::string lines;
  for (const std::string& path : paths_) {
    files.push_back(file_of(path, write.member));
    const std::string payload = payload_of(stage_.request().run + files.back() + write.member, kFileBytes);
    write.rows.push_back({files.back(), sha256_hex(payload)});
    lines += payload + "\n";
  }
  const auto written = run_inside(stage_, write.member, command(kWriteFiles, files), lines);
  write.ended = stage_.recorder().elapsed();
  if (!written) {
    write.outcome = SqlOperation::Outcome::kUnknown;
    write.note = written.error();
  }
  stage_.recorder().add(std::move(write));
  return written ? std::string{} : written.error();
}

void MemberFiles::read(Ordinal ordinal) {
  SqlOperation read = begin(SqlOperation::Kind::kRead, ordinal);
  const auto found = run_inside(stage_, read.member, command(kReadFiles, paths_));
  read.ended = stage_.recorder().elapsed();
  if (!found) {
    read.outcome = SqlOperation::Outcome::kFailed;
    read.note = found.error();
  } else {
    std::istringstream lines(*found);
    std::string payload;
    for (std::string file; std::getline(lines, file) && std::getline(lines, payload);)
      read.rows.push_back({file, sha256_hex(payload)});
  }
  stage_.recorder().add(std::move(read));
}

}  // namespace stateproof::scenarios
