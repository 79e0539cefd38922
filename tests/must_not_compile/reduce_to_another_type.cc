// expect: reduce: the function takes what there is so far
#include "weir/stream/environment.h"

struct Position {
  double x = 0;
  std::string place;
  WEIR_FIELDS(Position, x, place)
};

void describe(const weir::DataStream<Position>& positions) {
#ifdef MENDED
  positions.key_by(&Position::place).reduce([](Position a, const Position&) { return a; });
#else
  positions.key_by(&Position::place).reduce([](const Position&, const Position& b) {
    return b.place;
  });
#endif
}
