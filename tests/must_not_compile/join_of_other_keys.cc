// expect: equal_to: the keys of both streams must have the same type
#include "weir/stream/environment.h"

struct Order {
  int64_t id = 0;
  std::string customer;
  WEIR_FIELDS(Order, id, customer)
};

void describe(const weir::DataStream<Order>& orders, const weir::DataStream<Order>& payments) {
#ifdef MENDED
  (void)orders.join(payments).where(&Order::id).equal_to(&Order::id);
#else
  (void)orders.join(payments).where(&Order::id).equal_to(&Order::customer);
#endif
}
