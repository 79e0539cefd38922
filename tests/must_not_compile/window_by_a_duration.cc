// expect: window: the argument must be an assigner of windows
#include "weir/stream/environment.h"

struct Position {
  double x = 0;
  std::string place;
  WEIR_FIELDS(Position, x, place)
};

void describe(const weir::DataStream<Position>& positions) {
  using namespace std::chrono_literals;
#ifdef MENDED
  positions.key_by(&Position::place)
      .window(weir::SlidingEventTimeWindows::of(2min, 1min))
      .sum(&Position::x);
#else
  positions.key_by(&Position::place).window(1min).sum(&Position::x);
#endif
}
