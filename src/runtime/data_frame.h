#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "runtime/stream_element.h"
#include "weir/status.h"
#include "weir/types/bytes.h"

// The frames of a data connection: docs/formats/data_connection.md. Received frames come from other
// processes and are not trusted.

namespace weir {

inline constexpr uint16_t kDataProtocolVersion = 2;

enum class DataFrame : uint8_t {
  kHello = 1,     ///< the first frame of the worker that dialed
  kAccepted = 2,  ///< the answer: the peer may send elements
  kRefused = 3,   ///< the answer: the reason for the refusal
  kBatch = 4,
  kWatermark = 5,
  kBarrier = 6,
  kEndOfData = 7,
  kWatermarkStatus = 8,
  kCredit = 9,  ///< to the sender: the number of elements taken out of a channel
};

/// The identity of the dialing worker and of its job. Both ends must agree on all of it.
struct DataHello {
  uint16_t version = kDataProtocolVersion;
  Id128 fingerprint;  ///< of the job's graph
  Id128 channels;     ///< hash over the channels of the connection
  AttemptId attempt = 0;
  int from = 0;  ///< number of the worker that dials
  bool operator==(const DataHello&) const = default;
};
std::string encode_hello(const DataHello& hello);
StatusOr<DataHello> decode_hello(std::string_view frame);

std::string encode_accepted(uint32_t credits);
std::string encode_refused(const Status& reason);
/// Returns the credits of each channel. After a refusal returns FAILED_PRECONDITION with the peer's
/// message.
StatusOr<uint32_t> decode_answer(std::string_view frame);

struct DataCredit {
  uint32_t channel = 0;
  uint64_t taken = 0;  ///< elements since the beginning
  bool operator==(const DataCredit&) const = default;
};
std::string encode_credit(const DataCredit& credit);
StatusOr<DataCredit> decode_credit(std::string_view frame);

/// The header before the payload of an element.
struct ElementHeader {
  StreamElement::Kind kind = StreamElement::Kind::kBatch;
  uint32_t channel = 0;
  uint64_t sequence = 0;  ///< per channel, from 0
  bool operator==(const ElementHeader&) const = default;
};
inline constexpr size_t kElementHeaderBytes = 1 + 4 + 8;
void put_element_header(BinaryWriter& out, const ElementHeader& header);
StatusOr<ElementHeader> decode_element_header(std::string_view frame);

}  // namespace weir
