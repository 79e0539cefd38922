// expect: weir cannot serialize T
#include "weir/stream/environment.h"

struct Position {
  double x = 0;
  std::string place;
};

void describe(const weir::DataStream<Position>& positions) {
#ifdef MENDED
  positions.key_by([](const Position& p) { return p.place; });
#else
  positions.key_by([](const Position& p) { return p; });
#endif
}
