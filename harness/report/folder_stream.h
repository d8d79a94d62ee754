#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <string>
#include <string_view>

#include "harness/report/run_folder.h"

namespace stateproof::report {

// A folder as one stream of bytes: for each file a line of JSON, {"file": "a/b", "bytes": 3}, and its bytes;
// at the end {"end": true, "files": 1}. Nothing but regular files travels.

/// Gives the stream to `put` piece by piece; false from it ends that.
Saved write_folder(const std::filesystem::path& folder, const std::function<bool(std::string_view)>& put);

/// Of a stream that anybody may have written.
struct StreamLimits {
  std::uint64_t bytes = std::uint64_t{2} << 30U;  ///< of all files together
  std::size_t files = 20'000;
};

/// Writes what arrives into a folder, and nowhere else.
class FolderReader {
 public:
  explicit FolderReader(std::filesystem::path folder, StreamLimits limits = {});

  /// The next bytes. After an error nothing more may be given.
  Saved take(std::string_view bytes);
  /// An error when the stream had no end.
  [[nodiscard]] Saved finish() const;

 private:
  Saved take_line();
  Saved begin_file(const std::string& name, std::uint64_t bytes);
  Saved end_file();

  std::filesystem::path folder_;
  StreamLimits limits_;
  std::string line_;    ///< of JSON, as far as it has come
  std::ofstream file_;  ///< open while bytes of it are missing
  std::string name_;    ///< of that file
  std::uint64_t missing_ = 0;
  std::size_t files_ = 0;
  bool ended_ = false;
};

}  // namespace stateproof::report
