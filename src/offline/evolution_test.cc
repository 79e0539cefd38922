// State of older types, in the savepoint that is stored in tests/compat/evolution: each rule of
// docs/schema_evolution.md. WEIR_WRITE_STORED_STATE=1 writes it again.

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <variant>

#include "base/testing/source_dir.h"
#include "weir/function/checkpointed_function.h"
#include "weir/state_processor.h"

namespace before {

enum class Kind : int8_t { kBus = 1, kTram = 2 };
struct Trip {
  std::string device;
  int32_t stops = 0;
  float km = 0;
  int64_t driver = 0;
  std::string unused;
  Kind kind{};
  WEIR_FIELDS(Trip, device, stops, km, driver, unused, kind)
};
using Fare = std::variant<int32_t, std::string>;
struct Heat {
  double fahrenheit = 0;
  WEIR_FIELDS(Heat, fahrenheit)
};

}  // namespace before

namespace after {

enum class Kind : int8_t { kBus = 1, kTram = 2, kFerry = 3 };  // an enumerator is new
struct Trip {
  Kind kind{};                    // comes first now
  std::string vehicle;            // was called device
  int64_t stops = 0;              // was an int32_t
  double km = 0;                  // was a float
  std::optional<int64_t> driver;  // was always there
  std::string line = "none";      // is new
  WEIR_FIELDS(Trip, kind, WEIR_FORMERLY(vehicle, device), stops, km, driver, line)
};
using Fare = std::variant<int32_t, std::string, double>;  // an alternative is new
struct Heat {
  double celsius = 0;
  WEIR_FIELDS(Heat, celsius)
};

}  // namespace after

template <>
struct weir::Migration<after::Heat> {
  using From = std::tuple<before::Heat>;
  static after::Heat migrate(const before::Heat& old) { return {(old.fahrenheit - 32) / 1.8}; }
};

namespace weir {
namespace {

using Text = std::string;

struct Before {
  using Trip = before::Trip;
  using Fare = before::Fare;
  using Count = int32_t;
  using Heat = before::Heat;
};
struct After {
  using Trip = after::Trip;
  using Fare = after::Fare;
  using Count = int64_t;
  using Heat = after::Heat;
};

/// The states of both versions.
template <class V>
struct States {
  ValueState<typename V::Trip> trip;
  ListState<typename V::Trip> trips;
  MapState<Text, typename V::Fare> fares;
  ValueState<typename V::Count> count;
  ValueState<typename V::Heat> heat;

  void open(KeyedRuntimeContext<Text>& context) {
    trip = context.state(ValueStateDescriptor<typename V::Trip>{"trip"});
    trips = context.state(ListStateDescriptor<typename V::Trip>{"trips"});
    fares = context.state(MapStateDescriptor<Text, typename V::Fare>{"fares"});
    count = context.state(ValueStateDescriptor<typename V::Count>{"count"});
    heat = context.state(ValueStateDescriptor<typename V::Heat>{"heat"});
  }
};
const char kList[] = "list";
const char kRules[] = "rules";

struct Write final : KeyedStateBootstrapFunction<Text, Text>, CheckpointedFunction {
  void initialize_state(FunctionInitializationContext& context) override {
    list = context.list_state(ListStateDescriptor<before::Trip>{kList});
    context.broadcast_state(MapStateDescriptor<Text, before::Trip>{kRules})
        .put("r", {"d3", 3, 0.5F, 30, "", before::Kind::kBus});
  }
  void snapshot_state(FunctionSnapshotContext&) override {
    list.update({{"d4", 4, 0.5F, 40, "", before::Kind::kBus}});
  }
  void open(RuntimeContext& context) override { states.open(context); }
  void process_element(const Text& key, Context&, Collector<Output>&) override {
    states.trip.update({key, 1, 1.5F, 10, "gone", before::Kind::kTram});
    states.trips.update(
        {{"d1", 1, 0.5F, 1, "", before::Kind::kBus}, {"d2", 2, 0.5F, 2, "", before::Kind::kBus}});
    states.fares.put("a", 5);
    states.fares.put("b", "free");
    states.count.update(7);
    states.heat.update({50});
  }

 private:
  States<Before> states;
  ListState<before::Trip> list;
};

Text shown(const after::Trip& trip) {
  return trip.vehicle + " " + std::to_string(trip.stops) + " " + std::to_string(trip.km) + " " +
         (trip.driver ? std::to_string(*trip.driver) : "nobody") + " " + trip.line + " " +
         std::to_string(static_cast<int>(trip.kind));
}

struct Read final : KeyedStateReaderFunction<Text, Text> {
  void open(RuntimeContext& context) override { states.open(context); }
  void read_key(const Text&, Context&, Collector<Text>& out) override {
    out.collect(shown(*states.trip.value()));
    for (const auto& trip : states.trips.get()) out.collect(shown(trip));
    out.collect(std::to_string(std::get<int32_t>(*states.fares.get("a"))) +
                std::get<Text>(*states.fares.get("b")));
    out.collect(std::to_string(*states.count.value()));
    out.collect(std::to_string(states.heat.value()->celsius));
  }

 private:
  States<After> states;
};
struct ReadWrongly final : KeyedStateReaderFunction<Text, Text> {
  void open(RuntimeContext& context) override {
    (void)context.state(ValueStateDescriptor<int16_t>{"count"});
  }
  void read_key(const Text&, Context&, Collector<Text>&) override {}
};

Text stored_savepoint() { return source_dir() + "/tests/compat/evolution"; }

void write_stored_savepoint() {
  std::filesystem::remove_all(stored_savepoint());
  const auto trips = bootstrap_with<Text>({"tram 7"})
                         .key_by([](const Text& text) { return text; })
                         .transform(Write{});
  const Status written =
      SavepointWriter::new_savepoint().with_operator("trips", trips).write(stored_savepoint());
  ASSERT_TRUE(written.ok()) << written.to_string();
}

TEST(Evolution, StoredStateOfOlderTypesIsRead) {
  if (std::getenv("WEIR_WRITE_STORED_STATE") != nullptr) write_stored_savepoint();
  const auto reader = SavepointReader::read(stored_savepoint());
  ASSERT_TRUE(reader.ok()) << reader.status().to_string();
  const auto values = reader->read_keyed_state("trips", Read{});
  ASSERT_TRUE(values.ok()) << values.status().to_string();
  EXPECT_EQ(*values, (std::vector<Text>{"tram 7 1 1.500000 10 none 2", "d1 1 0.500000 1 none 1",
                                        "d2 2 0.500000 2 none 1", "5free", "7", "10.000000"}));
  const auto list = reader->read_list_state("trips", ListStateDescriptor<after::Trip>{kList});
  ASSERT_TRUE(list.ok()) << list.status().to_string();
  ASSERT_EQ(list->size(), 1U);
  EXPECT_EQ(shown(list->front()), "d4 4 0.500000 40 none 1");
  const auto rules =
      reader->read_broadcast_state("trips", MapStateDescriptor<Text, after::Trip>{kRules});
  ASSERT_TRUE(rules.ok()) << rules.status().to_string();
  EXPECT_EQ(shown(rules->at("r")), "d3 3 0.500000 30 none 1");
}

TEST(Evolution, ATypeThatNoRuleCoversIsRefused) {
  const auto reader = SavepointReader::read(stored_savepoint());
  ASSERT_TRUE(reader.ok()) << reader.status().to_string();
  EXPECT_EQ(reader->read_keyed_state("trips", ReadWrongly{}).status().message(),
            "cannot restore state 'count' of operator 'trips': it is stored as int32, the program "
            "declares int16 (stored as int32, declared as int16); restore with the types it was "
            "written with, write a weir::Migration for values of the old type, or give the "
            "operator a new uid to start without its state");
}

}  // namespace
}  // namespace weir
