// expect: the window's function must be a weir::ProcessAllWindowFunction
#include "weir/stream/environment.h"

struct Position {
  double x = 0;
  std::string place;
  WEIR_FIELDS(Position, x, place)
};

#ifdef MENDED
class Take : public weir::ProcessAllWindowFunction<Position, double> {
 public:
  void process(const weir::WindowContext&, const std::vector<Position>& all,
               weir::Collector<double>& out) override {
    out.collect(all[0].x);
  }
};
#else
class Take : public weir::ProcessWindowFunction<Position, double, std::string> {
 public:
  void process(const std::string&, const weir::WindowContext&, const std::vector<Position>& all,
               weir::Collector<double>& out) override {
    out.collect(all[0].x);
  }
};
#endif

void describe(const weir::DataStream<Position>& positions) {
  using namespace std::chrono_literals;
#ifdef MENDED
  positions.window_all(weir::TumblingEventTimeWindows::of(1min)).process(Take());
#else
  positions.window_all(weir::TumblingEventTimeWindows::of(1min)).process(Take());
#endif
}
