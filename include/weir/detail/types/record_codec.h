#pragma once

#include <memory>
#include <string_view>

#include "weir/operator/batch.h"
#include "weir/status.h"
#include "weir/types/bytes.h"

namespace weir {

/// How batches of one record type become bytes for another process of the same build, and back. The
/// layout is in docs/formats/data_connection.md; it is not kept anywhere, so it may change with
/// every build. Thread: any; has no state. weir/detail/types/record_codec_of.h makes one.
class RecordCodec {
 public:
  virtual ~RecordCodec() = default;

  /// An empty batch of the record type.
  virtual std::unique_ptr<Batch> make() const = 0;
  /// Appends records, timestamps and key hashes. May throw what a user's serializer throws.
  void encode(const Batch& batch, BinaryWriter& out) const;
  /// Puts what encode() wrote into `batch`, an empty one of make(). DATA_LOSS: the bytes are not
  /// exactly those of a batch; then `batch` is empty.
  Status decode(std::string_view bytes, Batch& batch) const;
  /// What encode() takes for record i. May throw what a user's serializer throws.
  virtual size_t record_bytes(const Batch& batch, size_t i) const = 0;

 protected:
  virtual void encode_records(const Batch& batch, BinaryWriter& out) const = 0;
  /// Exactly `count` records and nothing more, or in.fail(). Must not take memory for records that
  /// the bytes cannot hold.
  virtual void decode_records(BinaryReader& in, size_t count, Batch& batch) const = 0;
};

}  // namespace weir
