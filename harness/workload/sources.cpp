#include "harness/workload/sources.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <fstream>
#include <iterator>

namespace stateproof::workload {
namespace {

namespace fs = std::filesystem;

/// More than any manifest; what is piped in by mistake has an end.
constexpr std::size_t kMostBytes = 16U << 20U;
constexpr const char* kMutants = "mutants";

tl::expected<SourceFile, HarnessError> read_all(std::istream& input, std::string name) {
  SourceFile file{std::move(name), {}};
  for (std::istreambuf_iterator<char> next(input), end; next != end && file.text.size() <= kMostBytes; ++next)
    file.text += *next;
  if (input.bad()) return fail(fmt::format("{} cannot be read.", file.name));
  if (file.text.size() > kMostBytes)
    return fail(fmt::format("{} is larger than 16 MiB, which no manifest is.", file.name));
  return file;
}

tl::expected<SourceFile, HarnessError> read_file(const fs::path& path) {
  std::ifstream input(path, std::ios::binary);
  if (!input)
    return fail(fmt::format("{} cannot be read; pass a folder or a file of manifests.", path.string()));
  return read_all(input, path.string());
}

bool is_manifest(const fs::path& path) {
  const fs::path end = path.extension();
  return end == ".yaml" || end == ".yml" || end == ".json";
}

}  // namespace

tl::expected<std::vector<SourceFile>, HarnessError> read_sources(const fs::path& path, std::istream& input) {
  std::vector<SourceFile> sources;
  const auto take = [&](tl::expected<SourceFile, HarnessError> file) -> tl::expected<void, HarnessError> {
    if (!file) return tl::make_unexpected(file.error());
    sources.push_back(std::move(*file));
    return {};
  };
  std::error_code ignored;
  if (!fs::is_directory(path, ignored)) {
    if (auto taken = take(path == "-" ? read_all(input, "stdin") : read_file(path)); !taken)
      return tl::make_unexpected(taken.error());
    return sources;
  }
  if (fs::exists(path / "Chart.yaml", ignored))
    return fail(
        fmt::format("{0} is a Helm chart; render it: helm template NAME {0} | stateproof run --workload -.",
                    path.string()));
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(path, ignored))
    if (entry.is_regular_file(ignored) && is_manifest(entry.path())) files.push_back(entry.path());
  if (files.empty()) return fail(fmt::format("{} holds no .yaml, .yml or .json file.", path.string()));
  std::sort(files.begin(), files.end());
  for (const fs::path& file : files)
    if (auto taken = take(read_file(file)); !taken) return tl::make_unexpected(taken.error());
  return sources;
}

std::string name_of(const fs::path& path) {
  if (path == "-") return "stdin";
  const fs::path whole = path.lexically_normal();
  const fs::path last = whole.has_filename() ? whole : whole.parent_path();
  return last.stem().empty() || last == "."
             ? fs::absolute(path).lexically_normal().parent_path().filename().string()
             : last.stem().string();
}

std::vector<std::string> mutants_of(const fs::path& path) {
  std::vector<std::string> names;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(path / kMutants, ignored))
    if (is_manifest(entry.path())) names.push_back(entry.path().stem().string());
  std::sort(names.begin(), names.end());
  return names;
}

tl::expected<SourceFile, HarnessError> read_mutant(const fs::path& path, const std::string& name) {
  const fs::path file = path / kMutants / (name + ".yaml");
  std::error_code ignored;
  if (fs::is_regular_file(file, ignored)) return read_file(file);
  const auto known = mutants_of(path);
  return fail(
      known.empty()
          ? fmt::format("{} has no mutants; a mutant is an overlay in its folder mutants.", path.string())
          : fmt::format("{} has no mutant {}; it has {}.", path.string(), name, fmt::join(known, ", ")));
}

}  // namespace stateproof::workload
