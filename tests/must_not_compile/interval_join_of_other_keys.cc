// expect: interval_join: the keys of both streams must have the same type
#include "weir/stream/environment.h"

struct Order {
  int64_t id = 0;
  std::string customer;
  WEIR_FIELDS(Order, id, customer)
};

void describe(const weir::DataStream<Order>& orders, const weir::DataStream<Order>& payments) {
#ifdef MENDED
  (void)orders.key_by(&Order::id).interval_join(payments.key_by(&Order::id));
#else
  (void)orders.key_by(&Order::id).interval_join(payments.key_by(&Order::customer));
#endif
}
