// expect: evictor: the argument must be an evictor
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
      .window(weir::TumblingEventTimeWindows::of(1min))
      .evictor(weir::CountEvictor::of(3))
      .sum(&Position::x);
#else
  positions.key_by(&Position::place)
      .window(weir::TumblingEventTimeWindows::of(1min))
      .evictor(weir::CountTrigger::of(3))
      .sum(&Position::x);
#endif
}
