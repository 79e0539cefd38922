#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "postgres/epoch_rows.h"
#include "postgres/sql_error.h"
#include "weir/status.h"

struct pg_conn;
struct pg_result;

namespace weir::postgres {

/// A connection to PostgreSQL. After a failure use another one. Calls block, for at most the
/// timeout without an answer: for the I/O pool. Thread: one at a time.
class Connection {
 public:
  /// UNAVAILABLE: the server is not reachable now.
  static StatusOr<std::unique_ptr<Connection>> open(const std::string& parameters,
                                                    std::chrono::milliseconds timeout);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// "db.example:5432, database shop, user weir".
  const std::string& server() const { return server_; }
  /// The results of one statement.
  struct Answer {
    int64_t affected = 0;  ///< rows
    std::string tag;       ///< such as "COMMIT"
    std::string first;     ///< the first value, if there is one
  };
  /// Runs one statement. `tried` is for the message of a failure.
  StatusOr<Answer> run(const std::string& sql, const RowParameters& parameters,
                       std::string_view tried);
  /// Prepares the statement for write() and explain(). Errors in it are found here, but not missing
  /// permissions.
  Status prepare(const std::string& statement);
  /// Lets the server plan the prepared statement, which checks permissions, and changes nothing.
  Status explain();
  /// Executes the prepared statement for up to `most` rows. Without a transaction, all of them are
  /// one.
  Status write(RowReader& rows, size_t most);

 private:
  struct FreeResult {
    void operator()(pg_result* result) const;
  };
  using Result = std::unique_ptr<pg_result, FreeResult>;

  Connection(pg_conn* handle, std::chrono::milliseconds timeout);
  Status set_up();
  Status write_pipeline(RowReader& rows, size_t most, size_t* sent);
  /// Waits for the next result; null: the end of one statement's.
  StatusOr<Result> next_result(std::string_view tried);
  Status lost(std::string_view tried) const;
  Status status_of_result(const pg_result* result, std::string_view tried) const;
  std::string tried_rows() const;

  pg_conn* const handle_;
  const std::chrono::milliseconds timeout_;
  std::string server_;
  std::string statement_;
  int parameters_ = 0;  ///< of the prepared statement
};

/// INVALID_ARGUMENT: libpq does not understand the connection string.
Status check_connection_string(const std::string& parameters);

}  // namespace weir::postgres
