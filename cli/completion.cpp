#include "cli/completion.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace stateproof::cli {
namespace {

std::string in_quotes(std::string_view text) {
  std::string all = "'";
  for (const char c : text) all += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return all + "'";
}

std::string words_of(const std::vector<std::string>& words) {
  return fmt::format("{}", fmt::join(words, " "));
}

/// What a shell's list of candidates has room for.
std::string first_words(const std::string& text) {
  std::string line = text.substr(0, text.find_first_of("(;:\n"));
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

/// Of a shell's case: the words that lead from one command to another.
std::string ways(const Command& root, std::string_view separator) {
  std::vector<std::string> paths;
  for (const Command* command : all_commands(root))
    if (command != &root) paths.push_back(in_quotes(command->path));
  return fmt::format("{}", fmt::join(paths, separator));
}

std::string bash(const Command& root) {
  std::vector<std::string> anything;
  std::string values;
  std::string words;
  for (const Command* command : all_commands(root)) {
    std::vector<std::string> offered;
    for (const Command& below : command->commands) offered.push_back(below.word());
    for (const CommandOption& option : command->options) {
      offered.insert(offered.end(), option.names.begin(), option.names.end());
      if (!option.takes_value) continue;
      for (const std::string& name : option.names) {
        const std::string asked = in_quotes(command->path + " " + name);
        if (option.choices.empty())
          anything.push_back(asked);
        else
          values += fmt::format("    {}) words={} ;;\n", asked, in_quotes(words_of(option.choices)));
      }
    }
    for (const CommandOption& argument : command->arguments)
      offered.insert(offered.end(), argument.choices.begin(), argument.choices.end());
    words += fmt::format("    {}) words={} ;;\n", in_quotes(command->path), in_quotes(words_of(offered)));
  }
  values += fmt::format("    {}) words= ;;\n", fmt::join(anything, " | "));
  return fmt::format(R"(# bash completion of stateproof
_stateproof() {{
  local at=stateproof word words
  for word in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
    case "$at $word" in
    {}) at="$at $word" ;;
    esac
  done
  case "$at ${{COMP_WORDS[COMP_CWORD-1]}}" in
{}    *)
      case $at in
{}      esac
      ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "${{COMP_WORDS[COMP_CWORD]}}")
}}
complete -o default -F _stateproof stateproof
)",
                     ways(root, " | "), values, words);
}

std::string zsh(const Command& root) {
  std::string values;
  std::string words;
  const auto entry = [](const std::string& name, const std::string& text) {
    return in_quotes(name + ":" + first_words(text));
  };
  for (const Command* command : all_commands(root)) {
    std::vector<std::string> commands;
    std::vector<std::string> options;
    std::vector<std::string> choices;
    for (const Command& below : command->commands) commands.push_back(entry(below.word(), below.text));
    for (const CommandOption& option : command->options) {
      for (const std::string& name : option.names) options.push_back(entry(name, option.text));
      if (!option.takes_value) continue;
      std::vector<std::string> asked;
      for (const std::string& name : option.names) asked.push_back(in_quotes(command->path + " " + name));
      values += fmt::format(
          "    {}) {} ;;\n", fmt::join(asked, " | "),
          option.choices.empty() ? "_files" : fmt::format("compadd {}", fmt::join(option.choices, " ")));
    }
    for (const CommandOption& argument : command->arguments)
      choices.insert(choices.end(), argument.choices.begin(), argument.choices.end());
    words += fmt::format("    {})\n      commands=({})\n      options=({})\n      choices=({})\n      ;;\n",
                         in_quotes(command->path), fmt::join(commands, " "), fmt::join(options, " "),
                         fmt::join(choices, " "));
  }
  return fmt::format(R"(#compdef stateproof
_stateproof() {{
  local at=stateproof word
  local -a commands options choices
  for word in ${{words[2,CURRENT-1]}}; do
    case "$at $word" in
    {}) at="$at $word" ;;
    esac
  done
  case "$at ${{words[CURRENT-1]}}" in
{}    *)
      case $at in
{}      esac
      (( $#commands )) && _describe command commands
      (( $#choices )) && compadd -- $choices
      if [[ ${{words[CURRENT]}} = -* ]]; then
        _describe option options
      elif (( ! $#commands )); then
        _files
      fi
      ;;
  esac
}}
if [ "$funcstack[1]" = _stateproof ]; then _stateproof "$@"; else compdef _stateproof stateproof; fi
)",
                     ways(root, " | "), values, words);
}

std::string fish(const Command& root) {
  std::string lines;
  for (const Command* command : all_commands(root)) {
    const std::string here =
        fmt::format("complete -c stateproof -n {}",
                    in_quotes(fmt::format("test (__stateproof_at) = \"{}\"", command->path)));
    for (const Command& below : command->commands)
      lines += fmt::format("{} -f -a {} -d {}\n", here, below.word(), in_quotes(first_words(below.text)));
    for (const CommandOption& option : command->options) {
      lines += here;
      for (const std::string& name : option.names)
        lines += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
      if (!option.choices.empty())
        lines += fmt::format(" -x -a {}", in_quotes(words_of(option.choices)));
      else if (option.takes_value)
        lines += " -r";
      lines += fmt::format(" -d {}\n", in_quotes(first_words(option.text)));
    }
    for (const CommandOption& argument : command->arguments)
      if (!argument.choices.empty())
        lines += fmt::format("{} -f -a {}\n", here, in_quotes(words_of(argument.choices)));
  }
  return fmt::format(R"(# fish completion of stateproof
function __stateproof_at
    set -l at stateproof
    for word in (commandline -opc)[2..]
        switch "$at $word"
            case {}
                set at "$at $word"
        end
    end
    echo $at
end
{})",
                     ways(root, " "), lines);
}

}  // namespace

std::string completion(const Command& root, std::string_view shell) {
  if (shell == "zsh") return zsh(root);
  if (shell == "fish") return fish(root);
  return bash(root);
}

}  // namespace stateproof::cli
