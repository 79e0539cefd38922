#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "weir/connector/delivery_guarantee.h"
#include "weir/connector/jdbc_statement.h"
#include "weir/connector/sink.h"

namespace weir {

/// The reaction to restoring a checkpoint that is older than rows in the database.
enum class OlderCheckpoint {
  kFail,    ///< the job is refused with a sentence
  kAccept,  ///< a warning in the log; the rows are written again. For upserts, which repeat safely
};

namespace detail {

struct JdbcSinkOptions {
  std::string connection;
  std::string statement;
  DeliveryGuarantee guarantee = DeliveryGuarantee::kAtLeastOnce;
  OlderCheckpoint on_older = OlderCheckpoint::kFail;
  std::string epoch_table = "weir_epochs";
  size_t batch_size = 1000;
  int max_retries = 3;
  size_t max_epoch_bytes = size_t{64} << 20;
  std::chrono::milliseconds timeout{60'000};

  std::string problem() const;
};

/// The rows of one subtask. Thread: the operator's.
class JdbcWriter {
 public:
  virtual ~JdbcWriter() = default;
  virtual Status open(OperatorContext& context) = 0;
  virtual void write(const JdbcStatement& row) = 0;
  virtual void end_of_batch() = 0;
  virtual bool can_accept() = 0;
  virtual std::vector<std::string> prepare_commit(SnapshotContext& context) = 0;
  virtual void close() = 0;
};

std::unique_ptr<JdbcWriter> make_jdbc_writer(const JdbcSinkOptions& options);
/// Null unless the sink is exactly-once.
std::unique_ptr<Committer> make_jdbc_committer(const JdbcSinkOptions& options);
Status probe_jdbc_sink(const JdbcSinkOptions& options);

}  // namespace detail
}  // namespace weir
