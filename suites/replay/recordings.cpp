#include "suites/replay/recordings.h"

#include <algorithm>
#include <stdexcept>

#include "harness/record/jsonl.h"

namespace stateproof::replay {

namespace fs = std::filesystem;

Timeline load(const fs::path& path) {
  auto timeline = record::load_recording(path);
  if (!timeline) throw std::runtime_error(timeline.error().sentence);
  return std::move(*timeline);
}

std::vector<fs::path> histories() {
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(STATEPROOF_HISTORIES))
    if (entry.path().extension() == ".jsonl") found.push_back(entry.path());
  std::sort(found.begin(), found.end());
  return found;
}

const std::map<std::string, Timeline>& good_recordings() {
  static const std::map<std::string, Timeline> recordings = [] {
    std::map<std::string, Timeline> good;
    for (const fs::path& path : histories())
      if (Timeline timeline = load(path); timeline.header.mutant.empty())
        good.emplace(timeline.header.scenario, std::move(timeline));
    return good;
  }();
  return recordings;
}

std::vector<std::string> names_of_good_recordings() {
  std::vector<std::string> names;
  for (const fs::path& path : histories())
    if (std::string name = path.stem(); !name.starts_with("mutant-")) names.push_back(std::move(name));
  return names;
}

Timeline load_named(const std::string& name) {
  return load(fs::path{STATEPROOF_HISTORIES} / (name + ".jsonl"));
}

std::uint64_t share_of(std::uint64_t histories, const std::string& name) {
  const auto weight = [](const std::string& one) {
    return 1.0 / static_cast<double>(fs::file_size(fs::path{STATEPROOF_HISTORIES} / (one + ".jsonl")));
  };
  double all = 0;
  for (const std::string& one : names_of_good_recordings()) all += weight(one);
  return std::max<std::uint64_t>(
      static_cast<std::uint64_t>(static_cast<double>(histories) * weight(name) / all), histories / 100);
}

}  // namespace stateproof::replay
