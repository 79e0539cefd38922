// expect: connect: the keys of both streams must have the same type
#include "weir/stream/environment.h"

struct Order {
  int64_t id = 0;
  std::string customer;
  WEIR_FIELDS(Order, id, customer)
};

struct Join : weir::KeyedCoProcessFunction<int64_t, Order, Order, int64_t> {
  void process_element1(const Order&, Context&, weir::Collector<int64_t>&) override {}
  void process_element2(const Order&, Context&, weir::Collector<int64_t>&) override {}
};

void describe(const weir::DataStream<Order>& orders, const weir::DataStream<Order>& payments) {
#ifdef MENDED
  orders.key_by(&Order::id).connect(payments.key_by(&Order::id)).process(Join{});
#else
  orders.key_by(&Order::id).connect(payments.key_by(&Order::customer)).process(Join{});
#endif
}
