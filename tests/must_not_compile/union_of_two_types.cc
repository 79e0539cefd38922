// expect: union_with: the streams must have the same type of records
#include "weir/stream/environment.h"

struct Position {
  double x = 0;
  std::string place;
};

void describe(const weir::DataStream<Position>& positions) {
#ifdef MENDED
  positions.union_with(positions);
#else
  positions.union_with(positions.map(&Position::x));
#endif
}
