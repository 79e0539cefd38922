// expect: process: the function must be a weir::KeyedProcessFunction
#include "weir/stream/environment.h"

struct Position {
  double x = 0;
  std::string place;
  WEIR_FIELDS(Position, x, place)
};

template <class K>
class Take : public weir::KeyedProcessFunction<K, Position, double> {
 public:
  using Base = weir::KeyedProcessFunction<K, Position, double>;
  void process_element(const Position& p, typename Base::Context&,
                       weir::Collector<double>& out) override {
    out.collect(p.x);
  }
};

void describe(const weir::DataStream<Position>& positions) {
#ifdef MENDED
  positions.key_by(&Position::place).process(Take<std::string>());
#else
  positions.key_by(&Position::place).process(Take<int>());
#endif
}
