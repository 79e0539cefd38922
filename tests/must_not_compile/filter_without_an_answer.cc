// expect: filter: the function takes a const T& and returns bool
#include "weir/stream/environment.h"

struct Position {
  double x = 0;
  std::string place;
};

void describe(const weir::DataStream<Position>& positions) {
#ifdef MENDED
  positions.filter([](const Position& p) { return p.x > 0; });
#else
  positions.filter([](const Position& p) { return p.place; });
#endif
}
