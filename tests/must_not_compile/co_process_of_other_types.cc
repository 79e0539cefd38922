// expect: process: the function must be a weir::CoProcessFunction of the types of both streams
#include "weir/stream/environment.h"

struct Both : weir::CoProcessFunction<int64_t, std::string, int64_t> {
  void process_element1(const int64_t&, Context&, weir::Collector<int64_t>&) override {}
  void process_element2(const std::string&, Context&, weir::Collector<int64_t>&) override {}
};

void describe(const weir::DataStream<int64_t>& numbers,
              const weir::DataStream<std::string>& texts) {
#ifdef MENDED
  numbers.connect(texts).process(Both{});
#else
  texts.connect(numbers).process(Both{});
#endif
}
