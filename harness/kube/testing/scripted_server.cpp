#include "harness/kube/testing/scripted_server.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cctype>
#include <csignal>
#include <stdexcept>

namespace stateproof::kube::testing {
namespace {

template <auto Free>
struct Freed {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using X509Ptr = std::unique_ptr<X509, Freed<X509_free>>;
using Memory = std::unique_ptr<BIO, Freed<BIO_free_all>>;
using Context = std::unique_ptr<SSL_CTX, Freed<SSL_CTX_free>>;
using Session = std::unique_ptr<SSL, Freed<SSL_free>>;

void require(bool holds, const char* what) {
  if (!holds) throw std::runtime_error(fmt::format("scripted server: {}", what));
}

std::string text_of(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

std::string pem(X509* certificate) {
  Memory bio{BIO_new(BIO_s_mem())};
  PEM_write_bio_X509(bio.get(), certificate);
  return text_of(bio.get());
}

std::string pem(EVP_PKEY* key) {
  Memory bio{BIO_new(BIO_s_mem())};
  PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
  return text_of(bio.get());
}

X509Ptr parse_certificate(const std::string& text) {
  Memory bio{BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))};
  return X509Ptr{PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)};
}

Key parse_key(const std::string& text) {
  Memory bio{BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))};
  return Key{PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr)};
}

void add_extension(X509* certificate, X509* issuer, int id, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, id, value.c_str());
  require(extension != nullptr, "a certificate extension was refused");
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

X509Ptr unsigned_certificate(EVP_PKEY* key, const std::string& name, std::chrono::seconds from,
                             std::chrono::seconds until) {
  static std::atomic<long> serial{1};
  X509Ptr certificate{X509_new()};
  X509_set_version(certificate.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), serial++);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), from.count());
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), until.count());
  X509_set_pubkey(certificate.get(), key);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  return certificate;
}

std::string subject_names(const CertificateRequest& request) {
  std::string all;
  for (const auto& name : request.names) all += fmt::format("{}DNS:{}", all.empty() ? "" : ",", name);
  for (const auto& address : request.addresses)
    all += fmt::format("{}IP:{}", all.empty() ? "" : ",", address);
  return all;
}

std::string lower(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

std::string percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      out += static_cast<char>(std::stoi(std::string(text.substr(i + 1, 2)), nullptr, 16));
      i += 2;
    } else {
      out += text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

std::string route_of(const SeenRequest& request) {
  const auto watch = request.query("watch");
  const bool watches = request.method == "GET" && (watch == "1" || watch == "true");
  return (watches ? "WATCH" : request.method) + " " + request.path();
}

/// A socket with or without TLS. One thread uses it; another may only interrupt it.
class Wire {
 public:
  explicit Wire(int fd) : fd_(fd) {}
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;
  ~Wire() { close_descriptor(); }

  bool handshake(SSL_CTX* context) {
    tls_.reset(SSL_new(context));
    SSL_set_fd(tls_.get(), fd_);
    return SSL_accept(tls_.get()) == 1;
  }

  bool write(std::string_view bytes) {
    while (!bytes.empty() && open_) {
      const auto n = tls_ ? SSL_write(tls_.get(), bytes.data(), static_cast<int>(bytes.size()))
                          : static_cast<int>(::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL));
      if (n <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return open_;
  }

  std::string read_some(std::size_t max) {
    std::string bytes(max, '\0');
    if (!open_) return {};
    const auto n = tls_ ? SSL_read(tls_.get(), bytes.data(), static_cast<int>(max))
                        : static_cast<int>(::recv(fd_, bytes.data(), max, 0));
    bytes.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    return bytes;
  }

  void close() {
    if (!open_) return;
    if (tls_) SSL_shutdown(tls_.get());
    ::shutdown(fd_, SHUT_WR);
    close_descriptor();
  }

  void cut() {
    if (!open_) return;
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close_descriptor();
  }

  /// Wakes the thread that reads or writes, from outside.
  void interrupt() {
    const std::lock_guard lock{mutex_};
    if (fd_ >= 0) ::shutdown(fd_, SHUT_RDWR);
  }

  [[nodiscard]] bool is_open() const { return open_; }
  [[nodiscard]] int descriptor() const { return fd_; }
  [[nodiscard]] bool has_bytes() const { return tls_ && SSL_pending(tls_.get()) > 0; }
  [[nodiscard]] SSL* tls() const { return tls_.get(); }

 private:
  void close_descriptor() {
    const std::lock_guard lock{mutex_};
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
    open_ = false;
  }

  std::mutex mutex_;  // so that interrupt() never hits a descriptor that was closed and given to another
  int fd_;
  bool open_ = true;
  Session tls_;
};

class ScriptedConnection final : public Connection {
 public:
  ScriptedConnection(Wire& wire, int number) : wire_(wire) { request_.connection = number; }

  bool next_request() override {
    if (!wire_.is_open()) return false;
    std::size_t end = 0;
    while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
      if (!fill()) return false;
      if (is_client_hello()) {
        respond(400, "Client sent an HTTPS request to an HTTP server.\n");
        return false;
      }
    }
    parse_head(std::string_view(buffer_).substr(0, end));
    buffer_.erase(0, end + 4);
    const auto length = request_.headers.find("content-length");
    request_.body = read_exactly(length == request_.headers.end() ? 0 : std::stoul(length->second));
    describe_tls();
    return true;
  }

  [[nodiscard]] const SeenRequest& request() const override { return request_; }
  [[nodiscard]] int descriptor() const override { return wire_.descriptor(); }
  [[nodiscard]] bool has_bytes() const override { return !buffer_.empty() || wire_.has_bytes(); }
  bool write(std::string_view bytes) override { return wire_.write(bytes); }

  std::string read_some(std::size_t max) override {
    if (buffer_.empty()) return wire_.read_some(max);
    std::string bytes = buffer_.substr(0, max);
    buffer_.erase(0, bytes.size());
    return bytes;
  }

  void close() override { wire_.close(); }
  void cut() override { wire_.cut(); }

 private:
  bool fill() {
    const std::string bytes = wire_.read_some(65536);
    buffer_ += bytes;
    return !bytes.empty();
  }

  /// TLS to a server without TLS; Go's server answers in plain text, too.
  [[nodiscard]] bool is_client_hello() const { return buffer_.starts_with('\x16'); }

  void parse_head(std::string_view head) {
    const auto line_end = head.find("\r\n");
    const std::string_view first = head.substr(0, line_end);
    const auto space = first.find(' ');
    request_.method = first.substr(0, space);
    request_.target = first.substr(space + 1, first.rfind(' ') - space - 1);
    request_.headers.clear();
    head.remove_prefix(line_end == std::string_view::npos ? head.size() : line_end + 2);
    while (!head.empty()) {
      const auto end = head.find("\r\n");
      add_header(head.substr(0, end));
      head.remove_prefix(end == std::string_view::npos ? head.size() : end + 2);
    }
  }

  void add_header(std::string_view line) {
    const auto colon = line.find(':');
    std::string_view value = line.substr(colon + 1);
    value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
    std::string& stored = request_.headers[lower(std::string(line.substr(0, colon)))];
    stored += (stored.empty() ? "" : ", ") + std::string(value);
  }

  void describe_tls() {
    if (wire_.tls() == nullptr) return;
    if (const char* name = SSL_get_servername(wire_.tls(), TLSEXT_NAMETYPE_host_name))
      request_.server_name = name;
    const X509Ptr peer{SSL_get1_peer_certificate(wire_.tls())};
    if (!peer) return;
    std::array<char, 256> name{};
    X509_NAME_get_text_by_NID(X509_get_subject_name(peer.get()), NID_commonName, name.data(), name.size());
    request_.client_certificate_subject = name.data();
  }

  Wire& wire_;
  SeenRequest request_;
  std::string buffer_;
};

}  // namespace

std::string SeenRequest::path() const { return target.substr(0, target.find('?')); }

std::optional<std::string> SeenRequest::query(const std::string& name) const {
  const auto mark = target.find('?');
  if (mark == std::string::npos) return std::nullopt;
  std::string_view rest = std::string_view(target).substr(mark + 1);
  while (!rest.empty()) {
    const auto pair = rest.substr(0, rest.find('&'));
    const auto equals = pair.find('=');
    if (percent_decoded(pair.substr(0, equals)) == name) {
      return equals == std::string_view::npos ? "" : percent_decoded(pair.substr(equals + 1));
    }
    rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
  }
  return std::nullopt;
}

std::string SeenRequest::header(const std::string& lower_case_name) const {
  const auto found = headers.find(lower_case_name);
  return found == headers.end() ? "" : found->second;
}

nlohmann::json SeenRequest::json() const { return nlohmann::json::parse(body, nullptr, false); }

std::string Connection::read_exactly(std::size_t count) {
  std::string bytes;
  while (bytes.size() < count) {
    const std::string more = read_some(count - bytes.size());
    if (more.empty()) break;
    bytes += more;
  }
  return bytes;
}

void Connection::await_close() {
  while (!read_some().empty()) {
  }
}

void Connection::respond(int status, std::string_view body, const HeaderList& headers) {
  std::string head = fmt::format("HTTP/1.1 {} Scripted\r\nContent-Length: {}\r\n", status, body.size());
  for (const auto& [name, value] : headers) head += fmt::format("{}: {}\r\n", name, value);
  write(head + "\r\n" + std::string(body));
}

void Connection::respond_json(const nlohmann::json& body, int status) {
  respond(status, body.dump(), {{"Content-Type", "application/json"}});
}

void Connection::respond_status(int code, std::string_view reason, std::string_view message,
                                const HeaderList& headers) {
  HeaderList all = headers;
  all.emplace_back("Content-Type", "application/json");
  respond(code, status_object(code, reason, message).dump(), all);
}

void Connection::begin_stream() {
  write("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n");
}

bool Connection::chunk(std::string_view bytes) {
  return write(fmt::format("{:x}\r\n{}\r\n", bytes.size(), bytes));
}

void Connection::end_stream() { write("0\r\n\r\n"); }

bool Connection::event(std::string_view type, const nlohmann::json& object) {
  return chunk(nlohmann::json{{"type", type}, {"object", object}}.dump() + "\n");
}

nlohmann::json status_object(int code, std::string_view reason, std::string_view message) {
  return {{"kind", "Status"},    {"apiVersion", "v1"}, {"metadata", nlohmann::json::object()},
          {"status", "Failure"}, {"message", message}, {"reason", reason},
          {"code", code}};
}

Authority::Authority() {
  const Key key{EVP_EC_gen("P-256")};
  const X509Ptr certificate = unsigned_certificate(key.get(), "stateproof test authority",
                                                   std::chrono::hours{-1}, std::chrono::hours{24});
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(certificate.get()));
  add_extension(certificate.get(), certificate.get(), NID_basic_constraints, "critical,CA:TRUE");
  add_extension(certificate.get(), certificate.get(), NID_key_usage, "critical,keyCertSign,cRLSign");
  require(X509_sign(certificate.get(), key.get(), EVP_sha256()) > 0, "the authority could not sign itself");
  own_ = {pem(certificate.get()), SecretText{pem(key.get())}};
}

Certificate Authority::issue(const CertificateRequest& request) const {
  const Key key{EVP_EC_gen("P-256")};
  const Key authority_key = parse_key(own_.key_pem.reveal());
  const X509Ptr authority = parse_certificate(own_.certificate_pem);
  const X509Ptr certificate =
      unsigned_certificate(key.get(), request.common_name, request.valid_from, request.valid_until);
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(authority.get()));
  if (const auto names = subject_names(request); !names.empty()) {
    add_extension(certificate.get(), authority.get(), NID_subject_alt_name, names);
  }
  require(X509_sign(certificate.get(), authority_key.get(), EVP_sha256()) > 0,
          "a certificate was not signed");
  return {pem(certificate.get()), SecretText{pem(key.get())}};
}

class ScriptedServer::Impl {
 public:
  explicit Impl(ServerOptions options) : options_(options) {
    if (options_.scheme == Scheme::kHttps) prepare_tls();
    listen();
    acceptor_ = std::thread([this] { accept_all(); });
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  ~Impl() {
    {
      const std::lock_guard lock{mutex_};
      stopping_ = true;
      for (const auto& wire : wires_) wire->interrupt();
    }
    ::shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    for (auto& thread : connections_) thread.join();
    ::close(listener_);
  }

  void add(const std::string& route, Handler handler, bool repeats) {
    const std::lock_guard lock{mutex_};
    if (repeats) {
      always_[route] = std::move(handler);
    } else {
      once_[route].push_back(std::move(handler));
    }
  }

  void add_otherwise(Handler handler) {
    const std::lock_guard lock{mutex_};
    otherwise_ = std::move(handler);
  }

  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] const Authority& authority() const { return authority_; }
  [[nodiscard]] const ServerOptions& options() const { return options_; }

  [[nodiscard]] std::vector<SeenRequest> requests(const std::string* route) const {
    const std::lock_guard lock{mutex_};
    std::vector<SeenRequest> chosen;
    std::ranges::copy_if(seen_, std::back_inserter(chosen),
                         [&](const SeenRequest& r) { return route == nullptr || route_of(r) == *route; });
    return chosen;
  }

  bool await_requests(const std::string& route, std::size_t count) const {
    std::unique_lock lock{mutex_};
    return changed_.wait_for(lock, std::chrono::seconds{10}, [&] {
      return std::ranges::count_if(seen_, [&](const SeenRequest& r) { return route_of(r) == route; }) >=
             static_cast<std::ptrdiff_t>(count);
    });
  }

  [[nodiscard]] int connection_count() const {
    const std::lock_guard lock{mutex_};
    return static_cast<int>(wires_.size());
  }

 private:
  void prepare_tls() {
    context_.reset(SSL_CTX_new(TLS_server_method()));
    const Certificate certificate = server_certificate();
    const X509Ptr chain = parse_certificate(certificate.certificate_pem);
    const Key key = parse_key(certificate.key_pem.reveal());
    require(SSL_CTX_use_certificate(context_.get(), chain.get()) == 1, "the certificate was refused");
    require(SSL_CTX_use_PrivateKey(context_.get(), key.get()) == 1, "the key was refused");
    // Client certificates are asked for, not demanded, as the API server does.
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context_.get()),
                        parse_certificate(authority_.certificate_pem()).get());
    SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
    const unsigned char session_name = 's';
    SSL_CTX_set_session_id_context(context_.get(), &session_name, 1);
  }

  [[nodiscard]] Certificate server_certificate() const {
    CertificateRequest request;
    switch (options_.certificate) {
      case ServerCertificate::kGood:
        return authority_.issue(request);
      case ServerCertificate::kOtherName:
        return authority_.issue({.names = {"other.example"}, .addresses = {}});
      case ServerCertificate::kExpired:
        request.valid_until = std::chrono::seconds{-60};
        return authority_.issue(request);
      case ServerCertificate::kUntrusted:
        return Authority{}.issue(request);
    }
    return {};
  }

  void listen() {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    require(::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) == 0, "bind failed");
    require(::listen(listener_, 64) == 0, "listen failed");
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
  }

  void accept_all() {
    while (true) {
      const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      const std::lock_guard lock{mutex_};
      if (stopping_ || fd < 0) {
        if (fd >= 0) ::close(fd);
        return;
      }
      const int now = 1;
      ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &now, sizeof now);
      Wire& wire = *wires_.emplace_back(std::make_unique<Wire>(fd));
      const int number = static_cast<int>(wires_.size());
      connections_.emplace_back([this, &wire, number] { serve(wire, number); });
    }
  }

  void serve(Wire& wire, int number) {
    // OpenSSL writes with write(2); the signal goes to the writing thread, so only this one ignores it and
    // the client's threads are tested as they are.
    sigset_t broken_pipe;
    sigemptyset(&broken_pipe);
    sigaddset(&broken_pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &broken_pipe, nullptr);

    if (options_.handshake == Handshake::kCutInTheMiddle) {
      wire.read_some(16);
      wire.cut();
      return;
    }
    if (context_ && !wire.handshake(context_.get())) {
      wire.cut();
      return;
    }
    ScriptedConnection connection{wire, number};
    while (wire.is_open() && connection.next_request()) take_handler(connection.request())(connection);
    wire.close();
  }

  Handler take_handler(const SeenRequest& request) {
    const std::lock_guard lock{mutex_};
    seen_.push_back(request);
    changed_.notify_all();
    const std::string route = route_of(request);
    if (auto& queue = once_[route]; !queue.empty()) {
      Handler handler = std::move(queue.front());
      queue.pop_front();
      return handler;
    }
    if (const auto found = always_.find(route); found != always_.end()) return found->second;
    if (otherwise_) return otherwise_;
    return [route](Connection& c) { c.respond_status(404, "NotFound", "nothing is scripted for " + route); };
  }

  const ServerOptions options_;
  const Authority authority_;
  Context context_;
  int listener_ = -1;
  int port_ = 0;

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  bool stopping_ = false;
  std::map<std::string, std::deque<Handler>> once_;
  std::map<std::string, Handler> always_;
  Handler otherwise_;
  std::vector<SeenRequest> seen_;
  std::vector<std::unique_ptr<Wire>> wires_;
  std::list<std::thread> connections_;
  std::thread acceptor_;
};

ScriptedServer::ScriptedServer(ServerOptions options) : impl_(std::make_unique<Impl>(options)) {}
ScriptedServer::~ScriptedServer() = default;

void ScriptedServer::once(const std::string& route, Handler handler) {
  impl_->add(route, std::move(handler), false);
}
void ScriptedServer::always(const std::string& route, Handler handler) {
  impl_->add(route, std::move(handler), true);
}
void ScriptedServer::otherwise(Handler handler) { impl_->add_otherwise(std::move(handler)); }
int ScriptedServer::port() const { return impl_->port(); }

std::string ScriptedServer::url() const {
  return fmt::format("{}://127.0.0.1:{}", impl_->options().scheme == Scheme::kHttps ? "https" : "http",
                     port());
}

std::string ScriptedServer::ca_pem() const { return impl_->authority().certificate_pem(); }

Certificate ScriptedServer::client_certificate(const std::string& common_name) const {
  return impl_->authority().issue({.common_name = common_name, .names = {}, .addresses = {}});
}

ClusterConfig ScriptedServer::config() const {
  ClusterConfig config;
  config.context = "scripted";
  config.server = url();
  config.ca_pem = impl_->options().scheme == Scheme::kHttps ? ca_pem() : "";
  return config;
}

std::vector<SeenRequest> ScriptedServer::requests() const { return impl_->requests(nullptr); }
std::vector<SeenRequest> ScriptedServer::requests(const std::string& route) const {
  return impl_->requests(&route);
}
bool ScriptedServer::await_requests(const std::string& route, std::size_t count) const {
  return impl_->await_requests(route, count);
}
int ScriptedServer::connection_count() const { return impl_->connection_count(); }

}  // namespace stateproof::kube::testing
