#include "harness/evidence/redaction.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace stateproof::evidence {
namespace {

using nlohmann::json;

constexpr std::array<std::string_view, 9> kSecretWords{
    "password", "passwd", "passphrase", "secret", "token", "credential", "apikey", "api-key", "private-key"};
constexpr std::string_view kLastApplied = "kubectl.kubernetes.io/last-applied-configuration";
// Shorter ones are words.
constexpr std::size_t kShortestToken = 20;

// Names are written in many ways: API_KEY, apiKey, api-key.
char folded(char c) {
  return c == '_' ? '-' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
}

std::string folded(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(), [](char c) { return folded(c); });
  return result;
}

bool is_secret_name(std::string_view name) {
  const std::string plain = folded(name);
  // Where it is, not what it is: PASSWORD_FILE, secretName.
  for (const char* place : {"file", "path", "name"})
    if (plain.ends_with(place)) return false;
  return std::any_of(kSecretWords.begin(), kSecretWords.end(),
                     [&plain](std::string_view word) { return plain.find(word) != std::string::npos; });
}

bool is_blank(char c) { return c == ' ' || c == '\t'; }
bool is_name(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-'; }
bool is_token(char c) { return is_name(c) || c == '.' || c == '+' || c == '/' || c == '='; }
bool ends_value(char c) {
  return is_blank(c) || c == '\n' || c == '\r' || c == '"' || c == '\'' || c == ',' || c == ';' || c == ')' ||
         c == '}';
}

template <class Is>
std::size_t skip(std::string_view text, std::size_t at, Is is) {
  while (at < text.size() && is(text[at])) ++at;
  return at;
}

/// Tells of a value and is none: a variable, a yes or no.
bool is_harmless(std::string_view value) {
  const std::string plain = folded(value);
  return value.empty() || value.front() == '$' || value == kRedacted || plain == "yes" || plain == "no" ||
         plain == "true" || plain == "false";
}

/// Where the value begins and ends that the name at `at` gives; empty when it gives none.
struct Span {
  std::size_t begin = 0;
  std::size_t end = 0;
};

Span value_after(std::string_view text, std::size_t name_end) {
  std::size_t at = name_end;
  if (at < text.size() && (text[at] == '"' || text[at] == '\'')) ++at;
  at = skip(text, at, is_blank);
  if (at >= text.size() || (text[at] != ':' && text[at] != '=')) return {};
  at = skip(text, at + 1, is_blank);
  if (at < text.size() && (text[at] == '"' || text[at] == '\'')) ++at;
  const std::size_t end = skip(text, at, [](char c) { return !ends_value(c); });
  return {at, end};
}

Span bearer(std::string_view text, std::string_view word, std::size_t word_end) {
  if (folded(word) != "bearer") return {};
  const std::size_t begin = skip(text, word_end, is_blank);
  const std::size_t end = skip(text, begin, is_token);
  return end - begin >= kShortestToken ? Span{begin, end} : Span{};
}

Span web_token(std::string_view text, std::size_t at) {
  if (!text.substr(at).starts_with("eyJ")) return {};
  const std::size_t end = skip(text, at, is_token);
  return end - at >= kShortestToken ? Span{at, end} : Span{};
}

/// "user:word" of "scheme://user:word@host".
Span user_part(std::string_view text, std::size_t at) {
  if (!text.substr(at).starts_with("://")) return {};
  const std::size_t begin = at + 3;
  const std::size_t end = skip(
      text, begin, [](char c) { return !ends_value(c) && c != '/' && c != '@' && c != '?' && c != '#'; });
  const bool is_user = end < text.size() && text[end] == '@';
  return is_user && text.substr(begin, end - begin).find(':') != std::string_view::npos ? Span{begin, end}
                                                                                        : Span{};
}

/// What is to be taken out at the word that begins here.
Span secret_at(std::string_view text, std::size_t at, std::size_t word_end) {
  const std::string_view word = text.substr(at, word_end - at);
  if (const Span token = web_token(text, at); token.end > 0) return token;
  if (const Span token = bearer(text, word, word_end); token.end > 0) return token;
  if (!is_secret_name(word)) return {};
  const Span value = value_after(text, word_end);
  return is_harmless(text.substr(value.begin, value.end - value.begin)) ? Span{} : value;
}

bool is_named_value(const json& object) {
  return object.contains("name") && object["name"].is_string() && object.contains("value") &&
         object["value"].is_string();
}

void redact(json& value);

void redact_named(json& values) {
  if (!values.is_object()) return;
  for (auto& [name, value] : values.items())
    if (value.is_string() && is_secret_name(name)) value = kRedacted;
}

void redact_object(json& object) {
  object.erase("managedFields");
  object.erase(std::string{kLastApplied});
  if (is_named_value(object) && is_secret_name(object["name"].get_ref<const std::string&>()))
    object["value"] = kRedacted;
  for (const char* part : {"data", "stringData", "binaryData", "annotations"})
    if (object.contains(part)) redact_named(object[part]);
  for (auto& [name, value] : object.items()) redact(value);
}

void redact(json& value) {
  if (value.is_string()) value = redacted_text(value.get_ref<const std::string&>());
  if (value.is_object()) redact_object(value);
  if (value.is_array())
    for (json& one : value) redact(one);
}

}  // namespace

std::string redacted_text(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  std::size_t kept = 0;
  const auto take_out = [&](const Span& span) {
    result += text.substr(kept, span.begin - kept);
    result += kRedacted;
    kept = span.end;
  };
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t word_end = skip(text, at, is_name);
    const Span secret = word_end > at ? secret_at(text, at, word_end) : user_part(text, at);
    if (secret.end > 0) take_out(secret);
    at = std::max({at + 1, word_end, secret.end});
  }
  result += text.substr(kept);
  return result;
}

json redacted_object(json object) {
  redact(object);
  return object;
}

}  // namespace stateproof::evidence
