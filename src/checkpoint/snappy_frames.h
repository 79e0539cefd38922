#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "weir/status.h"

namespace weir {

// Snappy's framing format (framing_format.txt of google/snappy), in which Flink compresses state:
// a stream is an identifier followed by chunks, each of at most 64 KiB and with its checksum.

/// Compresses streams, one after another, to the end of a string.
class SnappyFrameWriter {
 public:
  /// `out` outlives the writer; its owner may take bytes from it between two calls.
  explicit SnappyFrameWriter(std::string& out) : out_(out) {}

  void add(std::string_view bytes);
  /// Ends the stream. The next bytes begin another one. Nothing is written for an empty stream.
  void finish();

 private:
  void put_chunk(std::string_view bytes);

  std::string& out_;
  std::string block_;  ///< less than a chunk
  bool begun_ = false;
};

/// Appends the content of one or more streams that follow each other to `out`. DATA_LOSS: the
/// frames are damaged or cut off; the message says where and how.
Status read_snappy_frames(std::string_view frames, std::string* out);
/// The same for a part of a stream that begins after the identifier.
Status read_snappy_chunks(std::string_view chunks, std::string* out);

}  // namespace weir
