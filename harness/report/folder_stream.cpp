#include "harness/report/folder_stream.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <vector>

#include "harness/model/bounded_json.h"
#include "harness/model/fields.h"
#include "harness/report/text.h"
#include "harness/report/whole_file.h"

namespace stateproof::report {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::size_t kLongestLine = 8192;

tl::unexpected<FolderError> failed(std::string sentence) {
  return tl::make_unexpected(FolderError{std::move(sentence)});
}

std::vector<fs::path> files_below(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code ignored;
  for (auto at = fs::recursive_directory_iterator(folder, ignored); at != fs::recursive_directory_iterator();
       at.increment(ignored))
    if (at->is_regular_file(ignored) && !at->is_symlink(ignored)) files.push_back(at->path());
  std::sort(files.begin(), files.end());
  return files;
}

bool put_line(const json& line, const std::function<bool(std::string_view)>& put) {
  return put(line.dump(-1, ' ', false, json::error_handler_t::replace) + "\n");
}

Saved write_file(const fs::path& path, const std::string& name,
                 const std::function<bool(std::string_view)>& put) {
  std::error_code error;
  std::uint64_t left = fs::file_size(path, error);
  std::ifstream file(path, std::ios::binary);
  if (error || !file) return failed(fmt::format("{} cannot be read.", path.string()));
  if (!put_line({{"file", name}, {"bytes", left}}, put)) return failed("The results were not taken.");
  std::array<char, 1U << 16U> block;
  while (left > 0) {
    file.read(block.data(), static_cast<std::streamsize>(std::min<std::uint64_t>(left, block.size())));
    const auto count = static_cast<std::size_t>(file.gcount());
    if (count == 0) return failed(fmt::format("{} has become shorter meanwhile.", path.string()));
    if (!put({block.data(), count})) return failed("The results were not taken.");
    left -= count;
  }
  return {};
}

}  // namespace

Saved write_folder(const fs::path& folder, const std::function<bool(std::string_view)>& put) {
  const std::vector<fs::path> files = files_below(folder);
  for (const fs::path& file : files)
    if (auto written = write_file(file, file.lexically_relative(folder).generic_string(), put); !written)
      return written;
  if (!put_line({{"end", true}, {"files", files.size()}}, put)) return failed("The results were not taken.");
  return {};
}

FolderReader::FolderReader(fs::path folder, StreamLimits limits)
    : folder_(std::move(folder)), limits_(limits) {}

Saved FolderReader::take(std::string_view bytes) {
  while (!bytes.empty()) {
    if (ended_) return failed("Something follows the end of the results.");
    if (missing_ > 0) {
      const std::string_view part = bytes.substr(0, std::min<std::uint64_t>(missing_, bytes.size()));
      file_.write(part.data(), static_cast<std::streamsize>(part.size()));
      bytes.remove_prefix(part.size());
      missing_ -= part.size();
      if (missing_ > 0) continue;
      if (auto ended = end_file(); !ended) return ended;
      continue;
    }
    const std::size_t end = bytes.find('\n');
    line_ += bytes.substr(0, end);
    if (line_.size() > kLongestLine) return failed("The results do not come as files.");
    bytes.remove_prefix(end == std::string_view::npos ? bytes.size() : end + 1);
    if (end == std::string_view::npos) continue;
    if (auto taken = take_line(); !taken) return taken;
  }
  return {};
}

Saved FolderReader::take_line() {
  const auto line = parse_bounded_json(line_);
  line_.clear();
  if (!line) return failed("The results do not come as files.");
  if (fields::flag(*line, "end")) {
    ended_ = fields::number(*line, "files", -1) == static_cast<std::int64_t>(files_);
    return ended_ ? Saved{} : Saved{failed("Files of the results are missing.")};
  }
  const std::int64_t bytes = fields::number(*line, "bytes", -1);
  if (bytes < 0) return failed("The results do not come as files.");
  return begin_file(fields::text(*line, "file"), static_cast<std::uint64_t>(bytes));
}

Saved FolderReader::begin_file(const std::string& name, std::uint64_t bytes) {
  if (!stays_inside(name) || name != valid_text(name) || name.find('\n') != std::string::npos)
    return failed(
        fmt::format("The results have a file \"{}\", which no run writes.", one_line(valid_text(name))));
  if (bytes > limits_.bytes || files_ == limits_.files)
    return failed(fmt::format("The results are larger than what is brought back (file \"{}\").", name));
  limits_.bytes -= bytes;
  ++files_;
  const fs::path path = folder_ / name;
  std::error_code error;
  fs::create_directories(path.parent_path(), error);
  file_.open(path, std::ios::binary | std::ios::trunc);
  name_ = name;
  missing_ = bytes;
  return bytes == 0 || !file_ ? end_file() : Saved{};
}

Saved FolderReader::end_file() {
  file_.close();
  const bool written = static_cast<bool>(file_);
  file_.clear();
  if (!written)
    return failed(fmt::format("{} cannot be written; choose another --out.", (folder_ / name_).string()));
  return {};
}

Saved FolderReader::finish() const {
  if (!ended_) return failed("The results ended in the middle.");
  return {};
}

}  // namespace stateproof::report
