#include "flink/chain_protocol.h"

#include <iterator>

#include "base/status_macros.h"
#include "base/strings.h"

namespace weir {
namespace {

constexpr const char* kCallNames[] = {
    "OPEN",      "RESTORE_GROUP", "READY",   "PROCESS",  "WATERMARK",      "TIMER",
    "POLL",      "RESUME",        "BARRIER", "SNAPSHOT", "SNAPSHOT_CHUNK", "SNAPSHOT_DROP",
    "COMPLETED", "ABORTED",       "FINISH",  "CLOSE",    "COMMIT"};

std::string request_of(ChainCall call) { return cat("the request of a ", name_of(call)); }

}  // namespace

std::string name_of(ChainCall call) {
  const size_t index = static_cast<size_t>(call) - 1;
  return index < std::size(kCallNames) ? kCallNames[index] : cat("call ", static_cast<int>(call));
}

bool moves_records(ChainCall call) {
  switch (call) {
    case ChainCall::kProcess:
    case ChainCall::kWatermark:
    case ChainCall::kTimer:
    case ChainCall::kPoll:
    case ChainCall::kResume:
    case ChainCall::kBarrier:
    case ChainCall::kCompleted:
    case ChainCall::kCommit:
    case ChainCall::kFinish: return true;
    default: return false;
  }
}

void put_open(BinaryWriter& out, const OpenRequest& request) {
  out.put_u16(request.protocol);
  out.put_raw(request.fingerprint.raw());
  for (const int number : {request.vertex, request.subtask, request.parallelism,
                           request.max_parallelism, request.attempt})
    out.put_i32(number);
  out.put_i64(request.restored);
  out.put_u8(static_cast<uint8_t>(request.start));
  out.put_u32(request.build);
  out.put_u32(static_cast<uint32_t>(request.elements.size()));
  for (const std::string_view element : request.elements) out.put_bytes(element);
}

StatusOr<OpenRequest> decode_open(std::string_view body) {
  BinaryReader in(body);
  OpenRequest request;
  request.protocol = in.get_u16();
  if (in.ok() && request.protocol != kChainProtocol) {
    return failed_precondition(
        cat("the operator in Flink speaks version ", request.protocol,
            " of the chain's protocol, and this executable version ", kChainProtocol,
            "; make the job's jar anew with the weir that the executable was built with"));
  }
  request.fingerprint = Id128::from_raw(in.get_raw(sizeof(Id128::bytes)));
  for (int* number : {&request.vertex, &request.subtask, &request.parallelism,
                      &request.max_parallelism, &request.attempt})
    *number = in.get_i32();
  request.restored = in.get_i64();
  const uint8_t start = in.get_u8();
  if (start > static_cast<uint8_t>(ChainStart::kFromWeir)) in.fail("an unknown way to start");
  request.start = static_cast<ChainStart>(start);
  request.build = in.get_u32();
  const size_t count = in.get_count(4);
  for (size_t i = 0; i < count && in.ok(); ++i) request.elements.push_back(in.get_bytes());
  WEIR_RETURN_IF_ERROR(in.end(request_of(ChainCall::kOpen)));
  if (request.max_parallelism < 1 || request.max_parallelism > 32768 || request.parallelism < 1 ||
      request.parallelism > request.max_parallelism || request.subtask < 0 ||
      request.subtask >= request.parallelism || request.vertex < 0) {
    return data_loss(cat(request_of(ChainCall::kOpen), " names vertex ", request.vertex,
                         ", subtask ", request.subtask, " of ", request.parallelism,
                         " and max parallelism ", request.max_parallelism, ", which cannot be"));
  }
  return request;
}

StatusOr<GroupPiece> decode_group_piece(std::string_view body) {
  BinaryReader in(body);
  GroupPiece piece;
  piece.key_group = in.get_i32();
  const uint8_t last = in.get_u8();
  if (last > 1) in.fail("neither the last piece nor another one");
  piece.last = last == 1;
  piece.bytes = in.get_raw(in.remaining());
  WEIR_RETURN_IF_ERROR(in.status(request_of(ChainCall::kRestoreGroup)));
  return piece;
}

StatusOr<int64_t> decode_number(ChainCall call, std::string_view body) {
  BinaryReader in(body);
  const int64_t number = in.get_i64();
  WEIR_RETURN_IF_ERROR(in.end(request_of(call)));
  return number;
}

Status decode_nothing(ChainCall call, std::string_view body) {
  BinaryReader in(body);
  return in.end(request_of(call));
}

void put_frame_header(BinaryWriter& out, const FrameHeader& header) {
  out.put_u16(kFrameVersion);
  out.put_u16(header.edge);
  out.put_i32(header.key_group);
  out.put_u32(header.count);
  out.put_u32(header.build);
}

StatusOr<Frame> decode_frame(std::string_view bytes) {
  BinaryReader in(bytes);
  const uint16_t version = in.get_u16();
  if (in.ok() && version != kFrameVersion) {
    return failed_precondition(cat("a frame of records is in format ", version,
                                   ", and this executable reads format ", kFrameVersion,
                                   ": records that were in flight in an unaligned checkpoint can "
                                   "be read by the executable that wrote them only; "
                                   "start from a savepoint"));
  }
  Frame frame;
  frame.header.edge = in.get_u16();
  frame.header.key_group = in.get_i32();
  frame.header.count = in.get_u32();
  frame.header.build = in.get_u32();
  frame.batch = in.get_raw(in.remaining());
  WEIR_RETURN_IF_ERROR(in.status("a frame of records"));
  return frame;
}

}  // namespace weir
