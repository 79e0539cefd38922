// The flights job with faults that a test can trigger. A fault occurs once: when a file appears, in
// the one subtask that succeeds in removing it.
//
//   breaking_flights --break throw|segv|hang|lose-checkpoint --when FILE [--slow-us N] [--hurry
//   FILE] [--between] [--bug NAME] [flags of flights]

#include <unistd.h>

#include <csignal>
#include <stdexcept>
#include <thread>

#include "base/bug_switch.h"

#define main flights_main
#include "../../examples/flights.cc"
#undef main

namespace {

struct Fault {
  std::string kind;
  std::string when;
  int64_t slow_us = 0;

  bool comes() const { return unlink(when.c_str()) == 0; }
  void before_record() const {
    if (slow_us > 0) std::this_thread::sleep_for(std::chrono::microseconds(slow_us));
    if (kind.empty() || kind == "lose-checkpoint" || !comes()) return;
    if (kind == "throw") throw std::runtime_error("thrown by the test");
    if (kind == "segv") raise(SIGSEGV);
    if (kind == "hang") {
      while (true) std::this_thread::sleep_for(1h);
    }
  }
};

struct SumOrBreak {
  using Accumulator = Delays;
  Fault fault;
  SumDelays sum = {};
  Delays create_accumulator() const { return sum.create_accumulator(); }
  void add(const Departure& departure, Delays& delays) const {
    fault.before_record();
    sum.add(departure, delays);
  }
  Delays get_result(const Delays& delays) const { return delays; }
};

/// Fails once to store what it has written.
class LosingSink final : public weir::Sink<CarrierHour> {
 public:
  LosingSink(weir::FileSink<CarrierHour> sink, Fault fault)
      : sink_(std::move(sink)), fault_(std::move(fault)) {}
  std::unique_ptr<weir::SinkWriter<CarrierHour>> create_writer() const override {
    return std::make_unique<Writer>(sink_.create_writer(), fault_);
  }
  std::unique_ptr<weir::Committer> create_committer(
      weir::FileSystemRegistry& files) const override {
    return sink_.create_committer(files);
  }
  weir::Status probe(weir::FileSystemRegistry& files) const override { return sink_.probe(files); }

 private:
  class Writer final : public weir::SinkWriter<CarrierHour> {
   public:
    Writer(std::unique_ptr<weir::SinkWriter<CarrierHour>> writer, Fault fault)
        : writer_(std::move(writer)), fault_(std::move(fault)) {}
    weir::Status open(weir::OperatorContext& context) override { return writer_->open(context); }
    void write(weir::BatchOf<CarrierHour>& batch) override { writer_->write(batch); }
    bool can_accept() override { return writer_->can_accept(); }
    std::vector<std::string> prepare_commit(weir::SnapshotContext& context) override {
      if (fault_.kind == "lose-checkpoint") {
        context.before_ack([fault = fault_] {
          return fault.comes() ? weir::unavailable("lost by the test") : weir::Status();
        });
      }
      return writer_->prepare_commit(context);
    }
    void close() override { writer_->close(); }

   private:
    const std::unique_ptr<weir::SinkWriter<CarrierHour>> writer_;
    const Fault fault_;
  };

  const weir::FileSink<CarrierHour> sink_;
  const Fault fault_;
};

/// False: there is no bug of that name.
bool enable(const std::string& name) {
#ifdef WEIR_BUGS
  for (int i = 0; i < static_cast<int>(weir::Bug::kCount); ++i) {
    if (name != weir::bug_name(static_cast<weir::Bug>(i))) continue;
    weir::enable_bug(static_cast<weir::Bug>(i));
    return true;
  }
#endif
  return false;
}

}  // namespace

int main(int argc, char** argv) {
  auto env = weir::StreamExecutionEnvironment::from_args(argc, argv);
  const std::string input = env.flag("input", "flights", "a directory of CSV files of flights");
  const std::string output = env.flag("output", "delays", "the directory for the result");
  double rate = env.flag("rate", 0.0, "flights a second at most");
  const std::string kind = env.flag("break", "", "throw, segv, hang or lose-checkpoint");
  const std::string when = env.flag("when", "", "the file at whose appearance it breaks");
  const auto slow_us = env.flag("slow-us", int64_t{0}, "how long a record of the windows takes");
  const std::string hurry =
      env.flag("hurry", "", "a file; processes that start when it is there have no --rate");
  const bool between =
      env.flag("between", false, "a chain of its own between the source and the windows");
  const std::string bug = env.flag("bug", "", "a mistake of base/bug_switch.h to switch on");
  for (const char* flag : {"rate", "break", "when", "slow-us", "hurry", "bug"}) env.may_vary(flag);
  if (!bug.empty() && !enable(bug)) {
    std::fprintf(stderr, "error: no bug '%s' in this build\n", bug.c_str());
    return 2;
  }

  const Fault fault{kind, when, slow_us};
  if (!hurry.empty() && access(hurry.c_str(), F_OK) == 0) rate = 0;

  auto flights =
      env.from_source(weir::FileSource<Departure>::csv(input).rate(rate),
                      weir::for_bounded_out_of_orderness<Departure>(24h).with_timestamp_assigner(
                          &Departure::time_hour),
                      "flights");
  flights.uid("flights");
  if (between)
    flights = flights.rebalance()
                  .map([](const Departure& departure) { return departure; })
                  .uid("between");
  flights.key_by(&Departure::carrier)
      .window(weir::TumblingEventTimeWindows::of(1h))
      .aggregate(SumOrBreak{fault}, Describe{})
      .uid("delays")
      .sink_to(LosingSink(weir::FileSink<CarrierHour>(output), fault))
      .uid("results");
  return env.execute("breaking flights");
}
