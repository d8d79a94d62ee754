#include "harness/kube/testing/weather.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <random>

namespace stateproof::kube::testing {
namespace {

using Kind = Fault::Kind;
using std::chrono::milliseconds;
using namespace std::chrono_literals;

/// A fault whose times and places are drawn up to these.
struct Possible {
  Kind kind = Kind::kNone;
  std::vector<int> statuses = {};
  milliseconds longest{0};
  int most_pieces = 0;
};

struct BadWeather {
  std::string_view name;
  std::array<std::vector<Possible>, kTraffics> faults;  ///< by traffic
};

const std::vector<int> kErrors{500, 503, 503, 504, 504};
const std::vector<int> kTooMany{429};

const std::vector<BadWeather>& bad_weather() {
  static const std::vector<BadWeather> all{
      {"cut connections",
       {{{{Kind::kCut}, {Kind::kLost}, {Kind::kBroken}},
         {{Kind::kCut}, {Kind::kLost}},
         {{Kind::kCut}, {Kind::kBroken, {}, 0ms, 12}},
         {{Kind::kCut}, {Kind::kBroken, {}, 0ms, 6}}}}},
      {"errors",
       {{{{Kind::kRefused, kErrors}, {Kind::kForgotten, {504}}},
         {{Kind::kRefused, kErrors}, {Kind::kForgotten, {500, 504}}},
         {{Kind::kRefused, kErrors}},
         {{Kind::kRefused, kErrors}}}}},
      {"throttling",
       {{{{Kind::kRefused, kTooMany}},
         {{Kind::kRefused, kTooMany}},
         {{Kind::kRefused, kTooMany}},
         {{Kind::kRefused, kTooMany}}}}},
      {"delays",
       {{{{Kind::kDelayed, {}, 6s}},
         {{Kind::kDelayed, {}, 12s}},
         {{Kind::kDelayed, {}, 12s}},
         {{Kind::kDelayed, {}, 6s}}}}},
      {"stalls",
       {{{{Kind::kStalled, {}, 40s}},
         {{Kind::kStalled, {}, 40s}},
         {{Kind::kStalled, {}, 170s, 12}},  // less than the silence at which a watch reconnects
         {{Kind::kStalled, {}, 25s, 6}}}}},
      {"expired watches",
       {{{}, {}, {{Kind::kExpired}, {Kind::kExpired, {}, 0ms, 20}, {Kind::kEnded, {}, 0ms, 8}}, {}}}},
      {"broken sockets",
       {{{},
         {},
         {},
         {{Kind::kRefused, {429, 500, 503}},
          {Kind::kCut},
          {Kind::kBroken, {}, 0ms, 10},
          {Kind::kStalled, {}, 25s, 4}}}}},
      {"outages", {}},
  };
  return all;
}
constexpr std::size_t kOutages = 7;

using Random = std::mt19937_64;

double share(Random& random) { return static_cast<double>(random() >> 11U) * 0x1.0p-53; }

int up_to(Random& random, int most) { return static_cast<int>(random() % (static_cast<unsigned>(most) + 1)); }

template <class T>
const T& one_of(Random& random, const std::vector<T>& choices) {
  return choices[random() % choices.size()];
}

Fault drawn(Random& random, const Possible& possible) {
  Fault fault;
  fault.kind = possible.kind;
  if (!possible.statuses.empty()) fault.status = one_of(random, possible.statuses);
  fault.time = milliseconds{up_to(random, static_cast<int>(possible.longest.count()))};
  fault.pieces = up_to(random, possible.most_pieces);
  return fault;
}

/// A watch lives for minutes, and a socket for seconds: they meet more than a request does.
double times_more(Traffic traffic) {
  switch (traffic) {
    case Traffic::kRead:
      return 1;
    case Traffic::kChange:
      return 0.5;  // few of them are sent again
    case Traffic::kWatch:
      return 6;
    case Traffic::kSocket:
      return 2;
  }
  return 1;
}

}  // namespace

std::string_view to_text(Traffic traffic) {
  constexpr std::array<std::string_view, kTraffics> names{"read", "change", "watch", "socket"};
  return names.at(static_cast<std::size_t>(traffic));
}

std::string to_text(const Fault& fault) {
  switch (fault.kind) {
    case Kind::kNone:
      return "passes";
    case Kind::kRefused:
      return fmt::format("refused with {}", fault.status);
    case Kind::kForgotten:
      return fmt::format("done, and answered with {}", fault.status);
    case Kind::kCut:
      return "cut before it arrived";
    case Kind::kLost:
      return "answer lost";
    case Kind::kDelayed:
      return fmt::format("delayed by {} ms", fault.time.count());
    case Kind::kStalled:
      return fmt::format("stalled for {} ms after {} pieces", fault.time.count(), fault.pieces);
    case Kind::kBroken:
      return fmt::format("broken after {} pieces", fault.pieces);
    case Kind::kEnded:
      return fmt::format("ended after {} pieces", fault.pieces);
    case Kind::kExpired:
      return fmt::format("expired after {} pieces", fault.pieces);
  }
  return {};
}

Weather::Weather(std::uint64_t seed) : seed_(seed) {
  Random random{seed};
  const std::size_t all = bad_weather().size();
  kinds_.push_back(seed % all);
  while (kinds_.size() < 3 && random() % 2 == 0)
    if (const std::size_t another = random() % all; std::count(kinds_.begin(), kinds_.end(), another) == 0)
      kinds_.push_back(another);
  rate_ = one_of(random, std::vector<double>{0.01, 0.03, 0.08});
  if (std::count(kinds_.begin(), kinds_.end(), kOutages) == 0) return;
  milliseconds at{0};
  for (int times = 1 + up_to(random, 3); times > 0; --times) {
    at += milliseconds{5'000 + up_to(random, 60'000)};
    const milliseconds length{1'000 + up_to(random, 30'000)};
    outages_.push_back({at, at + length});
    at += length;
  }
}

Fault Weather::fault(Traffic traffic, std::uint64_t n) const {
  const auto kind = static_cast<std::size_t>(traffic);
  std::seed_seq seeds{seed_, seed_ >> 32U, std::uint64_t{kind}, n};
  Random random{seeds};
  if (share(random) >= std::min(0.8, rate_ * times_more(traffic))) return {};
  std::vector<Possible> possible;
  for (const std::size_t bad : kinds_) {
    const auto& faults = bad_weather()[bad].faults.at(kind);
    possible.insert(possible.end(), faults.begin(), faults.end());
  }
  return possible.empty() ? Fault{} : drawn(random, one_of(random, possible));
}

std::string Weather::text() const {
  std::vector<std::string_view> names;
  for (const std::size_t kind : kinds_) names.push_back(bad_weather()[kind].name);
  return fmt::format("{} ({:.0f} % of requests)", fmt::join(names, ", "), rate_ * 100);
}

}  // namespace stateproof::kube::testing
