// expect: the window's function must be a weir::ProcessWindowFunction
#include "weir/stream/environment.h"

struct Position {
  double x = 0;
  std::string place;
  WEIR_FIELDS(Position, x, place)
};

template <class K>
class Take : public weir::ProcessWindowFunction<Position, double, K> {
 public:
  void process(const K&, const weir::WindowContext&, const std::vector<Position>& all,
               weir::Collector<double>& out) override {
    out.collect(all[0].x);
  }
};

void describe(const weir::DataStream<Position>& positions) {
#ifdef MENDED
  positions.key_by(&Position::place)
      .window(weir::TumblingEventTimeWindows::of(std::chrono::hours(1)))
      .process(Take<std::string>());
#else
  positions.key_by(&Position::place)
      .window(weir::TumblingEventTimeWindows::of(std::chrono::hours(1)))
      .process(Take<int>());
#endif
}
