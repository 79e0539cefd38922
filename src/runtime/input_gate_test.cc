#include "runtime/input_gate.h"

#include <gtest/gtest.h>

#include <string>

namespace weir {
namespace {

using Kind = StreamElement::Kind;

class InputGateTest : public testing::Test {
 protected:
  void make(std::vector<int> inputs) {
    std::vector<std::shared_ptr<ChannelReader>> readers;
    for (size_t i = 0; i < inputs.size(); ++i) {
      channels_.push_back(std::make_shared<Channel>(16));
      readers.push_back(channels_.back());
    }
    gate_ = std::make_unique<InputGate>(std::move(readers), CheckpointingMode::kExactlyOnce,
                                        std::move(inputs));
  }
  /// Gives an element to a channel, and returns what the task gets: "w5 idle b1".
  std::string give(size_t channel, Kind kind, int64_t value = 0) {
    StreamElement element{kind, value, nullptr};
    EXPECT_TRUE(channels_[channel]->try_push(element));
    std::string text;
    while (gate_->next(&element)) text += (text.empty() ? "" : " ") + show(element);
    return text;
  }
  std::string watermark(size_t channel, Timestamp value) {
    return give(channel, Kind::kWatermark, value);
  }
  std::string idle(size_t channel) { return give(channel, Kind::kWatermarkStatus, 1); }
  std::string active(size_t channel) { return give(channel, Kind::kWatermarkStatus, 0); }

 private:
  static std::string show(const StreamElement& element) {
    switch (element.kind) {
      case Kind::kWatermark:
        return element.value == kMaxWatermark ? "wmax" : "w" + std::to_string(element.value);
      case Kind::kWatermarkStatus: return element.value != 0 ? "idle" : "active";
      case Kind::kBarrier: return "b" + std::to_string(element.value);
      case Kind::kEndOfData: return "end";
      case Kind::kBatch: break;
    }
    return "batch";
  }

  std::vector<std::shared_ptr<Channel>> channels_;
  std::unique_ptr<InputGate> gate_;
};

TEST_F(InputGateTest, LastWatermarkComesBeforeIdleness) {
  make({0, 0});
  EXPECT_EQ(watermark(0, 10), "");
  EXPECT_EQ(watermark(1, 5), "w5");
  EXPECT_EQ(idle(0), "");
  EXPECT_EQ(idle(1), "w10 idle");
  EXPECT_EQ(active(1), "active");
  EXPECT_EQ(watermark(1, 11), "w11");
}

TEST_F(InputGateTest, EachInputHasAValveOfItsOwn) {
  make({0, 1, 0, 1});
  watermark(0, 10);
  watermark(2, 20);
  watermark(1, 30);
  EXPECT_EQ(watermark(3, 40), "w10");
  EXPECT_EQ(idle(0), "w20") << "the other channel of the first input";
  EXPECT_EQ(idle(2), "w30") << "the first input is idle";
  EXPECT_EQ(watermark(1, 35), "w35");
}

TEST_F(InputGateTest, InputThatBecomesActiveHoldsBackWithoutGoingBack) {
  make({0, 1});
  watermark(0, 10);
  EXPECT_EQ(watermark(1, 30), "w10");
  EXPECT_EQ(idle(0), "w30");
  EXPECT_EQ(active(0), "");
  EXPECT_EQ(watermark(1, 50), "") << "the first input is at 10";
  EXPECT_EQ(watermark(0, 40), "w40");
}

TEST_F(InputGateTest, AllInputsIdle) {
  make({0, 1});
  watermark(0, 10);
  watermark(1, 30);
  EXPECT_EQ(idle(1), "");
  EXPECT_EQ(idle(0), "w30 idle");
  EXPECT_EQ(active(0), "active");
}

TEST_F(InputGateTest, EndedInputDoesNotMakeTimeJumpToTheEnd) {
  make({0, 1});
  watermark(0, 10);
  EXPECT_EQ(watermark(1, 30), "w10");
  EXPECT_EQ(watermark(1, kMaxWatermark), "");
  EXPECT_EQ(idle(0), "w30 idle") << "its last watermark before the end";
  EXPECT_EQ(active(0), "active");
  EXPECT_EQ(watermark(0, 32), "w32");
  EXPECT_EQ(watermark(0, kMaxWatermark), "wmax");
}

TEST_F(InputGateTest, BarriersAndTheEndDoNotChangeTime) {
  make({0, 0});
  EXPECT_EQ(idle(0), "");
  EXPECT_EQ(give(0, Kind::kBarrier, 1), "");
  EXPECT_EQ(give(1, Kind::kBarrier, 1), "b1");
  EXPECT_EQ(idle(1), "idle");
  give(0, Kind::kEndOfData);
  EXPECT_EQ(give(1, Kind::kEndOfData), "end");
}

}  // namespace
}  // namespace weir
