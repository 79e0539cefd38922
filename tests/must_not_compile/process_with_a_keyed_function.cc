// expect: process: the function must be a weir::ProcessFunction of this stream's type of records
#include "weir/stream/environment.h"

template <class Base>
struct Pass : Base {
  void process_element(const int64_t& number, typename Base::Context&,
                       weir::Collector<int64_t>& out) override {
    out.collect(number);
  }
};

void describe(const weir::DataStream<int64_t>& numbers) {
#ifdef MENDED
  numbers.process(Pass<weir::ProcessFunction<int64_t, int64_t>>{});
#else
  numbers.process(Pass<weir::KeyedProcessFunction<int64_t, int64_t, int64_t>>{});
#endif
}
