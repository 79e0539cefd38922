#include "cluster/job_master/split_assigner.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "base/strings.h"
#include "cluster/testing/fake_world.h"

namespace weir {
namespace {

using cluster_tests::FakeWorld;
using std::chrono::milliseconds;
using std::chrono::seconds;

/// The input that the test makes: what the next discoveries find.
struct Input {
  std::vector<StatusOr<Discovery<std::string>>> next;
  std::vector<std::string> restored;  ///< states that enumerators were restored from
  bool throws = false;
  bool assigns_at_once = false;
  int snapshots = 0;
};

class TestEnumerator final : public SplitEnumerator<std::string> {
 public:
  explicit TestEnumerator(Input* input) : input_(input) {}
  Status restore(std::string_view state) override {
    input_->restored.emplace_back(state);
    return {};
  }
  StatusOr<Discovery<std::string>> discover(FileSystemRegistry&) override {
    if (input_->throws) throw std::runtime_error("the catalog is gone");
    auto found = std::move(input_->next.front());
    input_->next.erase(input_->next.begin());
    return found;
  }
  std::string snapshot() const override { return cat("state ", ++input_->snapshots); }
  bool assigns_at_once() const override { return input_->assigns_at_once; }

 private:
  Input* const input_;
};

class SplitAssignment : public testing::Test, protected SplitAssignerHost {
 protected:
  SplitAssignment() {
    JobVertex source;
    source.name = "source";
    source.is_source = true;
    source.chain.push_back(
        JobOperator{"numbers", "uid", murmur3_128("uid"), nullptr,
                    [this](int) { return std::make_unique<TestEnumerator>(&input_); }, nullptr});
    graph_.vertices.push_back(std::move(source));
  }

  void begin(EnumeratorState state, std::optional<milliseconds> again = {}, bool at_once = false) {
    assigner_.begin(
        ++attempt_,
        SourceSplits{{{}}, {SourceSplits::OnRequest{std::move(state), again, at_once}}});
  }
  void ask(int subtask) { assigner_.on_request({attempt_, 0, subtask}); }
  /// Discovers what is due, and lets the answers arrive.
  void discover() {
    assigner_.poll(world_.now());
    while (!work_.empty()) {
      const auto work = std::move(work_.front());
      work_.pop_front();
      work()();
    }
  }
  /// The messages since the last call: "0: a b; 1: last".
  std::string sent() { return std::exchange(sent_, {}); }
  EnumeratorState state() {
    return decode_enumerator_state(assigner_.states().at(murmur3_128("uid"))).value();
  }
  static Discovery<std::string> found(std::vector<std::string> splits) {
    return {std::move(splits), milliseconds(100)};
  }

  void send_splits(const AssignSplits& message) override {
    EXPECT_EQ(message.attempt, attempt_);
    sent_ += cat(sent_.empty() ? "" : "; ", message.to.subtask, ":");
    for (const std::string& split : message.to.splits) sent_ += " " + split;
    if (!message.to.more_follow) sent_ += " last";
  }
  int32_t parallelism_of(int32_t) const override { return 2; }
  void run_enumerator(const std::string& executor,
                      std::function<std::function<void()>()> work) override {
    EXPECT_EQ(executor, "enumerator uid");
    work_.push_back(std::move(work));
  }
  void on_enumerator_failed(const Status& status) override { failure_ = status; }

  Input input_;
  JobGraph graph_;
  FakeWorld world_;
  AttemptId attempt_ = 0;
  std::deque<std::function<std::function<void()>()>> work_;
  std::string sent_;
  Status failure_;
  SplitAssigner assigner_{graph_, world_.files, world_, *this};
};

TEST_F(SplitAssignment, ReadersGetOneSplitForEachRequestInTheOrderOfBoth) {
  begin({"", {"a", "b", "c"}, false}, milliseconds(100));
  ask(1);
  ask(0);
  ask(1);
  ask(0);
  EXPECT_EQ(sent(), "1: a; 0: b; 1: c");
  input_.next = {found({"d", "e"})};
  discover();
  EXPECT_EQ(sent(), "") << "the first discovery was just before the start";
  world_.pass(milliseconds(100));
  discover();
  EXPECT_EQ(sent(), "0: d");
  EXPECT_EQ(state(), (EnumeratorState{"state 1", {"e"}, false}));
}

TEST_F(SplitAssignment, LastSplitSaysSoAndLaterRequestsGetNone) {
  begin({"", {}, false}, milliseconds(0));
  ask(0);
  ask(1);
  world_.pass(milliseconds(1));
  input_.next = {Discovery<std::string>{{"a"}, {}}};
  discover();
  EXPECT_EQ(sent(), "0: a last; 1: last");
  ask(2);
  EXPECT_EQ(sent(), "2: last");
  EXPECT_TRUE(state().all_found);
  begin(state());
  ask(0);
  EXPECT_EQ(sent(), "0: last") << "after a restore too";
  discover();
}

TEST_F(SplitAssignment, EnumeratorThatAssignsAtOnceWaitsForNoRequest) {
  input_.assigns_at_once = true;
  begin({"", {"a", "b", "c"}, false}, milliseconds(100), true);
  EXPECT_EQ(sent(), "0: a; 1: b; 0: c");
  EXPECT_EQ(state(), (EnumeratorState{"", {}, false}));
  ask(1);
  EXPECT_EQ(sent(), "") << "a reader without splits may get some later";
  input_.next = {found({"d"}), Discovery<std::string>{{"e"}, {}}};
  world_.pass(milliseconds(100));
  discover();
  EXPECT_EQ(sent(), "1: d");
  world_.pass(milliseconds(100));
  discover();
  EXPECT_EQ(sent(), "0: e last; 1: last");
}

TEST_F(SplitAssignment, EnumeratorMayBeginToAssignAtOnce) {
  begin({"", {"a"}, false}, milliseconds(100), false);
  EXPECT_EQ(sent(), "");
  input_.next = {found({"b"})};
  world_.pass(milliseconds(100));
  discover();
  EXPECT_EQ(sent(), "") << "nobody asks";
  input_.assigns_at_once = true;
  input_.next = {found({"c"})};
  world_.pass(milliseconds(100));
  discover();
  EXPECT_EQ(sent(), "0: a; 1: b; 0: c");
}

TEST_F(SplitAssignment, RestoredEnumeratorDiscoversAtOnceFromItsState) {
  begin({"seen a", {"b"}, false});
  input_.next = {found({})};
  discover();
  EXPECT_EQ(input_.restored, (std::vector<std::string>{"seen a"}));
  world_.pass(milliseconds(100));
  input_.next = {found({})};
  discover();
  EXPECT_EQ(input_.restored.size(), 1u) << "the enumerator lives as long as the attempt";
}

TEST_F(SplitAssignment, UnavailableInputIsTriedAgainFromTheLastState) {
  begin({"seen a", {}, false}, milliseconds(100));
  world_.pass(milliseconds(100));
  input_.next = {unavailable("the NameNode restarts")};
  discover();
  EXPECT_TRUE(failure_.ok());
  world_.pass(milliseconds(100));
  input_.next = {found({"b"})};
  discover();
  EXPECT_EQ(input_.restored, (std::vector<std::string>{"seen a", "seen a"}));
  EXPECT_EQ(state().unassigned, (std::vector<std::string>{"b"}));
}

TEST_F(SplitAssignment, FailuresAndExceptionsNameTheSource) {
  begin({"", {}, false});
  input_.next = {data_loss("the directory is damaged")};
  discover();
  EXPECT_NE(failure_.message().find("source 'numbers': the directory is damaged"),
            std::string::npos)
      << failure_.to_string();
  begin({"", {}, false});
  input_.throws = true;
  discover();
  EXPECT_NE(failure_.message().find("source 'numbers' threw: the catalog is gone"),
            std::string::npos)
      << failure_.to_string();
}

TEST_F(SplitAssignment, ResultAndRequestOfAnEarlierAttemptHaveNoEffect) {
  begin({"", {}, false});
  input_.next = {found({"late"})};
  assigner_.poll(world_.now());
  begin({"", {"a"}, false}, milliseconds(100));
  const auto late = std::move(work_.front());
  work_.pop_front();
  late()();
  EXPECT_EQ(state().unassigned, (std::vector<std::string>{"a"}));
  assigner_.on_request({attempt_ - 1, 0, 0});
  assigner_.on_request({attempt_, 7, 0});
  EXPECT_EQ(sent(), "");
  assigner_.end();
  ask(0);
  EXPECT_EQ(sent(), "");
}

}  // namespace
}  // namespace weir
