#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "weir/status.h"
#include "weir/types/bytes.h"

// The protocol between a chain's host and its operator in Flink: docs/formats/flink_host.md. Input
// is not trusted.

namespace weir {

inline constexpr uint16_t kChainProtocol = 2;
inline constexpr uint16_t kFrameVersion = 1;
/// A blob of state is sent in pieces of at most this size.
inline constexpr size_t kStatePieceBytes = 1 << 20;

enum class ChainCall : uint8_t {
  kOpen = 1,
  kRestoreGroup = 2,
  kReady = 3,
  kProcess = 4,
  kWatermark = 5,
  kTimer = 6,
  kPoll = 7,
  kResume = 8,
  kBarrier = 9,
  kSnapshot = 10,
  kSnapshotChunk = 11,
  kSnapshotDrop = 12,
  kCompleted = 13,
  kAborted = 14,
  kFinish = 15,
  kClose = 16,
  kCommit = 17,
};
/// "PROCESS"; "call 77" for an unknown one.
std::string name_of(ChainCall call);
/// True if the reply to this call has a `result` with outputs.
bool moves_records(ChainCall call);

// Flags of a reply.
inline constexpr uint8_t kReplyMore = 1;
inline constexpr uint8_t kReplyNothingNow = 2;
inline constexpr uint8_t kReplyEnd = 4;

enum class ChainStart : uint8_t { kFresh = 0, kFromFlink = 1, kFromWeir = 2 };

struct OpenRequest {
  uint16_t protocol = kChainProtocol;
  Id128 fingerprint;
  int vertex = 0;
  int subtask = 0;
  int parallelism = 1;
  int max_parallelism = 128;
  int attempt = 0;
  int64_t restored = -1;  ///< Flink's id of the checkpoint; -1: none
  ChainStart start = ChainStart::kFresh;
  uint32_t build = 0;
  std::vector<std::string_view> elements{};  ///< refer to the request
  bool operator==(const OpenRequest&) const = default;
};
void put_open(BinaryWriter& out, const OpenRequest& request);
/// FAILED_PRECONDITION: another version of the protocol; nothing else was read.
StatusOr<OpenRequest> decode_open(std::string_view body);

struct GroupPiece {
  int key_group = 0;
  bool last = false;
  std::string_view bytes{};
};
StatusOr<GroupPiece> decode_group_piece(std::string_view body);

/// For calls with one number: WATERMARK, SNAPSHOT, …
StatusOr<int64_t> decode_number(ChainCall call, std::string_view body);
/// For calls without a body.
Status decode_nothing(ChainCall call, std::string_view body);

/// Precedes a batch in a frame.
struct FrameHeader {
  uint16_t edge = 0;
  int32_t key_group = -1;  ///< of all records; -1: the edge is not a hash edge
  uint32_t count = 0;
  uint32_t build = 0;
  bool operator==(const FrameHeader&) const = default;
};
void put_frame_header(BinaryWriter& out, const FrameHeader& header);
struct Frame {
  FrameHeader header;
  std::string_view batch;
};
StatusOr<Frame> decode_frame(std::string_view bytes);

}  // namespace weir
