#include "harness/kube/credentials.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <utility>

#include "harness/kube/exec_plugin.h"
#include "harness/kube/small_file.h"

namespace stateproof::kube {
namespace {

constexpr const char* kSpace = " \t\r\n";

std::string trimmed(const std::string& text) {
  const auto first = text.find_first_not_of(kSpace);
  return first == std::string::npos ? "" : text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

/// A line break inside a token would add header fields of its own.
Result<SecretText> bearer(const std::string& token, const std::string& source) {
  if (!std::ranges::all_of(token, [](unsigned char c) { return c > 0x20 && c < 0x7F; })) {
    return unusable(fmt::format("{} contains characters that no token has; write it again", source));
  }
  return SecretText{"Bearer " + token};
}

SecretText basic(const std::string& username, const std::string& password) {
  const std::string pair = username + ':' + password;
  std::string encoded((pair.size() + 2) / 3 * 4 + 1, '\0');
  const int size =
      EVP_EncodeBlock(reinterpret_cast<unsigned char*>(encoded.data()),
                      reinterpret_cast<const unsigned char*>(pair.data()), static_cast<int>(pair.size()));
  encoded.resize(static_cast<std::size_t>(size));
  return SecretText{"Basic " + encoded};
}

}  // namespace

Credentials::Credentials(const ClusterConfig& config, CredentialLimits limits, Now now)
    : config_(config), limits_(limits), now_(std::move(now)) {}

Result<Credential> Credentials::current(const std::stop_token& stop) {
  std::unique_lock lock{mutex_};
  while (true) {
    if (held_ && (!held_->good_until || now_() < *held_->good_until)) return held_->credential;
    if (!renewing_) break;
    if (!renewed_.wait(lock, stop, [this] { return !renewing_; })) {
      return tl::unexpected(ApiError::of(ApiError::Kind::kCancelled, "stopped"));
    }
  }
  renewing_ = true;
  lock.unlock();
  auto renewed = renew(stop);
  lock.lock();
  renewing_ = false;
  renewed_.notify_all();
  if (!renewed) return tl::unexpected(renewed.error());
  renewed->credential.generation = ++generation_;
  held_ = *std::move(renewed);
  return held_->credential;
}

bool Credentials::refused(std::uint64_t generation) {
  if (!is_renewable()) return false;
  const std::lock_guard lock{mutex_};
  if (held_ && held_->credential.generation == generation) held_.reset();
  return true;
}

bool Credentials::sends_secret() const {
  return !config_.token.empty() || !config_.username.empty() || is_renewable();
}

bool Credentials::is_renewable() const { return !config_.token_file.empty() || plugin() != nullptr; }

const ExecPlugin* Credentials::plugin() const {
  return config_.exec && config_.token.empty() && config_.username.empty() ? &*config_.exec : nullptr;
}

Result<Credentials::Held> Credentials::renew(const std::stop_token& stop) const {
  if (!config_.token_file.empty()) return from_token_file();
  if (const ExecPlugin* used = plugin()) return from_plugin(*used, stop);
  return from_config();
}

Credential Credentials::certificate_only() const {
  return {.authorization = {},
          .client_certificate_pem = config_.client_certificate_pem,
          .client_key_pem = config_.client_key_pem};
}

Result<Credentials::Held> Credentials::from_config() const {
  Credential credential = certificate_only();
  if (!config_.token.empty()) {
    auto header = bearer(config_.token.reveal(), "the token in the kubeconfig");
    if (!header) return tl::unexpected(header.error());
    credential.authorization = *std::move(header);
  } else if (!config_.username.empty()) {
    credential.authorization = basic(config_.username, config_.password.reveal());
  }
  return Held{std::move(credential), std::nullopt};
}

Result<Credentials::Held> Credentials::from_token_file() const {
  const auto text = read_small_file(config_.token_file);
  if (!text)
    return unusable(fmt::format("the token file {} {}; log in again or correct tokenFile", config_.token_file,
                                text.error()));
  const std::string token = trimmed(*text);
  if (token.empty())
    return unusable(fmt::format("the token file {} is empty; log in again", config_.token_file));
  auto header = bearer(token, "the token file " + config_.token_file);
  if (!header) return tl::unexpected(header.error());
  Credential credential = certificate_only();
  credential.authorization = *std::move(header);
  return Held{std::move(credential), now_() + limits_.token_file_age};
}

Result<Credentials::Held> Credentials::from_plugin(const ExecPlugin& plugin,
                                                   const std::stop_token& stop) const {
  auto given = run_exec_plugin(plugin, config_, limits_.plugin_time, stop);
  if (!given) return tl::unexpected(given.error());
  Credential credential = certificate_only();
  if (!given->token.empty()) {
    auto header = bearer(given->token.reveal(),
                         fmt::format("the output of the credential plugin \"{}\"", plugin.command));
    if (!header) return tl::unexpected(header.error());
    credential.authorization = *std::move(header);
  }
  if (!given->client_certificate_pem.empty()) {
    credential.client_certificate_pem = given->client_certificate_pem;
    credential.client_key_pem = given->client_key_pem;
  }
  return Held{std::move(credential), given->expires};
}

}  // namespace stateproof::kube
