#include "postgres/epoch_rows.h"

#include "base/status_macros.h"
#include "base/strings.h"

namespace weir::postgres {
namespace {

constexpr int32_t kVersion = 1;
constexpr int32_t kNull = -1;
constexpr int32_t kMaxParameters = 65535;

/// After a failure of `in`.
Status damaged(const BinaryReader& in) {
  return in.status("the rows of a JdbcSink in a checkpoint are damaged: restore another one");
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
  if (count < 0 || count > kMaxParameters)
    in_.fail("an impossible number of parameters", count, 0, kMaxParameters);
  if (!in_.ok()) return damaged(in_);
  row_.clear();
  for (int32_t i = 0; i < count; ++i) {
    const int32_t length = in_.get_i32();
    if (in_.ok() && length == kNull) {
      row_.push_back(nullptr);
      continue;
    }
    if (length < 1) in_.fail("an impossible length of a parameter", length, 1);
    const std::string_view text = in_.get_raw(static_cast<size_t>(length));
    if (in_.ok() && text.back() != '\0')
      in_.fail("a parameter that does not end with 0", static_cast<uint8_t>(text.back()), 0, 0);
    if (!in_.ok()) return damaged(in_);
    row_.push_back(text.data());
  }
  return &row_;
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

namespace weir {

void Serializer<postgres::EpochRows>::write(BinaryWriter& out, const postgres::EpochRows& epoch) {
  out.reserve(epoch.rows.size() + epoch.statement.size() + 256);
  out.put_i32(postgres::kVersion);
  out.put_bytes(epoch.sink);
  out.put_bytes(epoch.run);
  out.put_bytes(epoch.writer);
  out.put_i64(epoch.epoch);
  out.put_bytes(epoch.statement);
  out.put_i64(epoch.count);
  out.put_bytes(epoch.rows);
}

void Serializer<postgres::EpochRows>::read(BinaryReader& in, postgres::EpochRows& epoch) {
  if (const int32_t version = in.get_i32(); version != postgres::kVersion)
    in.fail("rows in a version that this program does not know; use a newer one", version,
            postgres::kVersion, postgres::kVersion);
  epoch.sink = std::string(in.get_bytes());
  epoch.run = std::string(in.get_bytes());
  epoch.writer = std::string(in.get_bytes());
  epoch.epoch = in.get_i64();
  epoch.statement = std::string(in.get_bytes());
  epoch.count = in.get_i64();
  epoch.rows = std::string(in.get_bytes());
}

TypeDescription Serializer<postgres::EpochRows>::describe() {
  TypeDescription type;
  type.kind = TypeKind::kUser;
  type.name = "weir.JdbcCommittable";
  return type;
}

}  // namespace weir
