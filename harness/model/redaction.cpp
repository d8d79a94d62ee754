#include "harness/model/redaction.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace stateproof {
namespace {

using nlohmann::json;

constexpr std::array<std::string_view, 17> kSecretWords{
    "password",   "passwd",      "passphrase", "passcode",   "secret",        "token",
    "credential", "apikey",      "api-key",    "accesskey",  "access-key",    "private-key",
    "privatekey", "signing-key", "master-key", "client-key", "encryption-key"};
// Part of many a word, so only at the end and by themselves: DB_PASS, dbPass, MYSQL_PWD.
constexpr std::array<std::string_view, 6> kSecretEndings{"pass", "pwd", "pw", "auth", "cred", "creds"};
constexpr std::array<std::string_view, 9> kTokenBeginnings{
    "eyJ", "LS0tLS1CRUdJTi", "ghp_", "gho_", "github_pat_", "glpat-", "xoxb-", "xoxp-", "AKIA"};
constexpr std::array<std::string_view, 6> kSchemes{"basic",     "bearer", "digest",
                                                   "negotiate", "token",  "apikey"};
// Directives of configuration files whose value follows a blank.
constexpr std::array<std::string_view, 3> kDirectives{"requirepass", "masterauth", "masteruser"};
constexpr std::array<std::string_view, 2> kClients{"mysql", "mariadb"};
constexpr std::string_view kLastApplied = "kubectl.kubernetes.io/last-applied-configuration";
constexpr std::string_view kBegin = "-----BEGIN ";
constexpr std::string_view kPrivate = "PRIVATE KEY";
constexpr std::string_view kEnd = "-----END ";
// Shorter ones are words.
constexpr std::size_t kShortestToken = 20;

// Names are written in many ways: API_KEY, apiKey, api-key.
char folded(char c) {
  return c == '_' || c == '.' ? '-' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
}

std::string folded(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(), [](char c) { return folded(c); });
  return result;
}

bool is_upper(char c) { return std::isupper(static_cast<unsigned char>(c)) != 0; }

/// The last part of a name: PASS of DB_PASS, Pass of dbPass.
std::string last_part(std::string_view name) {
  std::size_t begin = name.find_last_of("_-.");
  begin = begin == std::string_view::npos ? 0 : begin + 1;
  for (std::size_t at = name.size(); at > begin + 1; --at)
    if (is_upper(name[at - 1]) && !is_upper(name[at - 2])) {
      begin = at - 1;
      break;
    }
  return folded(name.substr(begin));
}

template <std::size_t N>
bool has_any(const std::array<std::string_view, N>& words, std::string_view text) {
  return std::any_of(words.begin(), words.end(),
                     [text](std::string_view word) { return text.find(word) != std::string_view::npos; });
}

template <std::size_t N>
bool is_any(const std::array<std::string_view, N>& words, std::string_view text) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

bool is_secret_name(std::string_view name) {
  const std::string plain = folded(name);
  // Where it is, not what it is: PASSWORD_FILE, secretName.
  for (const char* place : {"file", "path", "name"})
    if (plain.ends_with(place)) return false;
  return has_any(kSecretWords, plain) || is_any(kSecretEndings, last_part(name));
}

bool is_blank(char c) { return c == ' ' || c == '\t'; }
bool is_line_end(char c) { return c == '\n' || c == '\r'; }
bool is_quote(char c) { return c == '"' || c == '\'' || c == '`'; }
bool is_name(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-'; }
bool is_token(char c) { return is_name(c) || c == '.' || c == '+' || c == '/' || c == '='; }
bool closes(char c) { return c == ',' || c == ';' || c == ')' || c == '}' || c == ']'; }
bool ends_value(char c) { return is_blank(c) || is_line_end(c) || is_quote(c); }

template <class Is>
std::size_t skip(std::string_view text, std::size_t at, Is is) {
  while (at < text.size() && is(text[at])) ++at;
  return at;
}

/// So far is looked for what makes a word a secret, so that a text without blanks is not read again and
/// again.
constexpr std::size_t kFar = 4096;

std::string_view near(std::string_view text, std::size_t at) { return text.substr(0, at + kFar); }

/// Tells of a value and is none: a variable, a yes or no, a folder (PWD=/).
bool is_harmless(std::string_view value) {
  const std::string plain = folded(value);
  return value.empty() || value.front() == '$' || value.front() == '/' || value == kRedacted ||
         plain == "yes" || plain == "no" || plain == "true" || plain == "false" || plain == "null" ||
         plain == "none";
}

/// What is to be taken out; empty when nothing is.
struct Span {
  std::size_t begin = 0;
  std::size_t end = 0;
  [[nodiscard]] bool is_empty() const { return end <= begin; }
};

/// After an opening quote, which may itself be escaped: up to the one that closes it, or the end of the line.
Span quoted(std::string_view text, std::size_t at) {
  const bool escaped = text[at] == '\\';
  const std::size_t quote_at = skip(text, at, [](char c) { return c == '\\'; });
  const char quote = text[quote_at];
  const std::size_t begin = quote_at + 1;
  std::size_t end = begin;
  while (end < text.size() && text[end] != quote && !is_line_end(text[end])) {
    if (text[end] != '\\') {
      ++end;
    } else if (escaped) {
      break;
    } else {
      end = std::min(end + 2, text.size());
    }
  }
  return {begin, end};
}

bool opens_quote(std::string_view text, std::size_t at) {
  const std::size_t quote = skip(text, at, [](char c) { return c == '\\'; });
  return quote < text.size() && is_quote(text[quote]);
}

/// A value that begins here, in quotes or up to a blank. What closes a list belongs to it when more follows.
Span value_at(std::string_view text, std::size_t at) {
  if (opens_quote(text, at)) return quoted(text, at);
  std::size_t end = skip(text, at, [](char c) { return !ends_value(c); });
  while (end > at && (closes(text[end - 1]) || text[end - 1] == '\\')) --end;
  return {at, end};
}

Span value_after(std::string_view text, std::size_t name_end) {
  std::size_t at = name_end;
  if (opens_quote(text, at)) at = skip(text, at, [](char c) { return c == '\\'; }) + 1;
  at = skip(text, at, is_blank);
  if (at < text.size() && text[at] == '(' && opens_quote(text, at + 1)) return quoted(text, at + 1);
  if (at >= text.size() || (text[at] != ':' && text[at] != '=')) return {};
  return value_at(text, skip(text, at + 1, [](char c) { return is_blank(c) || c == '='; }));
}

/// --password WORD
Span option_value(std::string_view text, std::string_view word, std::size_t word_end) {
  if (!word.starts_with('-') || word_end >= text.size() || !is_blank(text[word_end])) return {};
  const Span value = value_at(text, skip(text, word_end, is_blank));
  return value.is_empty() || text[value.begin] == '-' ? Span{} : value;
}

std::string_view line_before(std::string_view text, std::size_t at) {
  const std::size_t from = at < kFar ? 0 : at - kFar;
  const std::string_view before = text.substr(from, at - from);
  const std::size_t begin = before.find_last_of("\n\r");
  return begin == std::string_view::npos ? before : before.substr(begin);
}

bool begins_word(std::string_view text, std::size_t at) {
  return at == 0 || is_blank(text[at - 1]) || is_quote(text[at - 1]) || is_line_end(text[at - 1]);
}

/// -pWORD, where a database client stands before it.
Span client_password(std::string_view text, std::size_t at) {
  if (!text.substr(at).starts_with("-p") || !begins_word(text, at)) return {};
  if (!has_any(kClients, folded(line_before(text, at)))) return {};
  const Span value = value_at(text, at + 2);
  return value.is_empty() || text[value.begin] == '$' ? Span{} : value;
}

/// -u NAME:WORD, --user NAME:WORD
Span user_option(std::string_view text, std::string_view word, std::size_t word_end) {
  if (word != "-u" && word != "--user") return {};
  const Span value = option_value(text, word, word_end);
  const std::size_t colon = text.substr(0, value.end).find(':', value.begin);
  return value.is_empty() || colon == std::string_view::npos ? Span{} : Span{colon + 1, value.end};
}

/// IDENTIFIED BY 'x', IDENTIFIED VIA y USING 'x': whatever is quoted in the rest of the line.
Span identified(std::string_view text, std::string_view word, std::size_t word_end) {
  if (folded(word) != "identified") return {};
  const std::size_t line_end =
      skip(near(text, word_end), word_end, [](char c) { return !is_line_end(c) && c != ';'; });
  const std::size_t quote = text.substr(0, line_end).find_first_of("'\"", word_end);
  return quote == std::string_view::npos ? Span{} : quoted(text, quote);
}

/// Authorization: SCHEME x, and all that follows in the line.
Span authorization(std::string_view text, std::string_view word, std::size_t word_end) {
  if (!folded(word).ends_with("authorization")) return {};
  std::size_t at = skip(text, word_end, [](char c) { return is_quote(c) || is_blank(c) || c == '\\'; });
  if (at >= text.size() || (text[at] != ':' && text[at] != '=')) return {};
  at = skip(text, at + 1, [](char c) { return is_quote(c) || is_blank(c) || c == '\\' || c == '['; });
  const std::size_t scheme_end = skip(text, at, is_name);
  if (is_any(kSchemes, folded(text.substr(at, scheme_end - at)))) at = skip(text, scheme_end, is_blank);
  const std::size_t end = skip(text, at, [](char c) { return !is_line_end(c) && !is_quote(c) && c != '\\'; });
  return text.substr(at, end - at) == kRedacted ? Span{} : Span{at, end};
}

Span bearer(std::string_view text, std::string_view word, std::size_t word_end) {
  const std::string scheme = folded(word);
  if (scheme != "bearer" && scheme != "basic") return {};
  const std::size_t begin = skip(text, word_end, is_blank);
  const std::size_t end = skip(text, begin, is_token);
  return end - begin >= kShortestToken ? Span{begin, end} : Span{};
}

/// A token that is known by how it begins.
Span known_token(std::string_view text, std::size_t at) {
  const std::string_view rest = text.substr(at);
  if (std::none_of(kTokenBeginnings.begin(), kTokenBeginnings.end(),
                   [rest](std::string_view beginning) { return rest.starts_with(beginning); }))
    return {};
  const std::size_t end = skip(text, at, is_token);
  return end - at >= kShortestToken ? Span{at, end} : Span{};
}

Span directive(std::string_view text, std::string_view word, std::size_t word_end) {
  if (!is_any(kDirectives, folded(word))) return {};
  return value_at(text, skip(text, word_end, is_blank));
}

/// The body of a private key, as far as it goes.
Span private_key(std::string_view text, std::size_t at) {
  if (!text.substr(at).starts_with(kBegin)) return {};
  const std::size_t label_end = text.find("-----", at + kBegin.size());
  if (label_end == std::string_view::npos) return {};
  if (text.substr(at, label_end - at).find(kPrivate) == std::string_view::npos) return {};
  const std::size_t begin = label_end + 5;
  return {begin, std::min(text.find(kEnd, begin), text.size())};
}

/// "user:word" of "scheme://user:word@host" and of "user:word@tcp(host)".
Span user_part(std::string_view text, std::size_t at) {
  if (!text.substr(at).starts_with("://")) return {};
  const std::size_t begin = at + 3;
  const std::size_t end = skip(near(text, begin), begin,
                               [](char c) { return !ends_value(c) && c != '/' && c != '?' && c != '#'; });
  const std::size_t host = text.substr(0, end).rfind('@');
  if (host == std::string_view::npos || host < begin) return {};
  const std::string_view user = text.substr(begin, host - begin);
  const bool tells = user.find(':') != std::string_view::npos || user.size() >= kShortestToken;
  return tells ? Span{begin, host} : Span{};
}

Span data_source(std::string_view text, std::size_t word_end) {
  if (word_end >= text.size() || text[word_end] != ':') return {};
  const std::size_t end =
      skip(near(text, word_end), word_end + 1, [](char c) { return !ends_value(c) && c != '@'; });
  const std::string_view rest = text.substr(std::min(end, text.size()));
  return rest.starts_with("@tcp(") || rest.starts_with("@unix(") ? Span{word_end + 1, end} : Span{};
}

/// After the name of something secret.
Span named(std::string_view text, std::string_view word, std::size_t word_end) {
  if (!is_secret_name(word)) return {};
  Span value = value_after(text, word_end);
  if (value.is_empty()) value = option_value(text, word, word_end);
  return is_harmless(text.substr(value.begin, value.end - value.begin)) ? Span{} : value;
}

/// A word of a text, and where it stands.
struct Word {
  std::string_view text;
  std::size_t begin = 0;
  std::size_t end = 0;
  [[nodiscard]] std::string_view word() const { return text.substr(begin, end - begin); }
};

/// What is to be taken out at this word.
Span secret_at(const Word& at) {
  using Rule = Span (*)(const Word&);
  static constexpr std::array<Rule, 10> kRules{
      [](const Word& w) { return private_key(w.text, w.begin); },
      [](const Word& w) { return known_token(w.text, w.begin); },
      [](const Word& w) { return client_password(w.text, w.begin); },
      [](const Word& w) { return authorization(w.text, w.word(), w.end); },
      [](const Word& w) { return bearer(w.text, w.word(), w.end); },
      [](const Word& w) { return identified(w.text, w.word(), w.end); },
      [](const Word& w) { return user_option(w.text, w.word(), w.end); },
      [](const Word& w) { return directive(w.text, w.word(), w.end); },
      [](const Word& w) { return data_source(w.text, w.end); },
      [](const Word& w) { return named(w.text, w.word(), w.end); }};
  for (const Rule rule : kRules)
    if (const Span found = rule(at); !found.is_empty()) return found;
  return {};
}

enum class Variables { kByName, kAll };

class ObjectRedaction {
 public:
  explicit ObjectRedaction(Variables variables) : variables_(variables) {}

  void redact(json& value) const {
    if (value.is_string()) value = redacted_text(value.get_ref<const std::string&>());
    if (value.is_object()) redact_object(value);
    if (value.is_array()) redact_array(value);
  }

 private:
  void redact_object(json& object) const {
    object.erase("managedFields");
    object.erase(std::string{kLastApplied});
    if (is_named_value(object) && is_secret_name(object["name"].get_ref<const std::string&>()))
      object["value"] = kRedacted;
    if (object.contains("env")) redact_variables(object["env"]);
    redact_command_line(object);
    for (const char* part : {"data", "stringData", "binaryData", "annotations"})
      if (object.contains(part)) redact_named(object[part]);
    for (auto& [name, value] : object.items()) redact(value);
  }

  // The word after an option may stand in an item of its own.
  void redact_array(json& items) const {
    for (std::size_t i = 0; i + 1 < items.size(); ++i)
      if (items[i].is_string() && items[i + 1].is_string() &&
          is_option(items[i].get_ref<const std::string&>()) &&
          !is_harmless(items[i + 1].get_ref<const std::string&>()))
        items[i + 1] = kRedacted;
    for (json& one : items) redact(one);
  }

  void redact_variables(json& variables) const {
    if (variables_ != Variables::kAll || !variables.is_array()) return;
    for (json& variable : variables)
      if (variable.is_object() && variable.contains("value")) variable["value"] = kRedacted;
  }

  /// -pWORD of a container whose image, command or arguments name a database client.
  static void redact_command_line(json& container) {
    bool is_client = false;
    for (const char* part : {"image", "command", "args"})
      if (container.contains(part))
        is_client =
            is_client ||
            has_any(kClients, folded(container[part].dump(-1, ' ', false, json::error_handler_t::replace)));
    if (!is_client) return;
    for (const char* part : {"command", "args"})
      if (container.contains(part) && container[part].is_array())
        for (json& item : container[part])
          if (item.is_string() && is_password_option(item.get_ref<const std::string&>()))
            item = "-p" + std::string{kRedacted};
  }

  static bool is_password_option(std::string_view item) {
    return item.size() > 2 && item.starts_with("-p") && item[2] != '$' &&
           item.find(' ') == std::string_view::npos;
  }

  static bool is_option(std::string_view item) {
    return item.starts_with('-') && item.find_first_of("= ") == std::string_view::npos &&
           is_secret_name(item);
  }

  static bool is_named_value(const json& object) {
    return object.contains("name") && object["name"].is_string() && object.contains("value") &&
           object["value"].is_string();
  }

  static void redact_named(json& values) {
    if (!values.is_object()) return;
    for (auto& [name, value] : values.items())
      if (value.is_string() && is_secret_name(name)) value = kRedacted;
  }

  Variables variables_;
};

}  // namespace

std::string redacted_text(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  std::size_t kept = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t word_end = skip(text, at, is_name);
    const Span secret = word_end > at ? secret_at({text, at, word_end}) : user_part(text, at);
    if (!secret.is_empty()) {
      result += text.substr(kept, secret.begin - kept);
      result += kRedacted;
      kept = secret.end;
    }
    at = std::max({at + 1, word_end, secret.end});
  }
  result += text.substr(kept);
  return result;
}

json redacted_object(json object) {
  ObjectRedaction(Variables::kByName).redact(object);
  return object;
}

json discreet_object(json object) {
  ObjectRedaction(Variables::kAll).redact(object);
  return object;
}

}  // namespace stateproof
