#pragma once

// Requests of Kafka's protocol for transactions, and the answers to them.
// docs/formats/kafka_transactions.md lists them. Pure.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "weir/status.h"

namespace weir::kafka {

/// A request without its frame: everything that call() of a connection needs.
struct Request {
  int16_t api = 0;
  int16_t version = 0;
  bool flexible = false;  ///< header and body have tag sections
  std::string body;
};

/// Appends values in Kafka's encoding.
class WireWriter {
 public:
  WireWriter& i8(int8_t value) { return big_endian(static_cast<uint64_t>(value), 1); }
  WireWriter& i16(int16_t value) { return big_endian(static_cast<uint64_t>(value), 2); }
  WireWriter& i32(int32_t value) { return big_endian(static_cast<uint64_t>(value), 4); }
  WireWriter& i64(int64_t value) { return big_endian(static_cast<uint64_t>(value), 8); }
  WireWriter& varint(uint32_t value);
  WireWriter& string(std::string_view text);          ///< length as i16
  WireWriter& compact_string(std::string_view text);  ///< length + 1 as varint
  WireWriter& bytes(std::string_view bytes);          ///< length as i32
  WireWriter& no_tags() { return i8(0); }
  std::string take() { return std::move(out_); }

 private:
  WireWriter& big_endian(uint64_t value, int bytes);
  std::string out_;
};

/// Reads values in Kafka's encoding. After the first error all values are 0 or empty.
class WireReader {
 public:
  explicit WireReader(std::string_view bytes) : left_(bytes) {}
  int8_t i8() { return static_cast<int8_t>(big_endian(1)); }
  int16_t i16() { return static_cast<int16_t>(big_endian(2)); }
  int32_t i32() { return static_cast<int32_t>(big_endian(4)); }
  int64_t i64() { return static_cast<int64_t>(big_endian(8)); }
  uint32_t varint();
  std::string string();          ///< null is empty
  std::string compact_string();  ///< null is empty
  std::string bytes();           ///< null is empty
  void tags();
  /// The length of an array of elements that take at least `least` bytes each.
  size_t array(size_t least);
  size_t compact_array(size_t least);
  bool ok() const { return ok_; }
  std::string_view rest() const { return left_; }
  /// DATA_LOSS if the answer was shorter than its values.
  Status status(std::string_view answer) const;

 private:
  uint64_t big_endian(size_t bytes);
  std::string_view take(size_t size);
  size_t checked_count(int64_t count, size_t least);

  std::string_view left_;
  bool ok_ = true;
};

inline constexpr size_t kMaxFrameBytes = size_t{16} << 20;

/// The bytes of a request on the connection.
std::string frame_of(const Request& request, int32_t correlation, std::string_view client);

struct BrokerAddress {
  std::string host;
  int32_t port = 0;
};

/// Error codes of brokers that weir distinguishes.
namespace error {
inline constexpr int16_t kNone = 0;
inline constexpr int16_t kLoading = 14;
inline constexpr int16_t kNotAvailable = 15;
inline constexpr int16_t kNotCoordinator = 16;
inline constexpr int16_t kInvalidTimeout = 50;
inline constexpr int16_t kConcurrent = 51;
inline constexpr int16_t kTransactionalIdDenied = 53;
inline constexpr int16_t kUnknownTransactionalId = 105;
}  // namespace error
/// A sentence for the codes that a user may see, else "error N".
std::string error_text(int16_t code);

Request find_coordinator(std::string_view transactional_id);
struct Coordinator {
  int16_t error = 0;
  std::string message;
  BrokerAddress address;
};
StatusOr<Coordinator> read_coordinator(std::string_view answer);

Request describe_transaction(std::string_view transactional_id);
struct TransactionState {
  int16_t error = 0;
  std::string state;  ///< "Ongoing", "CompleteCommit", …
  int32_t timeout_ms = 0;
  int64_t start_ms = 0;
  int64_t producer_id = -1;
  int16_t epoch = -1;
  bool operator==(const TransactionState&) const = default;
};
StatusOr<TransactionState> read_transaction(std::string_view answer,
                                            std::string_view transactional_id);

/// Always version 3. Version 5 has another meaning: the coordinator takes the epoch as that of the
/// next transaction, and a cluster with transaction.version 0 is then stuck.
Request end_transaction(std::string_view transactional_id, int64_t producer_id, int16_t epoch,
                        bool commit);
StatusOr<int16_t> read_end(std::string_view answer);

/// Aborts what is open under the id, and fences its producer.
Request init_producer(std::string_view transactional_id, int32_t timeout_ms);
StatusOr<int16_t> read_init(std::string_view answer);

Request list_ongoing();
struct Listing {
  int16_t error = 0;
  std::vector<std::string> ids;
};
StatusOr<Listing> read_listing(std::string_view answer);

Request list_brokers();
StatusOr<std::vector<BrokerAddress>> read_brokers(std::string_view answer);

Request sasl_handshake(std::string_view mechanism);
struct Handshake {
  int16_t error = 0;
  std::vector<std::string> mechanisms;
};
StatusOr<Handshake> read_handshake(std::string_view answer);
Request sasl_authenticate(std::string_view bytes);
struct Authentication {
  int16_t error = 0;
  std::string message;
  std::string bytes;
};
StatusOr<Authentication> read_authentication(std::string_view answer);

}  // namespace weir::kafka
