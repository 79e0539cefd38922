// A job whose results show when it is alive. bench/recovery.py kills its processes and measures the
// time until the next result.
//
// First, `--fill` keys with 56 bytes of state each are created at full speed; then `--rate` records
// a second ask for counts of keys. Each subtask of the sink prints one line when it begins and one
// per batch of results:
//
//   PROCESS open NANOSECONDS
//   PROCESS result NANOSECONDS     by CLOCK_MONOTONIC, which all processes of a machine share

#include <unistd.h>
#include <weir/weir.h>

#include <algorithm>
#include <chrono>
#include <cstdio>

namespace {

struct Event {
  uint64_t key = 0;
  bool asks = false;
  WEIR_FIELDS(Event, key, asks)
};
struct Payload {
  int64_t count = 0;
  int64_t a = 1, b = 2, c = 3, d = 4, e = 5;
  WEIR_FIELDS(Payload, count, a, b, c, d, e)
};

class Count final : public weir::KeyedProcessFunction<uint64_t, Event, int64_t> {
 public:
  void open(RuntimeContext& context) override {
    state_ = context.state(weir::ValueStateDescriptor<Payload>("payload"));
  }
  void process_element(const Event& event, Context&, weir::Collector<int64_t>& out) override {
    const int64_t count = ++state_.mutable_value().count;
    if (event.asks) out.collect(count);
  }

 private:
  weir::ValueState<Payload> state_;
};

class Watch final : public weir::Sink<int64_t> {
 public:
  std::unique_ptr<weir::SinkWriter<int64_t>> create_writer() const override {
    return std::make_unique<Writer>();
  }
  std::unique_ptr<weir::Committer> create_committer(weir::FileSystemRegistry&) const override {
    return nullptr;
  }
  weir::Status probe(weir::FileSystemRegistry&) const override { return {}; }

 private:
  class Writer final : public weir::SinkWriter<int64_t> {
   public:
    weir::Status open(weir::OperatorContext&) override {
      say("open");
      return {};
    }
    void write(weir::BatchOf<int64_t>&) override { say("result"); }
    std::vector<std::string> prepare_commit(weir::SnapshotContext&) override { return {}; }

   private:
    static void say(const char* what) {
      const auto now = std::chrono::duration_cast<std::chrono::nanoseconds>(
          std::chrono::steady_clock::now().time_since_epoch());
      std::printf("%d %s %lld\n", getpid(), what, static_cast<long long>(now.count()));
      std::fflush(stdout);
    }
  };
};

}  // namespace

int main(int argc, char** argv) {
  auto env = weir::StreamExecutionEnvironment::from_args(argc, argv);
  const auto fill = env.flag("fill", int64_t{0}, "keys that are made at the start");
  const auto rate =
      static_cast<double>(env.flag("rate", int64_t{1000}, "records a second afterwards"));
  const int64_t keys = std::max<int64_t>(fill, 1000);
  const auto made =
      env.from_source(weir::GeneratorSource<Event>(
                          fill, [](int64_t i) { return Event{static_cast<uint64_t>(i), false}; }),
                      weir::no_watermarks(), "fill");
  env.from_source(weir::GeneratorSource<Event>::unbounded([keys](int64_t i) {
                    return Event{static_cast<uint64_t>(i % keys), true};
                  }).rate(rate),
                  weir::no_watermarks(), "questions")
      .union_with(made)
      .key_by(&Event::key)
      .process(Count{})
      .sink_to(Watch());
  return env.execute("recovery");
}
