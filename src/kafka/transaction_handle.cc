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

std::string TransactionHandle::encode() const {
  BinaryWriter out;
  out.put_i32(kVersion);
  out.put_bytes(id);
  out.put_i64(producer_id);
  out.put_i32(epoch);
  out.put_i64(records);
  out.put_i64(prepared_at_ms);
  out.put_i32(timeout_ms);
  return out.take();
}

StatusOr<TransactionHandle> TransactionHandle::decode(std::string_view bytes) {
  BinaryReader in(bytes);
  if (const int32_t version = in.get_i32(); in.ok() && version != kVersion)
    return data_loss(cat("a transaction of a Kafka sink was stored in version ", version,
                         ", which this program does not know: use a newer one"));
  TransactionHandle handle;
  handle.id = std::string(in.get_bytes());
  handle.producer_id = in.get_i64();
  handle.epoch = static_cast<int16_t>(in.get_i32());
  handle.records = in.get_i64();
  handle.prepared_at_ms = in.get_i64();
  handle.timeout_ms = in.get_i32();
  WEIR_RETURN_IF_ERROR(in.end("a transaction of a Kafka sink"));
  return handle;
}

std::string transactional_id_scope(std::string_view prefix, std::string_view uid) {
  return cat(prefix, "-", to_hex(murmur3_128(uid).raw()).substr(0, kUidDigits), "-");
}

std::string transactional_id(std::string_view prefix, std::string_view uid, uint64_t attempt_nonce,
                             int subtask, int slot) {
  return cat(transactional_id_scope(prefix, uid), hex(attempt_nonce), "-", subtask, "-", slot);
}

}  // namespace weir::kafka
