#pragma once

#include <chrono>

namespace stateproof::check {

/// How long nothing may happen before it counts as never: the controllers act within a second of an event on
/// an idle cluster and within a few on a starved one. Shorter silence before a step's time ran out proves
/// nothing.
inline constexpr std::chrono::seconds kControllerPatience{30};

/// Two watches, or a watch and a probe, may show one event this far apart. Times of different sources that
/// are closer than this are not compared.
inline constexpr std::chrono::seconds kSkew{5};

}  // namespace stateproof::check
