#include "suites/scenarios/clients/payload.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>
#include <random>

namespace stateproof::scenarios {

std::string payload_of(const std::string& key, std::size_t bytes) {
  std::seed_seq seed(key.begin(), key.end());
  std::mt19937_64 random(seed);
  std::string payload;
  while (payload.size() < bytes) payload += fmt::format("{:016x}", random());
  return payload;
}

std::string sha256_hex(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr);
  std::string hex;
  for (unsigned i = 0; i < size; ++i) hex += fmt::format("{:02x}", digest[i]);
  return hex;
}

}  // namespace stateproof::scenarios
