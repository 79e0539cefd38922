#include "kafka/transaction_handle.h"

#include "base/ids.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "weir/types/bytes.h"

namespace weir::kafka {
namespace {

constexpr int32_t kVersion = 1;
constexpr size_t kUidDigits = 8;

std::string hex(uint64_t value) {
  std::string bytes;
  for (int shift = 56; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift);
  return to_hex(bytes);
}

}  // namespace

std::string transactional_id_scope(std::string_view prefix, std::string_view uid) {
  return cat(prefix, "-", to_hex(murmur3_128(uid).raw()).substr(0, kUidDigits), "-");
}

std::string transactional_id(std::string_view prefix, std::string_view uid, uint64_t attempt_nonce,
                             int subtask, int slot) {
  return cat(transactional_id_scope(prefix, uid), hex(attempt_nonce), "-", subtask, "-", slot);
}

}  // namespace weir::kafka

namespace weir {

void Serializer<kafka::TransactionHandle>::write(BinaryWriter& out,
                                                 const kafka::TransactionHandle& handle) {
  out.put_i32(kafka::kVersion);
  out.put_bytes(handle.id);
  out.put_i64(handle.producer_id);
  out.put_i32(handle.epoch);
  out.put_i64(handle.records);
  out.put_i64(handle.prepared_at_ms);
  out.put_i32(handle.timeout_ms);
}

void Serializer<kafka::TransactionHandle>::read(BinaryReader& in,
                                                kafka::TransactionHandle& handle) {
  if (const int32_t version = in.get_i32(); version != kafka::kVersion)
    in.fail("a transaction in a version that this program does not know; use a newer one", version,
            kafka::kVersion, kafka::kVersion);
  handle.id = std::string(in.get_bytes());
  handle.producer_id = in.get_i64();
  handle.epoch = static_cast<int16_t>(in.get_i32());
  handle.records = in.get_i64();
  handle.prepared_at_ms = in.get_i64();
  handle.timeout_ms = in.get_i32();
}

TypeDescription Serializer<kafka::TransactionHandle>::describe() {
  TypeDescription type;
  type.kind = TypeKind::kUser;
  type.name = "weir.KafkaCommittable";
  return type;
}

}  // namespace weir
