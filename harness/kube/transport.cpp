#include "harness/kube/transport.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <condition_variable>
#include <utility>

#include "harness/kube/text.h"
#include "harness/kube/url.h"
#include "harness/model/bounded_json.h"

namespace stateproof::kube {
namespace {

using Kind = ApiError::Kind;
using std::chrono::milliseconds;

constexpr std::size_t kIdleLines = 8;
// The API server closes idle connections after 90 s: one that old would die under the next request.
constexpr long kOldestReusedConnection = 60;
constexpr int kUnacknowledgedLimitMs = 30'000;
constexpr std::string_view kSocks = "socks5://";
constexpr std::size_t kShownOfBody = 200;
constexpr std::size_t kMostHeaders = 200;

void initialise_libcurl() {
  static const CURLcode once = curl_global_init(CURL_GLOBAL_DEFAULT);
  static_cast<void>(once);
}

void set_blob(CURL* curl, CURLoption option, const std::string& text) {
  curl_blob blob{const_cast<char*>(text.data()), text.size(), CURL_BLOB_COPY};
  curl_easy_setopt(curl, option, &blob);
}

/// Data that stays unacknowledged this long means a dead peer; keepalive alone sees only idle connections.
int limit_unacknowledged(void* /*unused*/, curl_socket_t socket, curlsocktype /*purpose*/) {
  ::setsockopt(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, &kUnacknowledgedLimitMs, sizeof kUnacknowledgedLimitMs);
  return CURL_SOCKOPT_OK;
}

bool is_loopback(const std::string& host) {
  if (host == "localhost" || host == "[::1]") return true;
  in_addr address{};
  return ::inet_pton(AF_INET, host.c_str(), &address) == 1 && ntohl(address.s_addr) >> 24U == 127;
}

bool has_control_character(std::string_view text) {
  return std::ranges::any_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7F; });
}

/// The beginning of a body as one printable line.
std::string excerpt(std::string_view body) {
  std::string text(body.substr(0, kShownOfBody));
  std::ranges::replace_if(text, [](unsigned char c) { return c < 0x20 || c > 0x7E; }, ' ');
  return body.size() > kShownOfBody ? text + "..." : text;
}

/// Collects one answer within a limit.
struct Collector {
  HttpResponse response;
  std::size_t limit = 0;
  const std::function<bool(std::string_view)>& take;  ///< of a good answer; may be empty
  CURL* curl;

  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self) {
    static_cast<Collector*>(self)->take_header({data, size * count});
    return size * count;
  }

  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self) {
    auto& collector = *static_cast<Collector*>(self);
    if (collector.take && collector.status() == 200)
      return collector.take({data, size * count}) ? size * count : 0;
    if (collector.response.body.size() + size * count > collector.limit) return 0;
    collector.response.body.append(data, size * count);
    return size * count;
  }

  [[nodiscard]] int status() const {
    long status = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    return static_cast<int>(status);
  }

  void take_header(std::string_view line) {
    if (line.starts_with("HTTP/")) response.headers.clear();  // a 100 Continue came before
    add_header_line(response.headers, line);
  }
};

/// Runs one transfer to its end, or until either token asks to stop.
CURLcode drive(CURLM* multi, CURL* curl, const std::stop_token& one, const std::stop_token& other) {
  const auto wake = [multi] { curl_multi_wakeup(multi); };
  const std::stop_callback wake_for_one(one, wake);
  const std::stop_callback wake_for_other(other, wake);
  curl_multi_add_handle(multi, curl);
  int running = 1;
  while (running > 0 && !one.stop_requested() && !other.stop_requested()) {
    curl_multi_perform(multi, &running);
    if (running > 0) curl_multi_poll(multi, nullptr, 0, 1000, nullptr);
  }
  CURLcode code = CURLE_ABORTED_BY_CALLBACK;
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi, &left)) code = message->data.result;
  curl_multi_remove_handle(multi, curl);
  return code;
}

ApiError::Kind kind_of(CURLcode code, std::string_view text) {
  switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
      return Kind::kTimeout;
    case CURLE_ABORTED_BY_CALLBACK:
      return Kind::kCancelled;
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_CONTENT_ENCODING:
    case CURLE_WRITE_ERROR:
      return Kind::kProtocol;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
      return Kind::kTls;
    case CURLE_SSL_CONNECT_ERROR: {
      // A server that goes away in the handshake says nothing about certificates.
      const bool cut =
          contains(text, "SYSCALL") || contains(text, "unexpected eof") || contains(text, "reset by peer");
      return cut ? Kind::kConnection : Kind::kTls;
    }
    // With TLS 1.3 the server refuses a client certificate after the handshake, by an alert.
    default:
      return contains(text, " alert ") ? Kind::kTls : Kind::kConnection;
  }
}

std::string joined_header_line(const std::string& name, const std::string& value) {
  return name + ": " + value;
}

}  // namespace

std::string HttpRequest::shown() const { return method + ' ' + path.substr(0, path.find('?')); }

void add_header_line(HttpHeaders& headers, std::string_view line) {
  const auto colon = line.find(':');
  if (colon == std::string_view::npos || headers.size() >= kMostHeaders) return;
  std::string_view value = line.substr(colon + 1);
  const auto first = value.find_first_not_of(" \t");
  const auto last = value.find_last_not_of(" \t\r\n");
  value = first == std::string_view::npos || last < first ? "" : value.substr(first, last - first + 1);
  headers[lower(line.substr(0, colon))] = value;
}

std::optional<Timestamp> date_of(const HttpHeaders& headers) {
  const auto date = headers.find("date");
  if (date == headers.end()) return std::nullopt;
  const std::time_t seconds = curl_getdate(date->second.c_str(), nullptr);
  if (seconds < 0) return std::nullopt;
  return Timestamp{std::chrono::seconds{seconds}};
}

Result<void> pass(const Fence& fence, const std::string& request) {
  if (!fence) return {};
  auto why = fence();
  if (!why) return {};
  return tl::unexpected(ApiError::of(Kind::kFenced, *std::move(why), request));
}

ApiError error_from_answer(const HttpResponse& answer, std::string request) {
  if (answer.status < 400) {
    const auto location = answer.headers.find("location");
    return ApiError::of(
        Kind::kProtocol,
        fmt::format("status {}{}", answer.status,
                    location == answer.headers.end() ? "" : " towards " + excerpt(location->second)),
        std::move(request));
  }
  const auto body = parse_bounded_json(answer.body);
  ApiError error = error_from_status(body.value_or(nullptr), answer.status, std::move(request));
  error.http_status = answer.status;
  if (error.message.empty()) error.message = excerpt(answer.body);
  error.answered_at = date_of(answer.headers);
  if (const auto wait = answer.headers.find("retry-after"); wait != answer.headers.end()) {
    std::int64_t seconds = 0;  // the other form, a date, is not used by API servers
    const char* end = wait->second.data() + wait->second.size();
    const auto [stop, failed] = std::from_chars(wait->second.data(), end, seconds);
    if (stop == end && failed == std::errc{}) error.retry_after = patience_asked(seconds);
  }
  return error;
}

ApiError error_from_content(std::string_view body, std::string request) {
  return ApiError::of(Kind::kProtocol, fmt::format("no JSON: \"{}\"", excerpt(body)), std::move(request));
}

EasyHandle::EasyHandle() : error_text_(std::make_unique<std::array<char, CURL_ERROR_SIZE>>()) {
  initialise_libcurl();
  curl_.reset(curl_easy_init());
}

Transport::Transport(ClusterConfig config, ClientOptions options, Address address)
    : config_(std::move(config)),
      options_(std::move(options)),
      address_(std::move(address)),
      credentials_(config_) {}

Transport::~Transport() = default;

Result<std::shared_ptr<Transport>> Transport::create(ClusterConfig config, ClientOptions options) {
  initialise_libcurl();
  auto address = parse_server(config);
  if (!address) return tl::unexpected(address.error());
  if (auto reason = unsafe(config, *address)) return tl::unexpected(*std::move(reason));
  return std::shared_ptr<Transport>(
      new Transport(std::move(config), std::move(options), *std::move(address)));
}

Result<Transport::Address> Transport::parse_server(const ClusterConfig& config) {
  const auto refuse = [&config](std::string_view why) {
    return tl::unexpected(ApiError::of(
        Kind::kCredentials,
        fmt::format("the server of context \"{}\" {}; write it as https://host:port", config.context, why)));
  };
  const std::unique_ptr<CURLU, decltype(&curl_url_cleanup)> url{curl_url(), &curl_url_cleanup};
  if (curl_url_set(url.get(), CURLUPART_URL, config.server.c_str(), 0) != CURLUE_OK)
    return refuse("is not a URL");
  const auto part = [&url](CURLUPart which, unsigned flags = 0) {
    char* text = nullptr;
    if (curl_url_get(url.get(), which, &text, flags) != CURLUE_OK) return std::string();
    std::string copy(text);
    curl_free(text);
    return copy;
  };
  // The URL is shown in reports.
  if (!part(CURLUPART_USER).empty() || !part(CURLUPART_PASSWORD).empty())
    return refuse("contains a user name or password");
  Address address{.scheme = part(CURLUPART_SCHEME),
                  .host = part(CURLUPART_HOST),
                  .port = part(CURLUPART_PORT, CURLU_DEFAULT_PORT),
                  .authority = part(CURLUPART_HOST),
                  .prefix = part(CURLUPART_PATH)};
  if (address.scheme != "https" && address.scheme != "http") return refuse("is neither https nor http");
  if (const std::string port = part(CURLUPART_PORT); !port.empty()) address.authority += ':' + port;
  while (address.prefix.ends_with('/')) address.prefix.pop_back();
  return address;
}

std::optional<ApiError> Transport::unsafe(const ClusterConfig& config, const Address& address) {
  const bool stays_here = is_loopback(address.host) && config.proxy_url.empty();
  if (address.scheme == "http" && !stays_here && Credentials(config).sends_secret()) {
    return ApiError::of(
        Kind::kCredentials,
        fmt::format("context \"{}\" would send its token or password unencrypted to {}; use https",
                    config.context, address.authority));
  }
  std::vector<std::string> header_texts = config.impersonate_groups;
  header_texts.push_back(config.impersonate_user);
  header_texts.push_back(config.impersonate_uid);
  for (const auto& [name, values] : config.impersonate_extra) {
    header_texts.insert(header_texts.end(), values.begin(), values.end());
  }
  if (std::ranges::any_of(header_texts, has_control_character)) {
    return ApiError::of(
        Kind::kCredentials,
        fmt::format("the impersonation of context \"{}\" contains a control character; correct the "
                    "as fields of the kubeconfig",
                    config.context));
  }
  return std::nullopt;
}

std::string Transport::host_header() const { return address_.authority; }

std::string Transport::request_target(std::string_view path) const {
  return address_.prefix + std::string(path);
}

Result<Credential> Transport::current_credential(const std::stop_token& stop) {
  std::stop_source either;
  const auto ask = [&either] { either.request_stop(); };
  const std::stop_callback ask_for_request(stop, ask);
  const std::stop_callback ask_for_client(options_.stop, ask);
  return credentials_.current(either.get_token());
}

Result<std::vector<std::string>> Transport::auth_headers(const std::stop_token& stop) {
  const auto credential = current_credential(stop);
  if (!credential) return tl::unexpected(credential.error());
  return header_lines(*credential);
}

std::vector<std::string> Transport::header_lines(const Credential& credential) const {
  std::vector<std::string> lines{joined_header_line("User-Agent", "stateproof/" STATEPROOF_VERSION)};
  const auto add = [&lines](const std::string& name, const std::string& value) {
    if (!value.empty()) lines.push_back(joined_header_line(name, value));
  };
  add("Authorization", credential.authorization.reveal());
  add("Impersonate-User", config_.impersonate_user);
  add("Impersonate-Uid", config_.impersonate_uid);
  for (const std::string& group : config_.impersonate_groups) add("Impersonate-Group", group);
  for (const auto& [name, values] : config_.impersonate_extra) {
    for (const std::string& value : values) add("Impersonate-Extra-" + percent_encoded(name), value);
  }
  return lines;
}

void Transport::configure(EasyHandle& handle, std::string_view path, const Credential& credential) const {
  CURL* curl = handle.get();
  handle.credential_generation_ = credential.generation;
  handle.error_text_->front() = '\0';
  curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, handle.error_text_->data());
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_QUICK_EXIT, 1L);  // a slow name server must not hold up a stop
  curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(curl, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(options_.connect_timeout.count()));
  curl_easy_setopt(curl, CURLOPT_MAXAGE_CONN, kOldestReusedConnection);
  curl_easy_setopt(curl, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(curl, CURLOPT_TCP_KEEPIDLE, 15L);
  curl_easy_setopt(curl, CURLOPT_TCP_KEEPINTVL, 5L);
  curl_easy_setopt(curl, CURLOPT_SOCKOPTFUNCTION, &limit_unacknowledged);
  configure_address(handle, path);
  configure_tls(curl, credential);
  configure_proxy(curl);
}

void Transport::configure_address(EasyHandle& handle, std::string_view path) const {
  CURL* curl = handle.get();
  const std::string& name = config_.tls_server_name.empty() ? address_.host : config_.tls_server_name;
  const std::string url =
      fmt::format("{}://{}:{}{}", address_.scheme, name, address_.port, request_target(path));
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, address_.scheme.c_str());
  if (config_.tls_server_name.empty()) return;
  // The name in the URL decides SNI and verification; this decides where the connection goes.
  const std::string detour = fmt::format("{}:{}:{}:{}", name, address_.port, address_.host, address_.port);
  handle.connect_to_.reset(curl_slist_append(nullptr, detour.c_str()));
  curl_easy_setopt(curl, CURLOPT_CONNECT_TO, handle.connect_to_.get());
}

void Transport::configure_tls(CURL* curl, const Credential& credential) const {
  curl_easy_setopt(curl, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, config_.insecure_skip_tls_verify ? 0L : 1L);
  curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, config_.insecure_skip_tls_verify ? 0L : 2L);
  if (!config_.ca_pem.empty()) {
    // The blob replaces the default CAINFO only: without this, each public authority would be trusted as
    // well.
    curl_easy_setopt(curl, CURLOPT_CAINFO, nullptr);
    curl_easy_setopt(curl, CURLOPT_CAPATH, nullptr);
    set_blob(curl, CURLOPT_CAINFO_BLOB, config_.ca_pem);
  }
  if (credential.client_certificate_pem.empty()) return;
  curl_easy_setopt(curl, CURLOPT_SSLCERTTYPE, "PEM");
  curl_easy_setopt(curl, CURLOPT_SSLKEYTYPE, "PEM");
  set_blob(curl, CURLOPT_SSLCERT_BLOB, credential.client_certificate_pem);
  set_blob(curl, CURLOPT_SSLKEY_BLOB, credential.client_key_pem.reveal());
}

void Transport::configure_proxy(CURL* curl) const {
  if (!config_.proxy_url.empty()) {
    // As client-go: the kubeconfig's proxy goes before NO_PROXY, and a SOCKS proxy resolves the name.
    const bool socks = config_.proxy_url.starts_with(kSocks);
    const std::string proxy =
        socks ? "socks5h://" + config_.proxy_url.substr(kSocks.size()) : config_.proxy_url;
    curl_easy_setopt(curl, CURLOPT_PROXY, proxy.c_str());
    curl_easy_setopt(curl, CURLOPT_NOPROXY, "");
  } else if (is_loopback(address_.host)) {
    curl_easy_setopt(curl, CURLOPT_PROXY, "");  // HTTPS_PROXY is for other machines
  }
}

Result<void> Transport::prepare(EasyHandle& handle, const HttpRequest& request) {
  const auto credential = current_credential(request.stop);
  if (!credential) {
    ApiError error = credential.error();
    error.request = request.shown();
    return tl::unexpected(std::move(error));
  }
  configure(handle, request.path, *credential);

  CURL* curl = handle.get();
  handle.headers_.reset();
  const auto add_header = [&handle](const std::string& line) {
    handle.headers_.reset(curl_slist_append(handle.headers_.release(), line.c_str()));
  };
  for (const std::string& line : header_lines(*credential)) add_header(line);
  for (const std::string& line : request.headers) add_header(line);
  if (!config_.tls_server_name.empty()) add_header("Host: " + address_.authority);
  add_header("Expect:");  // waiting for 100 Continue costs a round trip
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, handle.headers_.get());

  if (request.method == "GET") return {};
  curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  // On a connection that dies when it is used again libcurl would send the request once more, unseen. A pod
  // deleted by name twice may be two pods.
  curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT, 1L);
  if (!request.body.empty()) {
    handle.body_ = std::make_unique<std::string>(request.body);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(handle.body_->size()));
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, handle.body_->data());
  }
  return {};
}

Result<void> Transport::prepare_connect_only(EasyHandle& handle, const std::stop_token& stop) {
  const auto credential = current_credential(stop);
  if (!credential) return tl::unexpected(credential.error());
  configure(handle, "/", *credential);
  curl_easy_setopt(handle.get(), CURLOPT_CONNECT_ONLY, 1L);
  curl_easy_setopt(handle.get(), CURLOPT_HTTPPROXYTUNNEL, 1L);  // for a proxy in front of http://, too
  return {};
}

bool Transport::credentials_refused(const EasyHandle& handle) {
  return credentials_.refused(handle.credential_generation_);
}

Result<HttpResponse> Transport::request(const HttpRequest& request) {
  auto answer = attempt(request);
  if (answer.renewable) answer = attempt(request);
  return std::move(answer.result);
}

Transport::Attempt Transport::attempt(const HttpRequest& request) {
  EasyHandle handle;
  if (auto prepared = prepare(handle, request); !prepared) return {tl::unexpected(prepared.error())};
  if (auto open = pass(request.fence, request.shown()); !open) return {tl::unexpected(open.error())};
  auto response = exchange(handle, request);
  const bool refused = response && response->status == 401;
  return {std::move(response), refused && credentials_refused(handle)};
}

Result<HttpResponse> Transport::exchange(EasyHandle& handle, const HttpRequest& request) {
  CURL* curl = handle.get();
  Collector collector{.response = {}, .limit = request.max_body_bytes, .take = request.take, .curl = curl};
  curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, &Collector::on_header);
  curl_easy_setopt(curl, CURLOPT_HEADERDATA, &collector);
  curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &Collector::on_body);
  curl_easy_setopt(curl, CURLOPT_WRITEDATA, &collector);
  if (!request.take) {
    curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, "");
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(options_.request_timeout.count()));
  }

  count(request.counted_as);
  Line line = borrow_line();
  const CURLcode code = drive(line.get(), curl, request.stop, options_.stop);
  give_back(std::move(line));

  if (code != CURLE_OK) return tl::unexpected(failure(handle, code, request.shown()));
  collector.response.status = collector.status();
  return std::move(collector.response);
}

ApiError Transport::failure(const EasyHandle& handle, CURLcode code, std::string request) const {
  const std::string_view text = handle.error_text_->data();
  ApiError error = ApiError::of(
      kind_of(code, text), std::string(text.empty() ? curl_easy_strerror(code) : text), std::move(request));
  if (error.kind == Kind::kTimeout) {
    curl_off_t connected = 0;
    curl_easy_getinfo(handle.get(), CURLINFO_PRETRANSFER_TIME_T, &connected);
    error.message = connected == 0 ? fmt::format("no connection to {} within {} ms", address_.authority,
                                                 options_.connect_timeout.count())
                                   : fmt::format("{} did not finish its answer", address_.authority);
  }
  if (error.kind == Kind::kConnection && !contains(error.message, address_.host)) {
    error.message += " at " + address_.authority;
  }
  if (code == CURLE_WRITE_ERROR) error.message = "more than this client reads";
  return error;
}

void Transport::count(std::string_view counted_as) {
  const std::lock_guard lock{mutex_};
  ++counts_[std::string(counted_as)];
}

RequestCounts Transport::counts() const {
  const std::lock_guard lock{mutex_};
  return counts_;
}

bool Transport::pause(milliseconds time, const std::stop_token& stop) const {
  if (options_.pause) return options_.pause(time);
  std::mutex mutex;
  std::condition_variable_any stopped;
  std::unique_lock lock{mutex};
  const auto is_stopped = [&] { return stop.stop_requested() || options_.stop.stop_requested(); };
  const auto wake = [&] {
    const std::lock_guard wake_lock{mutex};
    stopped.notify_all();
  };
  lock.unlock();  // a callback of a token that was stopped before runs at once, on this thread
  const std::stop_callback wake_for_request(stop, wake);
  const std::stop_callback wake_for_client(options_.stop, wake);
  lock.lock();
  return !stopped.wait_for(lock, time, is_stopped);
}

Transport::Line Transport::borrow_line() {
  const std::lock_guard lock{mutex_};
  if (idle_lines_.empty()) {
    Line line{curl_multi_init()};
    curl_multi_setopt(line.get(), CURLMOPT_MAXCONNECTS, 2L);
    return line;
  }
  Line line = std::move(idle_lines_.back());
  idle_lines_.pop_back();
  return line;
}

void Transport::give_back(Line line) {
  const std::lock_guard lock{mutex_};
  if (idle_lines_.size() < kIdleLines) idle_lines_.push_back(std::move(line));
}

}  // namespace stateproof::kube
