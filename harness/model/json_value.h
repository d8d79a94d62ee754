#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>

namespace stateproof {

/// JSON that nobody changes any more, shared by whoever holds it. A header that only passes it on need not
/// know the library, which takes a second to compile.
using Json = std::shared_ptr<const nlohmann::json>;

}  // namespace stateproof
