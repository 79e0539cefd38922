// expect: apply: after join() the function takes a const A& and a const B&
#include "weir/stream/environment.h"
#include "weir/window/windows.h"

int64_t itself(const int64_t& number) { return number; }

void describe(const weir::DataStream<int64_t>& numbers) {
  const auto windows = numbers.join(numbers).where(&itself).equal_to(&itself).window(
      weir::TumblingEventTimeWindows::of(std::chrono::seconds(1)));
#ifdef MENDED
  windows.apply([](int64_t a, int64_t b) { return a + b; });
#else
  windows.apply([](int64_t a) { return a; });
#endif
}
