// expect: flat_map: the type of the new records is not known from a generic function
#include "weir/stream/environment.h"

void words(const weir::DataStream<std::string>& lines) {
#ifdef MENDED
  lines.flat_map(
      [](const std::string& line, weir::Collector<std::string>& out) { out.collect(line); });
#else
  lines.flat_map([](const auto& line, auto& out) { out.collect(line); });
#endif
}
