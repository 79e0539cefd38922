// expect: aggregate: the function needs Accumulator
#include "weir/stream/environment.h"

struct Position {
  double x = 0;
  std::string place;
  WEIR_FIELDS(Position, x, place)
};

struct Count {
  using Accumulator = int64_t;
  Accumulator create_accumulator() const { return 0; }
  void add(const Position&, Accumulator& n) const { ++n; }
  int64_t get_result(const Accumulator& n) const { return n; }
};
struct Unfinished {
  using Accumulator = int64_t;
  Accumulator create_accumulator() const { return 0; }
};

void describe(const weir::DataStream<Position>& positions) {
#ifdef MENDED
  positions.key_by(&Position::place)
      .window(weir::TumblingEventTimeWindows::of(std::chrono::hours(1)))
      .aggregate(Count());
#else
  positions.key_by(&Position::place)
      .window(weir::TumblingEventTimeWindows::of(std::chrono::hours(1)))
      .aggregate(Unfinished());
#endif
}
