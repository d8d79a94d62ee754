#include "cli/manual.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cctype>
#include <map>

namespace stateproof::cli {
namespace {

std::string roff(std::string_view text) {
  std::string all;
  for (const char c : text) {
    if (c == '\\')
      all += "\\e";
    else if (c == '-')
      all += "\\-";
    else if (c == '\n')
      all += ' ';
    else
      all += c;
  }
  // A line that begins so would be a request.
  return all.starts_with('.') || all.starts_with('\'') ? "\\&" + all : all;
}

std::string value_of(const CommandOption& option) {
  if (!option.takes_value) return {};
  return option.choices.empty() ? " \\fIVALUE\\fR"
                                : " " + roff(fmt::format("{}", fmt::join(option.choices, "|")));
}

std::string option_text(const CommandOption& option) {
  std::vector<std::string> names;
  for (const std::string& name : option.names) names.push_back("\\fB" + roff(name) + "\\fR");
  std::string text = roff(option.text);
  if (!option.variable.empty()) text += fmt::format(" (environment: {})", roff(option.variable));
  return fmt::format(".TP\n{}{}\n{}\n", fmt::join(names, ", "), value_of(option),
                     text.empty() ? "\\&" : text);
}

std::string command_text(const Command& command) {
  std::string usage = roff(command.path);
  if (!command.commands.empty()) usage += " COMMAND";
  if (!command.options.empty()) usage += " [OPTIONS]";
  for (const CommandOption& argument : command.arguments) usage += " " + roff(argument.names.front());
  std::string text = fmt::format(".SS {}\n{}\n", usage, roff(command.text));
  for (const CommandOption& argument : command.arguments) text += option_text(argument);
  for (const CommandOption& option : command.options) text += option_text(option);
  return text;
}

}  // namespace

std::string manual(const Command& root, const std::string& version) {
  // A name's line is no sentence.
  std::string does = root.text.substr(0, root.text.find_last_not_of('.') + 1);
  does.front() = static_cast<char>(std::tolower(static_cast<unsigned char>(does.front())));
  std::string commands;
  std::map<std::string, std::string> variables;
  for (const Command* command : all_commands(root)) {
    if (command != &root) commands += command_text(*command);
    for (const CommandOption& option : command->options)
      if (!option.variable.empty()) variables.emplace(option.variable, option.names.front());
  }
  std::string environment;
  for (const auto& [variable, option] : variables)
    environment += fmt::format(".TP\n.B {}\ninstead of {}\n", roff(variable), roff(option));
  return fmt::format(R"(.TH STATEPROOF 1 "" "stateproof {0}" "User Commands"
.SH NAME
stateproof \- {1}
.SH SYNOPSIS
.B stateproof
COMMAND [OPTIONS]
.br
.B kubectl stateproof
COMMAND [OPTIONS]
.SH DESCRIPTION
It deploys a StatefulSet, records everything that the cluster does to it, and judges the recording.
.SH COMMANDS
{2}.SH EXIT STATUS
.TP
.B 0
Every promise that applies was kept; nothing is wrong.
.TP
.B 1
A promise was broken; something is wrong.
.TP
.B 2
Nothing is proved: inconclusive, or the run itself failed.
.TP
.B 64
Wrong usage.
.SH ENVIRONMENT
.TP
.B KUBECONFIG
the kubeconfig files, as for kubectl
{3}.SH SEE ALSO
.BR kubectl (1)
)",
                     roff(version), roff(does), commands, environment);
}

}  // namespace stateproof::cli
