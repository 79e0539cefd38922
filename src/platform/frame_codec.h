#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "weir/status.h"

namespace weir {

/// docs/formats/transport.md: length and checksum, then the frame itself.
inline constexpr size_t kFrameHeaderBytes = 8;
using FrameHeader = std::array<char, kFrameHeaderBytes>;

/// `frame` must be smaller than 4 GiB.
FrameHeader frame_header(std::string_view frame);

/// Cuts a stream of bytes into frames. Holds one unfinished frame, in not much more memory than the
/// bytes received so far: a large announced length allocates nothing in advance. Thread: one at a
/// time.
class FrameDecoder {
 public:
  using Sink = std::function<void(std::string frame)>;

  explicit FrameDecoder(size_t max_frame_bytes) : max_frame_bytes_(max_frame_bytes) {}

  /// Passes each frame that `bytes` complete to `sink`. DATA_LOSS: a frame is damaged or too long,
  /// and nothing after it can be read.
  Status feed(std::string_view bytes, const Sink& sink);
  /// True if the bytes so far end in the middle of a frame.
  bool in_frame() const { return header_bytes_ > 0; }

 private:
  const size_t max_frame_bytes_;
  FrameHeader header_{};
  size_t header_bytes_ = 0;  // of the unfinished frame
  std::string body_;
};

}  // namespace weir
