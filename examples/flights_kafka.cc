// flights.cc with topics of Kafka instead of files.
//
//   flights_kafka --servers HOST:PORT [--in TOPIC] [--out TOPIC]
//                 [-D execution.checkpointing.interval=1s …] [--from latest]
//
// A message of the input is a line of CSV: carrier, scheduled hour, delay of the departure in
// minutes. Each partition must be ordered by day, as the whole input of flights.cc. Readers of the
// output with isolation.level=read_committed see each row once, however often the processes of the
// job and the broker are killed (`make demo KAFKA=1`).

#include <chrono>
#include <string>

#include "flights.h"
#include "weir/connector/kafka_sink.h"
#include "weir/connector/kafka_source.h"
#include "weir/format/csv_format.h"
#include "weir/weir.h"

using namespace std::chrono_literals;

int main(int argc, char** argv) {
  auto env = weir::StreamExecutionEnvironment::from_args(argc, argv);
  const std::string servers = env.flag("servers", "localhost:9092", "brokers of Kafka");
  const std::string input = env.flag("in", "flights", "the topic to read");
  const std::string output = env.flag("out", "delays", "the topic for the result");
  const auto departures = weir::KafkaSource<Departure>::builder()
                              .bootstrap_servers(servers)
                              .topics(input)
                              .value_format(weir::CsvFormat<Departure>())
                              .build();
  const auto results = weir::KafkaSink<CarrierHour>::builder()
                           .bootstrap_servers(servers)
                           .topic(output)
                           .key_serializer([](const CarrierHour& row) { return row.carrier; })
                           .value_format(weir::CsvFormat<CarrierHour>())
                           .delivery_guarantee(weir::DeliveryGuarantee::kExactlyOnce)
                           .transactional_id_prefix("flights")
                           .build();
  env.from_source(departures,
                  weir::for_bounded_out_of_orderness<Departure>(24h).with_timestamp_assigner(
                      &Departure::time_hour),
                  "flights")
      .uid("flights")
      .key_by(&Departure::carrier)
      .window(weir::TumblingEventTimeWindows::of(1h))
      .aggregate(SumDelays{}, Describe{})
      .name("delays by carrier and hour")
      .uid("delays")
      .sink_to(results)
      .name("results")
      .uid("results");
  return env.execute("flights over kafka");
}
