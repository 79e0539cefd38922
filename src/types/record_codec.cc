#include "weir/detail/types/record_codec.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <exception>

#include "base/current_exception.h"
#include "base/strings.h"
#include "weir/detail/base/check.h"

namespace weir {
namespace {

constexpr uint8_t kTimestamps = 1;
constexpr uint8_t kKeyHashes = 2;

/// Converts values between the machine's byte order and little-endian.
void swap_if_needed(char* bytes, size_t size, size_t width) {
  if constexpr (std::endian::native == std::endian::little) return;
  for (size_t i = 0; i < size; i += width) std::reverse(bytes + i, bytes + i + width);
}

template <class T>
void put_column(BinaryWriter& out, const std::vector<T>& column) {
  const size_t size = column.size() * sizeof(T);
  if (size == 0) return;
  char* const to = out.grow(size);
  std::memcpy(to, column.data(), size);
  swap_if_needed(to, size, sizeof(T));
}

template <class T>
void get_column(BinaryReader& in, size_t count, std::vector<T>& column) {
  if (count > in.remaining() / sizeof(T)) return in.fail("a column longer than the bytes");
  const size_t size = count * sizeof(T);
  column.resize(count);
  std::memcpy(column.data(), in.get_raw(size).data(), size);
  swap_if_needed(reinterpret_cast<char*>(column.data()), size, sizeof(T));
}

}  // namespace

void RecordCodec::encode(const Batch& batch, BinaryWriter& out) const {
  const bool timestamps = !batch.timestamps.empty(), key_hashes = !batch.key_hashes.empty();
  WEIR_CHECK(!timestamps || batch.timestamps.size() == batch.size());
  WEIR_CHECK(!key_hashes || batch.key_hashes.size() == batch.size());
  out.put_u8(static_cast<uint8_t>((timestamps ? kTimestamps : 0) | (key_hashes ? kKeyHashes : 0)));
  out.put_u32(static_cast<uint32_t>(batch.size()));
  put_column(out, batch.timestamps);
  put_column(out, batch.key_hashes);
  encode_records(batch, out);
}

Status RecordCodec::decode(std::string_view bytes, Batch& batch) const {
  constexpr const char* kWhat = "a batch of records";
  BinaryReader in(bytes);
  const uint8_t flags = in.get_u8();
  if ((flags & ~(kTimestamps | kKeyHashes)) != 0) in.fail("unknown columns");
  const uint32_t count = in.get_u32();
  // Empty batches are never sent, and every record takes at least one byte.
  if (in.ok() && (count == 0 || count > in.remaining())) in.fail("an impossible count of records");
  if (in.ok() && (flags & kTimestamps) != 0) get_column(in, count, batch.timestamps);
  if (in.ok() && (flags & kKeyHashes) != 0) get_column(in, count, batch.key_hashes);
  Status status;
  try {
    if (in.ok()) decode_records(in, count, batch);
    status = in.end(kWhat);
  } catch (...) {
    status = data_loss(
        cat(kWhat, ": the serializer of the records' type ", describe_current_exception()));
  }
  if (status.ok() && batch.size() != count)
    status = data_loss(cat(kWhat, ": not the number of records that it says"));
  if (!status.ok()) batch.clear();
  return status;
}

}  // namespace weir
