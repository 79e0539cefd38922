// expect: process: the function must be a weir::BroadcastProcessFunction of the types of both
// streams
#include "weir/stream/environment.h"

struct Above : weir::BroadcastProcessFunction<int64_t, std::string, int64_t> {
  void process_element(const int64_t&, ReadOnlyContext&, weir::Collector<int64_t>&) override {}
  void process_broadcast_element(const std::string&, Context&, weir::Collector<int64_t>&) override {
  }
};

void describe(const weir::DataStream<int64_t>& numbers,
              const weir::DataStream<std::string>& rules) {
  const weir::MapStateDescriptor<std::string, int64_t> state{"rules"};
#ifdef MENDED
  numbers.connect(rules.broadcast(state)).process(Above{});
#else
  rules.connect(numbers.broadcast(state)).process(Above{});
#endif
}
