#include "flink/chain_metrics.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

using namespace std::string_literals;

/// Emits nothing; the test uses its metrics.
class Counting final : public Operator {
 public:
  explicit Counting(OperatorContext** context) : context_(context) {}
  Status open(OperatorContext& context) override {
    *context_ = &context;
    return {};
  }
  void process(Batch&, Output&) override {}

 private:
  OperatorContext** const context_;
};

class NoServices final : public TaskServices {
 public:
  void run_blocking(std::string_view, std::function<std::function<void()>()>) override {
    std::abort();
  }
  int64_t wall_ms() const override { return 0; }
  FileSystemRegistry& files() override { std::abort(); }
};

/// Finishes the reply and returns its encoded metrics.
std::string metrics_of(ChainMetrics& metrics, OperatorChain& chain, ReplyWriter& reply) {
  reply.begin();
  metrics.report(chain, reply);
  constexpr size_t kBeforeMetrics = 4 + 1 + 1 + 8 + 4;
  return std::string(reply.finish(0, 0).substr(kBeforeMetrics));
}

TEST(ChainMetrics, SendTheirNameOnceAndThenChangesOnly) {
  OperatorContext* context = nullptr;
  JobVertex vertex;
  JobOperator& op = vertex.chain.emplace_back();
  op.name = "op";
  op.factory = [&] { return std::make_unique<Counting>(&context); };
  NoServices services;
  FiberPool fibers;
  SuspendableCall call(fibers);
  OperatorChain chain(vertex, {}, services, [](const Status&) {}, {}, call);
  ASSERT_TRUE(chain.open({}).ok());
  ChainMetrics metrics;
  ReplyWriter reply;
  EXPECT_EQ(metrics_of(metrics, chain, reply), "\0\0"s);
  context->metrics().counter("late").inc(3);
  context->metrics().gauge("depth").set(-1);
  EXPECT_EQ(metrics_of(metrics, chain, reply),
            "\0\2"
            "\0\0\0\0\7op.late\0\0\0\0\0\0\0\3"
            "\0\1\1\0\10op.depth\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF"s);
  EXPECT_EQ(metrics_of(metrics, chain, reply), "\0\0"s);
  context->metrics().counter("late").inc(2);
  EXPECT_EQ(metrics_of(metrics, chain, reply), "\0\1\0\0\0\0\0\0\0\0\0\0\0\0\2"s);
  context->metrics().gauge("depth").set(5);
  EXPECT_EQ(metrics_of(metrics, chain, reply), "\0\1\0\1\1\0\0\0\0\0\0\0\0\0\5"s);
}

}  // namespace
}  // namespace weir
