#include "harness/kube/url.h"

namespace stateproof::kube {
namespace {

constexpr std::string_view kDigits = "0123456789ABCDEF";

// Not std::isalnum: that one depends on the locale.
bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

}  // namespace

std::string percent_encoded(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (is_unreserved(c)) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += '%';
      out += kDigits[byte >> 4U];
      out += kDigits[byte & 0xFU];
    }
  }
  return out;
}

Query& Query::add(std::string_view name, std::string_view value) {
  text_ += text_.empty() ? '?' : '&';
  text_ += percent_encoded(name);
  text_ += '=';
  text_ += percent_encoded(value);
  return *this;
}

Query& Query::add_if_set(std::string_view name, std::string_view value) {
  return value.empty() ? *this : add(name, value);
}

}  // namespace stateproof::kube
