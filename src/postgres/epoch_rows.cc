#include "postgres/epoch_rows.h"

#include "base/status_macros.h"
#include "base/strings.h"

namespace weir::postgres {
namespace {

constexpr int32_t kVersion = 1;
constexpr int32_t kNull = -1;
constexpr int32_t kMaxParameters = 65535;

Status damaged() {
  return data_loss("the rows of a JdbcSink in a checkpoint are damaged: restore another one");
}

}  // namespace

void Rows::add(const JdbcStatement& row) {
  const auto& values = row.values();
  bytes_.put_count(values.size(), "parameters");
  for (const auto& value : values) {
    if (!value) {
      bytes_.put_i32(kNull);
      continue;
    }
    bytes_.put_count(value->size() + 1, "bytes");
    bytes_.put_raw({value->c_str(), value->size() + 1});
  }
  ++count_;
}

void Rows::clear() {
  bytes_.clear();
  count_ = 0;
}

StatusOr<const RowParameters*> RowReader::next() {
  const int32_t count = in_.get_i32();
  if (!in_.ok() || count < 0 || count > kMaxParameters) return damaged();
  row_.clear();
  for (int32_t i = 0; i < count; ++i) {
    const int32_t length = in_.get_i32();
    if (in_.ok() && length == kNull) {
      row_.push_back(nullptr);
      continue;
    }
    if (!in_.ok() || length < 1) return damaged();
    const std::string_view text = in_.get_raw(static_cast<size_t>(length));
    if (!in_.ok() || text.back() != '\0') return damaged();
    row_.push_back(text.data());
  }
  return &row_;
}

std::string EpochRows::encode() const {
  BinaryWriter out;
  out.reserve(rows.size() + statement.size() + 256);
  out.put_i32(kVersion);
  out.put_bytes(sink);
  out.put_bytes(run);
  out.put_bytes(writer);
  out.put_i64(epoch);
  out.put_bytes(statement);
  out.put_i64(count);
  out.put_bytes(rows);
  return out.take();
}

StatusOr<EpochRows> EpochRows::decode(std::string_view bytes) {
  BinaryReader in(bytes);
  if (const int32_t version = in.get_i32(); in.ok() && version != kVersion)
    return data_loss(cat("the rows of a JdbcSink were stored in version ", version,
                         ", which this program does not know: use a newer one"));
  EpochRows epoch;
  epoch.sink = std::string(in.get_bytes());
  epoch.run = std::string(in.get_bytes());
  epoch.writer = std::string(in.get_bytes());
  epoch.epoch = in.get_i64();
  epoch.statement = std::string(in.get_bytes());
  epoch.count = in.get_i64();
  epoch.rows = std::string(in.get_bytes());
  WEIR_RETURN_IF_ERROR(in.end("the rows of a JdbcSink"));
  return epoch;
}

std::string name_of_nonce(uint64_t nonce) {
  std::string bytes;
  for (int shift = 56; shift >= 0; shift -= 8) bytes += static_cast<char>(nonce >> shift);
  return to_hex(bytes);
}

std::string name_of_writer(uint64_t attempt_nonce, int subtask) {
  return cat(name_of_nonce(attempt_nonce), "-", subtask);
}

}  // namespace weir::postgres
