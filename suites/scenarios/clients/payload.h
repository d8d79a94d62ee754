#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace stateproof::scenarios {

/// Letters and digits of hexadecimal numbers. The same key gives the same payload, so that no copy has to be
/// kept.
std::string payload_of(const std::string& key, std::size_t bytes);

/// SHA-256 in hex.
std::string sha256_hex(std::string_view text);

}  // namespace stateproof::scenarios
