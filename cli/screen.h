#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace stateproof::cli {

/// The terminal while something is drawn on it again and again: the alternate screen of standard output,
/// without cursor and line wrap, and keys of standard input as they are pressed, unseen. What was there
/// before comes back when the object is destroyed, and when the process crashes. One at a time.
class Screen {
 public:
  Screen();
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;
  ~Screen();

  struct Size {
    std::size_t columns = 80;
    std::size_t rows = 24;
  };
  [[nodiscard]] static Size size();
  /// Whether standard output is a terminal that can be drawn on: $TERM is set and not "dumb".
  [[nodiscard]] static bool is_there();
  /// Draws the lines over those of before. False when the terminal is gone.
  bool draw(const std::vector<std::string>& lines);
  /// Gives the terminal back for a while, and takes it again.
  void leave();
  void enter();

 private:
  bool entered_ = false;
};

/// All of it, to standard output, whatever buffers are between. False when it is no longer read.
bool write_out(const std::string& text);

}  // namespace stateproof::cli
