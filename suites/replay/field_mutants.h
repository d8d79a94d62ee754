#pragma once

#include <cstdint>
#include <string>

#include "harness/model/timeline.h"

namespace stateproof::replay {

/// A recording as a controller would have left it that does one thing wrong.
struct FieldMutant {
  Timeline timeline;
  std::string kind;  ///< what is wrong, without the object: "Pod spec.subdomain changed"
  std::string told;  ///< with the objects, for people
};

/// One field of what controllers write is changed, dropped or late, in all objects of a kind or in some, from
/// the beginning or from some time on; or one write is lost, repeated or comes early. Chosen by `seed`: the
/// same seed always gives the same mutant. Its timeline is empty when the recording has nothing of that kind.
FieldMutant field_mutant(const Timeline& good, std::uint64_t seed);

}  // namespace stateproof::replay
