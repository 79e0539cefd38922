// expect: aggregate: session windows merge, so the function needs merge(from, into)
#include "weir/stream/environment.h"

struct Position {
  double x = 0;
  std::string place;
  WEIR_FIELDS(Position, x, place)
};

struct Count {
  using Accumulator = int64_t;
  int64_t create_accumulator() const { return 0; }
  void add(const Position&, int64_t& count) const { ++count; }
  int64_t get_result(const int64_t& count) const { return count; }
#ifdef MENDED
  void merge(const int64_t& from, int64_t& into) const { into += from; }
#endif
};

void describe(const weir::DataStream<Position>& positions) {
  using namespace std::chrono_literals;
#ifdef MENDED
  positions.key_by(&Position::place)
      .window(weir::EventTimeSessionWindows::with_gap(1min))
      .aggregate(Count{});
#else
  positions.key_by(&Position::place)
      .window(weir::EventTimeSessionWindows::with_gap(1min))
      .aggregate(Count{});
#endif
}
