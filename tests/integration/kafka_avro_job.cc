// The job of the tests with Avro: adds up the amounts of each user in windows, from one topic to
// another. The schemas are in a registry.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "weir/connector/kafka_sink.h"
#include "weir/connector/kafka_source.h"
#include "weir/format/avro_format.h"
#include "weir/weir.h"

namespace {

using namespace std::chrono_literals;
using Time = std::chrono::sys_time<std::chrono::milliseconds>;

struct Click {
  std::string user;
  int64_t amount = 0;
  Time at;
  std::optional<std::string> note;
  WEIR_FIELDS(Click, WEIR_FORMERLY(user, name), amount, at, note)
};

struct Total {
  std::string user;
  int64_t clicks = 0;
  int64_t amount = 0;
  std::optional<std::string> last_note;
  Time from;
  WEIR_FIELDS(Total, user, clicks, amount, last_note, from)
};

class SetWindow final : public weir::ProcessWindowFunction<Total, Total, std::string> {
 public:
  void process(const std::string&, const weir::WindowContext& context,
               const std::vector<Total>& totals, weir::Collector<Total>& out) override {
    Total total = totals.front();
    total.from = Time(std::chrono::milliseconds(context.window.start));
    out.collect(std::move(total));
  }
};

Total add(const Total& a, const Total& b) {
  return {a.user, a.clicks + b.clicks, a.amount + b.amount, b.last_note ? b.last_note : a.last_note,
          a.from};
}

}  // namespace

int main(int argc, char** argv) {
  auto env = weir::StreamExecutionEnvironment::from_args(argc, argv);
  const std::string servers = env.flag("servers", "", "the brokers");
  const std::string prefix = env.flag("prefix", "test", "of transactional ids");
  const std::string input = env.flag("in", "", "the topic to read");
  const std::string output = env.flag("out", "", "the topic to write");
  const bool skip = env.flag("skip-poison", false, "skips messages that cannot be read");
  weir::AvroOptions avro;
  avro.registry_url = env.flag("registry", "", "the schema registry");
  avro.registry_user = env.flag("user", "", "for the registry");
  avro.registry_password = env.flag("password", "", "for the registry");
  avro.name_space = "shop";
  for (const char* name : {"servers", "registry"}) env.may_vary(name);

  const auto clicks =
      weir::KafkaSource<Click>::builder()
          .bootstrap_servers(servers)
          .topics(input)
          .bounded(weir::OffsetsInitializer::latest())
          .value_format(weir::AvroFormat<Click>(avro))
          .on_poison_message(skip ? weir::PoisonMessage::kSkip : weir::PoisonMessage::kFail)
          .build();
  const auto totals = weir::KafkaSink<Total>::builder()
                          .bootstrap_servers(servers)
                          .topic(output)
                          .key_serializer([](const Total& total) { return total.user; })
                          .value_format(weir::AvroFormat<Total>(avro))
                          .delivery_guarantee(weir::DeliveryGuarantee::kExactlyOnce)
                          .transactional_id_prefix(prefix)
                          .build();
  env.from_source(clicks,
                  weir::for_bounded_out_of_orderness<Click>(1s).with_timestamp_assigner(
                      [](const Click& click) { return click.at.time_since_epoch().count(); }),
                  "clicks")
      .uid("clicks")
      .map([](const Click& click) { return Total{click.user, 1, click.amount, click.note, {}}; })
      .uid("ones")
      .key_by(&Total::user)
      .window(weir::TumblingEventTimeWindows::of(10s))
      .reduce(add, SetWindow())
      .uid("windows")
      .sink_to(totals)
      .uid("totals");
  return env.execute("kafka avro");
}
