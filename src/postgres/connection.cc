#include "postgres/connection.h"

#include <libpq-fe.h>
#include <poll.h>

#include "base/status_macros.h"
#include "base/strings.h"

namespace weir::postgres {
namespace {

constexpr char kPrepared[] = "weir_row";
/// Seconds; the connection string may have another.
constexpr char kConnectTimeout[] = "10";
/// A paused process must not hold its locks for ever.
constexpr char kSetUp[] =
    "SELECT set_config('idle_in_transaction_session_timeout', '30000', false), "
    "set_config('lock_timeout', '20000', false), "
    "set_config('synchronous_commit', CASE current_setting('synchronous_commit') "
    "WHEN 'off' THEN 'on' ELSE current_setting('synchronous_commit') END, false)";

std::string one_line(const char* text) {
  std::string line = text == nullptr ? "" : text;
  for (char& c : line) {
    if (c == '\n' || c == '\t') c = ' ';
  }
  return std::string(trim(line));
}

std::string field_of(const PGresult* result, int field) {
  return one_line(PQresultErrorField(result, field));
}

}  // namespace

void Connection::FreeResult::operator()(pg_result* result) const { PQclear(result); }

Status check_connection_string(const std::string& parameters) {
  char* problem = nullptr;
  PQconninfoOption* options = PQconninfoParse(parameters.c_str(), &problem);
  const std::string text = one_line(problem);
  PQfreemem(problem);
  if (options == nullptr)
    return invalid_argument(cat("the connection() of a JdbcSink is not understood: ", text,
                                ": write it like `host=db dbname=shop user=weir`"));
  PQconninfoFree(options);
  return {};
}

Connection::Connection(pg_conn* handle, std::chrono::milliseconds timeout)
    : handle_(handle), timeout_(timeout) {
  const auto part = [](const char* text) { return std::string(text == nullptr ? "" : text); };
  server_ = cat("PostgreSQL (", part(PQhost(handle_)), ":", part(PQport(handle_)), ", database ",
                part(PQdb(handle_)), ", user ", part(PQuser(handle_)), ")");
}

Connection::~Connection() { PQfinish(handle_); }

StatusOr<std::unique_ptr<Connection>> Connection::open(const std::string& parameters,
                                                       std::chrono::milliseconds timeout) {
  const char* const names[] = {"connect_timeout", "application_name", "dbname", "client_encoding",
                               nullptr};
  const char* const values[] = {kConnectTimeout, "weir", parameters.c_str(), "UTF8", nullptr};
  pg_conn* const handle = PQconnectdbParams(names, values, 1);
  if (handle == nullptr) return resource_exhausted("there is no memory for a connection");
  std::unique_ptr<Connection> connection(new Connection(handle, timeout));
  if (PQstatus(handle) != CONNECTION_OK) return connection->lost("connect");
  WEIR_RETURN_IF_ERROR(connection->set_up());
  return connection;
}

Status Connection::set_up() {
  if (PQsetnonblocking(handle_, 1) != 0) return lost("connect");
  PQsetNoticeProcessor(handle_, [](void*, const char*) {}, nullptr);
  return run(kSetUp, {}, "set up a session").status();
}

/// The SQLSTATE of a failed connection is only in the text, for refusals by the server.
Status Connection::lost(std::string_view tried) const {
  const std::string message = one_line(PQerrorMessage(handle_));
  SqlError error{.state = "", .message = message, .detail = ""};
  constexpr struct {
    std::string_view text;
    std::string_view state;
  } kRefusals[] = {{"password authentication failed", "28P01"},
                   {"no password supplied", "28P01"},
                   {"no pg_hba.conf entry", "28000"},
                   {"authentication failed", "28000"},
                   {"is not permitted to log in", "28000"}};
  for (const auto& refusal : kRefusals) {
    if (message.find(refusal.text) != message.npos) error.state = refusal.state;
  }
  if (message.find("FATAL:  role \"") != message.npos) error.state = "28000";
  if (message.find("FATAL:  database \"") != message.npos) error.state = "3D000";
  return status_of(error, tried, server_);
}

Status Connection::status_of_result(const pg_result* result, std::string_view tried) const {
  if (PQstatus(handle_) == CONNECTION_BAD &&
      PQresultErrorField(result, PG_DIAG_SQLSTATE) == nullptr)
    return lost(tried);
  return status_of({.state = field_of(result, PG_DIAG_SQLSTATE),
                    .message = field_of(result, PG_DIAG_MESSAGE_PRIMARY),
                    .detail = field_of(result, PG_DIAG_MESSAGE_DETAIL)},
                   tried, server_);
}

StatusOr<Connection::Result> Connection::next_result(std::string_view tried) {
  for (;;) {
    const int unsent = PQflush(handle_);
    if (unsent < 0) return lost(tried);
    if (unsent == 0 && PQisBusy(handle_) == 0) return Result(PQgetResult(handle_));
    pollfd socket{.fd = PQsocket(handle_),
                  .events = static_cast<short>(POLLIN | (unsent > 0 ? POLLOUT : 0)),
                  .revents = 0};
    if (socket.fd < 0) return lost(tried);
    const int ready = poll(&socket, 1, static_cast<int>(timeout_.count()));
    if (ready == 0)
      return unavailable(cat("cannot ", tried, " at ", server_, ": the server is silent for ",
                             timeout_.count(), " ms: is it overloaded, or paused?"));
    if (ready < 0) continue;  // a signal
    if ((socket.revents & ~POLLOUT) != 0 && PQconsumeInput(handle_) == 0) return lost(tried);
  }
}

StatusOr<Connection::Answer> Connection::run(const std::string& sql,
                                             const RowParameters& parameters,
                                             std::string_view tried) {
  if (PQsendQueryParams(handle_, sql.c_str(), static_cast<int>(parameters.size()), nullptr,
                        parameters.data(), nullptr, nullptr, 0) == 0)
    return lost(tried);
  Answer answer;
  Status failure;
  for (;;) {
    WEIR_ASSIGN_OR_RETURN(const Result result, next_result(tried));
    if (result == nullptr) break;
    const auto status = PQresultStatus(result.get());
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
      if (failure.ok()) failure = status_of_result(result.get(), tried);
      continue;
    }
    answer.tag = PQcmdStatus(result.get());
    const std::string affected = PQcmdTuples(result.get());
    answer.affected = affected.empty() ? 0 : std::stoll(affected);
    if (PQntuples(result.get()) > 0) answer.first = PQgetvalue(result.get(), 0, 0);
  }
  if (!failure.ok()) return failure;
  return answer;
}

std::string Connection::tried_rows() const {
  return cat("write rows with '", shortened(statement_), "'");
}

Status Connection::prepare(const std::string& statement) {
  if (statement == statement_) return {};
  const std::string tried = cat("prepare '", shortened(statement), "'");
  if (!statement_.empty())
    WEIR_RETURN_IF_ERROR(run(cat("DEALLOCATE ", kPrepared), {}, tried).status());
  statement_.clear();
  if (PQsendPrepare(handle_, kPrepared, statement.c_str(), 0, nullptr) == 0) return lost(tried);
  for (;;) {
    WEIR_ASSIGN_OR_RETURN(const Result result, next_result(tried));
    if (result == nullptr) break;
    if (PQresultStatus(result.get()) != PGRES_COMMAND_OK)
      return status_of_result(result.get(), tried);
  }
  if (PQsendDescribePrepared(handle_, kPrepared) == 0) return lost(tried);
  for (;;) {
    WEIR_ASSIGN_OR_RETURN(const Result result, next_result(tried));
    if (result == nullptr) break;
    if (PQresultStatus(result.get()) != PGRES_COMMAND_OK)
      return status_of_result(result.get(), tried);
    parameters_ = PQnparams(result.get());
  }
  statement_ = statement;
  return {};
}

Status Connection::explain() {
  std::string sql = cat("EXPLAIN EXECUTE ", kPrepared);
  for (int i = 0; i < parameters_; ++i) sql += i == 0 ? "(NULL" : ", NULL";
  if (parameters_ > 0) sql += ")";
  return run(sql, {}, tried_rows()).status();
}

Status Connection::write(RowReader& rows, size_t most) {
  if (PQenterPipelineMode(handle_) == 0) return lost(tried_rows());
  size_t sent = 0;
  WEIR_RETURN_IF_ERROR(write_pipeline(rows, most, &sent));
  Status failure;
  for (size_t i = 0; i < sent; ++i) {
    for (;;) {
      WEIR_ASSIGN_OR_RETURN(const Result result, next_result(tried_rows()));
      if (result == nullptr) break;
      const auto status = PQresultStatus(result.get());
      if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) continue;
      if (failure.ok()) failure = status_of_result(result.get(), tried_rows());
    }
  }
  WEIR_ASSIGN_OR_RETURN(const Result synced, next_result(tried_rows()));
  if (!failure.ok()) return failure;
  // The end of an implicit transaction reports its failure here, such as a deferred constraint.
  if (PQresultStatus(synced.get()) != PGRES_PIPELINE_SYNC)
    return status_of_result(synced.get(), tried_rows());
  return PQexitPipelineMode(handle_) == 0 ? lost(tried_rows()) : Status();
}

/// A connection without blocking keeps what it cannot send yet, so the server's answers cannot get
/// in the way.
Status Connection::write_pipeline(RowReader& rows, size_t most, size_t* sent) {
  for (; *sent < most && !rows.at_end(); ++*sent) {
    WEIR_ASSIGN_OR_RETURN(const RowParameters* row, rows.next());
    if (static_cast<int>(row->size()) != parameters_)
      return invalid_argument(cat("the statement '", shortened(statement_), "' has ", parameters_,
                                  " parameters, but ", row->size(),
                                  " were set for a record: set each of them"));
    if (PQsendQueryPrepared(handle_, kPrepared, parameters_, row->data(), nullptr, nullptr, 0) == 0)
      return lost(tried_rows());
  }
  return PQpipelineSync(handle_) == 0 ? lost(tried_rows()) : Status();
}

}  // namespace weir::postgres
