// expect: map: both functions must return the same type
#include "weir/stream/environment.h"

void describe(const weir::DataStream<int64_t>& numbers,
              const weir::DataStream<std::string>& texts) {
#ifdef MENDED
  numbers.connect(texts).map([](int64_t n) { return std::to_string(n); },
                             [](const std::string& text) { return text; });
#else
  numbers.connect(texts).map([](int64_t n) { return n; },
                             [](const std::string& text) { return text; });
#endif
}
