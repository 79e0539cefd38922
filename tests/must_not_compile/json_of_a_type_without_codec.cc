// expect: cannot write the type F of this field as JSON
#include "weir/format/json_format.h"

struct Place {
  double x = 0;
#ifdef MENDED
  WEIR_FIELDS(Place, x)
#endif
};
struct Departure {
  std::string carrier;
  Place from;
  WEIR_FIELDS(Departure, carrier, from)
};

weir::StatusOr<Departure> read(std::string_view line) {
  return weir::JsonFormat<Departure>().deserialize(line);
}
