// expect: has no member named
#include "weir/stream/environment.h"

const weir::MapStateDescriptor<std::string, int64_t> kRules{"rules"};

struct Above : weir::BroadcastProcessFunction<int64_t, std::string, int64_t> {
  void process_element(const int64_t& number, ReadOnlyContext& context,
                       weir::Collector<int64_t>&) override {
#ifdef MENDED
    (void)context.broadcast_state(kRules).contains(std::to_string(number));
#else
    context.broadcast_state(kRules).put(std::to_string(number), 1);
#endif
  }
  void process_broadcast_element(const std::string& rule, Context& context,
                                 weir::Collector<int64_t>&) override {
    context.broadcast_state(kRules).put(rule, 1);
  }
};

void describe(const weir::DataStream<int64_t>& numbers,
              const weir::DataStream<std::string>& rules) {
  numbers.connect(rules.broadcast(kRules)).process(Above{});
}
