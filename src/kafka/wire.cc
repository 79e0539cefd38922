#include "kafka/wire.h"

#include "base/status_macros.h"
#include "base/strings.h"

namespace weir::kafka {

WireWriter& WireWriter::big_endian(uint64_t value, int bytes) {
  for (int i = bytes - 1; i >= 0; --i) out_ += static_cast<char>(value >> (8 * i));
  return *this;
}

WireWriter& WireWriter::varint(uint32_t value) {
  for (; value > 127; value >>= 7) out_ += static_cast<char>((value & 127) | 128);
  out_ += static_cast<char>(value);
  return *this;
}

WireWriter& WireWriter::string(std::string_view text) {
  i16(static_cast<int16_t>(text.size()));
  out_ += text;
  return *this;
}

WireWriter& WireWriter::compact_string(std::string_view text) {
  varint(static_cast<uint32_t>(text.size()) + 1);
  out_ += text;
  return *this;
}

WireWriter& WireWriter::bytes(std::string_view bytes) {
  i32(static_cast<int32_t>(bytes.size()));
  out_ += bytes;
  return *this;
}

std::string_view WireReader::take(size_t size) {
  if (size > left_.size()) ok_ = false;
  if (!ok_) return {};
  const std::string_view taken = left_.substr(0, size);
  left_.remove_prefix(size);
  return taken;
}

uint64_t WireReader::big_endian(size_t bytes) {
  uint64_t value = 0;
  for (const char c : take(bytes)) value = value << 8 | static_cast<uint8_t>(c);
  return value;
}

uint32_t WireReader::varint() {
  uint32_t value = 0;
  for (int shift = 0; shift < 35; shift += 7) {
    const auto byte = static_cast<uint8_t>(i8());
    value |= static_cast<uint32_t>(byte & 127) << shift;
    if (byte < 128) return value;
  }
  ok_ = false;
  return 0;
}

std::string WireReader::string() {
  const int16_t size = i16();
  return size < 0 ? std::string() : std::string(take(static_cast<size_t>(size)));
}

std::string WireReader::compact_string() {
  const uint32_t size = varint();
  return size == 0 ? std::string() : std::string(take(size - 1));
}

std::string WireReader::bytes() {
  const int32_t size = i32();
  return size < 0 ? std::string() : std::string(take(static_cast<size_t>(size)));
}

void WireReader::tags() {
  for (uint32_t n = varint(); n > 0 && ok_; --n) {
    varint();
    take(varint());
  }
}

size_t WireReader::checked_count(int64_t count, size_t least) {
  if (count > 0 && static_cast<uint64_t>(count) > left_.size() / least) ok_ = false;
  return ok_ && count > 0 ? static_cast<size_t>(count) : 0;
}
size_t WireReader::array(size_t least) { return checked_count(i32(), least); }
size_t WireReader::compact_array(size_t least) {
  return checked_count(static_cast<int64_t>(varint()) - 1, least);
}

Status WireReader::status(std::string_view answer) const {
  if (ok_) return {};
  return data_loss(cat("the broker's answer to ", answer, " is shorter than its contents"));
}

std::string frame_of(const Request& request, int32_t correlation, std::string_view client) {
  WireWriter header;
  header.i16(request.api).i16(request.version).i32(correlation).string(client);
  if (request.flexible) header.no_tags();
  WireWriter frame;
  frame.bytes(header.take() + request.body);
  return frame.take();
}

std::string error_text(int16_t code) {
  switch (code) {
    case error::kLoading: return "the transaction coordinator is loading";
    case error::kNotAvailable: return "the transaction coordinator is not available";
    case error::kNotCoordinator: return "the broker no longer coordinates this transaction";
    case error::kInvalidTimeout:
      return "the timeout is larger than the broker's transaction.max.timeout.ms";
    case error::kConcurrent: return "the broker still ends the transaction";
    case error::kTransactionalIdDenied:
    case 29:
    case 31: return "the broker denies it: grant WRITE and DESCRIBE on the transactional ids";
    case error::kUnknownTransactionalId: return "the broker does not know this transactional id";
    case 47:
    case 90: return "another producer has taken over this transactional id";
    case 48: return "the transaction is in another state";
    case 49: return "the transactional id belongs to another producer";
    default: return cat("error ", code, " of Kafka's protocol");
  }
}

Request find_coordinator(std::string_view transactional_id) {
  return {10, 2, false, WireWriter().string(transactional_id).i8(1).take()};
}

StatusOr<Coordinator> read_coordinator(std::string_view answer) {
  WireReader in(answer);
  in.i32();  // throttle time, here and below
  Coordinator found;
  found.error = in.i16();
  found.message = in.string();
  in.i32();
  found.address.host = in.string();
  found.address.port = in.i32();
  WEIR_RETURN_IF_ERROR(in.status("FindCoordinator"));
  return found;
}

Request describe_transaction(std::string_view transactional_id) {
  return {65, 0, true, WireWriter().varint(2).compact_string(transactional_id).no_tags().take()};
}

StatusOr<TransactionState> read_transaction(std::string_view answer,
                                            std::string_view transactional_id) {
  WireReader in(answer);
  in.i32();
  const size_t count = in.compact_array(1);
  TransactionState state;
  state.error = in.i16();
  const std::string id = in.compact_string();
  state.state = in.compact_string();
  state.timeout_ms = in.i32();
  state.start_ms = in.i64();
  state.producer_id = in.i64();
  state.epoch = in.i16();
  WEIR_RETURN_IF_ERROR(in.status("DescribeTransactions"));
  if (count != 1 || id != transactional_id)
    return data_loss("the broker described another transaction than it was asked for");
  return state;
}

Request end_transaction(std::string_view transactional_id, int64_t producer_id, int16_t epoch,
                        bool commit) {
  return {26, 3, true,
          WireWriter()
              .compact_string(transactional_id)
              .i64(producer_id)
              .i16(epoch)
              .i8(commit ? 1 : 0)
              .no_tags()
              .take()};
}

namespace {

StatusOr<int16_t> read_error(std::string_view answer, std::string_view name) {
  WireReader in(answer);
  in.i32();
  const int16_t code = in.i16();
  WEIR_RETURN_IF_ERROR(in.status(name));
  return code;
}

}  // namespace

StatusOr<int16_t> read_end(std::string_view answer) { return read_error(answer, "EndTxn"); }

Request init_producer(std::string_view transactional_id, int32_t timeout_ms) {
  return {22, 4, true,
          WireWriter()
              .compact_string(transactional_id)
              .i32(timeout_ms)
              .i64(-1)
              .i16(-1)
              .no_tags()
              .take()};
}

StatusOr<int16_t> read_init(std::string_view answer) {
  return read_error(answer, "InitProducerId");
}

Request list_ongoing() {
  // States: one; producer ids: all.
  return {66, 0, true, WireWriter().varint(2).compact_string("Ongoing").varint(1).no_tags().take()};
}

StatusOr<Listing> read_listing(std::string_view answer) {
  WireReader in(answer);
  in.i32();
  Listing listing;
  listing.error = in.i16();
  for (size_t n = in.compact_array(1); n > 0 && in.ok(); --n) in.compact_string();
  for (size_t n = in.compact_array(11); n > 0 && in.ok(); --n) {
    listing.ids.push_back(in.compact_string());
    in.i64();
    in.compact_string();
    in.tags();
  }
  WEIR_RETURN_IF_ERROR(in.status("ListTransactions"));
  return listing;
}

Request list_brokers() {
  // No topics, and none to be created.
  return {3, 4, false, WireWriter().i32(0).i8(0).take()};
}

StatusOr<std::vector<BrokerAddress>> read_brokers(std::string_view answer) {
  WireReader in(answer);
  in.i32();
  std::vector<BrokerAddress> brokers;
  for (size_t n = in.array(12); n > 0 && in.ok(); --n) {
    in.i32();
    BrokerAddress broker;
    broker.host = in.string();
    broker.port = in.i32();
    in.string();
    brokers.push_back(std::move(broker));
  }
  WEIR_RETURN_IF_ERROR(in.status("Metadata"));
  return brokers;
}

Request sasl_handshake(std::string_view mechanism) {
  return {17, 1, false, WireWriter().string(mechanism).take()};
}

StatusOr<Handshake> read_handshake(std::string_view answer) {
  WireReader in(answer);
  Handshake handshake;
  handshake.error = in.i16();
  for (size_t n = in.array(2); n > 0 && in.ok(); --n) handshake.mechanisms.push_back(in.string());
  WEIR_RETURN_IF_ERROR(in.status("SaslHandshake"));
  return handshake;
}

Request sasl_authenticate(std::string_view bytes) {
  return {36, 0, false, WireWriter().bytes(bytes).take()};
}

StatusOr<Authentication> read_authentication(std::string_view answer) {
  WireReader in(answer);
  Authentication result;
  result.error = in.i16();
  result.message = in.string();
  result.bytes = in.bytes();
  WEIR_RETURN_IF_ERROR(in.status("SaslAuthenticate"));
  return result;
}

}  // namespace weir::kafka
