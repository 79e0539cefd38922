// expect: map: the function must return the new record
#include "weir/stream/environment.h"

struct Position {
  double x = 0;
  std::string place;
};

void describe(const weir::DataStream<Position>& positions) {
#ifdef MENDED
  positions.map([](const Position& p) { return p.x; });
#else
  positions.map([](const Position&) {});
#endif
}
