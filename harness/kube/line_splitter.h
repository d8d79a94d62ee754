#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace stateproof::kube {

/// Cuts a stream of bytes into lines, whatever the pieces it arrives in. Bytes are not looked into, so a
/// piece may end inside a character.
class LineSplitter {
 public:
  explicit LineSplitter(std::size_t max_line_bytes) : limit_(max_line_bytes) {}

  void feed(std::string_view bytes) {
    if (!overlong_) buffer_.append(bytes);
  }

  /// The next complete line without its line break; nullopt when more bytes are needed.
  std::optional<std::string> next();

  /// The line that is being read is longer than the limit. Nothing more will come out.
  [[nodiscard]] bool is_overlong() const { return overlong_; }
  /// Bytes held back, to be kept small by calling next().
  [[nodiscard]] std::size_t pending() const { return buffer_.size() - begin_; }
  /// What followed the last line break, once next() has given all lines.
  [[nodiscard]] std::string_view rest() const { return std::string_view(buffer_).substr(begin_); }

 private:
  std::size_t limit_;
  std::string buffer_;
  std::size_t begin_ = 0;    ///< of the line being read
  std::size_t scanned_ = 0;  ///< no line break before here
  bool overlong_ = false;
};

}  // namespace stateproof::kube
