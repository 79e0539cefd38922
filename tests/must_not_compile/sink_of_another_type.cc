// expect: sink_to: the sink must be a weir::Sink of this stream's type of records
#include "weir/stream/environment.h"

struct Position {
  double x = 0;
  std::string place;
};

void describe(const weir::DataStream<Position>& positions) {
#ifdef MENDED
  positions.sink_to(weir::PrintSink<Position>([](const Position&, std::string&) {}));
#else
  positions.sink_to(weir::PrintSink<int>());
#endif
}
