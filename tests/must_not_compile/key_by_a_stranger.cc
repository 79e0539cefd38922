// expect: key_by: the selector is a pointer to a member of the record
#include "weir/stream/environment.h"

struct Position {
  double x = 0;
  std::string place;
};

void describe(const weir::DataStream<Position>& positions) {
#ifdef MENDED
  positions.key_by(&Position::place);
#else
  positions.key_by(&std::string::size);
#endif
}
