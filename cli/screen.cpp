#include "cli/screen.h"

#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <string_view>

namespace stateproof::cli {
namespace {

constexpr std::string_view kEnter = "\x1B[?1049h\x1B[?25l\x1B[?7l";  // alternate screen, no cursor, no wrap
constexpr std::string_view kLeave = "\x1B[?7h\x1B[?25h\x1B[?1049l";

constexpr std::array kCrashes{SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL};

// Also read by the signal handler below.
termios saved_modes;
volatile std::sig_atomic_t modes_changed = 0;

void give_back() {
  [[maybe_unused]] const ssize_t written = ::write(STDOUT_FILENO, kLeave.data(), kLeave.size());
  if (modes_changed != 0) ::tcsetattr(STDIN_FILENO, TCSANOW, &saved_modes);
  modes_changed = 0;
}

// Only what POSIX lets a signal handler do.
void on_crash(int signal) {
  give_back();
  std::signal(signal, SIG_DFL);
  ::raise(signal);
}

void take_keys() {
  if (::isatty(STDIN_FILENO) == 0 || ::tcgetattr(STDIN_FILENO, &saved_modes) != 0) return;
  termios modes = saved_modes;
  modes.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
  modes.c_cc[VMIN] = 0;
  modes.c_cc[VTIME] = 0;
  modes_changed = 1;
  ::tcsetattr(STDIN_FILENO, TCSANOW, &modes);
}

}  // namespace

bool write_out(const std::string& text) {
  for (std::size_t done = 0; done < text.size();) {
    const ssize_t written = ::write(STDOUT_FILENO, text.data() + done, text.size() - done);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    done += static_cast<std::size_t>(written);
  }
  return true;
}

Screen::Screen() {
  for (const int signal : kCrashes) std::signal(signal, on_crash);
  enter();
}

Screen::~Screen() {
  leave();
  for (const int signal : kCrashes) std::signal(signal, SIG_DFL);
}

void Screen::enter() {
  if (entered_) return;
  take_keys();
  write_out(std::string{kEnter});
  entered_ = true;
}

void Screen::leave() {
  if (!entered_) return;
  give_back();
  entered_ = false;
}

Screen::Size Screen::size() {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) return {};
  return {size.ws_col, size.ws_row};
}

bool Screen::is_there() {
  const char* term = std::getenv("TERM");
  return ::isatty(STDOUT_FILENO) != 0 && term != nullptr && *term != '\0' && std::strcmp(term, "dumb") != 0;
}

bool Screen::draw(const std::vector<std::string>& lines) {
  // A line is cleared before it is written: after one that is full the cursor still stands on its last
  // column.
  std::string text = "\x1B[H";
  for (std::size_t i = 0; i < lines.size(); ++i) text += (i == 0 ? "\x1B[2K" : "\r\n\x1B[2K") + lines[i];
  return write_out(text + (lines.size() < size().rows ? "\r\n\x1B[J" : ""));
}

}  // namespace stateproof::cli
