#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "runtime/stream_element.h"
#include "weir/detail/types/record_codec.h"
#include "weir/time/timestamp.h"
#include "weir/types/bytes.h"

namespace weir {

// The bytes of what was in flight on one channel: docs/formats/in_flight.md.

inline constexpr uint8_t kInFlightVersion = 1;

/// Describes a channel and its receiving task at the moment of the snapshot.
struct InFlightHead {
  std::string record_type;  ///< TypeDescription::to_string()
  OperatorId sender;        ///< the operator whose records these are
  int32_t output = 0;       ///< of that operator
  int32_t receiver = 0;     ///< the receiving subtask
  int32_t receivers = 1;    ///< parallelism of the receiving vertex
  int32_t max_parallelism = 128;
  int32_t channel = 0;                  ///< numbers the channels of the receiving task
  Timestamp watermark = kMinWatermark;  ///< the last one before the overtaken elements
  bool idle = false;
};

void put_in_flight_head(BinaryWriter& out, const InFlightHead& head);
/// Fails the reader if the bytes are not a head of this version.
InFlightHead get_in_flight_head(BinaryReader& in);

/// A batch, a watermark or a status. `codec` may be null only for the latter two. Passes exceptions
/// of a user's serializer through.
void put_in_flight_entry(BinaryWriter& out, const StreamElement& element, const RecordCodec* codec);
/// DATA_LOSS: the bytes are not an entry.
Status get_in_flight_entry(BinaryReader& in, const RecordCodec& codec, StreamElement* element);

}  // namespace weir
