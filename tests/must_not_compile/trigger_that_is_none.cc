// expect: trigger: the argument must be a trigger
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
      .window(weir::GlobalWindows::create())
      .trigger(weir::CountTrigger::of(3))
      .sum(&Position::x);
#else
  positions.key_by(&Position::place)
      .window(weir::GlobalWindows::create())
      .trigger(3)
      .sum(&Position::x);
#endif
}
