#pragma once

#include <concepts>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "harness/model/ids.h"
#include "harness/model/json_value.h"
#include "harness/model/unfit.h"

namespace stateproof {

/// The name that a type of steps.h has in recordings. No string becomes one by accident.
struct StepName {
  std::string_view text;
  explicit constexpr StepName(std::string_view name) : text(name) {}
  friend bool operator==(StepName, StepName) = default;
};

/// One of the types in steps.h: it has a name, and `fields` gives each of its fields with the key under which
/// recordings have it.
template <class S>
concept StepType = std::same_as<decltype(S::name), const StepName>;

/// How the API server answered a request that it may refuse.
struct Answer {
  int code = 0;  ///< HTTP status; 0: not recorded
  std::string message = {};
};

/// What a scenario does: one of the types in steps.h, in the form in which recordings have it. What a
/// recording knows beyond the type, or of a type that this program does not know, is kept as it is.
class Task {
 public:
  Task() = default;
  template <StepType S>
  Task(const S& step);  // NOLINT(google-explicit-constructor): each step is a task
  /// As a recording has it; `args` is an object.
  static Task recorded(std::string name, const nlohmann::json& args);

  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const nlohmann::json& args() const;

  [[nodiscard]] bool is(StepName name) const { return name_ == name.text; }
  template <StepType S>
  [[nodiscard]] bool is() const {
    return is(S::name);
  }
  /// nullopt when it is another step. Throws Unfit when it lacks a field of S, or has another type there.
  template <StepType S>
  [[nodiscard]] std::optional<S> as() const;

 private:
  Task(std::string name, Json args) : name_(std::move(name)), args_(std::move(args)) {}
  std::string name_;
  Json args_;
};

/// Whether the task, or the step, is one of these.
template <StepType... S, class T>
[[nodiscard]] bool is_one_of(const T& step) {
  return (step.template is<S>() || ...);
}

/// A step of a scenario, so that a checker knows what was asked of the cluster. A `kBegin` is written before
/// the first request of the step: whatever the step caused stands after it in the timeline.
struct Step {
  enum class Phase { kBegin, kReached, kTimedOut, kFailed };
  Task task;
  Phase phase = Phase::kBegin;
  std::string text = {};  ///< for people; on kTimedOut and kFailed: expected, last seen, where to look

  [[nodiscard]] const std::string& name() const { return task.name(); }
  template <StepType S>
  [[nodiscard]] bool is() const {
    return task.is<S>();
  }
  template <StepType S>
  [[nodiscard]] std::optional<S> as() const {
    return task.as<S>();
  }
  [[nodiscard]] bool begins() const { return phase == Phase::kBegin; }
  template <StepType S>
  [[nodiscard]] bool begins() const {
    return begins() && is<S>();
  }
};

/// Fills a step's fields from its recorded form. Numbers are taken from 0 to a million: more than any of them
/// can mean.
class StepReader {
 public:
  enum class Missing { kRefused, kLeftOut };
  explicit StepReader(const Task& task, Missing missing = Missing::kRefused)
      : task_(task), missing_(missing) {}

  void operator()(const char* key, int& value) const;
  void operator()(const char* key, std::string& value) const;
  void operator()(const char* key, std::vector<int>& value) const;
  void operator()(const char* key, std::vector<std::string>& value) const;
  void operator()(const char* key, std::map<std::string, Answer>& value) const;
  void operator()(const char* key, std::map<std::string, std::string>& value) const;
  void operator()(const char* key, Json& value) const;  ///< null when there is none
  void operator()(const char* key, Ordinal& value) const { (*this)(key, value.value); }
  void operator()(const char* key, Replicas& value) const { (*this)(key, value.value); }
  template <class T>
  void operator()(const char* key, std::optional<T>& value) const {
    if (has(key)) (*this)(key, value.emplace());
  }

 private:
  [[nodiscard]] bool has(const char* key) const;
  /// Null when there is none and that is no matter.
  [[nodiscard]] const nlohmann::json* find(const char* key) const;
  const Task& task_;
  Missing missing_;
};

/// The recorded form of a step's fields.
class StepWriter {
 public:
  StepWriter();
  void operator()(const char* key, int value);
  void operator()(const char* key, const std::string& value);
  void operator()(const char* key, const std::vector<int>& value);
  void operator()(const char* key, const std::vector<std::string>& value);
  void operator()(const char* key, const std::map<std::string, Answer>& value);
  void operator()(const char* key, const std::map<std::string, std::string>& value);
  void operator()(const char* key, const Json& value);
  void operator()(const char* key, Ordinal value) { (*this)(key, value.value); }
  void operator()(const char* key, Replicas value) { (*this)(key, value.value); }
  template <class T>
  void operator()(const char* key, const std::optional<T>& value) {
    if (value) (*this)(key, *value);
  }
  [[nodiscard]] Json written() const { return args_; }

 private:
  std::shared_ptr<nlohmann::json> args_;
};

template <StepType S>
Task::Task(const S& step) : name_(S::name.text) {
  StepWriter writer;
  S::fields(step, writer);
  args_ = writer.written();
}

template <StepType S>
std::optional<S> Task::as() const {
  if (!is<S>()) return std::nullopt;
  S step;
  S::fields(step, StepReader(*this));
  return step;
}

}  // namespace stateproof
