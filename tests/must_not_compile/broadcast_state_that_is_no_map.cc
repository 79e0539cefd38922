// expect: broadcast: the arguments describe broadcast states, which are maps
#include "weir/stream/environment.h"

void describe(const weir::DataStream<std::string>& rules) {
  const weir::MapStateDescriptor<std::string, int64_t> state{"rules"};
#ifdef MENDED
  (void)rules.broadcast(state, state);
#else
  (void)rules.broadcast(state, weir::ValueStateDescriptor<int64_t>{"last"});
#endif
}
