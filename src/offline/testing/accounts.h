#pragma once

// Functions with every kind of keyed state, for tests of state without a job.

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "weir/state_processor.h"

namespace weir::accounts {

using Text = std::string;

struct Account {
  Text owner;
  int64_t balance = 0;
  WEIR_FIELDS(Account, owner, balance)
};
struct Sum {
  using Accumulator = int64_t;
  Accumulator create_accumulator() const { return 0; }
  void add(int64_t value, Accumulator& sum) const { sum += value; }
  Text get_result(const Accumulator& sum) const { return "sum " + std::to_string(sum); }
};

/// The states of the job's operator.
struct States {
  ValueState<Account> account;
  ListState<int64_t> list;
  MapState<Text, int64_t> map;
  ReducingState<int64_t> largest;
  AggregatingState<Sum> sum;

  void open(KeyedRuntimeContext<Text>& context) {
    account = context.state(ValueStateDescriptor<Account>{"account"});
    list = context.state(ListStateDescriptor<int64_t>{"list"});
    map = context.state(MapStateDescriptor<Text, int64_t>{"map"});
    largest = context.state(ReducingStateDescriptor<int64_t>{
        "largest", [](int64_t a, int64_t b) { return std::max(a, b); }});
    sum = context.state(AggregatingStateDescriptor<Sum>{"sum"});
  }
  void add(const Account& record) {
    account.mutable_value().owner = record.owner;
    account.mutable_value().balance += record.balance;
    list.add(record.balance);
    ++map.mutable_value("n");
    largest.add(record.balance);
    sum.add(record.balance);
  }
  Text shown() const {
    if (account.value() == nullptr) return "nothing";
    Text text = account.value()->owner + " " + std::to_string(account.value()->balance) + " [";
    for (const int64_t each : list.get()) text += std::to_string(each) + ",";
    return text + "] n=" + std::to_string(*map.get("n")) + " max " +
           std::to_string(*largest.get()) + " " + *sum.get();
  }
};

struct Fill final : KeyedStateBootstrapFunction<Text, Account> {
  States states;
  void open(RuntimeContext& context) override { states.open(context); }
  void process_element(const Account& record, Context& context, Collector<Output>&) override {
    states.add(record);
    context.timer_service().register_event_time_timer(record.balance);
  }
};

struct Read final : KeyedStateReaderFunction<Text, Text> {
  States states;
  void open(RuntimeContext& context) override { states.open(context); }
  void read_key(const Text& key, Context& context, Collector<Text>& out) override {
    Text text = key + ": " + states.shown();
    for (const auto timer : context.registered_event_time_timers())
      text += " timer " + std::to_string(timer);
    out.collect(text);
  }
};

inline StateBootstrap accounts_of(std::vector<Account> records) {
  return bootstrap_with(std::move(records)).key_by(&Account::owner).transform(Fill{});
}

/// A test with a folder of its own.
class FolderTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::path(testing::TempDir()) /
              ("weir_state_processor_" + std::to_string(getpid()));
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  Text at(const Text& name) const { return (folder_ / name).string(); }

 private:
  std::filesystem::path folder_;
};

inline std::vector<Text> read(const Text& path, const OperatorIdentifier& op = "accounts") {
  const auto reader = SavepointReader::read(path);
  EXPECT_TRUE(reader.ok()) << reader.status().to_string();
  auto found = reader->read_keyed_state(op, Read{});
  EXPECT_TRUE(found.ok()) << found.status().to_string();
  if (!found.ok()) return {};
  std::sort(found->begin(), found->end());
  return *std::move(found);
}

inline const std::vector<Account> kHistory = {{"ann", 5}, {"bob", 7}, {"ann", 3}};
inline const Text kAnn = "ann 8 [5,3,] n=2 max 5 sum 8";
inline const Text kBob = "bob 7 [7,] n=1 max 7 sum 7";

}  // namespace weir::accounts
