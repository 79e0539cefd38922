// expect: trigger: session windows merge
#include "weir/stream/environment.h"

struct Position {
  double x = 0;
  std::string place;
  WEIR_FIELDS(Position, x, place)
};

double distance(const Position& a, const Position& b) { return b.x - a.x; }

void describe(const weir::DataStream<Position>& positions) {
  using namespace std::chrono_literals;
#ifdef MENDED
  positions.key_by(&Position::place)
      .window(weir::GlobalWindows::create())
      .trigger(weir::delta_trigger<Position>(3, distance))
      .sum(&Position::x);
#else
  positions.key_by(&Position::place)
      .window(weir::EventTimeSessionWindows::with_gap(1min))
      .trigger(weir::delta_trigger<Position>(3, distance))
      .sum(&Position::x);
#endif
}
