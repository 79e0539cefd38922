#pragma once

#include <memory>
#include <string_view>

#include "weir/operator/batch.h"
#include "weir/status.h"
#include "weir/types/bytes.h"
#include "weir/types/type_description.h"

namespace weir {

/// Converts batches of one record type to bytes for another process of the same build, and back.
/// docs/formats/data_connection.md has the layout. weir/detail/types/record_codec_of.h makes one.
/// Thread: any; it has no state.
class RecordCodec {
 public:
  virtual ~RecordCodec() = default;

  /// The record type. Two codecs of equal types read each other's bytes.
  virtual TypeDescription type() const = 0;
  /// Returns an empty batch of the record type.
  virtual std::unique_ptr<Batch> make() const = 0;
  /// Appends records, timestamps and key hashes. Passes exceptions of a user's serializer through.
  void encode(const Batch& batch, BinaryWriter& out) const;
  /// Decodes the output of encode() into `batch`, an empty batch from make(). DATA_LOSS: the bytes
  /// are not exactly one batch; then `batch` is empty.
  Status decode(std::string_view bytes, Batch& batch) const;
  /// The encoded size of record i. Passes exceptions of a user's serializer through.
  virtual size_t record_bytes(const Batch& batch, size_t i) const = 0;
  /// The index of the first record whose encoded size exceeds `bytes`, or batch.size(). Cheap
  /// unless there is one. Misses records whose own serializer writes more than four times the
  /// memory that can be seen.
  virtual size_t find_larger(const Batch& batch, size_t bytes) const = 0;

 protected:
  virtual void encode_records(const Batch& batch, BinaryWriter& out) const = 0;
  /// Decodes exactly `count` records, or calls in.fail(). Must not allocate memory for records that
  /// the bytes cannot hold.
  virtual void decode_records(BinaryReader& in, size_t count, Batch& batch) const = 0;
};

}  // namespace weir
