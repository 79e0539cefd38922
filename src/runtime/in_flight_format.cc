#include "runtime/in_flight_format.h"

#include "base/status_macros.h"
#include "weir/detail/base/check.h"

namespace weir {

void put_in_flight_head(BinaryWriter& out, const InFlightHead& head) {
  out.put_u8(kInFlightVersion);
  out.put_bytes(head.record_type);
  out.put_raw(head.sender.raw());
  out.put_i32(head.output);
  out.put_i32(head.receiver);
  out.put_i32(head.receivers);
  out.put_i32(head.max_parallelism);
  out.put_i32(head.channel);
  out.put_i64(head.watermark);
  out.put_bool(head.idle);
}

InFlightHead get_in_flight_head(BinaryReader& in) {
  InFlightHead head;
  if (in.get_u8() != kInFlightVersion) in.fail("another version of this format");
  head.record_type = in.get_bytes();
  head.sender = Id128::from_raw(in.get_raw(head.sender.bytes.size()));
  head.output = in.get_i32();
  head.receiver = in.get_i32();
  head.receivers = in.get_i32();
  head.max_parallelism = in.get_i32();
  head.channel = in.get_i32();
  head.watermark = in.get_i64();
  head.idle = in.get_bool();
  if (in.ok() && (head.receivers < 1 || head.receiver < 0 || head.receiver >= head.receivers ||
                  head.max_parallelism < 1))
    in.fail("an impossible subtask");
  return head;
}

void put_in_flight_entry(BinaryWriter& out, const StreamElement& element,
                         const RecordCodec* codec) {
  out.put_u8(static_cast<uint8_t>(element.kind));
  if (element.kind != StreamElement::Kind::kBatch) return out.put_i64(element.value);
  WEIR_CHECK(codec != nullptr);
  const size_t begin = out.size();
  out.put_i32(0);
  codec->encode(*element.batch, out);
  out.close_length(begin);
}

Status get_in_flight_entry(BinaryReader& in, const RecordCodec& codec, StreamElement* element) {
  element->kind = static_cast<StreamElement::Kind>(in.get_u8());
  element->value = 0;
  element->batch = nullptr;
  switch (element->kind) {
    case StreamElement::Kind::kBatch: {
      const std::string_view bytes = in.get_bytes();
      if (!in.ok()) break;
      element->batch = codec.make();
      WEIR_RETURN_IF_ERROR(codec.decode(bytes, *element->batch));
      element->value = static_cast<int64_t>(bytes.size());
      break;
    }
    case StreamElement::Kind::kWatermark:
    case StreamElement::Kind::kWatermarkStatus: element->value = in.get_i64(); break;
    case StreamElement::Kind::kBarrier:
    case StreamElement::Kind::kEndOfData:
    default: in.fail("an element of unknown kind");
  }
  return in.status("the elements in flight on a channel");
}

}  // namespace weir
