#include "harness/evidence/bundle.h"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>

#include "harness/report/text.h"
#include "harness/report/whole_file.h"

namespace stateproof::evidence {
namespace {

namespace fs = std::filesystem;

/// Whole lines where there are some; a line that is longer than all the room is cut in its middle.
std::string_view part_of(std::string_view text, std::size_t room, Keep keep) {
  if (text.size() <= room) return text;
  if (keep == Keep::kHead) {
    const std::size_t end = text.rfind('\n', room);
    return text.substr(0, end == std::string_view::npos ? room : end);
  }
  const std::size_t begin = text.size() - room;
  const std::size_t line = text.find('\n', begin);
  return text.substr(line == std::string_view::npos || line + 1 == text.size() ? begin : line + 1);
}

std::string with_cut_told(std::string_view text, std::size_t cut, Keep keep) {
  if (cut == 0) return std::string{text};
  const std::string told = fmt::format("({} bytes were omitted here)\n", cut);
  return keep == Keep::kHead ? fmt::format("{}\n{}", text, told) : told + std::string{text};
}

}  // namespace

Bundle::Bundle(fs::path folder, Capacity capacity) : folder_(std::move(folder)), capacity_(capacity) {}

void Bundle::add(const std::string& path, std::string_view text, const std::string& about, Keep keep) {
  // Names of objects become names of files.
  if (!report::stays_inside(path))
    return miss(fmt::format("{}: its name in the cluster would lead out of this folder.", path));
  const std::size_t room = std::min(capacity_.file, capacity_.whole - std::min(capacity_.whole, bytes_));
  if (room == 0 && !text.empty()) return miss(fmt::format("{}: the bundle is full.", path));
  const std::string_view part = part_of(text, room, keep);
  File file{path, about, part.size(), text.size() - part.size()};
  const fs::path place = folder_ / path;
  std::error_code error;
  fs::create_directories(place.parent_path(), error);
  if (!error) error = report::write_whole(place, report::valid_text(with_cut_told(part, file.cut, keep)));
  if (error) return miss(fmt::format("{}: it cannot be written ({}).", path, error.message()));
  bytes_ += file.bytes;
  if (file.cut > 0)
    miss(fmt::format("{}: {} of {} bytes; the {} was left out.", path, file.bytes, text.size(),
                     keep == Keep::kHead ? "end" : "beginning"));
  files_.push_back(std::move(file));
}

bool Bundle::write_index(std::string_view page) const {
  std::error_code error;
  fs::create_directories(folder_, error);
  return !error && !report::write_whole(folder_ / kIndex, page);
}

}  // namespace stateproof::evidence
