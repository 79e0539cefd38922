#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "weir/connector/jdbc_statement.h"
#include "weir/status.h"
#include "weir/types/bytes.h"

namespace weir::postgres {

/// The parameters of one row. Each pointer is null (NULL), or the start of text that ends with a
/// zero byte, as libpq takes them.
using RowParameters = std::vector<const char*>;

/// Rows, one after another in bytes.
class Rows {
 public:
  /// Throws std::invalid_argument if a parameter is not set.
  void add(const JdbcStatement& row);
  int64_t count() const { return count_; }
  size_t bytes() const { return bytes_.size(); }
  const std::string& buffer() const { return bytes_.buffer(); }
  void clear();

 private:
  BinaryWriter bytes_;
  int64_t count_ = 0;
};

/// Reads rows. Does not own the bytes. Thread: one at a time.
class RowReader {
 public:
  explicit RowReader(std::string_view bytes) : in_(bytes) {}
  bool at_end() const { return in_.ok() && in_.remaining() == 0; }
  /// The next row, until the next call. DATA_LOSS: the bytes are damaged.
  StatusOr<const RowParameters*> next();

 private:
  BinaryReader in_;
  RowParameters row_;
};

/// The rows of one subtask between two checkpoints. A sink's committable.
struct EpochRows {
  std::string sink;    ///< the sink's uid; sinks in one chain have equal writers
  std::string run;     ///< of the job
  std::string writer;  ///< no two starts of a subtask of the sink have the same
  int64_t epoch = 0;   ///< the checkpoint; grows in each writer
  std::string statement;
  int64_t count = 0;
  std::string rows;

  std::string encode() const;
  static StatusOr<EpochRows> decode(std::string_view bytes);
};

/// 16 hexadecimal digits.
std::string name_of_nonce(uint64_t nonce);
std::string name_of_writer(uint64_t attempt_nonce, int subtask);

}  // namespace weir::postgres
