#pragma once

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace stateproof::cli {

struct CommandOption {
  std::vector<std::string> names;  ///< with their hyphens, the long ones first; an argument's is its word
  std::string text;                ///< what --help says of it
  std::string variable;            ///< of the environment, which stands in for it; may be empty
  bool takes_value = false;
  std::vector<std::string> choices;  ///< all the values that there are; empty: any
};

/// A command as its users know it; what --help hides is left out.
struct Command {
  std::string path;  ///< for example "stateproof gate begin"
  std::string text;
  std::vector<CommandOption> options;
  std::vector<CommandOption> arguments;
  std::vector<Command> commands;

  /// Its last word.
  [[nodiscard]] std::string word() const;
};

/// `path`: of the program itself, "stateproof".
Command command_tree(CLI::App& app, const std::string& path);

/// The command and all below it, each before those below it.
std::vector<const Command*> all_commands(const Command& root);

}  // namespace stateproof::cli
