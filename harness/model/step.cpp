#include "harness/model/step.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace stateproof {
namespace {

using nlohmann::json;

/// More than any cluster has pods, and than any set waits seconds.
constexpr std::int64_t kMost = 1'000'000;

[[noreturn]] void refuse(const Task& task, const char* key, const char* demand) {
  throw UnfitStep(fmt::format("step \"{}\": \"{}\" is not {}", task.name(), key, demand));
}

bool is_count(const json& value) {
  return value.is_number_unsigned() ? value.get<std::uint64_t>() <= static_cast<std::uint64_t>(kMost)
                                    : value.is_number_integer() && value.get<std::int64_t>() >= 0 &&
                                          value.get<std::int64_t>() <= kMost;
}

template <class Predicate>
bool all_are(const json& values, Predicate predicate) {
  if (!values.is_array()) return false;
  for (const json& value : values)
    if (!predicate(value)) return false;
  return true;
}

constexpr const char* kCount = "a whole number from 0 to 1000000";

Answer answer_of(const Task& task, const char* key, const json& told) {
  const auto code = told.is_object() ? told.find("code") : told.end();
  if (!told.is_object() || (code != told.end() && !is_count(*code))) refuse(task, key, "answers by claim");
  const auto message = told.find("message");
  if (message != told.end() && !message->is_string()) refuse(task, key, "answers by claim");
  return {code == told.end() ? 0 : code->get<int>(),
          message == told.end() ? std::string{} : message->get<std::string>()};
}

}  // namespace

Task Task::recorded(std::string name, const json& args) {
  return {std::move(name), std::make_shared<const json>(args)};
}

const json& Task::args() const {
  static const json none = json::object();
  return args_ == nullptr ? none : *args_;
}

bool StepReader::has(const char* key) const { return task_.args().contains(key); }

const json* StepReader::find(const char* key) const {
  const json& args = task_.args();
  const auto found = args.is_object() ? args.find(key) : args.end();
  if (found != args.end()) return &*found;
  if (missing_ == Missing::kRefused)
    throw UnfitStep(fmt::format("step \"{}\" has no \"{}\"", task_.name(), key));
  return nullptr;
}

void StepReader::operator()(const char* key, int& value) const {
  const json* told = find(key);
  if (told == nullptr) return;
  if (!is_count(*told)) refuse(task_, key, kCount);
  value = told->get<int>();
}

void StepReader::operator()(const char* key, std::string& value) const {
  const json* told = find(key);
  if (told == nullptr) return;
  if (!told->is_string()) refuse(task_, key, "text");
  value = told->get<std::string>();
}

void StepReader::operator()(const char* key, std::vector<int>& value) const {
  const json* told = find(key);
  if (told == nullptr) return;
  if (!all_are(*told, is_count)) refuse(task_, key, "a list of whole numbers from 0 to 1000000");
  value = told->get<std::vector<int>>();
}

void StepReader::operator()(const char* key, std::vector<std::string>& value) const {
  const json* told = find(key);
  if (told == nullptr) return;
  if (!all_are(*told, [](const json& one) { return one.is_string(); })) refuse(task_, key, "a list of texts");
  value = told->get<std::vector<std::string>>();
}

void StepReader::operator()(const char* key, std::map<std::string, Answer>& value) const {
  const json* told = find(key);
  if (told == nullptr) return;
  if (!told->is_object()) refuse(task_, key, "answers by claim");
  for (const auto& [of, answer] : told->items()) value[of] = answer_of(task_, key, answer);
}

void StepReader::operator()(const char* key, Json& value) const {
  if (has(key)) value = std::make_shared<const json>(*find(key));
}

StepWriter::StepWriter() : args_(std::make_shared<json>(json::object())) {}

void StepWriter::operator()(const char* key, int value) { (*args_)[key] = value; }
void StepWriter::operator()(const char* key, const std::string& value) { (*args_)[key] = value; }
void StepWriter::operator()(const char* key, const std::vector<int>& value) { (*args_)[key] = value; }
void StepWriter::operator()(const char* key, const std::vector<std::string>& value) { (*args_)[key] = value; }

void StepWriter::operator()(const char* key, const std::map<std::string, Answer>& value) {
  json answers = json::object();
  for (const auto& [of, answer] : value) {
    answers[of] = {{"code", answer.code}};
    if (!answer.message.empty()) answers[of]["message"] = answer.message;
  }
  (*args_)[key] = std::move(answers);
}

void StepWriter::operator()(const char* key, const Json& value) {
  if (value != nullptr) (*args_)[key] = *value;
}

}  // namespace stateproof
