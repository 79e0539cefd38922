// Jobs that start from state that was made without a job.

#include <gtest/gtest.h>

#include "offline/testing/accounts.h"
#include "weir/state_processor.h"
#include "weir/weir.h"

namespace {

using namespace weir::accounts;
using weir::SavepointReader;
using weir::SavepointWriter;
using weir::StreamExecutionEnvironment;

/// In the job: shows the state of each account that it is asked for, then adds to it.
struct Use final : weir::KeyedProcessFunction<Text, Account, Text> {
  States states;
  void open(RuntimeContext& context) override { states.open(context); }
  void process_element(const Account& record, Context&, weir::Collector<Text>& out) override {
    out.collect(states.shown());
    states.add(record);
  }
  void on_timer(weir::Timestamp at, OnTimerContext& context, weir::Collector<Text>& out) override {
    out.collect("timer " + context.current_key() + " " + std::to_string(at));
  }
};

class StateOfJobs : public FolderTest {
 protected:
  /// Runs the job from a snapshot with these records, and returns its results.
  std::vector<Text> run_from(const Text& snapshot, std::vector<Account> records,
                             const char* uid = "accounts", Text* last_checkpoint = nullptr) {
    StreamExecutionEnvironment env;
    env.set_parallelism(2);
    env.set_restart_strategy(weir::RestartStrategy::none());
    env.configure("execution.state-recovery.path", snapshot);
    env.configure("execution.state-recovery.ignore-unclaimed-state", "true");
    if (last_checkpoint != nullptr) {
      env.enable_checkpointing(std::chrono::hours(1));
      env.set_state_backend(weir::FsStateBackend(at("checkpoints")));
    }
    weir::CollectSink<Text> sink;
    env.from_collection(std::move(records))
        .uid("records of the test")
        .key_by(&Account::owner)
        .process(Use{})
        .uid(uid)
        .sink_to(sink)
        .uid("sink");
    const auto result = env.run("accounts");
    EXPECT_TRUE(result.ok()) << result.status().to_string();
    if (result.ok() && last_checkpoint != nullptr) *last_checkpoint = result->last_checkpoint;
    std::vector<Text> records_out = sink.records();
    std::sort(records_out.begin(), records_out.end());
    return records_out;
  }
};

TEST_F(StateOfJobs, AJobStartsFromStateThatWasMadeFromRecords) {
  const auto written = SavepointWriter::new_savepoint()
                           .with_operator("accounts", accounts_of(kHistory))
                           .write(at("s"));
  ASSERT_TRUE(written.ok()) << written.to_string();
  EXPECT_EQ(read(at("s")),
            (std::vector<Text>{"ann: " + kAnn + " timer 3 timer 5", "bob: " + kBob + " timer 7"}));
  Text checkpoint;
  EXPECT_EQ(
      run_from(at("s"), {{"ann", 1}, {"bob", 1}, {"eve", 1}}, "accounts", &checkpoint),
      (std::vector<Text>{kAnn, kBob, "nothing", "timer ann 3", "timer ann 5", "timer bob 7"}));
  EXPECT_EQ(read(checkpoint), (std::vector<Text>{"ann: ann 9 [5,3,1,] n=3 max 5 sum 9",
                                                 "bob: bob 8 [7,1,] n=2 max 7 sum 8",
                                                 "eve: eve 1 [1,] n=1 max 1 sum 1"}));
}

TEST_F(StateOfJobs, CheckpointsOfJobsAreCopied) {
  ASSERT_TRUE(SavepointWriter::new_savepoint()
                  .with_operator("accounts", accounts_of(kHistory))
                  .write(at("s"))
                  .ok());
  Text checkpoint;
  (void)run_from(at("s"), {{"ann", 1}}, "accounts", &checkpoint);
  const auto reader = SavepointReader::read(checkpoint);
  ASSERT_TRUE(reader.ok()) << reader.status().to_string();
  const auto written = SavepointWriter::from_existing(*reader)
                           .change_operator_identifier("accounts", "clients")
                           .write(at("copy"));
  ASSERT_TRUE(written.ok()) << written.to_string();
  EXPECT_EQ(read(at("copy"), "clients"), read(checkpoint));
}

}  // namespace
