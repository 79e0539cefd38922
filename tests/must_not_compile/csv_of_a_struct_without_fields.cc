// expect: FileSource<T>::csv fills the fields of a struct that are listed with WEIR_FIELDS
#include "weir/weir.h"

struct Departure {
  std::string carrier;
  double delay = 0;
#ifdef MENDED
  WEIR_FIELDS(Departure, carrier, delay)
#endif
};

void read(weir::StreamExecutionEnvironment& env) {
  env.from_source(weir::FileSource<Departure>::csv("flights.csv"), weir::no_watermarks(),
                  "flights");
}
