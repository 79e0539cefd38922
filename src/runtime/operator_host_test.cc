#include "runtime/operator_host.h"

#include <gtest/gtest.h>

#include "weir/detail/state/operator_states.h"

namespace weir {
namespace {

class Services final : public TaskServices {
 public:
  void run_blocking(std::string_view, std::function<std::function<void()>()>) override {
    std::abort();
  }
  int64_t wall_ms() const override { return 0; }
  FileSystemRegistry& files() override { std::abort(); }
};

using Declare = std::function<void(detail::OperatorStates&)>;

/// Declares its states as the test says.
class Declarer final : public Operator {
 public:
  explicit Declarer(Declare declare) : declare_(std::move(declare)) {}
  Status open(OperatorContext& context) override {
    states_.open(context);
    declare_(states_);
    return states_.status();
  }
  void process(Batch&, Output&) override {}

 private:
  const Declare declare_;
  detail::OperatorStates states_;
};

/// Opens an operator with these restored lists.
Status open(OperatorLists restored, Declare declare) {
  Services services;
  const JobOperator description{
      "op",    "uid",  OperatorId{}, [declare] { return std::make_unique<Declarer>(declare); },
      nullptr, nullptr};
  OperatorHost host(description, SubtaskPlace{}, services, [](Status) {});
  return host.open(std::move(restored));
}

ListStateContent content(ListStateMode mode, TypeDescription element,
                         std::vector<std::string> elements) {
  return {mode, std::move(element), std::move(elements)};
}

const TypeDescription kInt64 = Serializer<int64_t>::describe();
const ListStateDescriptor<int64_t> kNumbers{"numbers"};
const MapStateDescriptor<std::string, int64_t> kRules{"rules"};
const TypeDescription kRulesType = detail::MapEntries<std::string, int64_t>::describe();

TEST(OperatorHost, GivesAnOperatorItsRestoredStates) {
  int64_t seen = 0;
  const Status opened = open(
      {{"numbers", content(ListStateMode::kUnion, kInt64, {std::string("\0\0\0\0\0\0\0\7", 8)})},
       {"rules", content(ListStateMode::kBroadcast, kRulesType,
                         {std::string("\0\0\0\1\2a\0\0\0\0\0\0\0\5", 14)})}},
      [&](detail::OperatorStates& states) {
        seen = states.list(kNumbers, ListStateMode::kUnion).get().at(0) * 10 +
               *states.broadcast(kRules).get("a");
      });
  EXPECT_TRUE(opened.ok()) << opened.to_string();
  EXPECT_EQ(seen, 75);
}

TEST(OperatorHost, RefusesAStateInAnotherMode) {
  const Status opened =
      open({{"numbers", content(ListStateMode::kSplit, kInt64, {})}},
           [](detail::OperatorStates& states) { states.list(kNumbers, ListStateMode::kUnion); });
  EXPECT_EQ(opened.code(), StatusCode::kFailedPrecondition);
  EXPECT_NE(opened.message().find("list state 'numbers' cannot be restored: it is in mode split in "
                                  "the checkpoint and in mode union in the program"),
            std::string::npos)
      << opened.to_string();
}

TEST(OperatorHost, RefusesABroadcastStateOfAnotherType) {
  const Status opened =
      open({{"rules", content(ListStateMode::kBroadcast, kRulesType, {std::string(4, '\0')})}},
           [](detail::OperatorStates& states) {
             states.broadcast(MapStateDescriptor<std::string, std::string>{"rules"});
           });
  EXPECT_EQ(opened.code(), StatusCode::kFailedPrecondition) << opened.to_string();
}

TEST(OperatorHost, ReportsDamagedElements) {
  const std::string one_entry("\0\0\0\1\2a\0\0\0\0\0\0\0\5", 14);
  for (const std::string& damaged : {std::string("\0\0", 2), std::string("\xff\xff\xff\xff", 4),
                                     one_entry.substr(0, 13), one_entry + "x"}) {
    const Status opened =
        open({{"rules", content(ListStateMode::kBroadcast, kRulesType, {damaged})}},
             [](detail::OperatorStates& states) { states.broadcast(kRules); });
    EXPECT_NE(opened.message().find("operator state 'rules'"), std::string::npos)
        << opened.to_string();
  }
}

TEST(OperatorHost, RefusesAStateThatIsNoLongerDeclared) {
  const Status opened =
      open({{"rules", content(ListStateMode::kBroadcast, kRulesType, {std::string(4, '\0')})}},
           [](detail::OperatorStates&) {});
  EXPECT_NE(opened.message().find("no longer declares it"), std::string::npos)
      << opened.to_string();
}

}  // namespace
}  // namespace weir
