#include "harness/model/step.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "harness/model/schema.h"

namespace stateproof {

template <>
struct schema::Fields<Answer> {
  static void of(auto& answer, auto&& field) {
    field.optional("code", answer.code);
    field.optional("message", answer.message);
  }
};

namespace {

using nlohmann::json;

/// Names the step and the field in what went wrong with it.
template <class T>
T taken(const Task& task, const char* key, const json& told) {
  try {
    return schema::read<T>(told);
  } catch (const Unfit& why) {
    throw Unfit(fmt::format("step \"{}\": \"{}\" {}", task.name(), key, why.what()));
  }
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
  if (missing_ == Missing::kRefused) throw Unfit(fmt::format("step \"{}\" has no \"{}\"", task_.name(), key));
  return nullptr;
}

void StepReader::operator()(const char* key, int& value) const {
  if (const json* told = find(key)) value = taken<int>(task_, key, *told);
}

void StepReader::operator()(const char* key, std::string& value) const {
  if (const json* told = find(key)) value = taken<std::string>(task_, key, *told);
}

void StepReader::operator()(const char* key, std::vector<int>& value) const {
  if (const json* told = find(key)) value = taken<std::vector<int>>(task_, key, *told);
}

void StepReader::operator()(const char* key, std::vector<std::string>& value) const {
  if (const json* told = find(key)) value = taken<std::vector<std::string>>(task_, key, *told);
}

void StepReader::operator()(const char* key, std::map<std::string, Answer>& value) const {
  if (const json* told = find(key)) value = taken<std::map<std::string, Answer>>(task_, key, *told);
}

void StepReader::operator()(const char* key, std::map<std::string, std::string>& value) const {
  if (const json* told = find(key)) value = taken<std::map<std::string, std::string>>(task_, key, *told);
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
  (*args_)[key] = schema::write(value);
}

void StepWriter::operator()(const char* key, const std::map<std::string, std::string>& value) {
  (*args_)[key] = value;
}

void StepWriter::operator()(const char* key, const Json& value) {
  if (value != nullptr) (*args_)[key] = *value;
}

}  // namespace stateproof
