#pragma once

#include <chrono>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <tl/expected.hpp>

#include "harness/model/rfc3339.h"

namespace stateproof::kube {

/// Why a request did not give what was asked for. A server's answer (404, 409, 410) is data that the
/// caller may expect; every other kind means that the harness cannot see the cluster.
struct ApiError {
  enum class Kind {
    kStatus,       ///< the API server answered with a failure Status
    kConnection,   ///< no connection: refused, unresolvable, cut
    kTls,          ///< certificate not trusted, expired, or for another name
    kTimeout,      ///< no answer within the limit of the request
    kCredentials,  ///< credentials could not be read or produced (file, exec plugin)
    kProtocol,     ///< an answer that is not what Kubernetes speaks
    kCancelled,    ///< the caller asked to stop
    kFenced,       ///< not sent: the caller may no longer change anything (Client::fenced)
  };

  Kind kind = Kind::kStatus;
  int http_status = 0;               ///< 0 when no HTTP answer arrived
  std::string reason;                ///< Status.reason, for example "NotFound"
  std::string message;               ///< Status.message or the transport's own words; never a secret
  std::string request;               ///< method and path, for example "GET /api/v1/pods"; never a header
  nlohmann::json details = nullptr;  ///< Status.details as served
  std::optional<std::chrono::seconds> retry_after;  ///< from the Retry-After header or Status.details
  std::optional<Timestamp> answered_at;             ///< by the API server's clock, from the Date header

  [[nodiscard]] bool is_not_found() const { return kind == Kind::kStatus && http_status == 404; }
  [[nodiscard]] bool is_conflict() const { return kind == Kind::kStatus && http_status == 409; }
  [[nodiscard]] bool is_gone() const { return kind == Kind::kStatus && http_status == 410; }
  [[nodiscard]] bool is_forbidden() const { return kind == Kind::kStatus && http_status == 403; }
  [[nodiscard]] bool is_too_many_requests() const { return kind == Kind::kStatus && http_status == 429; }

  /// A failure without an HTTP answer.
  [[nodiscard]] static ApiError of(Kind kind, std::string message, std::string request = {});

  /// One sentence for people: cause, then the next step.
  [[nodiscard]] std::string sentence() const;
};

/// Credentials that cannot be used, and why.
inline tl::unexpected<ApiError> unusable(std::string message) {
  return tl::unexpected(ApiError::of(ApiError::Kind::kCredentials, std::move(message)));
}

/// What a server's wish for patience comes to: none that is negative, and at most an hour.
std::optional<std::chrono::seconds> patience_asked(std::int64_t seconds);

/// The failure that a Status object stands for, wherever it stood: answer, watch stream, exec channel.
/// `http_status` is taken from Status.code when that is there.
ApiError error_from_status(const nlohmann::json& status, int http_status, std::string request);

template <class T>
using Result = tl::expected<T, ApiError>;

}  // namespace stateproof::kube
