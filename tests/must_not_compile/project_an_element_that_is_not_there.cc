// expect: project: the records have fewer elements
#include "weir/stream/environment.h"

void names(const weir::DataStream<std::tuple<std::string, int>>& people) {
#ifdef MENDED
  people.project<1, 0>();
#else
  people.project<1, 2>();
#endif
}
