#include "runtime/operator_chain.h"

#include <gtest/gtest.h>

#include <stdexcept>

#include "weir/detail/state/keyed_backend.h"

namespace weir {
namespace {

class Services final : public TaskServices {
 public:
  void run_blocking(std::string_view, std::function<std::function<void()>()> work) override {
    waiting.push_back(std::move(work));
  }
  int64_t wall_ms() const override { return 0; }
  FileSystemRegistry& files() override { std::abort(); }
  /// Runs the I/O pool's part and then the task's.
  void run_all() {
    for (auto& work : std::exchange(waiting, {})) {
      if (const auto continuation = work()) continuation();
    }
  }
  std::vector<std::function<std::function<void()>()>> waiting;
};

class NoOutput final : public Output {
 public:
  void emit(Batch&) override {}
};

/// Throws in the function that the test names.
class Thrower final : public Operator {
 public:
  explicit Thrower(std::string where, std::vector<std::string>* log = nullptr)
      : where_(std::move(where)), log_(log) {}
  Status open(OperatorContext& context) override {
    context_ = &context;
    boom("open");
    return {};
  }
  Status restored() override {
    boom("restored");
    return {};
  }
  void process(Batch&, Output&) override {
    context_->run_blocking([this]() -> std::function<void()> {
      boom("work");
      return [this] { boom("continuation"); };
    });
  }
  Status snapshot(SnapshotContext& context) override {
    context.before_ack([this]() -> Status {
      boom("before_ack");
      return unavailable("later");
    });
    return {};
  }
  void close() override {
    if (log_) log_->push_back(context_ != nullptr ? context_->operator_name() : "not opened");
    boom("close");
  }

 private:
  void boom(const std::string& here) const {
    if (here == where_) throw std::runtime_error(here);
  }
  const std::string where_;
  std::vector<std::string>* const log_;
  OperatorContext* context_ = nullptr;
};

/// Has many pages of keyed state; update_all() writes to all of them.
class Holder final : public Operator {
 public:
  Status open(OperatorContext& context) override {
    backend = std::make_unique<detail::KeyedBackend<int64_t>>(context);
    count_ = backend->state(ValueStateDescriptor<std::array<int64_t, 60>>{"count"});
    update_all();
    return {};
  }
  KeyedState* keyed_state() override { return backend.get(); }
  void process(Batch&, Output&) override {}
  void update_all() {
    for (int64_t key = 0; key < 40'000; ++key) {
      backend->set_current_key(key, detail::KeyPlacer<int64_t>{backend->places()}(key));
      ++count_.mutable_value()[0];
    }
  }
  std::unique_ptr<detail::KeyedBackend<int64_t>> backend;

 private:
  ValueState<std::array<int64_t, 60>> count_;
};

struct Fixture {
  explicit Fixture(std::vector<OperatorFactory> factories) {
    for (size_t i = 0; i < factories.size(); ++i) {
      const std::string n = std::to_string(i);
      vertex.chain.push_back(JobOperator{"op" + n, "uid" + n, OperatorId{}, std::move(factories[i]),
                                         nullptr, nullptr});
    }
    chain = std::make_unique<OperatorChain>(
        vertex, SubtaskPlace{}, services, [this](Status status) { failure = std::move(status); },
        std::vector<ChainExit>{}, call);
  }
  JobVertex vertex;
  Services services;
  NoOutput output;
  FiberPool fibers;
  SuspendableCall call{fibers};
  Status failure;
  std::unique_ptr<OperatorChain> chain;
};

OperatorFactory thrower(std::string where, std::vector<std::string>* log = nullptr) {
  return [=] { return std::make_unique<Thrower>(where, log); };
}
std::string threw(const std::string& what) {
  return "operator 'op1' (uid 'uid1', subtask 0) threw: " + what;
}

TEST(OperatorChain, OperatorThatCannotBeMadeFailsTheOpening) {
  Fixture copy(
      {thrower(""), []() -> std::unique_ptr<Operator> { throw std::runtime_error("no copy"); }});
  EXPECT_EQ(copy.chain->open({}).message(), threw("no copy"));
  Fixture null({thrower(""), [] { return nullptr; }});
  EXPECT_EQ(null.chain->open({}).message(),
            "operator 'op1' (uid 'uid1', subtask 0): the function that makes it gave nothing");
  EXPECT_TRUE(null.chain->close().ok());
}

TEST(OperatorChain, ExceptionsAtTheStartNameTheirOperator) {
  EXPECT_EQ(Fixture({thrower(""), thrower("open")}).chain->open({}).message(), threw("open"));
  Fixture f({thrower(""), thrower("restored")});
  ASSERT_TRUE(f.chain->open({}).ok());
  EXPECT_EQ(f.chain->restored().message(), threw("restored"));
}

TEST(OperatorChain, ExceptionsInBlockingWorkAndItsContinuationFailTheTask) {
  for (const std::string where : {"work", "continuation"}) {
    Fixture f({thrower(""), thrower(where)});
    ASSERT_TRUE(f.chain->open({}).ok());
    BatchOf<int> batch;
    f.chain->host(1).op().process(batch, f.output);
    EXPECT_TRUE(f.failure.ok());
    f.services.run_all();
    EXPECT_EQ(f.failure.message(), threw(where));
  }
}

TEST(OperatorChain, WorkBeforeTheAcknowledgementNamesItsOperator) {
  for (const std::string where : {"before_ack", ""}) {
    Fixture f({thrower(""), thrower(where)});
    ASSERT_TRUE(f.chain->open({}).ok());
    const auto taken = f.chain->snapshot(1);
    ASSERT_EQ(taken->before_ack.size(), 2u);
    EXPECT_EQ(taken->before_ack[1]().message(),
              where.empty() ? "operator 'op1' (uid 'uid1', subtask 0): later" : threw(where));
  }
}

TEST(OperatorChain, AllOperatorsAreClosedEvenIfOneThrows) {
  std::vector<std::string> log;
  Fixture f({thrower("", &log), thrower("close", &log), thrower("", &log)});
  ASSERT_TRUE(f.chain->open({}).ok());
  EXPECT_EQ(f.chain->close().message(), threw("close"));
  EXPECT_EQ(log, (std::vector<std::string>{"op0", "op1", "op2"}));
}

TEST(OperatorChain, MemoryKeptForASnapshotIsReleasedEvenWithoutRecords) {
  for (const bool completed : {true, false}) {
    Fixture f({[] { return std::make_unique<Holder>(); }});
    ASSERT_TRUE(f.chain->open({}).ok());
    auto& holder = static_cast<Holder&>(f.chain->host(0).op());
    auto taken = f.chain->snapshot(1);
    holder.update_all();
    EXPECT_GT(holder.backend->memory().retired, size_t{10} << 20);
    taken->operators.clear();
    if (completed) {
      f.chain->checkpoint_completed(1);
    } else {
      f.chain->checkpoint_aborted(1);
    }
    EXPECT_EQ(f.services.waiting.size(), 1u);  // not all at once
    while (!f.services.waiting.empty()) f.services.run_all();
    EXPECT_EQ(holder.backend->memory().retired, 0u);
  }
}

TEST(OperatorChain, CrashNamesTheOperatorWhoseCodeRuns) {
  Fixture f({thrower(""), thrower("")});
  f.chain->enter(1);
  EXPECT_STREQ(f.chain->crash_label(), "operator 'op1' (uid 'uid1', subtask 0)");
  f.chain->enter(0);
  EXPECT_STREQ(f.chain->crash_label(), "operator 'op0' (uid 'uid0', subtask 0)");
}

}  // namespace
}  // namespace weir
