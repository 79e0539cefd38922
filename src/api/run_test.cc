// Jobs inside a larger program: StreamExecutionEnvironment::run().

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <barrier>
#include <filesystem>
#include <future>
#include <stop_token>
#include <thread>

#include "weir/weir.h"

namespace {

using weir::JobResult;
using weir::StreamExecutionEnvironment;

weir::GeneratorSource<int64_t> numbers_without_end() {
  return weir::GeneratorSource<int64_t>::unbounded([](int64_t i) { return i; });
}

/// A directory of the test's own, which goes away with it.
class Folder {
 public:
  Folder()
      : path_(std::filesystem::path(testing::TempDir()) /
              ("weir_run_test_" + std::to_string(getpid()))) {
    std::filesystem::remove_all(path_);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

TEST(Run, GivesTheResultOfAJobThatEnds) {
  StreamExecutionEnvironment env;
  weir::CollectSink<int64_t> sink;
  env.from_elements<int64_t>({1, 2, 3}).sink_to(sink);
  const auto result = env.run("three");
  ASSERT_TRUE(result.ok()) << result.status().to_string();
  EXPECT_EQ(result->state, JobResult::State::kFinished);
  EXPECT_EQ(result->source_records, 3);
  EXPECT_EQ(result->restarts, 0);
  EXPECT_EQ(result->last_checkpoint, "");
  EXPECT_EQ(result->job_id.size(), 32u);
  EXPECT_EQ(sink.records(), (std::vector<int64_t>{1, 2, 3}));
}

TEST(Run, PrintsNothingAndTakesNoSignals) {
  struct sigaction before[3], after[3];
  const int signals[] = {SIGTERM, SIGINT, SIGPIPE};
  for (int i = 0; i < 3; ++i) {
    signal(signals[i], SIG_DFL);  // whatever execute() has done in other tests
    sigaction(signals[i], nullptr, &before[i]);
  }
  sigset_t mask_before, mask_inside, mask_after;
  pthread_sigmask(SIG_SETMASK, nullptr, &mask_before);
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  weir::set_log_sink([](weir::LogLevel, std::string_view) {});
  StreamExecutionEnvironment env;
  env.from_elements<int64_t>({1})
      .map([&](int64_t i) {
        for (int k = 0; k < 3; ++k) sigaction(signals[k], nullptr, &after[k]);
        pthread_sigmask(SIG_SETMASK, nullptr, &mask_inside);
        return i;
      })
      .sink_to(weir::CollectSink<int64_t>());
  const auto result = env.run();
  weir::set_log_sink(nullptr);
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  ASSERT_TRUE(result.ok()) << result.status().to_string();
  pthread_sigmask(SIG_SETMASK, nullptr, &mask_after);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(before[i].sa_handler, after[i].sa_handler) << signals[i];
    EXPECT_EQ(sigismember(&mask_before, signals[i]), sigismember(&mask_after, signals[i]));
    EXPECT_EQ(sigismember(&mask_before, signals[i]), sigismember(&mask_inside, signals[i]));
  }
}

TEST(Run, RunsTwoJobsAtTheSameTime) {
  // Each job's first record waits for the other's.
  std::barrier both(2);
  const auto run = [&both](int64_t from) {
    StreamExecutionEnvironment env;
    weir::CollectSink<int64_t> sink;
    env.from_elements<int64_t>({from, from + 1})
        .map([&both, from](int64_t i) {
          if (i == from) both.arrive_and_wait();
          return i;
        })
        .sink_to(sink);
    const auto result = env.run("job from " + std::to_string(from));
    EXPECT_TRUE(result.ok()) << result.status().to_string();
    return sink.records();
  };
  auto other = std::async(std::launch::async, run, 100);
  EXPECT_EQ(run(1), (std::vector<int64_t>{1, 2}));
  EXPECT_EQ(other.get(), (std::vector<int64_t>{100, 101}));
}

TEST(Run, IsCanceledFromAnotherThread) {
  std::promise<void> running;
  std::atomic<bool> said{false};
  std::stop_source cancel;
  std::jthread other([&] {
    running.get_future().wait();
    cancel.request_stop();
  });
  StreamExecutionEnvironment env;
  env.from_source(numbers_without_end(), weir::no_watermarks(), "numbers")
      .map([&](int64_t i) {
        if (!said.exchange(true)) running.set_value();
        return i;
      })
      .filter([](int64_t) { return false; })
      .sink_to(weir::CollectSink<int64_t>());
  const auto result = env.run("endless", {.cancel = cancel.get_token()});
  ASSERT_TRUE(result.ok()) << result.status().to_string();
  EXPECT_EQ(result->state, JobResult::State::kCanceled);
}

TEST(Run, ASuspendedJobGoesOnFromItsLastCheckpoint) {
  const Folder folder;
  std::stop_source suspend, cancel;
  weir::CollectSink<int64_t> sink;
  const auto environment = [&] {
    StreamExecutionEnvironment env;
    env.enable_checkpointing(std::chrono::milliseconds(10));
    env.set_state_backend(weir::FsStateBackend(folder.path()));
    return env;
  };
  auto env = environment();
  env.from_source(numbers_without_end().rate(10'000), weir::no_watermarks(), "numbers")
      .map([&](int64_t i) {
        if (!sink.records().empty()) suspend.request_stop();
        return i;
      })
      .sink_to(sink);
  const auto first = env.run("endless", {.suspend = suspend.get_token()});
  ASSERT_TRUE(first.ok()) << first.status().to_string();
  EXPECT_EQ(first->state, JobResult::State::kSuspended);
  EXPECT_GE(first->completed_checkpoints, 1);
  const std::string job = folder.path() + "/" + first->job_id;
  EXPECT_EQ(first->last_checkpoint.find("file://" + job + "/chk-"), 0u) << first->last_checkpoint;
  EXPECT_TRUE(std::filesystem::exists(first->last_checkpoint.substr(7) + "/_metadata"));

  auto again = environment();
  again.configure("execution.state-recovery.path", first->last_checkpoint);
  std::atomic<int64_t> first_number{-1};
  again.from_source(numbers_without_end().rate(10'000), weir::no_watermarks(), "numbers")
      .map([&](int64_t i) {
        int64_t none = -1;
        first_number.compare_exchange_strong(none, i);
        cancel.request_stop();
        return i;
      })
      .sink_to(sink);
  const int64_t committed = std::ssize(sink.records());
  const auto second = again.run("endless", {.cancel = cancel.get_token()});
  ASSERT_TRUE(second.ok()) << second.status().to_string();
  EXPECT_EQ(second->state, JobResult::State::kCanceled);
  EXPECT_GT(committed, 0);
  EXPECT_GE(first_number, committed);
}

TEST(Run, GivesTheFailureOfTheJob) {
  StreamExecutionEnvironment env;
  env.set_restart_strategy(weir::RestartStrategy::none());
  env.from_elements<int64_t>({1})
      .map([](int64_t i) -> int64_t {
        if (i == 1) throw std::runtime_error("the one that is wrong");
        return i;
      })
      .sink_to(weir::CollectSink<int64_t>());
  const auto result = env.run();
  ASSERT_FALSE(result.ok());
  EXPECT_NE(result.status().message().find("operator 'map'"), std::string::npos)
      << result.status().to_string();
  EXPECT_NE(result.status().message().find("the one that is wrong"), std::string::npos);
}

TEST(Run, SaysAllThatIsWrongWithTheJob) {
  StreamExecutionEnvironment env;
  env.configure("no.such.key", "1");
  env.from_elements<int64_t>({1})
      .map(std::function<int64_t(int64_t)>())
      .sink_to(weir::CollectSink<int64_t>());
  const auto result = env.run();
  EXPECT_EQ(result.status().code(), weir::StatusCode::kInvalidArgument);
  EXPECT_NE(result.status().message().find("no.such.key"), std::string::npos)
      << result.status().to_string();
  EXPECT_NE(result.status().message().find("\nmap is given a function that is null"),
            std::string::npos)
      << result.status().to_string();
}

TEST(Run, RunsAnEnvironmentOnce) {
  StreamExecutionEnvironment env;
  env.from_elements<int64_t>({1}).sink_to(weir::CollectSink<int64_t>());
  EXPECT_TRUE(env.run().ok());
  EXPECT_NE(env.run().status().message().find("called a second time"), std::string::npos);
}

TEST(Run, RefusesWhatIsNotForOneProcess) {
  StreamExecutionEnvironment env;
  env.configure("weir.workers", "2");
  env.from_elements<int64_t>({1}).sink_to(weir::CollectSink<int64_t>());
  const auto result = env.run();
  EXPECT_EQ(result.status().code(), weir::StatusCode::kFailedPrecondition);
  EXPECT_NE(result.status().message().find("execute()"), std::string::npos);
}

}  // namespace
