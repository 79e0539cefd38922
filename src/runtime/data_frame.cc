#include "runtime/data_frame.h"

#include "base/strings.h"

namespace weir {
namespace {

/// "weirdata"
constexpr uint64_t kMagic = 0x7765697264617461;

BinaryWriter writer_of(DataFrame kind) {
  BinaryWriter out;
  out.put_u8(static_cast<uint8_t>(kind));
  return out;
}

Status unexpected(uint8_t kind, const char* expected) {
  return data_loss(cat("a data connection brought a frame of kind ", static_cast<int>(kind),
                       " where ", expected, " was expected"));
}

}  // namespace

std::string encode_hello(const DataHello& hello) {
  BinaryWriter out = writer_of(DataFrame::kHello);
  out.put_u64(kMagic);
  out.put_u16(hello.version);
  out.put_raw(hello.fingerprint.raw());
  out.put_raw(hello.channels.raw());
  out.put_i64(hello.attempt);
  out.put_i32(hello.from);
  return out.take();
}

StatusOr<DataHello> decode_hello(std::string_view frame) {
  BinaryReader in(frame);
  const uint8_t kind = in.get_u8();
  if (in.ok() && kind != static_cast<uint8_t>(DataFrame::kHello))
    return unexpected(kind, "a worker's hello");
  if (in.get_u64() != kMagic && in.ok()) in.fail("not what a worker of weir begins with");
  DataHello hello;
  hello.version = in.get_u16();
  if (in.ok() && hello.version != kDataProtocolVersion) {
    return failed_precondition(cat("a worker speaks version ", hello.version,
                                   " of the data protocol, and this one version ",
                                   kDataProtocolVersion, "; run the same build everywhere"));
  }
  hello.fingerprint = Id128::from_raw(in.get_raw(sizeof(Id128::bytes)));
  hello.channels = Id128::from_raw(in.get_raw(sizeof(Id128::bytes)));
  hello.attempt = in.get_i64();
  hello.from = in.get_i32();
  if (Status status = in.end("the hello of a data connection"); !status.ok()) return status;
  return hello;
}

std::string encode_accepted(uint32_t credits) {
  BinaryWriter out = writer_of(DataFrame::kAccepted);
  out.put_u32(credits);
  return out.take();
}

std::string encode_refused(const Status& reason) {
  BinaryWriter out = writer_of(DataFrame::kRefused);
  out.put_bytes(reason.message());
  return out.take();
}

StatusOr<uint32_t> decode_answer(std::string_view frame) {
  BinaryReader in(frame);
  const uint8_t kind = in.get_u8();
  if (in.ok() && kind == static_cast<uint8_t>(DataFrame::kRefused)) {
    const std::string reason(in.get_bytes());
    if (Status status = in.end("the refusal of a data connection"); !status.ok()) return status;
    return failed_precondition(reason);
  }
  if (in.ok() && kind != static_cast<uint8_t>(DataFrame::kAccepted))
    return unexpected(kind, "the answer to a hello");
  const uint32_t credits = in.get_u32();
  if (in.ok() && credits == 0) in.fail("no credits at all");
  if (Status status = in.end("the answer to a data connection's hello"); !status.ok())
    return status;
  return credits;
}

std::string encode_credit(const DataCredit& credit) {
  BinaryWriter out = writer_of(DataFrame::kCredit);
  out.put_u32(credit.channel);
  out.put_u64(credit.taken);
  return out.take();
}

StatusOr<DataCredit> decode_credit(std::string_view frame) {
  BinaryReader in(frame);
  const uint8_t kind = in.get_u8();
  if (in.ok() && kind != static_cast<uint8_t>(DataFrame::kCredit))
    return unexpected(kind, "a credit");
  DataCredit credit;
  credit.channel = in.get_u32();
  credit.taken = in.get_u64();
  if (Status status = in.end("a credit"); !status.ok()) return status;
  return credit;
}

void put_element_header(BinaryWriter& out, const ElementHeader& header) {
  out.put_u8(static_cast<uint8_t>(static_cast<uint8_t>(DataFrame::kBatch) +
                                  static_cast<uint8_t>(header.kind)));
  out.put_u32(header.channel);
  out.put_u64(header.sequence);
}

StatusOr<ElementHeader> decode_element_header(std::string_view frame) {
  static_assert(static_cast<int>(DataFrame::kBatch) +
                    static_cast<int>(StreamElement::Kind::kWatermarkStatus) ==
                static_cast<int>(DataFrame::kWatermarkStatus));
  BinaryReader in(frame);
  const uint8_t kind = in.get_u8();
  if (in.ok() && (kind < static_cast<uint8_t>(DataFrame::kBatch) ||
                  kind > static_cast<uint8_t>(DataFrame::kWatermarkStatus))) {
    return unexpected(kind, "an element of a stream");
  }
  ElementHeader header;
  header.kind = static_cast<StreamElement::Kind>(kind - static_cast<uint8_t>(DataFrame::kBatch));
  header.channel = in.get_u32();
  header.sequence = in.get_u64();
  if (!in.ok()) return in.status("an element of a stream");
  return header;
}

}  // namespace weir
