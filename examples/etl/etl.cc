// Cleans orders: parses JSON lines, validates and enriches them, and writes them by day of order.
// Lines that are no valid order go to a second directory, with the reason.
//
//   etl --input DIRECTORY --output DIRECTORY --rejects DIRECTORY [--compress] [--rate N]
//       [-D execution.checkpointing.interval=1s …] [--from latest]
//
// Each line of the input is in exactly one of the two results, and there once, however often the
// job is killed and restarted with --from latest.

#include <weir/format/json_format.h>
#include <weir/weir.h>

#include <chrono>
#include <map>
#include <optional>
#include <string>

using Time = std::chrono::sys_time<std::chrono::milliseconds>;

struct Order {
  int64_t id = 0;
  std::string customer;
  std::string country;
  int64_t cents = 0;
  Time ordered;
  std::optional<std::string> coupon;
  WEIR_FIELDS(Order, id, customer, country, cents, ordered, coupon)
};

struct CleanOrder {
  int64_t id = 0;
  std::string customer;
  std::string region;
  int64_t cents = 0;
  Time ordered;
  bool has_coupon = false;
  WEIR_FIELDS(CleanOrder, id, customer, region, cents, ordered, has_coupon)
};

struct Reject {
  std::string line;
  std::string reason;
  WEIR_FIELDS(Reject, line, reason)
};

const weir::OutputTag<Reject> kRejects("rejects");
const std::map<std::string, std::string> kRegions = {
    {"de", "europe"}, {"fr", "europe"}, {"jp", "asia"}, {"us", "america"}};

class Clean final : public weir::ProcessFunction<std::string, CleanOrder> {
 public:
  void process_element(const std::string& line, Context& context,
                       weir::Collector<CleanOrder>& out) override {
    const weir::StatusOr<Order> order = format_.deserialize(line);
    const std::string problem =
        order.ok() ? problem_of(*order) : std::string(order.status().message());
    if (!problem.empty()) {
      context.output(kRejects, Reject{line, problem});
      return;
    }
    out.collect({.id = order->id,
                 .customer = order->customer,
                 .region = kRegions.at(order->country),
                 .cents = order->cents,
                 .ordered = order->ordered,
                 .has_coupon = order->coupon.has_value()});
  }

 private:
  static std::string problem_of(const Order& order) {
    if (order.customer.empty()) return "the customer is empty";
    if (order.cents <= 0) return "the amount is not positive";
    if (!kRegions.contains(order.country)) return "the country is unknown";
    return {};
  }

  weir::JsonFormat<Order> format_;
};

int main(int argc, char** argv) {
  auto env = weir::StreamExecutionEnvironment::from_args(argc, argv);
  const std::string input = env.flag("input", "orders", "a file of JSON lines, or a directory");
  const std::string output = env.flag("output", "clean", "the directory for the clean orders");
  const std::string rejects = env.flag("rejects", "rejects", "the directory for all other lines");
  const bool compress = env.flag("compress", false, "compress the clean orders by gzip");
  const double rate = env.flag("rate", 0.0, "lines a second at most; 0: as fast as it goes");
  env.may_vary("rate");

  auto clean = env.from_source(weir::FileSource<std::string>::lines(input).rate(rate),
                               weir::no_watermarks(), "orders")
                   .uid("orders")
                   .process(Clean{})
                   .name("clean")
                   .uid("clean");
  clean
      .sink_to(weir::FileSink<CleanOrder>::lines(output, weir::JsonFormat<CleanOrder>())
                   .with_bucket_assigner([days = weir::DateTimeBucketAssigner("day=%F")](
                                             const CleanOrder& order) mutable {
                     return days.bucket_at(order.ordered.time_since_epoch().count());
                   })
                   .with_rolling_policy(weir::DefaultRollingPolicy().with_max_part_size(64 << 20))
                   .with_output_file_config({.part_prefix = "orders", .part_suffix = ".json"})
                   .compress(compress ? weir::Compression::kGzip : weir::Compression::kNone))
      .name("clean orders")
      .uid("clean orders");
  clean.get_side_output(kRejects)
      .sink_to(weir::FileSink<Reject>::lines(rejects, weir::JsonFormat<Reject>()))
      .name("rejects")
      .uid("rejects");
  return env.execute("etl");
}
