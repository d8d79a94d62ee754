#pragma once

#include <curl/curl.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "harness/kube/client.h"
#include "harness/kube/credentials.h"
#include "harness/kube/error.h"
#include "harness/kube/kubeconfig.h"

namespace stateproof::kube {

/// Header fields of an answer; names in lower case.
using HttpHeaders = std::map<std::string, std::string>;

struct HttpRequest {
  std::string method = "GET";
  std::string path;        ///< path and query as sent, below the server's prefix: "/api/v1/pods?limit=500"
  std::string counted_as;  ///< key of RequestCounts, for example "list pods"
  std::vector<std::string> headers;  ///< "Name: value", besides authentication
  std::string body;
  std::stop_token stop;                     ///< in addition to ClientOptions::stop
  Fence fence;                              ///< asked when all is ready to be sent; empty: always open
  std::size_t max_body_bytes = 64U << 20U;  ///< unpacked; a larger answer is kProtocol
  /// Is given a good answer as it comes, however long that lasts, instead of the HttpResponse; false: it
  /// wants no more, kProtocol. Empty: the answer is collected.
  std::function<bool(std::string_view bytes)> take = {};

  /// Method and path without the query: what ApiError::request shows.
  [[nodiscard]] std::string shown() const;
};

struct HttpResponse {
  int status = 0;
  HttpHeaders headers;
  std::string body;
};

/// What the header field Date says.
std::optional<Timestamp> date_of(const HttpHeaders& headers);

/// Kind::kFenced when the fence is shut.
Result<void> pass(const Fence& fence, const std::string& request);

/// The failure that an answer of 4xx or 5xx stands for; its body is a Status in most cases.
ApiError error_from_answer(const HttpResponse& answer, std::string request);

/// An answer that should be JSON and is not: kProtocol with the beginning of it.
ApiError error_from_content(std::string_view body, std::string request);

/// Adds "Name: value\r\n"; anything else is left out. Of repeated fields the last one stays.
void add_header_line(HttpHeaders& headers, std::string_view line);

/// A libcurl easy handle together with everything that must live as long as its transfer.
/// Movable; the handle and the error text keep their addresses.
class EasyHandle {
 public:
  EasyHandle();

  [[nodiscard]] CURL* get() const { return curl_.get(); }

 private:
  friend class Transport;
  struct Cleanup {
    void operator()(CURL* curl) const { curl_easy_cleanup(curl); }
    void operator()(curl_slist* list) const { curl_slist_free_all(list); }
  };
  using Lines = std::unique_ptr<curl_slist, Cleanup>;

  // The lists and the buffer are declared first, because the handle must go before them.
  std::unique_ptr<std::array<char, CURL_ERROR_SIZE>> error_text_;
  Lines headers_;
  Lines connect_to_;
  std::unique_ptr<std::string> body_;
  std::unique_ptr<CURL, Cleanup> curl_;
  std::uint64_t credential_generation_ = 0;
};

/// The one place that knows how to reach, to trust and to authenticate to the API server through libcurl.
/// Thread safe.
class Transport {
 public:
  static Result<std::shared_ptr<Transport>> create(ClusterConfig config, ClientOptions options = {});
  ~Transport();
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  /// One exchange, no retry but this one: after a 401 the credentials are renewed and the request sent once
  /// more. Any HTTP status is an answer, not an error. Redirects are not followed.
  Result<HttpResponse> request(const HttpRequest& request);

  /// Sets all of the request on `handle` except where the answer goes (CURLOPT_WRITEFUNCTION,
  /// CURLOPT_HEADERFUNCTION) and how long it may last (CURLOPT_TIMEOUT_MS). May wait for an exec plugin;
  /// `request.stop` ends that too.
  Result<void> prepare(EasyHandle& handle, const HttpRequest& request);

  /// Prepares `handle` so that curl_easy_perform connects, does TLS and stops there (CURLOPT_CONNECT_ONLY),
  /// through a proxy too. The caller then writes an HTTP/1.1 request himself: "GET " + request_target(path),
  /// host_header(), auth_headers().
  Result<void> prepare_connect_only(EasyHandle& handle, const std::stop_token& stop = {});
  /// "Name: value" lines: Authorization, Impersonate-*, User-Agent. Contains secrets.
  Result<std::vector<std::string>> auth_headers(const std::stop_token& stop = {});
  [[nodiscard]] std::string host_header()
      const;  ///< "host:port" as the kubeconfig spells it, without "Host: "
  [[nodiscard]] std::string request_target(std::string_view path) const;  ///< with the server's path prefix

  /// To be called when the server answered 401 to what `handle` was prepared with. True: credentials can be
  /// renewed and will be by the next prepare, so that another attempt makes sense.
  bool credentials_refused(const EasyHandle& handle);

  /// What a failed transfer means. `request` becomes ApiError::request.
  [[nodiscard]] ApiError failure(const EasyHandle& handle, CURLcode code, std::string request) const;

  void count(std::string_view counted_as);
  [[nodiscard]] RequestCounts counts() const;

  [[nodiscard]] const ClusterConfig& config() const { return config_; }
  [[nodiscard]] const ClientOptions& options() const { return options_; }

  /// Waits between attempts, by ClientOptions::pause if there is one; false when stopped meanwhile.
  bool pause(std::chrono::milliseconds time, const std::stop_token& stop = {}) const;

 private:
  struct MultiCleanup {
    void operator()(CURLM* multi) const { curl_multi_cleanup(multi); }
  };
  using Line =
      std::unique_ptr<CURLM, MultiCleanup>;  ///< a multi handle owns the connections that it keeps open

  /// The server's URL in its parts.
  struct Address {
    std::string scheme;
    std::string host;  ///< IPv6 in brackets
    std::string port;
    std::string authority;  ///< as written: port only if the kubeconfig names one
    std::string prefix;     ///< path, without a trailing slash
  };

  Transport(ClusterConfig config, ClientOptions options, Address address);

  /// May wait for an exec plugin; `stop` ends that, and so does ClientOptions::stop.
  Result<Credential> current_credential(const std::stop_token& stop);

  static Result<Address> parse_server(const ClusterConfig& config);
  static std::optional<ApiError> unsafe(const ClusterConfig& config, const Address& address);
  /// One exchange, and whether another with renewed credentials may go better.
  struct Attempt {
    Result<HttpResponse> result;
    bool renewable = false;
  };
  Attempt attempt(const HttpRequest& request);
  Result<HttpResponse> exchange(EasyHandle& handle, const HttpRequest& request);
  void configure(EasyHandle& handle, std::string_view path, const Credential& credential) const;
  void configure_address(EasyHandle& handle, std::string_view path) const;
  void configure_tls(CURL* curl, const Credential& credential) const;
  void configure_proxy(CURL* curl) const;
  [[nodiscard]] std::vector<std::string> header_lines(const Credential& credential) const;
  Line borrow_line();
  void give_back(Line line);

  ClusterConfig config_;
  ClientOptions options_;
  Address address_;
  Credentials credentials_;

  mutable std::mutex mutex_;
  std::vector<Line> idle_lines_;
  RequestCounts counts_;
};

}  // namespace stateproof::kube
