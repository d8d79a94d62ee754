#include "cli/command_tree.h"

#include <CLI/CLI.hpp>

namespace stateproof::cli {
namespace {

/// "TEXT:{quick,conformance}" has two.
std::vector<std::string> choices_in(const std::string& type) {
  const auto open = type.find('{');
  const auto close = type.find('}');
  if (open == std::string::npos || close == std::string::npos) return {};
  return CLI::detail::split(type.substr(open + 1, close - open - 1), ',');
}

CommandOption option_of(const CLI::Option& given) {
  CommandOption option;
  for (const std::string& name : given.get_lnames()) option.names.push_back("--" + name);
  for (const std::string& name : given.get_snames()) option.names.push_back("-" + name);
  if (given.get_positional()) option.names = {given.get_name(true)};
  option.text = given.get_description();
  option.variable = given.get_envname();
  option.takes_value = given.get_expected_min() > 0 && given.get_type_size() != 0;
  option.choices = choices_in(given.get_type_name());
  return option;
}

void gather(const Command& command, std::vector<const Command*>& all) {
  all.push_back(&command);
  for (const Command& below : command.commands) gather(below, all);
}

}  // namespace

std::string Command::word() const { return path.substr(path.rfind(' ') + 1); }

Command command_tree(CLI::App& app, const std::string& path) {
  Command command{path, app.get_description(), {}, {}, {}};
  for (const CLI::Option* given : app.get_options()) {
    if (given->get_group().empty()) continue;
    (given->get_positional() ? command.arguments : command.options).push_back(option_of(*given));
  }
  for (CLI::App* below : app.get_subcommands([](CLI::App*) { return true; })) {
    if (below->get_group().empty() || below->get_description().empty()) continue;
    command.commands.push_back(command_tree(*below, path + " " + below->get_name()));
  }
  return command;
}

std::vector<const Command*> all_commands(const Command& root) {
  std::vector<const Command*> all;
  gather(root, all);
  return all;
}

}  // namespace stateproof::cli
