// expect: print: the record needs an operator<< or WEIR_FIELDS
#include "weir/stream/environment.h"

struct Position {
  double x = 0;
  std::string place;
};

void describe(const weir::DataStream<Position>& positions) {
#ifdef MENDED
  positions.map(&Position::place).print();
#else
  positions.print();
#endif
}
