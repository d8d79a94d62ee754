#include "harness/workload/contract.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <charconv>
#include <functional>

#include "harness/workload/yaml.h"

namespace stateproof::workload {
namespace {

using nlohmann::json;

/// Longer than any step may take.
constexpr int kLongest = 86'400;
constexpr int kLargestOrdinal = 1'000'000;

/// What is wrong with a value.
struct Wrong : std::runtime_error {
  using std::runtime_error::runtime_error;
};

std::string text(const json& value) {
  if (!value.is_string() || value.get<std::string>().empty()) throw Wrong("must be a text that is not empty");
  return value;
}

bool flag(const json& value) {
  if (!value.is_boolean()) throw Wrong("must be true or false");
  return value;
}

std::chrono::seconds limit(const json& value) {
  if (!value.is_number_integer() || value < 1 || value > kLongest)
    throw Wrong(fmt::format("must be a number of seconds from 1 to {}", kLongest));
  return std::chrono::seconds{value.get<int>()};
}

void take_writers(const json& value, Contract& contract) {
  if (value == "all" || value == "leader") {
    contract.writers = value == "all" ? Contract::Writers::kAll : Contract::Writers::kLeader;
    return;
  }
  if (!value.is_number_integer() || value < 0 || value > kLargestOrdinal)
    throw Wrong("must be all, leader, or an ordinal");
  contract.writers = Contract::Writers::kOrdinal;
  contract.writer = value;
}

void take_records(const json& value, Contract& contract) {
  if (value != "everywhere" && value != "own") throw Wrong("must be everywhere or own");
  contract.own_records = value == "own";
}

using Take = std::function<void(const json&, Contract&)>;

const std::map<std::string, Take>& keys() {
  static const std::map<std::string, Take> known{
      {"statefulset", [](const json& value, Contract& to) { to.set = text(value); }},
      {"container", [](const json& value, Contract& to) { to.container = text(value); }},
      {"write", [](const json& value, Contract& to) { to.write = text(value); }},
      {"read", [](const json& value, Contract& to) { to.read = text(value); }},
      {"leader", [](const json& value, Contract& to) { to.leader = text(value); }},
      {"kill", [](const json& value, Contract& to) { to.kill = text(value); }},
      {"position", [](const json& value, Contract& to) { to.position = text(value); }},
      {"writers", take_writers},
      {"records", take_records},
      {"volatile", [](const json& value, Contract& to) { to.volatile_data = flag(value); }},
      {"atLeastOnce", [](const json& value, Contract& to) { to.at_least_once = flag(value); }},
      {"limits/ready", [](const json& value, Contract& to) { to.limits.ready = limit(value); }},
      {"limits/recover", [](const json& value, Contract& to) { to.limits.recover = limit(value); }},
      {"limits/write", [](const json& value, Contract& to) { to.limits.write = limit(value); }},
      {"limits/read", [](const json& value, Contract& to) { to.limits.read = limit(value); }},
  };
  return known;
}

class Reading {
 public:
  Reading(const SourceFile& source, const Document& document) : source_(source), document_(document) {}

  Contract read() {
    if (!document_.value.is_object()) refuse("", "it must be a map of keys and values");
    contract_.file = source_.name;
    for (const auto& [key, value] : document_.value.items()) {
      if (key != "limits") {
        take(key, value);
        continue;
      }
      if (!value.is_object()) refuse(key, "limits must be a map of time limits in seconds");
      for (const auto& [name, limit] : value.items()) take("limits/" + name, limit);
    }
    demand_sense();
    return std::move(contract_);
  }

 private:
  [[noreturn]] void refuse(const std::string& key, const std::string& why) const {
    throw Wrong(
        fmt::format("{}:{}: {}.", source_.name, document_.line_of(key.empty() ? "" : "/" + key), why));
  }

  void take(const std::string& key, const json& value) {
    const auto known = keys().find(key);
    if (known == keys().end())
      refuse(key, fmt::format("there is no key {}; the keys are {}", key, fmt::join(contract_keys(), ", ")));
    contract_.lines[key] = document_.line_of("/" + key);
    try {
      known->second(value, contract_);
    } catch (const Wrong& why) {
      refuse(key, fmt::format("{} {}", key, why.what()));
    }
  }

  /// What each key by itself does not tell.
  void demand_sense() const {
    if (contract_.write.empty() != contract_.read.empty())
      refuse(contract_.write.empty() ? "read" : "write",
             contract_.write.empty() ? "read needs write, which writes what it prints"
                                     : "write needs read, which prints every record, one a line");
    for (const char* key : {"writers", "records", "volatile", "atLeastOnce", "position"})
      if (contract_.lines.contains(key) && !contract_.has_records())
        refuse(key, fmt::format("{} says something of records, and there is no write", key));
    if (contract_.writers == Contract::Writers::kLeader && contract_.leader.empty())
      refuse("writers", "writers: leader needs leader, a command that prints the name of the pod that leads");
    if (!contract_.leader.empty() && contract_.writers != Contract::Writers::kLeader)
      refuse("leader", "leader is of no use without writers: leader");
  }

  const SourceFile& source_;
  const Document& document_;
  Contract contract_;
};

}  // namespace

std::string Contract::place_of(const std::string& key) const {
  const auto line = lines.find(key);
  return line == lines.end() ? file : fmt::format("{}:{}", file, line->second);
}

std::vector<std::string> contract_keys() {
  std::vector<std::string> names;
  for (const auto& [name, take] : keys()) names.push_back(name);
  return names;
}

tl::expected<Contract, HarnessError> read_contract(const SourceFile& source) {
  try {
    const std::vector<Document> documents = read_yaml(source.text);
    if (documents.size() != 1)
      throw Wrong(fmt::format("{}:{}: it must hold one document, and holds {}.", source.name,
                              documents.empty() ? 1 : documents.at(1).line, documents.size()));
    return Reading(source, documents.front()).read();
  } catch (const BadYaml& bad) {
    return fail(fmt::format("{}:{}: this is not YAML: {}.", source.name, bad.line, bad.what()));
  } catch (const Wrong& wrong) {
    return fail(wrong.what());
  }
}

}  // namespace stateproof::workload
