#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "harness/kube/kubeconfig.h"

namespace stateproof::kube::testing {

using HeaderList = std::vector<std::pair<std::string, std::string>>;

/// One request as the server saw it.
struct SeenRequest {
  std::string method;
  std::string target;                          ///< path and query, still percent-encoded
  std::map<std::string, std::string> headers;  ///< names in lower case; repeated ones joined by ", "
  std::string body;
  int connection = 0;                      ///< counted from 1 in the order of acceptance
  std::string client_certificate_subject;  ///< common name; empty without a client certificate
  std::string server_name;                 ///< SNI

  [[nodiscard]] std::string path() const;
  /// Decoded value of a query parameter; nullopt when absent.
  [[nodiscard]] std::optional<std::string> query(const std::string& name) const;
  [[nodiscard]] std::string header(const std::string& lower_case_name) const;
  [[nodiscard]] nlohmann::json json() const;
};

/// The server's end of one connection, TLS done and the head and body of one request read. Used by one
/// handler at a time.
class Connection {
 public:
  virtual ~Connection() = default;

  [[nodiscard]] virtual const SeenRequest& request() const = 0;

  /// Reads another request, for a handler that answers all of a connection; false when none comes.
  virtual bool next_request() = 0;
  /// For poll; -1 once it is closed.
  [[nodiscard]] virtual int descriptor() const = 0;
  /// Whether bytes were read from the descriptor that read_some() has not given out.
  [[nodiscard]] virtual bool has_bytes() const = 0;

  /// Raw bytes, for whatever protocol the handler speaks. False once the peer is gone or the server stops.
  virtual bool write(std::string_view bytes) = 0;
  /// At least one byte, at most `max`; empty at the end of the stream.
  virtual std::string read_some(std::size_t max = 65536) = 0;
  /// Exactly `count` bytes, or fewer at the end of the stream.
  std::string read_exactly(std::size_t count);
  /// Blocks until the client closes or the server stops. What arrives meanwhile is dropped.
  void await_close();
  virtual void close() = 0;  ///< in order: TLS close_notify, then FIN
  virtual void cut() = 0;    ///< a bare RST, as when a machine dies

  /// A whole answer with Content-Length; the connection stays open for the next request.
  void respond(int status, std::string_view body, const HeaderList& headers = {});
  void respond_json(const nlohmann::json& body, int status = 200);
  /// A Status object, as the API server sends it.
  void respond_status(int code, std::string_view reason, std::string_view message,
                      const HeaderList& headers = {});
  /// The head of a chunked answer of status 200, then its pieces. Each call of chunk() is one TLS write.
  void begin_stream();
  bool chunk(std::string_view bytes);
  void end_stream();
  /// One watch event as a line of its own.
  bool event(std::string_view type, const nlohmann::json& object);
};

using Handler = std::function<void(Connection&)>;

nlohmann::json status_object(int code, std::string_view reason, std::string_view message);

/// A key and a certificate chain made in this process.
struct Certificate {
  std::string certificate_pem;
  SecretText key_pem;
};

struct CertificateRequest {
  std::string common_name = "stateproof test";
  std::vector<std::string> names = {"localhost"};      ///< DNS names
  std::vector<std::string> addresses = {"127.0.0.1"};  ///< IP addresses
  std::chrono::seconds valid_from{-3600};              ///< relative to now
  std::chrono::seconds valid_until{86400};
};

/// A certificate authority that lives as long as a test.
class Authority {
 public:
  Authority();
  [[nodiscard]] const std::string& certificate_pem() const { return own_.certificate_pem; }
  [[nodiscard]] Certificate issue(const CertificateRequest& request) const;

 private:
  Certificate own_;
};

enum class ServerCertificate { kGood, kOtherName, kExpired, kUntrusted };
enum class Handshake { kComplete, kCutInTheMiddle };
enum class Scheme { kHttps, kHttp };

struct ServerOptions {
  ServerCertificate certificate = ServerCertificate::kGood;
  Handshake handshake = Handshake::kComplete;
  Scheme scheme = Scheme::kHttps;
};

/// An API server that does what the script says, on 127.0.0.1 and a port that the system chose. Each
/// connection has a thread of its own; all are stopped and joined by the destructor.
///
/// A route is "METHOD /path" without the query; a GET with watch=1 or watch=true is "WATCH /path".
class ScriptedServer {
 public:
  explicit ScriptedServer(ServerOptions options = {});
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;
  ~ScriptedServer();

  /// Answers one request on this route; several calls answer one after the other.
  void once(const std::string& route, Handler handler);
  /// Answers each request on this route that no `once` is left for.
  void always(const std::string& route, Handler handler);
  /// Answers each request on any other route. Without one: 404 with a Status.
  void otherwise(Handler handler);

  [[nodiscard]] int port() const;
  [[nodiscard]] std::string url() const;     ///< "https://127.0.0.1:port"
  [[nodiscard]] std::string ca_pem() const;  ///< the authority that a client should trust
  /// A client certificate of the same authority.
  [[nodiscard]] Certificate client_certificate(const std::string& common_name) const;
  /// Reaches and trusts this server, without credentials.
  [[nodiscard]] ClusterConfig config() const;

  [[nodiscard]] std::vector<SeenRequest> requests() const;
  [[nodiscard]] std::vector<SeenRequest> requests(const std::string& route) const;
  /// Waits until this many requests were seen on the route; false after ten seconds, so that a test fails
  /// instead of hanging.
  bool await_requests(const std::string& route, std::size_t count) const;
  [[nodiscard]] int connection_count() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace stateproof::kube::testing
