#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "harness/record/jsonl.h"

namespace stateproof::record {

/// An append-only file of lines. Every line reaches the kernel before `append` returns, so a crash of this
/// process loses at most the line being written.
class RecordingFile {
 public:
  /// Creates the folder and the file; refuses to overwrite a recording.
  static tl::expected<RecordingFile, RecordingError> create(const std::string& path);
  /// Opens a recording that is no longer written, to continue it; a line that was not finished is cut off.
  static tl::expected<RecordingFile, RecordingError> reopen(const std::string& path);
  RecordingFile(RecordingFile&& other) noexcept;
  RecordingFile& operator=(RecordingFile&& other) noexcept;
  ~RecordingFile();

  /// After a failure (disk full) nothing more is written; `error` says why.
  void append(std::string_view line);
  [[nodiscard]] const std::string& error() const { return error_; }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  RecordingFile(std::string path, int descriptor) : path_(std::move(path)), descriptor_(descriptor) {}
  std::string path_;
  int descriptor_ = -1;
  std::string error_;
};

}  // namespace stateproof::record
