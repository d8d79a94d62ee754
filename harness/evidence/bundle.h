#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace stateproof::evidence {

/// What stays of a text that is too long.
enum class Keep { kHead, kTail };

/// Sizes in bytes.
struct Capacity {
  std::size_t file = 1U << 20U;
  std::size_t whole = 16U << 20U;
};

/// A folder of files that never grows beyond its capacity and says what it left out. Whatever goes wrong with
/// the disk becomes a sentence in it: gathering evidence must not fail a run.
class Bundle {
 public:
  struct File {
    std::string path;   ///< relative to the folder
    std::string about;  ///< a line for people
    std::size_t bytes = 0;
    std::size_t cut = 0;  ///< bytes that were left out
  };

  Bundle(std::filesystem::path folder, Capacity capacity);

  /// Control characters are taken out; what looks like a credential must be out already.
  void add(const std::string& path, std::string_view text, const std::string& about, Keep keep = Keep::kHead);
  /// Something that is not here, and why.
  void miss(std::string sentence) { missing_.push_back(std::move(sentence)); }

  [[nodiscard]] const std::vector<File>& files() const { return files_; }
  [[nodiscard]] const std::vector<std::string>& missing() const { return missing_; }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }
  /// The same for the page that lists them all; it has a place of its own beyond the capacity. False when it
  /// cannot be written.
  bool write_index(std::string_view page) const;

 private:
  std::filesystem::path folder_;
  Capacity capacity_;
  std::size_t bytes_ = 0;
  std::vector<File> files_;
  std::vector<std::string> missing_;
};

/// Name of the page in the folder of a bundle.
inline constexpr const char* kIndex = "index.html";

}  // namespace stateproof::evidence
