#include "harness/sql/session.h"

#include <errmsg.h>
#include <fmt/format.h>
#include <mysql.h>
#include <mysqld_error.h>
#include <strings.h>

#include <algorithm>
#include <array>
#include <utility>

namespace stateproof::sql {
namespace {

bool loses_the_connection(unsigned code) {
  constexpr std::array<unsigned, 11> codes{
      CR_CONNECTION_ERROR,     CR_CONN_HOST_ERROR,         CR_SERVER_GONE_ERROR,    CR_SERVER_LOST,
      CR_SERVER_LOST_EXTENDED, CR_MALFORMED_PACKET,        CR_SSL_CONNECTION_ERROR, ER_SERVER_SHUTDOWN,
      ER_ABORTING_CONNECTION,  ER_NEW_ABORTING_CONNECTION, ER_CONNECTION_KILLED};
  return std::find(codes.begin(), codes.end(), code) != codes.end();
}

/// Also those that the server sends when it gives up while a commit is on its way, for instance while it
/// waits for a replica's acknowledgement: the engine may have committed already.
bool leaves_the_outcome_open(unsigned code) {
  return loses_the_connection(code) || code == ER_QUERY_INTERRUPTED || code == ER_ERROR_DURING_COMMIT;
}

SqlError error_of(MYSQL* connection) {
  const unsigned code = mysql_errno(connection);
  return {code, mysql_sqlstate(connection), mysql_error(connection), loses_the_connection(code),
          leaves_the_outcome_open(code)};
}

SqlError error_of(MYSQL_STMT* statement) {
  const unsigned code = mysql_stmt_errno(statement);
  return {code, mysql_stmt_sqlstate(statement), mysql_stmt_error(statement), loses_the_connection(code),
          leaves_the_outcome_open(code)};
}

/// The same error where it is certain that nothing took effect.
SqlError without_effect(SqlError error) {
  error.outcome_unknown = false;
  return error;
}

struct Close {
  void operator()(MYSQL* connection) const { mysql_close(connection); }
  void operator()(MYSQL_RES* result) const { mysql_free_result(result); }
  void operator()(MYSQL_STMT* statement) const { mysql_stmt_close(statement); }
};
using Connection = std::unique_ptr<MYSQL, Close>;
using Stored = std::unique_ptr<MYSQL_RES, Close>;

/// The library's own start is not thread safe; a static of a function is.
void start_library() { [[maybe_unused]] static const int started = mysql_library_init(0, nullptr, nullptr); }

unsigned whole_seconds(std::chrono::seconds time) {
  return static_cast<unsigned>(
      std::max<std::chrono::seconds::rep>(1, time.count()));  // 0 would mean: for ever
}

void set_options(MYSQL* connection, const SessionOptions& options) {
  const unsigned connect = whole_seconds(options.connect_timeout);
  const unsigned read = whole_seconds(options.read_timeout);
  const unsigned write = whole_seconds(options.write_timeout);
  const unsigned protocol = options.unix_socket.empty() ? MYSQL_PROTOCOL_TCP : MYSQL_PROTOCOL_SOCKET;
  const unsigned local_infile = 0;
  mysql_optionsv(connection, MYSQL_OPT_CONNECT_TIMEOUT, &connect);
  mysql_optionsv(connection, MYSQL_OPT_READ_TIMEOUT, &read);
  mysql_optionsv(connection, MYSQL_OPT_WRITE_TIMEOUT, &write);
  mysql_optionsv(connection, MYSQL_OPT_PROTOCOL, &protocol);
  mysql_optionsv(connection, MYSQL_OPT_LOCAL_INFILE, &local_infile);
  mysql_optionsv(connection, MYSQL_SET_CHARSET_NAME, "utf8mb4");
}

Row row_of(MYSQL_RES* result, MYSQL_ROW fields) {
  const unsigned long* lengths = mysql_fetch_lengths(result);
  Row row(mysql_num_fields(result));
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (fields[i] != nullptr) row[i].emplace(fields[i], lengths[i]);
  }
  return row;
}

ResultSet result_set_of(MYSQL_RES* result) {
  ResultSet out;
  const MYSQL_FIELD* fields = mysql_fetch_fields(result);
  for (unsigned i = 0; i < mysql_num_fields(result); ++i) out.columns.emplace_back(fields[i].name);
  while (MYSQL_ROW row = mysql_fetch_row(result)) out.rows.push_back(row_of(result, row));
  return out;
}

/// One prepared statement on one connection.
class Statement {
 public:
  static Result<Statement> prepare(MYSQL* connection, std::string_view sql) {
    Statement statement(mysql_stmt_init(connection));
    if (mysql_stmt_prepare(statement.get(), sql.data(), sql.size()) != 0) {
      return tl::unexpected(without_effect(error_of(statement.get())));
    }
    return statement;
  }

  Result<std::uint64_t> execute(const std::vector<Value>& values) {
    const auto wanted = mysql_stmt_param_count(get());
    if (values.size() != wanted) {
      return tl::unexpected(SqlError{CR_PARAMS_NOT_BOUND, "HY000",
                                     fmt::format("{} values for {} parameters", values.size(), wanted), false,
                                     false});
    }
    std::vector<MYSQL_BIND> binds;
    binds.reserve(values.size());
    for (const Value& value : values) binds.push_back(bind(value));
    if (mysql_stmt_bind_param(get(), binds.data()) != 0)
      return tl::unexpected(without_effect(error_of(get())));
    if (mysql_stmt_execute(get()) != 0) return tl::unexpected(error_of(get()));
    if (mysql_stmt_field_count(get()) == 0) return mysql_stmt_affected_rows(get());
    if (mysql_stmt_store_result(get()) != 0) return tl::unexpected(error_of(get()));
    mysql_stmt_free_result(get());
    return 0;
  }

 private:
  explicit Statement(MYSQL_STMT* statement) : statement_(statement) {}
  [[nodiscard]] MYSQL_STMT* get() const { return statement_.get(); }

  /// Points into `value`; the library only reads what is bound to a parameter.
  static MYSQL_BIND bind(const Value& value) {
    MYSQL_BIND bind{};
    if (const auto* number = std::get_if<std::int64_t>(&value)) {
      bind.buffer_type = MYSQL_TYPE_LONGLONG;
      bind.buffer = const_cast<std::int64_t*>(number);
    } else if (const auto* text = std::get_if<std::string>(&value)) {
      bind.buffer_type = MYSQL_TYPE_STRING;
      bind.buffer = const_cast<char*>(text->data());
      bind.buffer_length = text->size();
    } else {
      bind.buffer_type = MYSQL_TYPE_NULL;
    }
    return bind;
  }

  std::unique_ptr<MYSQL_STMT, Close> statement_;
};

}  // namespace

std::string SqlError::sentence() const {
  return fmt::format("{}: {} (error {}, SQLSTATE {}){}",
                     connection_lost ? "the connection to the database is lost" : "the database refused",
                     message, code, sqlstate,
                     outcome_unknown ? "; it is unknown whether the statement took effect" : "");
}

std::optional<std::string> ResultSet::field(std::size_t row, std::string_view column) const {
  if (row >= rows.size()) return std::nullopt;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const bool same = columns[i].size() == column.size() &&
                      ::strncasecmp(columns[i].data(), column.data(), column.size()) == 0;
    if (same) return rows[row][i];
  }
  return std::nullopt;
}

class Session::Handle {
 public:
  explicit Handle(Connection connection) : connection_(std::move(connection)) {}
  [[nodiscard]] MYSQL* get() const { return connection_.get(); }

  Result<ResultSet> run(std::string_view sql) const {
    if (mysql_real_query(get(), sql.data(), sql.size()) != 0) return tl::unexpected(error_of(get()));
    auto first = stored_result();
    // A procedure ends with one more result, which has to be read before the next statement.
    while (first && mysql_more_results(get()) != 0) {
      if (mysql_next_result(get()) > 0) return tl::unexpected(error_of(get()));
      if (auto rest = stored_result(); !rest) return rest;
    }
    return first;
  }

 private:
  [[nodiscard]] Result<ResultSet> stored_result() const {
    const Stored result(mysql_store_result(get()));
    if (result) return result_set_of(result.get());
    if (mysql_field_count(get()) == 0) return ResultSet{};
    return tl::unexpected(error_of(get()));
  }

  Connection connection_;
};

Session::Session(std::unique_ptr<Handle> handle) : handle_(std::move(handle)) {}
Session::Session(Session&&) noexcept = default;
Session& Session::operator=(Session&&) noexcept = default;
Session::~Session() = default;

Result<Session> Session::connect(const SessionOptions& options) {
  start_library();
  Connection connection(mysql_init(nullptr));
  set_options(connection.get(), options);
  const char* database = options.database.empty() ? nullptr : options.database.c_str();
  const bool is_local = !options.unix_socket.empty();
  if (mysql_real_connect(connection.get(), is_local ? "localhost" : options.host.c_str(),
                         options.user.c_str(), options.password.reveal().c_str(), database,
                         static_cast<unsigned>(options.port),
                         is_local ? options.unix_socket.c_str() : nullptr, 0) == nullptr) {
    return tl::unexpected(without_effect(error_of(connection.get())));
  }
  return Session(std::make_unique<Handle>(std::move(connection)));
}

Result<ResultSet> Session::query(std::string_view sql) { return handle_->run(sql); }

Result<std::uint64_t> Session::execute(std::string_view sql) {
  return handle_->run(sql).map([this](const ResultSet& result) -> std::uint64_t {
    return result.columns.empty() ? mysql_affected_rows(handle_->get()) : 0;
  });
}

Result<std::uint64_t> Session::execute(std::string_view sql, const std::vector<Value>& values) {
  return Statement::prepare(handle_->get(), sql).and_then([&](Statement statement) {
    return statement.execute(values);
  });
}

Result<std::uint64_t> Session::execute_batch(std::string_view sql,
                                             const std::vector<std::vector<Value>>& rows) {
  const auto insert_all = [&]() -> Result<std::uint64_t> {
    if (auto begun = execute("START TRANSACTION"); !begun) return begun;
    auto statement = Statement::prepare(handle_->get(), sql);
    if (!statement) return tl::unexpected(std::move(statement.error()));
    std::uint64_t affected = 0;
    for (const auto& row : rows) {
      const auto executed = statement->execute(row);
      if (!executed) return executed;
      affected += *executed;
    }
    return affected;
  };

  auto affected = insert_all();
  if (!affected) {
    // Without a COMMIT the server rolls back by itself when the connection is gone.
    if (!affected.error().connection_lost) std::ignore = execute("ROLLBACK");
    return tl::unexpected(without_effect(affected.error()));
  }
  if (auto committed = execute("COMMIT"); !committed) return committed;
  return affected;
}

std::uint64_t Session::connection_id() const { return mysql_thread_id(handle_->get()); }

std::string Session::server_version() const { return mysql_get_server_info(handle_->get()); }

}  // namespace stateproof::sql
