// Reports accounts that spend more within a minute than the rule of that time allows. Rules come as
// a broadcast stream while the job runs. See README.md beside this file.

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "weir/weir.h"

namespace {

constexpr int64_t kRulePeriodMs = 50'000;
constexpr int64_t kMinuteMs = 60'000;
constexpr int64_t kDisorderMs = 500;

struct Transaction {
  int64_t id = 0;
  std::string account;
  int64_t cents = 0;
  weir::Timestamp at = 0;
  WEIR_FIELDS(Transaction, id, account, cents, at)
};
/// From this time on, an account may spend `most` cents within a minute.
struct Rule {
  weir::Timestamp from = 0;
  int64_t most = 0;
  WEIR_FIELDS(Rule, from, most)
};
struct Alarm {
  int64_t transaction = 0;
  std::string account;
  int64_t spent = 0;
  int64_t most = 0;
  WEIR_FIELDS(Alarm, transaction, account, spent, most)
};

/// A random number from i: the output function of SplitMix64.
uint64_t mixed(uint64_t i) {
  i = (i ^ i >> 30) * 0xBF58476D1CE4E5B9u;
  i = (i ^ i >> 27) * 0x94D049BB133111EBu;
  return i ^ i >> 31;
}

Transaction transaction(int64_t i) {
  const uint64_t bits = mixed(static_cast<uint64_t>(i) + 1);
  return {i, "a" + std::to_string(bits % 50), static_cast<int64_t>((bits >> 8) % 10'000),
          100 * i + static_cast<int64_t>((bits >> 32) % kDisorderMs)};
}

Rule rule(int64_t i) {
  return {kRulePeriodMs * i,
          60'000 + static_cast<int64_t>(mixed(~static_cast<uint64_t>(i)) % 40'000)};
}

const weir::MapStateDescriptor<weir::Timestamp, int64_t> kRules{"rules"};

/// A transaction waits until event time reaches it. All rules of that time have then come, and all
/// earlier transactions of the account, so the result does not depend on the order of arrival.
class Judge final
    : public weir::KeyedBroadcastProcessFunction<std::string, Transaction, Rule, Alarm> {
 public:
  void open(RuntimeContext& context) override {
    waiting_ = context.state(
        weir::MapStateDescriptor<weir::Timestamp, std::vector<Transaction>>{"waiting"});
    spent_ = context.state(weir::MapStateDescriptor<weir::Timestamp, int64_t>{"spent"});
  }
  void process_element(const Transaction& transaction, ReadOnlyContext& context,
                       weir::Collector<Alarm>&) override {
    waiting_.mutable_value(transaction.at).push_back(transaction);
    context.timer_service().register_event_time_timer(transaction.at);
  }
  void process_broadcast_element(const Rule& rule, Context& context,
                                 weir::Collector<Alarm>&) override {
    context.broadcast_state(kRules).put(rule.from, rule.most);
  }
  void on_timer(weir::Timestamp now, OnTimerContext& context,
                weir::Collector<Alarm>& out) override {
    const auto& rules = context.broadcast_state(kRules).entries();
    const auto next = rules.upper_bound(now);
    std::vector<Transaction> due = *waiting_.get(now);
    waiting_.remove(now);
    std::sort(due.begin(), due.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
    while (!spent_.is_empty()) {
      const weir::Timestamp oldest = (*spent_.entries().begin()).first;
      if (oldest > now - kMinuteMs) break;
      spent_.remove(oldest);
    }
    for (const Transaction& transaction : due) {
      spent_.mutable_value(now) += transaction.cents;
      int64_t spent = 0;
      for (const auto& [time, cents] : spent_.entries()) spent += cents;
      if (next != rules.begin() && spent > std::prev(next)->second)
        out.collect({transaction.id, transaction.account, spent, std::prev(next)->second});
    }
  }

 private:
  weir::MapState<weir::Timestamp, std::vector<Transaction>> waiting_;  ///< by their time
  weir::MapState<weir::Timestamp, int64_t> spent_;                     ///< of the last minute
};

}  // namespace

int main(int argc, char** argv) {
  auto env = weir::StreamExecutionEnvironment::from_args(argc, argv);
  const int64_t count = env.flag("count", int64_t{20'000}, "how many transactions there are");
  const double rate = env.flag("rate", 0.0, "transactions a second at most; 0: as fast as it goes");
  const std::string output =
      env.flag("output", "", "the directory for the alarms; otherwise they are printed");
  env.may_vary("rate");

  const auto transactions =
      env.from_source(
             weir::GeneratorSource<Transaction>(count, &transaction).rate(rate),
             weir::for_bounded_out_of_orderness<Transaction>(std::chrono::milliseconds(kDisorderMs))
                 .with_timestamp_assigner(&Transaction::at),
             "transactions")
          .uid("transactions");
  const auto rules =
      env.from_source(weir::GeneratorSource<Rule>(count * 100 / kRulePeriodMs + 1, &rule),
                      weir::for_monotonous_timestamps<Rule>().with_timestamp_assigner(&Rule::from),
                      "rules")
          .uid("rules");
  const auto alarms = transactions.key_by(&Transaction::account)
                          .connect(rules.broadcast(kRules))
                          .process(Judge())
                          .uid("judge");
  if (output.empty()) alarms.print();
  else alarms.sink_to(weir::FileSink<Alarm>(output)).uid("alarms");
  return env.execute("fraud");
}
