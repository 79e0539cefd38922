// A job whose sink is slower than its source, for bench/backpressure.py: records by key, then to
// the other subtasks, then to a sink that takes one batch after the other and waits after each.
//
//   backpressure [--rate N] [--sink-us N] [flags of every weir program]

#include <weir/weir.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace {

/// Takes a batch, and the next one when `us` microseconds for each of its records have passed.
class SlowSink final : public weir::Sink<int64_t> {
 public:
  explicit SlowSink(double us) : us_(us) {}
  std::unique_ptr<weir::SinkWriter<int64_t>> create_writer() const override {
    return std::make_unique<Writer>(us_);
  }
  std::unique_ptr<weir::Committer> create_committer(weir::FileSystemRegistry&) const override {
    return nullptr;
  }
  weir::Status probe(weir::FileSystemRegistry&) const override { return {}; }

 private:
  class Writer final : public weir::SinkWriter<int64_t> {
   public:
    explicit Writer(double us) : us_(us) {}
    weir::Status open(weir::OperatorContext& context) override {
      context_ = &context;
      return {};
    }
    bool can_accept() override { return !busy_; }
    void write(weir::BatchOf<int64_t>& batch) override {
      if (us_ <= 0) return;
      busy_ = true;
      const auto pause = std::chrono::nanoseconds(
          static_cast<int64_t>(1000 * us_ * static_cast<double>(batch.size())));
      context_->run_blocking([this, pause]() -> std::function<void()> {
        std::this_thread::sleep_for(pause);
        return [this] { busy_ = false; };
      });
    }
    std::vector<std::string> prepare_commit(weir::SnapshotContext&) override { return {}; }

   private:
    const double us_;
    weir::OperatorContext* context_ = nullptr;
    bool busy_ = false;
  };

  const double us_;
};

}  // namespace

int main(int argc, char** argv) {
  auto env = weir::StreamExecutionEnvironment::from_args(argc, argv);
  env.configure("weir.progress", "false");
  const double rate = env.flag("rate", 1e6, "records a second that the sources make");
  const double sink_us = env.flag("sink-us", 20.0, "microseconds that the sink waits for a record");
  env.from_source(weir::GeneratorSource<int64_t>::unbounded([](int64_t i) { return i; }).rate(rate),
                  weir::no_watermarks(), "numbers")
      .uid("numbers")
      .key_by([](int64_t i) { return i % 1000; })
      .reduce([](int64_t, int64_t b) { return b; })
      .uid("last")
      .rebalance()
      .sink_to(SlowSink(sink_us))
      .uid("slow");
  return env.execute("backpressure");
}
