// expect: aggregate: without keys the function needs merge(from, into)
#include "weir/stream/environment.h"

struct Count {
  using Accumulator = int64_t;
  int64_t create_accumulator() const { return 0; }
  void add(const int&, int64_t& count) const { ++count; }
  int64_t get_result(const int64_t& count) const { return count; }
#ifdef MENDED
  void merge(const int64_t& from, int64_t& into) const { into += from; }
#endif
};

void count(const weir::DataStream<int>& numbers) {
  numbers.full_window_partition().aggregate(Count());
}
