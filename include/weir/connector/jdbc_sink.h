#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "weir/connector/sink.h"
#include "weir/detail/connector/jdbc_writer.h"

namespace weir {

/// Writes each record to PostgreSQL with a statement. It has the name of Flink's sink, but uses
/// PostgreSQL's own client library.
///
///   JdbcSink<Total>::builder()
///       .connection("host=db dbname=shop user=weir")
///       .query_statement("INSERT INTO totals VALUES ($1, $2) "
///                        "ON CONFLICT (page) DO UPDATE SET n = EXCLUDED.n",
///                        [](JdbcStatement& row, const Total& total) {
///                          row.set(1, total.page).set(2, total.n);
///                        })
///       .build()
///
/// docs/postgres.md is the guide.
template <class T>
class JdbcSink final : public Sink<T> {
 public:
  class Builder;
  static Builder builder() { return Builder(); }

  std::unique_ptr<SinkWriter<T>> create_writer() const override {
    return std::make_unique<Writer>(*this);
  }
  std::unique_ptr<Committer> create_committer(FileSystemRegistry&) const override {
    return detail::make_jdbc_committer(options_);
  }
  Status probe(FileSystemRegistry&) const override { return detail::probe_jdbc_sink(options_); }
  std::string setup_problem() const {
    if (!bind_) return "the function of query_statement() of a JdbcSink is null, or missing";
    return options_.problem();
  }

 private:
  class Writer;
  JdbcSink() = default;

  detail::JdbcSinkOptions options_;
  std::function<void(JdbcStatement&, const T&)> bind_;
};

template <class T>
class JdbcSink<T>::Builder {
 public:
  /// A connection string of libpq, such as `host=db dbname=shop user=weir`, or a URI
  /// `postgresql://…`. libpq adds the environment (PGPASSWORD, PGSSLMODE, …) and ~/.pgpass.
  Builder& connection(std::string parameters) {
    sink_.options_.connection = std::move(parameters);
    return *this;
  }
  /// One statement with the parameters $1, $2, …, and a function that sets them for a record.
  Builder& query_statement(std::string sql, std::function<void(JdbcStatement&, const T&)> bind) {
    sink_.options_.statement = std::move(sql);
    sink_.bind_ = std::move(bind);
    return *this;
  }
  /// Default: kAtLeastOnce.
  Builder& delivery_guarantee(DeliveryGuarantee guarantee) {
    sink_.options_.guarantee = guarantee;
    return *this;
  }
  /// At most this number of rows go to the server at once. Default: 1000.
  Builder& batch_size(size_t rows) {
    sink_.options_.batch_size = rows;
    return *this;
  }
  /// How often kAtLeastOnce repeats a batch, after a growing pause, before the task fails. Default:
  /// 3.
  Builder& max_retries(int retries) {
    sink_.options_.max_retries = retries;
    return *this;
  }
  /// A server that is silent for this long is considered unreachable. Default: 1 minute.
  Builder& timeout(std::chrono::milliseconds silence) {
    sink_.options_.timeout = silence;
    return *this;
  }
  /// For kExactlyOnce: the table that keeps which rows are written, as in SQL, maybe with its
  /// schema. It is created if it does not exist. Sinks and jobs may share it. Default: weir_epochs.
  Builder& epoch_table(std::string name) {
    sink_.options_.epoch_table = std::move(name);
    return *this;
  }
  /// For kExactlyOnce: most bytes of the rows of one subtask between two checkpoints. They are kept
  /// in memory and in the checkpoint. Default: 64 MiB.
  Builder& max_epoch_bytes(size_t bytes) {
    sink_.options_.max_epoch_bytes = bytes;
    return *this;
  }
  /// For kExactlyOnce. Default: kFail.
  Builder& on_older_checkpoint(OlderCheckpoint policy) {
    sink_.options_.on_older = policy;
    return *this;
  }
  JdbcSink build() const { return sink_; }

 private:
  friend class JdbcSink<T>;
  Builder() = default;

  JdbcSink sink_;
};

template <class T>
class JdbcSink<T>::Writer final : public SinkWriter<T> {
 public:
  explicit Writer(const JdbcSink& sink)
      : bind_(sink.bind_), writer_(detail::make_jdbc_writer(sink.options_)) {}

  Status open(OperatorContext& context) override { return writer_->open(context); }
  void write(BatchOf<T>& batch) override {
    for (const auto& record : batch.records) {
      row_.clear();
      bind_(row_, record);
      writer_->write(row_);
    }
    writer_->end_of_batch();
  }
  bool can_accept() override { return writer_->can_accept(); }
  std::vector<std::string> prepare_commit(SnapshotContext& context) override {
    return writer_->prepare_commit(context);
  }
  void close() override { writer_->close(); }

 private:
  const std::function<void(JdbcStatement&, const T&)> bind_;
  const std::unique_ptr<detail::JdbcWriter> writer_;
  JdbcStatement row_;
};

}  // namespace weir
