#include "harness/kube/error.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "harness/kube/text.h"
#include "harness/model/fields.h"

namespace stateproof::kube {
namespace {

/// What stands between `before` and the next quotation mark.
std::optional<std::string> quoted_after(std::string_view text, std::string_view before) {
  const auto start = text.find(before);
  if (start == std::string_view::npos) return std::nullopt;
  text.remove_prefix(start + before.size());
  return std::string(text.substr(0, text.find('"')));
}

/// What the authorizer's message says: User "u" cannot list resource "pods/log" in API group "" in the
/// namespace "n".
struct Denial {
  std::string user;
  std::string verb;
  std::string resource;
  std::string subresource;
  std::string group;
  std::optional<std::string> ns;

  static std::optional<Denial> parse(std::string_view message) {
    const auto user = quoted_after(message, "User \"");
    const auto cannot = message.find("\" cannot ");
    const auto resource = quoted_after(message, "resource \"");
    if (!user || !resource || cannot == std::string_view::npos) return std::nullopt;
    const auto verb = message.substr(cannot + 9);
    const auto slash = resource->find('/');
    return Denial{.user = *user,
                  .verb = std::string(verb.substr(0, verb.find(' '))),
                  .resource = resource->substr(0, slash),
                  .subresource = slash == std::string::npos ? "" : resource->substr(slash + 1),
                  .group = quoted_after(message, "API group \"").value_or(""),
                  .ns = quoted_after(message, "in the namespace \"")};
  }

  [[nodiscard]] std::string question() const {
    return fmt::format("kubectl auth can-i {} {}{}{}{}", verb, resource, group.empty() ? "" : "." + group,
                       subresource.empty() ? "" : " --subresource=" + subresource, ns ? " -n " + *ns : "");
  }
};

std::string forbidden(const ApiError& error) {
  const auto denial = Denial::parse(error.message);
  if (!denial) {
    return fmt::format(
        "the API server forbids {} ({}); an admission rule or a quota may require something else",
        error.request, error.message);
  }
  return fmt::format("user \"{}\" may not {} {}{} {}; grant it with a role and check it with `{}`",
                     denial->user, denial->verb, denial->resource,
                     denial->subresource.empty() ? "" : "/" + denial->subresource,
                     denial->ns ? fmt::format("in namespace \"{}\"", *denial->ns) : "in the whole cluster",
                     denial->question());
}

std::string with_reason(const ApiError& error) {
  return fmt::format("{}{}{} to {}{}{}", error.http_status, error.reason.empty() ? "" : " ", error.reason,
                     error.request, error.message.empty() ? "" : ": ", error.message);
}

std::string status_sentence(const ApiError& error) {
  std::string answered = "the API server answered " + with_reason(error);
  switch (error.http_status) {
    case 401:
      return fmt::format(
          "the API server does not accept the credentials ({}); log in again or renew the token, "
          "then check with `kubectl auth whoami`",
          error.request);
    case 403:
      return forbidden(error);
    case 404:
      return answered + "; check the name, the namespace and that this cluster serves the resource";
    case 409:
      return answered + "; read the object again and repeat the change on its current state";
    case 410:
      return answered + "; the requested history is no longer kept, so list again";
    case 422:
      return answered + "; correct the fields that it names";
    case 429:
      return answered + (error.retry_after ? fmt::format("; try again in {} s", error.retry_after->count())
                                           : "; try again later");
    default:
      break;
  }
  if (error.http_status >= 500)
    return answered + "; look at the API server's log and at `kubectl get --raw /readyz`";
  return answered;
}

std::string_view tls_next_step(std::string_view message) {
  if (contains(message, "expired") || contains(message, "not yet valid")) {
    return "renew the certificate or correct this machine's clock";
  }
  if (contains(message, "subject name") || contains(message, "does not match")) {
    return "use a server name that the certificate is valid for, or set tls-server-name in the kubeconfig";
  }
  if (contains(message, "alert")) {
    return "the server rejected the client; check that client-certificate and client-key in the kubeconfig "
           "belong to this cluster and have not expired";
  }
  if (contains(message, "wrong version number") || contains(message, "packet length")) {
    return "the port does not speak TLS; check the server's URL in the kubeconfig";
  }
  return "check that certificate-authority-data in the kubeconfig belongs to this cluster";
}

}  // namespace

ApiError ApiError::of(Kind kind, std::string message, std::string request) {
  ApiError error;
  error.kind = kind;
  error.message = std::move(message);
  error.request = std::move(request);
  return error;
}

std::string ApiError::sentence() const {
  switch (kind) {
    case Kind::kStatus:
      return status_sentence(*this);
    case Kind::kConnection:
      return fmt::format(
          "no connection to the API server for {} ({}); check that the cluster is running and that the "
          "server's URL in the kubeconfig is reachable from here",
          request, message);
    case Kind::kTls:
      return fmt::format("TLS to the API server failed for {} ({}); {}", request, message,
                         tls_next_step(message));
    case Kind::kTimeout:
      return fmt::format(
          "the API server did not answer {} in time ({}); check its load and the network in between, then "
          "try again",
          request, message);
    case Kind::kCredentials:
    case Kind::kFenced:
      return message;
    case Kind::kProtocol:
      return fmt::format(
          "the answer to {} is not a Kubernetes API response ({}); check that the server's URL in the "
          "kubeconfig is an API server and that no proxy answers in its place",
          request, message);
    case Kind::kCancelled:
      return request.empty() ? "stopped on request" : "stopped while waiting for " + request;
  }
  return message;
}

std::optional<std::chrono::seconds> patience_asked(std::int64_t seconds) {
  if (seconds < 0) return std::nullopt;
  return std::min(std::chrono::seconds{seconds}, std::chrono::seconds{std::chrono::hours{1}});
}

ApiError error_from_status(const nlohmann::json& status, int http_status, std::string request) {
  ApiError error = ApiError::of(ApiError::Kind::kStatus, "", std::move(request));
  error.http_status = http_status;
  if (!status.is_object()) return error;
  const auto text = [&status](const char* field) {
    const auto found = status.find(field);
    return found != status.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  error.reason = text("reason");
  error.message = text("message");
  if (const auto code = fields::number(status, "code"); code >= 100 && code <= 599) {
    error.http_status = static_cast<int>(code);
  }
  if (const auto details = status.find("details"); details != status.end() && details->is_object()) {
    error.details = *details;
    if (const auto wait = details->find("retryAfterSeconds");
        wait != details->end() && wait->is_number_integer()) {
      error.retry_after = patience_asked(wait->get<std::int64_t>());
    }
  }
  return error;
}

}  // namespace stateproof::kube
