#include "harness/diagnosis/shell.h"

#include <algorithm>

namespace stateproof::diagnosis {
namespace {

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view{"_@%+=:,./-"}.find(c) != std::string_view::npos;
}

bool is_placeholder(std::string_view word) {
  return word.size() > 2 && word.front() == '<' && word.back() == '>' &&
         word.find_first_of("'\"`$;&|\n") == std::string_view::npos;
}

}  // namespace

std::string shell_word(std::string_view word) {
  if (is_placeholder(word)) return std::string{word};
  if (!word.empty() && std::all_of(word.begin(), word.end(), is_plain)) return std::string{word};
  std::string out = "'";
  for (const char c : word) out += c == '\'' ? std::string{"'\\''"} : std::string{c};
  return out + "'";
}

std::string command_line(const std::vector<std::string>& words) {
  std::string line;
  for (const std::string& word : words) line += (line.empty() ? "" : " ") + shell_word(word);
  return line;
}

std::string create_command(const std::string& ns, const nlohmann::json& object) {
  std::vector<std::string> words{"kubectl"};
  if (!ns.empty()) words.insert(words.end(), {"-n", ns});
  words.insert(words.end(), {"create", "-f", "-"});
  return "printf %s " + shell_word(object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)) +
         " | " + command_line(words);
}

}  // namespace stateproof::diagnosis
