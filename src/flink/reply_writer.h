#pragma once

#include <cstdint>
#include <string_view>

#include "flink/chain_protocol.h"
#include "weir/status.h"
#include "weir/types/bytes.h"

namespace weir {

/// Writes one reply at a time (docs/formats/flink_host.md) into memory that it reuses: begin(),
/// outputs, then finish(); or answer(), or fail().
class ReplyWriter {
 public:
  /// Drops the previous reply.
  void begin();

  /// Everything written to writer() until end_frame() is the frame's batch.
  void begin_frame(const FrameHeader& header);
  BinaryWriter& writer() { return out_; }
  void end_frame();
  void put_watermark(int64_t timestamp);
  void put_status(bool idle);
  /// Size of the outputs so far.
  size_t bytes() const { return out_.size(); }
  uint32_t outputs() const { return outputs_; }

  /// After the outputs.
  void put_metric(uint16_t number, uint8_t kind, std::string_view name, int64_t value);

  /// The reply's bytes, which are valid until the next begin().
  std::string_view finish(uint8_t flags, int64_t wake_at_ms);
  /// The reply to a call that moves no records; `body` writes its content. Replaces a reply that
  /// was begun.
  template <class Body>
  std::string_view answer(Body body) {
    begin_answer();
    body(out_);
    return sealed();
  }
  std::string_view answer() {
    return answer([](BinaryWriter&) {});
  }
  /// A reply that reports the chain as dead. Replaces a reply that was begun.
  std::string_view fail(const Status& status);

 private:
  void begin_answer();
  std::string_view sealed();

  BinaryWriter out_;
  BinaryWriter metrics_;
  uint32_t outputs_ = 0;
  uint16_t metric_count_ = 0;
  size_t frame_at_ = 0;  ///< position of the begun frame's length
};

}  // namespace weir
