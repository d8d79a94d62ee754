#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>
#include <variant>
#include <vector>

namespace stateproof::sql {

/// Why a statement did not give a result.
struct SqlError {
  unsigned code = 0;     ///< of the server (1000-1999, 3000 and above) or of the client library (2000-2999)
  std::string sqlstate;  ///< five characters; "HY000" when the library knows no better
  std::string message;   ///< in the server's or the library's words; never a password
  /// The session is dead: every later statement on it fails too. Open a new one.
  bool connection_lost = false;
  /// The statement may or may not have taken effect: no reply arrived, or it was killed while it committed.
  /// False when it is certain that nothing of it remains.
  bool outcome_unknown = false;

  /// One sentence for people.
  [[nodiscard]] std::string sentence() const;
};

template <class T>
using Result = tl::expected<T, SqlError>;

/// Printing or streaming it is not possible by accident.
class Password {
 public:
  Password() = default;
  explicit Password(std::string text) : text_(std::move(text)) {}
  [[nodiscard]] const std::string& reveal() const { return text_; }

 private:
  std::string text_;
};

struct SessionOptions {
  std::string
      unix_socket{};   ///< path, for example of kube::PortForward::socket_path(); or else host and port
  std::string host{};  ///< address; used without a unix_socket
  int port = 3306;
  std::string user{};
  Password password{};
  std::string database{};  ///< empty: none chosen
  std::chrono::seconds connect_timeout{10};
  std::chrono::seconds read_timeout{30};  ///< longest silence while a reply is awaited
  std::chrono::seconds write_timeout{30};
};

/// What is bound to one `?`: NULL, a whole number or bytes.
using Value = std::variant<std::monostate, std::int64_t, std::string>;

/// One row as the server renders it; nullopt is NULL.
using Row = std::vector<std::optional<std::string>>;

struct ResultSet {
  std::vector<std::string> columns;
  std::vector<Row> rows;

  /// The named field of a row, compared without regard to case; nullopt when it is NULL or there is no such
  /// row or column.
  [[nodiscard]] std::optional<std::string> field(std::size_t row, std::string_view column) const;
};

/// One connection to one MariaDB server, in autocommit mode, with utf8mb4 and without reconnecting: a new
/// connection is always the caller's decision, also after a first attempt that met a server not ready yet.
/// Move only; one thread at a time. Closing the socket's far end (kube::PortForward) ends a waiting call.
class Session {
 public:
  static Result<Session> connect(const SessionOptions& options);
  Session(Session&&) noexcept;
  Session& operator=(Session&&) noexcept;
  ~Session();

  /// One statement as text; a statement without a result set gives an empty one.
  Result<ResultSet> query(std::string_view sql);
  /// One statement as text. Gives the number of affected rows, 0 for one that has none (DDL, SET).
  Result<std::uint64_t> execute(std::string_view sql);
  /// A prepared statement, each `?` bound to one of `values`. Gives the number of affected rows.
  Result<std::uint64_t> execute(std::string_view sql, const std::vector<Value>& values);
  /// One prepared statement for each of `rows`, all in one transaction: on an error nothing of it remains,
  /// unless `outcome_unknown`. Gives the number of affected rows.
  Result<std::uint64_t> execute_batch(std::string_view sql, const std::vector<std::vector<Value>>& rows);

  /// CONNECTION_ID() on the server.
  [[nodiscard]] std::uint64_t connection_id() const;
  /// For example "11.8.3-MariaDB-ubu2404-log".
  [[nodiscard]] std::string server_version() const;

 private:
  class Handle;
  explicit Session(std::unique_ptr<Handle> handle);
  std::unique_ptr<Handle> handle_;
};

}  // namespace stateproof::sql
