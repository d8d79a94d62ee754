#include "suites/gate/program.h"

#include <elf.h>
#include <fmt/format.h>
#include <link.h>

#include <algorithm>
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace stateproof::gate {
namespace {

constexpr const char* kExecuted = "/proc/self/exe";

/// The file that this code was mapped from. Where a loader was called by name, it is not the one that was
/// executed.
std::string own_file() {
  const auto here = reinterpret_cast<std::uintptr_t>(&own_command);
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    std::uintptr_t begin = 0;
    std::uintptr_t end = 0;
    const auto file = line.find('/');
    if (std::sscanf(line.c_str(), "%" SCNxPTR "-%" SCNxPTR, &begin, &end) == 2 && begin <= here &&
        here < end && file != std::string::npos)
      return line.substr(file);
  }
  return kExecuted;
}

tl::expected<std::string, HarnessError> whole(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream bytes;
  bytes << file.rdbuf();
  if (!file)
    return tl::make_unexpected(HarnessError{fmt::format("This program's own file {} cannot be read.", path)});
  return std::move(bytes).str();
}

int add_path(dl_phdr_info* info, std::size_t, void* paths) {
  const std::string path = info->dlpi_name == nullptr ? "" : info->dlpi_name;
  if (path.starts_with("/")) static_cast<std::vector<std::string>*>(paths)->push_back(path);
  return 0;
}

}  // namespace

std::vector<std::string> own_command() {
  std::error_code error;
  const std::filesystem::path executed = std::filesystem::read_symlink(kExecuted, error);
  const std::string file = own_file();
  if (error || file == executed) return {kExecuted};
  return {executed.string(), "--library-path", executed.parent_path().string(), file};
}

std::string loadable_part(std::string file) {
  Elf64_Ehdr header;
  if (file.size() < sizeof header) return file;
  std::memcpy(&header, file.data(), sizeof header);
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_ident[EI_CLASS] != ELFCLASS64)
    return file;
  std::size_t end = header.e_phoff + std::size_t{header.e_phnum} * header.e_phentsize;
  for (std::size_t i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr segment;
    const std::size_t at = header.e_phoff + i * header.e_phentsize;
    if (at + sizeof segment > file.size()) return file;
    std::memcpy(&segment, file.data() + at, sizeof segment);
    end = std::max<std::size_t>(end, segment.p_offset + segment.p_filesz);
  }
  if (end > file.size()) return file;
  header.e_shoff = 0;
  header.e_shnum = 0;
  header.e_shstrndx = SHN_UNDEF;
  std::memcpy(file.data(), &header, sizeof header);
  file.resize(end);
  return file;
}

tl::expected<std::vector<ProgramFile>, HarnessError> running_program() {
  std::vector<std::string> paths;
  dl_iterate_phdr(add_path, &paths);
  std::vector<ProgramFile> files;
  auto self = whole(own_file());
  if (!self) return tl::make_unexpected(self.error());
  files.push_back({"stateproof", loadable_part(std::move(*self))});
  for (const std::string& path : paths) {
    auto bytes = whole(path);
    if (!bytes) return tl::make_unexpected(bytes.error());
    const std::string name = std::filesystem::path(path).filename();
    // The loader is among what it has loaded, under the name that the program asks for.
    files.push_back({name.starts_with("ld-linux") ? "loader" : name, loadable_part(std::move(*bytes))});
  }
  if (std::none_of(files.begin(), files.end(), [](const ProgramFile& file) { return file.name == "loader"; }))
    return tl::make_unexpected(
        HarnessError{"This program is linked statically; the gate needs one that is linked dynamically."});
  return files;
}

}  // namespace stateproof::gate
