// Joins orders with their payments, keeps the stock of each product, and reports paid orders that
// the stock does not cover. See README.md beside this file.

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "weir/weir.h"

namespace {

using namespace std::chrono_literals;

constexpr int64_t kStock = 2'000;  ///< of each product at the start
constexpr int64_t kDisorderMs = 1'000;

struct Order {
  int64_t id = 0;
  std::string product;
  int64_t units = 0;
  weir::Timestamp at = 0;
  WEIR_FIELDS(Order, id, product, units, at)
};
struct Payment {
  int64_t order = 0;
  int64_t cents = 0;
  weir::Timestamp at = 0;
  WEIR_FIELDS(Payment, order, cents, at)
};
struct Paid {
  int64_t order = 0;
  std::string product;
  int64_t units = 0;
  weir::Timestamp at = 0;
  WEIR_FIELDS(Paid, order, product, units, at)
};
struct Alert {
  int64_t order = 0;
  std::string product;
  int64_t missing = 0;
  WEIR_FIELDS(Alert, order, product, missing)
};

/// A random number from i: the output function of SplitMix64.
uint64_t mixed(uint64_t i) {
  i = (i ^ i >> 30) * 0xBF58476D1CE4E5B9u;
  i = (i ^ i >> 27) * 0x94D049BB133111EBu;
  return i ^ i >> 31;
}

Order order(int64_t i) {
  const uint64_t bits = mixed(static_cast<uint64_t>(i) + 1);
  return {i, "p" + std::to_string(bits % 20), 1 + static_cast<int64_t>((bits >> 8) % 9),
          1'000 * i + static_cast<int64_t>((bits >> 32) % kDisorderMs)};
}

/// The payment of order i. Every fifth comes after the time that is allowed.
Payment payment(int64_t i) {
  const uint64_t bits = mixed(~static_cast<uint64_t>(i));
  const auto delay = static_cast<int64_t>((bits >> 32) % 900'000);
  return {i, static_cast<int64_t>(bits % 100'000),
          order(i).at + (i % 5 == 0 ? 900'001 + delay : delay)};
}

class Match final : public weir::ProcessJoinFunction<Order, Payment, Paid> {
 public:
  void process_element(const Order& order, const Payment& payment, Context&,
                       weir::Collector<Paid>& out) override {
    out.collect({order.id, order.product, order.units, payment.at});
  }
};

/// Takes paid orders out of the stock in the order of their payments.
class Inventory final : public weir::KeyedProcessFunction<std::string, Paid, Alert> {
 public:
  void open(RuntimeContext& context) override {
    stock_ = context.state(weir::ValueStateDescriptor<int64_t>{"stock", kStock});
    waiting_ =
        context.state(weir::MapStateDescriptor<weir::Timestamp, std::vector<Paid>>{"waiting"});
  }
  void process_element(const Paid& paid, Context& context, weir::Collector<Alert>&) override {
    waiting_.mutable_value(paid.at).push_back(paid);
    context.timer_service().register_event_time_timer(paid.at);
  }
  void on_timer(weir::Timestamp now, OnTimerContext&, weir::Collector<Alert>& out) override {
    std::vector<Paid> due = *waiting_.get(now);
    waiting_.remove(now);
    std::sort(due.begin(), due.end(),
              [](const auto& a, const auto& b) { return a.order < b.order; });
    for (const Paid& paid : due) {
      int64_t& stock = stock_.mutable_value();
      if (stock < paid.units) out.collect({paid.order, paid.product, paid.units - stock});
      else stock -= paid.units;
    }
  }

 private:
  weir::ValueState<int64_t> stock_;
  weir::MapState<weir::Timestamp, std::vector<Paid>> waiting_;  ///< by the time of the payment
};

}  // namespace

int main(int argc, char** argv) {
  auto env = weir::StreamExecutionEnvironment::from_args(argc, argv);
  const int64_t count = env.flag("count", int64_t{20'000}, "how many orders there are");
  const double rate = env.flag("rate", 0.0, "orders a second at most; 0: as fast as it goes");
  const std::string output =
      env.flag("output", "", "the directory for the alerts; otherwise they are printed");
  env.may_vary("rate");

  const auto orders =
      env.from_source(
             weir::GeneratorSource<Order>(count, &order).rate(rate),
             weir::for_bounded_out_of_orderness<Order>(std::chrono::milliseconds(kDisorderMs))
                 .with_timestamp_assigner(&Order::at),
             "orders")
          .uid("orders");
  const auto payments =
      env.from_source(weir::GeneratorSource<Payment>(count, &payment).rate(rate),
                      weir::for_bounded_out_of_orderness<Payment>(31min).with_timestamp_assigner(
                          &Payment::at),
                      "payments")
          .uid("payments");
  const auto alerts = orders.key_by(&Order::id)
                          .interval_join(payments.key_by(&Payment::order))
                          .between(0ms, 15min)
                          .process(Match())
                          .uid("paid")
                          .key_by(&Paid::product)
                          .process(Inventory())
                          .uid("inventory");
  if (output.empty()) alerts.print();
  else alerts.sink_to(weir::FileSink<Alert>(output)).uid("alerts");
  return env.execute("shop");
}
