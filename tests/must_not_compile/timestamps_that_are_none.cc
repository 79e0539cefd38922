// expect: a timestamp assigner must give milliseconds since 1970
#include "weir/stream/environment.h"

struct Position {
  double x = 0;
  std::string place;
};

void describe(const weir::DataStream<Position>& positions) {
#ifdef MENDED
  weir::for_monotonous_timestamps<Position>().with_timestamp_assigner(
      [](const Position& p) { return int64_t(p.x); });
#else
  weir::for_monotonous_timestamps<Position>().with_timestamp_assigner(&Position::place);
#endif
}
