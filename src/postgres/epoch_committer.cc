// Writes the rows of completed checkpoints, each once.

#include <algorithm>
#include <mutex>
#include <tuple>

#include "base/log.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "postgres/connection.h"
#include "postgres/ended_writers.h"
#include "weir/detail/connector/jdbc_writer.h"

namespace weir::detail {
namespace {

using postgres::Connection;
using postgres::EpochRows;
using postgres::RowReader;

std::string create_table(const std::string& table) {
  return cat("CREATE TABLE ", table,
             " (sink text, writer text, epoch bigint NOT NULL, run text NOT NULL, "
             "rows bigint NOT NULL, written_at timestamptz NOT NULL DEFAULT now(), "
             "PRIMARY KEY (sink, writer))");
}

/// Affects no row if the epoch, or a later one of its writer, is written. Waits for a transaction
/// that is writing it. Writers without a row are those of the row of their run (EpochCleaner).
std::string enter_epoch(const std::string& table) {
  return cat(
      "INSERT INTO ", table,
      " AS e (sink, writer, epoch, run, rows) SELECT $1::text, $2::text, $3::bigint, "
      "$4::text, $5::bigint WHERE EXISTS (SELECT FROM ",
      table, " WHERE sink = $1 AND writer = $2) OR NOT EXISTS (SELECT FROM ", table,
      " WHERE sink = $1 AND writer = '", postgres::kRunPrefix,
      "' || $4 AND epoch >= $3) ON CONFLICT (sink, writer) DO UPDATE SET epoch = EXCLUDED.epoch, "
      "rows = e.rows + EXCLUDED.rows, written_at = now() WHERE e.epoch < EXCLUDED.epoch");
}

class EpochCommitter final : public Committer {
 public:
  explicit EpochCommitter(JdbcSinkOptions options) : options_(std::move(options)) {}

  Status commit(const std::vector<std::string>& committables) override {
    std::vector<EpochRows> epochs;
    for (const std::string& bytes : committables) {
      WEIR_ASSIGN_OR_RETURN(epochs.emplace_back(), EpochRows::decode(bytes));
    }
    std::sort(epochs.begin(), epochs.end(), [](const EpochRows& a, const EpochRows& b) {
      return std::tie(a.sink, a.writer, a.epoch) < std::tie(b.sink, b.writer, b.epoch);
    });
    const std::lock_guard lock(mutex_);
    for (const EpochRows& epoch : epochs) { WEIR_RETURN_IF_ERROR(commit_one(epoch)); }
    return {};
  }

  /// Rows that were written after the restored checkpoint cannot be taken back. The orphans are the
  /// entries of writers that have ended.
  StatusOr<std::vector<std::string>> find_orphans(const SinkStart& start) override {
    if (start.restored_checkpoint < 0 || !start.continues_run) return std::vector<std::string>();
    WEIR_ASSIGN_OR_RETURN(postgres::EndedWriters ended, ended_writers(start));
    const std::string run = postgres::name_of_nonce(start.run_nonce);
    const std::string restored = std::to_string(start.restored_checkpoint);
    const std::string last = std::to_string(INT64_MAX);
    WEIR_ASSIGN_OR_RETURN(const auto connection,
                          Connection::open(options_.connection, options_.timeout));
    WEIR_ASSIGN_OR_RETURN(
        const auto answer,
        connection->run(cat("SELECT max(epoch) FROM ", options_.epoch_table,
                            " WHERE sink = $1 AND run = $2 AND epoch > $3 AND epoch < $4"),
                        {start.uid.c_str(), run.c_str(), restored.c_str(), last.c_str()},
                        cat("read ", options_.epoch_table)));
    if (answer.first.empty()) return ended.encode();
    ended.back = true;
    const std::string text =
        cat("checkpoint ", restored, " is restored, but rows of checkpoint ", answer.first,
            " are in the database already, and will be written again");
    if (options_.on_older == OlderCheckpoint::kAccept) {
      WEIR_LOG(kWarning) << text << ", as on_older_checkpoint() accepts";
      return ended.encode();
    }
    return failed_precondition(
        cat(text,
            ": restore the newest checkpoint, or accept it with "
            "on_older_checkpoint(OlderCheckpoint::kAccept), which is safe for upserts"));
  }

  Status remove_orphans(const std::vector<std::string>& names) override {
    WEIR_ASSIGN_OR_RETURN(const postgres::EndedWriters ended,
                          postgres::EndedWriters::decode(names));
    WEIR_ASSIGN_OR_RETURN(const auto connection,
                          Connection::open(options_.connection, options_.timeout));
    const Status removed = ended.remove(*connection, options_.epoch_table);
    if (removed.ok() || ended.back) return removed;
    WEIR_LOG(kWarning) << removed.message()
                       << "; the table keeps a row for each start of a subtask";
    return {};
  }

 private:
  static StatusOr<postgres::EndedWriters> ended_writers(const SinkStart& start) {
    postgres::EndedWriters ended{.sink = start.uid,
                                 .run = postgres::name_of_nonce(start.run_nonce),
                                 .restored = start.restored_checkpoint};
    for (const std::string& bytes : start.pending) {
      WEIR_ASSIGN_OR_RETURN(const EpochRows rows, EpochRows::decode(bytes));
      if (rows.run != ended.run) continue;
      const auto [pending, is_new] = ended.pending.emplace(rows.writer, rows.epoch);
      pending->second = std::min(pending->second, rows.epoch);
    }
    return ended;
  }

  Status commit_one(const EpochRows& epoch) {
    if (connection_ == nullptr) {
      WEIR_ASSIGN_OR_RETURN(connection_, Connection::open(options_.connection, options_.timeout));
    }
    Status status = write(epoch);
    if (!status.ok()) connection_.reset();
    return status;
  }

  Status write(const EpochRows& epoch) {
    const std::string tried =
        cat("commit ", epoch.count, " rows of checkpoint ", epoch.epoch, " of '", epoch.sink, "'");
    WEIR_RETURN_IF_ERROR(connection_->prepare(epoch.statement));
    WEIR_RETURN_IF_ERROR(
        postgres::begin_with_lock(*connection_, options_.epoch_table, false).with_context(tried));
    const std::string number = std::to_string(epoch.epoch);
    const std::string count = std::to_string(epoch.count);
    WEIR_ASSIGN_OR_RETURN(const auto entered,
                          connection_->run(enter_epoch(options_.epoch_table),
                                           {epoch.sink.c_str(), epoch.writer.c_str(),
                                            number.c_str(), epoch.run.c_str(), count.c_str()},
                                           tried));
    if (entered.affected == 0) return connection_->run("ROLLBACK", {}, tried).status();
    RowReader rows(epoch.rows);
    while (!rows.at_end()) {
      WEIR_RETURN_IF_ERROR(connection_->write(rows, options_.batch_size).with_context(tried));
    }
    WEIR_ASSIGN_OR_RETURN(const auto done, connection_->run("COMMIT", {}, tried));
    // The answer to a COMMIT of a failed transaction is a ROLLBACK.
    return done.tag == "COMMIT" ? Status() : unavailable(cat("cannot ", tried, ": ", done.tag));
  }

  const JdbcSinkOptions options_;
  std::mutex mutex_;
  std::unique_ptr<Connection> connection_;  ///< guarded by mutex_
};

/// Creates the table if there is none. Another process may do the same.
Status provide_epoch_table(const JdbcSinkOptions& options) {
  const std::string& table = options.epoch_table;
  const auto usable = [&]() -> Status {
    WEIR_ASSIGN_OR_RETURN(const auto connection,
                          Connection::open(options.connection, options.timeout));
    WEIR_RETURN_IF_ERROR(connection->prepare(enter_epoch(table)));
    return connection->explain();
  };
  Status checked = usable();
  if (checked.message().find("[42P01]") == std::string_view::npos) return checked;
  WEIR_ASSIGN_OR_RETURN(const auto connection,
                        Connection::open(options.connection, options.timeout));
  const Status created =
      connection->run(create_table(table), {}, cat("create the table ", table)).status();
  checked = usable();
  if (checked.ok() || created.ok()) return checked;
  return created.with_context(
      cat("the sink needs the table ", table, "; let its owner run: ", create_table(table)));
}

}  // namespace

std::string JdbcSinkOptions::problem() const {
  if (statement.empty()) return "a JdbcSink needs a query_statement()";
  if (batch_size < 1) return "the batch_size() of a JdbcSink must be 1 or more";
  if (max_retries < 0) return "the max_retries() of a JdbcSink must be 0 or more";
  if (timeout.count() < 1 || timeout > std::chrono::hours(24))
    return "the timeout() of a JdbcSink must be between 1 ms and 1 day";
  if (epoch_table.empty()) return "the epoch_table() of a JdbcSink has no name";
  return std::string(postgres::check_connection_string(connection).message());
}

std::unique_ptr<Committer> make_jdbc_committer(const JdbcSinkOptions& options) {
  if (options.guarantee != DeliveryGuarantee::kExactlyOnce) return nullptr;
  return std::make_unique<EpochCommitter>(options);
}

Status probe_jdbc_sink(const JdbcSinkOptions& options) {
  WEIR_ASSIGN_OR_RETURN(const auto connection,
                        Connection::open(options.connection, options.timeout));
  WEIR_RETURN_IF_ERROR(connection->prepare(options.statement));
  WEIR_RETURN_IF_ERROR(connection->explain());
  if (options.guarantee != DeliveryGuarantee::kExactlyOnce) return {};
  return provide_epoch_table(options);
}

}  // namespace weir::detail
