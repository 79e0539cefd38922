#include "runtime/remote_channel.h"

#include <gtest/gtest.h>

#include <deque>
#include <optional>

#include "base/bug_switch.h"
#include "platform/splitmix.h"
#include "runtime/input_gate.h"
#include "runtime/output_partition.h"
#include "weir/detail/types/record_codec_of.h"

namespace weir {
namespace {

using Kind = StreamElement::Kind;

class Wire final : public Connection {
 public:
  void send(std::string frame) override { frames.push_back(std::move(frame)); }
  std::deque<std::string> frames;
};

/// Both ends of one channel, and the frames in flight between them.
struct Fixture {
  explicit Fixture(uint32_t capacity, uint32_t id = 7, size_t most_frame_bytes = kMaxFrameBytes)
      : writer(
            id, detail::record_codec<int>(), [this] { ++producer_woken; },
            [this](Status status) { refused.push_back(std::string(status.message())); },
            most_frame_bytes),
        reader(
            id, detail::record_codec<int>(), capacity, [this] { ++consumer_woken; },
            [this](Status status) { failure = std::string(status.message()); }) {
    writer.open(&forth, capacity);
    reader.open(&back);
  }

  bool push(Kind kind, int64_t value) {
    StreamElement element{kind, value, nullptr};
    return writer.try_push(element);
  }
  bool push(std::vector<int> records) {
    auto batch = std::make_unique<BatchOf<int>>();
    batch->records = std::move(records);
    StreamElement element{Kind::kBatch, 0, std::move(batch)};
    return writer.try_push(element);
  }
  /// Delivers all frames in flight, up to the first failure.
  Status deliver() {
    while (!forth.frames.empty()) {
      std::string frame = std::move(forth.frames.front());
      forth.frames.pop_front();
      auto header = decode_element_header(frame);
      if (!header.ok()) return header.status();
      if (Status status = reader.on_frame(*header, std::move(frame)); !status.ok()) return status;
    }
    while (!back.frames.empty()) {
      auto credit = decode_credit(back.frames.front());
      back.frames.pop_front();
      if (!credit.ok()) return credit.status();
      if (Status status = writer.on_credit(credit->taken); !status.ok()) return status;
    }
    return {};
  }
  /// "[1 2]" per batch, "w5", "b1", "end".
  std::string pop(int most = 1000) {
    std::string text;
    StreamElement element;
    while (most-- > 0 && reader.try_pop(&element)) {
      switch (element.kind) {
        case Kind::kBatch: {
          text += "[";
          for (const int record : static_cast<BatchOf<int>&>(*element.batch).records)
            text += std::to_string(record) + " ";
          text.back() = ']';
          reader.recycle(std::move(element.batch));
          break;
        }
        case Kind::kWatermark: text += "w" + std::to_string(element.value); break;
        case Kind::kBarrier: text += "b" + std::to_string(element.value); break;
        case Kind::kEndOfData: text += "end"; break;
        case Kind::kWatermarkStatus: text += element.value != 0 ? "idle" : "active"; break;
      }
    }
    return text;
  }

  Wire forth, back;
  int producer_woken = 0, consumer_woken = 0;
  std::string failure;
  std::vector<std::string> refused;
  RemoteWriter writer;
  RemoteReader reader;
};

TEST(RemoteChannel, ElementsArriveUnchanged) {
  Fixture f(8);
  EXPECT_TRUE(f.push({1, 2}));
  EXPECT_TRUE(f.push(Kind::kWatermark, -5));
  EXPECT_TRUE(f.push({3}));
  EXPECT_TRUE(f.push(Kind::kBarrier, 1));
  EXPECT_TRUE(f.push(Kind::kEndOfData, 0));
  EXPECT_EQ(f.pop(), "");
  ASSERT_TRUE(f.deliver().ok());
  EXPECT_EQ(f.consumer_woken, 5);
  EXPECT_EQ(f.pop(), "[1 2]w-5[3]b1end");
}

TEST(RemoteChannel, BatchSaysHowManyBytesCameForIt) {
  Fixture f(8);
  f.push({1, 2, 3});
  const size_t bytes = f.forth.frames.front().size();
  ASSERT_TRUE(f.deliver().ok());
  StreamElement element;
  ASSERT_TRUE(f.reader.try_pop(&element));
  EXPECT_EQ(element.value, static_cast<int64_t>(bytes));
}

TEST(RemoteChannel, HasNoRoomBeforeItIsOpen) {
  RemoteWriter writer(1, detail::record_codec<int>(), [] {}, nullptr);
  StreamElement element{Kind::kBarrier, 1, nullptr};
  EXPECT_FALSE(writer.try_push(element));
}

TEST(RemoteChannel, ElementWithoutACreditIsNotTaken) {
  Fixture f(2);
  EXPECT_TRUE(f.push({1}));
  EXPECT_TRUE(f.push({2}));
  auto batch = std::make_unique<BatchOf<int>>();
  batch->add(3);
  StreamElement element{Kind::kBatch, 0, std::move(batch)};
  EXPECT_FALSE(f.writer.try_push(element));
  ASSERT_NE(element.batch, nullptr);
  EXPECT_EQ(element.batch->size(), 1u);
  EXPECT_EQ(f.forth.frames.size(), 2u);
}

TEST(RemoteChannel, BatchThatIsTooLargeForAFrameIsSentInParts) {
  Fixture f(8, 7, 40);  // five ints and the header
  EXPECT_TRUE(f.push({1, 2, 3, 4, 5}));
  EXPECT_TRUE(f.push({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}));
  ASSERT_TRUE(f.deliver().ok());
  EXPECT_EQ(f.pop(), "[1 2 3 4 5][1 2 3][4 5 6][7 8 9 10 11]");
  EXPECT_TRUE(f.refused.empty());
}

TEST(RemoteChannel, PartsWaitForCreditsAndKeepTheirOrder) {
  Fixture f(1, 7, 40);
  auto batch = std::make_unique<BatchOf<int>>();
  for (int i = 0; i < 11; ++i) batch->add(i);
  StreamElement element{Kind::kBatch, 0, std::move(batch)};
  std::string all;
  for (int i = 0; i < 2; ++i) {
    EXPECT_FALSE(f.writer.try_push(element));
    ASSERT_TRUE(f.deliver().ok());
    all += f.pop();
    ASSERT_TRUE(f.deliver().ok());
  }
  EXPECT_TRUE(f.writer.try_push(element));
  ASSERT_TRUE(f.deliver().ok());
  all += f.pop();
  EXPECT_EQ(all, "[0 1 2][3 4 5][6 7 8 9 10]");
}

TEST(RemoteChannel, RecordThatIsTooLargeForAFrameIsRefusedOnce) {
  Fixture f(8, 7, 20);
  EXPECT_TRUE(f.push({1, 2}));
  EXPECT_EQ(f.refused,
            (std::vector<std::string>{"a record takes 22 bytes, and at most 20 can go to another "
                                      "process: make its records smaller, or run "
                                      "the job in one process"}));
}

TEST(RemoteChannel, CreditsReturnWhenHalfWasTakenAndWakeTheProducer) {
  Fixture f(4);
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(f.push({i}));
  EXPECT_FALSE(f.push({4}));
  ASSERT_TRUE(f.deliver().ok());
  EXPECT_EQ(f.pop(1), "[0]");
  ASSERT_TRUE(f.deliver().ok());
  EXPECT_FALSE(f.push({4}));
  EXPECT_EQ(f.producer_woken, 0);
  EXPECT_EQ(f.pop(1), "[1]");
  EXPECT_EQ(f.back.frames.size(), 1u);
  ASSERT_TRUE(f.deliver().ok());
  EXPECT_EQ(f.producer_woken, 1);
  EXPECT_TRUE(f.push({4}));
  EXPECT_TRUE(f.push({5}));
  EXPECT_FALSE(f.push({6}));
}

TEST(RemoteChannel, NoCreditIsLostInAnyOrderOfReads) {
  for (const uint32_t capacity : {1u, 2u, 3u, 5u, 16u}) {
    Fixture f(capacity);
    uint64_t state = capacity;
    const auto draw = [&state](uint64_t below) {
      return static_cast<int>(splitmix_output(state += kSplitmixGamma) % below);
    };
    int pushed = 0;
    std::string expected, popped;
    for (int step = 0; step < 4000; ++step) {
      switch (draw(4)) {
        case 0: {
          const bool barrier = draw(3) == 0;
          if (barrier ? f.push(Kind::kBarrier, pushed) : f.push({pushed})) {
            expected += barrier ? "b" + std::to_string(pushed) : "[" + std::to_string(pushed) + "]";
            ++pushed;
          }
          break;
        }
        case 1: ASSERT_TRUE(f.deliver().ok()); break;
        default: popped += f.pop(draw(3)); break;
      }
    }
    EXPECT_GT(pushed, 200) << capacity;
    ASSERT_TRUE(f.deliver().ok());
    popped += f.pop();
    ASSERT_TRUE(f.deliver().ok());
    EXPECT_EQ(popped, expected) << capacity;
    // Everything was taken out, so at least half of the credits are back.
    for (uint32_t i = 0; i < (capacity + 1) / 2; ++i) EXPECT_TRUE(f.push({1})) << capacity;
  }
}

TEST(RemoteChannel, StoppedConsumerStopsOnlyItsChannel) {
  Fixture standing(2, 1), running(2, 2);
  for (int i = 0; i < 100; ++i) {
    standing.push({i});
    EXPECT_TRUE(running.push({i}));
    ASSERT_TRUE(standing.deliver().ok());
    ASSERT_TRUE(running.deliver().ok());
    EXPECT_EQ(running.pop(), "[" + std::to_string(i) + "]");
    ASSERT_TRUE(running.deliver().ok());
  }
  EXPECT_FALSE(standing.push({100}));
  EXPECT_EQ(standing.pop(), "[0][1]");
}

TEST(RemoteChannel, BatchesAreReusedOnBothSides) {
  Fixture f(4);
  auto batch = std::make_unique<BatchOf<int>>();
  batch->add(1);
  const Batch* const sent = batch.get();
  StreamElement element{Kind::kBatch, 0, std::move(batch)};
  ASSERT_TRUE(f.writer.try_push(element));
  const auto empty = f.writer.take_empty();
  EXPECT_EQ(empty.get(), sent);
  EXPECT_TRUE(empty->empty());
  EXPECT_EQ(f.writer.take_empty(), nullptr);

  ASSERT_TRUE(f.push({2}));
  ASSERT_TRUE(f.deliver().ok());
  StreamElement first, second;
  ASSERT_TRUE(f.reader.try_pop(&first));
  const Batch* const received = first.batch.get();
  f.reader.recycle(std::move(first.batch));
  ASSERT_TRUE(f.reader.try_pop(&second));
  EXPECT_EQ(second.batch.get(), received);
  EXPECT_EQ(static_cast<BatchOf<int>&>(*second.batch).records, std::vector<int>{2});
}

TEST(RemoteChannel, GatesAndPartitionsAcceptBothKindsOfChannels) {
  auto local = std::make_shared<Channel>(8);
  Wire forth, back;
  auto writer = std::make_shared<RemoteWriter>(1, detail::record_codec<int>(), [] {}, nullptr);
  auto reader =
      std::make_shared<RemoteReader>(1, detail::record_codec<int>(), 8, [] {}, [](Status) {});
  writer->open(&forth, 8);
  reader->open(&back);
  OutputPartition output({.partitioning = Partitioning::kBroadcast, .batch_size = 1},
                         {local, writer});
  InputGate gate({local, reader}, CheckpointingMode::kExactlyOnce);
  BatchOf<int> batch;
  batch.add(5);
  output.emit(batch);
  output.broadcast(Kind::kBarrier, 1);
  for (const std::string& frame : forth.frames)
    ASSERT_TRUE(reader->on_frame(*decode_element_header(frame), frame).ok());
  StreamElement element;
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(gate.next(&element));
    EXPECT_EQ(static_cast<BatchOf<int>&>(*element.batch).records, std::vector<int>{5});
    gate.recycle(std::move(element.batch));
  }
  ASSERT_TRUE(gate.next(&element));
  EXPECT_EQ(element.kind, Kind::kBarrier);
  EXPECT_FALSE(gate.next(&element));
}

TEST(RemoteChannel, GapsRepetitionsAndElementsBeyondTheCreditsAreRefused) {
  const auto frame = [](uint64_t sequence) {
    BinaryWriter out;
    put_element_header(out, {Kind::kBarrier, 7, sequence});
    out.put_i64(1);
    return out.take();
  };
  struct Case {
    std::vector<uint64_t> sequences;
    const char* says;
  };
  const Case cases[] = {
      {{0, 2}, "channel 7: element 2 came where element 1 should have"},
      {{0, 0}, "channel 7: element 0 came where element 1 should have"},
      {{1}, "channel 7: element 1 came where element 0 should have"},
      {{0, 1, 2, 3}, "channel 7: element 3 came without a credit for it; there are 3"},
  };
  for (const Case& c : cases) {
    Fixture f(3);
    Status status;
    for (size_t i = 0; i < c.sequences.size(); ++i) {
      ASSERT_TRUE(status.ok()) << c.says;
      status = f.reader.on_frame({Kind::kBarrier, 7, c.sequences[i]}, frame(c.sequences[i]));
    }
    EXPECT_EQ(status.code(), StatusCode::kDataLoss);
    EXPECT_EQ(status.message(), c.says);
  }
}

TEST(RemoteChannel, ImpossibleCreditsAreRefused) {
  for (const uint64_t taken : {uint64_t{0}, uint64_t{1}, uint64_t{3}, UINT64_MAX}) {
    Fixture f(4);
    ASSERT_TRUE(f.push({1}));
    ASSERT_TRUE(f.push({2}));
    ASSERT_TRUE(f.writer.on_credit(1).ok());
    EXPECT_EQ(f.writer.on_credit(taken).code(), StatusCode::kDataLoss) << taken;
  }
}

TEST(RemoteChannel, ElementThatCannotBeDecodedEndsTheChannelWithAReason) {
  Fixture f(4);
  ASSERT_TRUE(f.push({1}));
  ASSERT_TRUE(f.push({2}));
  ASSERT_TRUE(f.push({3}));
  f.forth.frames[1].pop_back();
  ASSERT_TRUE(f.deliver().ok());
  EXPECT_EQ(f.pop(), "[1]");
  EXPECT_NE(f.failure.find("channel 7, element 1: a batch of records"), std::string::npos)
      << f.failure;
  f.failure.clear();
  EXPECT_EQ(f.pop(), "");
  EXPECT_EQ(f.failure, "");
}

TEST(RemoteChannel, DamagedElementNeverYieldsMoreThanOneElement) {
  Fixture good(4);
  ASSERT_TRUE(good.push({1, 2, 3}));
  ASSERT_TRUE(good.push(Kind::kWatermark, 5));
  for (const std::string& frame : good.forth.frames) {
    std::vector<std::string> damaged;
    for (size_t length = 0; length < frame.size(); ++length)
      damaged.push_back(frame.substr(0, length));
    damaged.push_back(frame + "x");
    for (size_t bit = 0; bit < frame.size() * 8; ++bit) {
      damaged.push_back(frame);
      damaged.back()[bit / 8] = static_cast<char>(damaged.back()[bit / 8] ^ (1 << (bit % 8)));
    }
    for (std::string& bytes : damaged) {
      Fixture f(4);
      const uint64_t sequence = decode_element_header(frame)->sequence;
      for (uint64_t i = 0; i < sequence; ++i) {
        ASSERT_TRUE(f.push({0}));
        ASSERT_TRUE(f.deliver().ok());
      }
      f.forth.frames.push_back(bytes);
      const bool taken = f.deliver().ok();
      f.pop(static_cast<int>(sequence));
      const std::string read = f.pop();
      EXPECT_EQ(read.empty(), !taken || !f.failure.empty());
      EXPECT_TRUE(read.empty() || bytes.size() == frame.size());
    }
  }
}

#ifdef WEIR_BUGS
TEST(RemoteChannel, RepeatedElementIsNoticed) {
  enable_bug(Bug::kFrameRepeated);
  Fixture f(2);
  EXPECT_TRUE(f.push({1}));
  EXPECT_FALSE(f.push({2}));  // it was sent nevertheless
  ASSERT_TRUE(f.deliver().ok());
  EXPECT_EQ(f.pop(), "[1][2]");
  ASSERT_TRUE(f.deliver().ok());
  EXPECT_TRUE(f.push({2}));
  ASSERT_TRUE(f.deliver().ok());
  EXPECT_EQ(f.pop(), "[2]");
  disable_bugs();
}
#endif

/// The example of docs/formats/data_connection.md.
TEST(RemoteChannel, BatchIsLaidOutAsDocumented) {
  Fixture f(4, 9);
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(f.push({0}));
  auto batch = std::make_unique<BatchOf<int>>();
  batch->records = {1, 258};
  batch->timestamps = {3, 4};
  batch->key_hashes = {-1, 5};
  StreamElement element{Kind::kBatch, 0, std::move(batch)};
  ASSERT_TRUE(f.writer.try_push(element));
  std::string hex;
  for (const char c : f.forth.frames.back()) {
    hex += "0123456789abcdef"[static_cast<uint8_t>(c) >> 4];
    hex += "0123456789abcdef"[static_cast<uint8_t>(c) & 15];
  }
  EXPECT_EQ(hex,
            "04"
            "00000009"
            "0000000000000003"
            "03"
            "00000002"
            "0300000000000000"
            "0400000000000000"
            "ffffffff"
            "05000000"
            "01000000"
            "02010000");
}

}  // namespace
}  // namespace weir
