#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace stateproof::kube::testing {

/// What passes between a client and its API server.
enum class Traffic { kRead, kChange, kWatch, kSocket };
inline constexpr std::size_t kTraffics = 4;
std::string_view to_text(Traffic traffic);

/// What befalls one request, or its answer. A piece is what arrives at once: an event of a watch, mostly.
struct Fault {
  enum class Kind {
    kNone,
    kRefused,    ///< answered with `status` before the server heard of it
    kForgotten,  ///< answered with `status` after the server had done it
    kCut,        ///< the connection breaks before the server heard of it
    kLost,       ///< the connection breaks instead of the answer
    kDelayed,    ///< reaches the server after `time`
    kStalled,    ///< nothing passes for `time` after so many pieces
    kBroken,     ///< the connection breaks within a piece, after so many whole ones
    kEnded,      ///< a watch ends in order after so many pieces
    kExpired,    ///< a watch is told after so many pieces that its history is gone (410)
  };
  Kind kind = Kind::kNone;
  int status = 0;
  std::chrono::milliseconds time{0};
  int pieces = 0;
};
std::string to_text(const Fault& fault);

/// Nothing passes from then on, for a while.
struct Outage {
  std::chrono::milliseconds begin{0};  ///< since the path was opened
  std::chrono::milliseconds end{0};
};

/// What a path does to those who use it, by seed alone: the n-th request of a kind always meets the same.
class Weather {
 public:
  explicit Weather(std::uint64_t seed);

  [[nodiscard]] Fault fault(Traffic traffic, std::uint64_t n) const;
  [[nodiscard]] const std::vector<Outage>& outages() const { return outages_; }
  /// "stalls, expired watches; 6 % of requests"
  [[nodiscard]] std::string text() const;

 private:
  std::uint64_t seed_;
  std::vector<std::size_t> kinds_;  ///< of bad weather
  double rate_ = 0;
  std::vector<Outage> outages_;
};

}  // namespace stateproof::kube::testing
