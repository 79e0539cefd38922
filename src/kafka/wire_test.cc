#include "kafka/wire.h"

#include <gtest/gtest.h>

#include <random>

#include "base/strings.h"

namespace weir::kafka {
namespace {

TEST(KafkaWire, RequestsHaveTheProtocolsBytes) {
  EXPECT_EQ(to_hex(frame_of(end_transaction("tx", 7, 1, true), 7, "weir-resume")),
            "00000025001a000300000007000b776569722d726573756d6500"
            "0374780000000000000007"
            "00010100");
  EXPECT_EQ(to_hex(frame_of(find_coordinator("tx"), 1, "w")),
            "00000010000a000200000001000177"
            "0002747801");
  EXPECT_EQ(to_hex(frame_of(describe_transaction("tx"), 2, "w")),
            "000000110041000000000002000177"
            "00"
            "0203747800");
  EXPECT_EQ(to_hex(frame_of(init_producer("tx", 1000), 3, "w")),
            "0000001e0016000400000003000177"
            "00"
            "037478000003e8ffffffffffffffffffff00");
  EXPECT_EQ(to_hex(frame_of(list_ongoing(), 4, "w")),
            "000000170042000000000004000177"
            "00"
            "02084f6e676f696e670100");
  EXPECT_EQ(to_hex(frame_of(list_brokers(), 5, "w")),
            "000000100003000400000005000177"
            "0000000000");
}

TEST(KafkaWire, TransactionsNeverEndByVersionFive) {
  for (const bool commit : {false, true}) {
    const Request request = end_transaction("x", 1, 2, commit);
    EXPECT_EQ(request.version, 3);
    EXPECT_EQ(request.body.back(), 0);
  }
}

std::string described() {
  return WireWriter()
      .i32(0)
      .varint(2)
      .i16(0)
      .compact_string("tx")
      .compact_string("Ongoing")
      .i32(60'000)
      .i64(1234)
      .i64(7)
      .i16(3)
      .varint(1)
      .no_tags()
      .no_tags()
      .take();
}

TEST(KafkaWire, AnswersAreRead) {
  EXPECT_EQ(read_transaction(described(), "tx").value(),
            (TransactionState{0, "Ongoing", 60'000, 1234, 7, 3}));
  EXPECT_EQ(read_transaction(described(), "other").status().code(), StatusCode::kDataLoss);
  const std::string coordinator =
      WireWriter().i32(0).i16(0).string("").i32(1).string("broker").i32(9092).take();
  EXPECT_EQ(read_coordinator(coordinator)->address.host, "broker");
  EXPECT_EQ(read_coordinator(coordinator)->address.port, 9092);
  const std::string listing = WireWriter()
                                  .i32(0)
                                  .i16(0)
                                  .varint(1)
                                  .varint(3)
                                  .compact_string("a")
                                  .i64(1)
                                  .compact_string("Ongoing")
                                  .no_tags()
                                  .compact_string("b")
                                  .i64(2)
                                  .compact_string("Ongoing")
                                  .no_tags()
                                  .no_tags()
                                  .take();
  EXPECT_EQ(read_listing(listing)->ids, (std::vector<std::string>{"a", "b"}));
}

/// Applies all readers to the bytes. They must return, whatever the bytes are.
void read_everything(const std::string& bytes) {
  (void)read_transaction(bytes, "tx");
  (void)read_coordinator(bytes);
  (void)read_listing(bytes);
  (void)read_brokers(bytes);
  (void)read_end(bytes);
  (void)read_handshake(bytes);
  (void)read_authentication(bytes);
}

TEST(KafkaWire, ShortAnswersAreRefused) {
  // The end of the answer, its list of topics, is not read.
  const std::string whole = described();
  for (size_t size = 0; size < whole.size() - 3; ++size) {
    EXPECT_EQ(read_transaction(whole.substr(0, size), "tx").status().code(), StatusCode::kDataLoss)
        << size;
    read_everything(whole.substr(0, size));
  }
}

TEST(KafkaWire, HostileLengthsAreRefused) {
  EXPECT_EQ(read_brokers(WireWriter().i32(0).i32(INT32_MAX).take()).status().code(),
            StatusCode::kDataLoss);
  EXPECT_EQ(read_listing(WireWriter().i32(0).i16(0).varint(0xffffffff).take()).status().code(),
            StatusCode::kDataLoss);
  EXPECT_EQ(read_brokers(WireWriter().i32(0).i32(-1).take())->size(), 0u);
  std::mt19937 random(1);
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes = i % 2 == 0 ? described() : std::string(random() % 64, '\0');
    for (size_t n = random() % 8; n > 0 && !bytes.empty(); --n)
      bytes[random() % bytes.size()] = static_cast<char>(random());
    read_everything(bytes);
  }
}

}  // namespace
}  // namespace weir::kafka
