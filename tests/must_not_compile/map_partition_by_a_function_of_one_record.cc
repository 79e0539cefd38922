// expect: map_partition: the function takes a const std::vector<T>&
#include "weir/stream/environment.h"

void lengths(const weir::DataStream<std::string>& texts) {
#ifdef MENDED
  texts.full_window_partition().map_partition<size_t>(
      [](const std::vector<std::string>& all, auto& out) { out.collect(all.size()); });
#else
  texts.full_window_partition().map_partition<size_t>(
      [](const std::string& text, auto& out) { out.collect(text.size()); });
#endif
}
