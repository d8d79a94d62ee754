#include "harness/kube/exec_status.h"

#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "harness/model/bounded_json.h"

namespace stateproof::kube {
namespace {

using nlohmann::json;

constexpr std::size_t kShownBytes = 200;
constexpr int kInternalServerError = 500;  // what an API server means that gives no code

std::string text_field(const json& object, const char* name) {
  const auto field = object.is_object() ? object.find(name) : object.end();
  return field != object.end() && field->is_string() ? field->get<std::string>() : std::string();
}

std::optional<int> parse_exit_code(const std::string& text) {
  int code = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), code);
  if (error != std::errc{} || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return code;
}

std::optional<int> exit_code_of(const json& status) {
  const json details = status.value("details", json());
  const json causes = details.is_object() ? details.value("causes", json()) : json();
  if (!causes.is_array()) return std::nullopt;
  for (const json& cause : causes) {
    if (text_field(cause, "reason") == "ExitCode") return parse_exit_code(text_field(cause, "message"));
  }
  return std::nullopt;
}

tl::unexpected<ApiError> malformed(std::string_view text, const std::string& request) {
  return tl::unexpected(ApiError::of(
      ApiError::Kind::kProtocol,
      "the status of the command is malformed: " + std::string(text.substr(0, kShownBytes)), request));
}

}  // namespace

Result<int> parse_exec_status(std::string_view text, const std::string& request) {
  const json status = parse_bounded_json(text).value_or(nullptr);
  const std::string outcome = text_field(status, "status");
  if (outcome == "Success") return 0;
  if (outcome != "Failure") return malformed(text, request);
  if (text_field(status, "reason") != "NonZeroExitCode") {
    return tl::unexpected(error_from_status(status, kInternalServerError, request));
  }
  const auto code = exit_code_of(status);
  if (!code || *code == 0) return malformed(text, request);
  return *code;
}

}  // namespace stateproof::kube
