// expect: min_by: the argument is a pointer to a member of the record
#include "weir/stream/environment.h"

struct Place {
  std::string name;
  WEIR_FIELDS(Place, name)
};
struct Position {
  double x = 0;
  Place place;
  WEIR_FIELDS(Position, x, place)
};

void nearest(const weir::DataStream<Position>& positions) {
  const auto by_x = positions.key_by(&Position::x);
#ifdef MENDED
  by_x.min_by(&Position::x);
#else
  by_x.min_by(&Position::place);
#endif
}
