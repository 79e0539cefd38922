// expect: allowed_lateness: only event-time windows have late records
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
      .allowed_lateness(1min)
      .sum(&Position::x);
#else
  positions.key_by(&Position::place)
      .window(weir::TumblingProcessingTimeWindows::of(1min))
      .allowed_lateness(1min)
      .sum(&Position::x);
#endif
}
