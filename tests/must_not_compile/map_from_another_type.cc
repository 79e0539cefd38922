// expect: map: the function is called with a record
#include "weir/stream/environment.h"

struct Position {
  double x = 0;
  std::string place;
};

void describe(const weir::DataStream<Position>& positions) {
#ifdef MENDED
  positions.map([](const Position& p) { return p.x; });
#else
  positions.map([](const std::vector<int>&) { return 1; });
#endif
}
