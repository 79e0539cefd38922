// User code that throws at every place where a job calls it: the job fails with the operator's
// name, and the process survives.

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <stdexcept>

#include "weir/weir.h"

namespace {

using namespace std::chrono_literals;

struct Boom {};  // not a std::exception

/// A record whose serializer throws while `armed`.
struct Money {
  int64_t cents = 0;
  static inline std::string armed;
};

void boom_if(const std::string& armed, const std::string& here) {
  if (armed == here) throw std::runtime_error("boom in " + here);
  if (armed == here + "!") throw Boom();
}

}  // namespace

template <>
struct weir::UserSerializer<Money> {
  static void write(BinaryWriter& out, const Money& value) {
    boom_if(Money::armed, "write");
    out.put_i64(value.cents);
  }
  static void read(BinaryReader& in, Money& value) { value.cents = in.get_i64(); }
  static TypeDescription describe() {
    TypeDescription type;
    type.kind = TypeKind::kUser;
    type.name = "Money";
    type.fixed_size = 1;
    return type;
  }
};

namespace {

struct Reader : weir::SourceReader<int64_t> {
  explicit Reader(std::string armed) : armed(std::move(armed)) {}
  weir::Status open(weir::OperatorContext&) override {
    boom_if(armed, "reader.open");
    return {};
  }
  void add_splits(std::vector<std::string>) override { boom_if(armed, "reader.add_splits"); }
  weir::PollResult poll(weir::BatchOf<int64_t>& out, size_t) override {
    boom_if(armed, "reader.poll");
    if (done) return {weir::PollResult::Status::kEnd};
    out.add(1);
    done = true;
    return {};
  }
  std::vector<std::string> snapshot() override {
    boom_if(armed, "reader.snapshot");
    return {};
  }
  const std::string armed;
  bool done = false;
};

struct From : weir::Source<int64_t> {
  explicit From(std::string armed) : armed(std::move(armed)) {}
  weir::StatusOr<std::vector<std::string>> enumerate(weir::FileSystemRegistry&,
                                                     int) const override {
    boom_if(armed, "source.enumerate");
    return std::vector<std::string>{"x"};
  }
  std::unique_ptr<weir::SourceReader<int64_t>> create_reader() const override {
    boom_if(armed, "source.create_reader");
    if (armed == "source.no_reader") return nullptr;
    return std::make_unique<Reader>(armed);
  }
  bool bounded() const override { return true; }
  const std::string armed;
};

struct Into : weir::Sink<int64_t> {
  explicit Into(std::string armed) : armed(std::move(armed)) {}
  struct Writer : weir::SinkWriter<int64_t> {
    explicit Writer(std::string armed) : armed(std::move(armed)) {}
    weir::Status open(weir::OperatorContext&) override {
      boom_if(armed, "writer.open");
      return {};
    }
    void write(weir::BatchOf<int64_t>&) override { boom_if(armed, "writer.write"); }
    std::vector<std::string> prepare_commit(weir::SnapshotContext& context) override {
      boom_if(armed, "writer.prepare_commit");
      context.before_ack([armed = armed]() -> weir::Status {
        boom_if(armed, "before_ack");
        return {};
      });
      return {"c"};
    }
    const std::string armed;
  };
  struct Commits : weir::Committer {
    explicit Commits(std::string armed) : armed(std::move(armed)) {}
    weir::Status commit(const std::vector<std::string>&) override {
      boom_if(armed, "committer.commit");
      return {};
    }
    weir::StatusOr<std::vector<std::string>> find_orphans(const weir::SinkStart&) override {
      boom_if(armed, "committer.find_orphans");
      return std::vector<std::string>{"old"};
    }
    weir::Status remove_orphans(const std::vector<std::string>&) override {
      boom_if(armed, "committer.remove_orphans");
      return {};
    }
    const std::string armed;
  };
  std::unique_ptr<weir::SinkWriter<int64_t>> create_writer() const override {
    boom_if(armed, "sink.create_writer");
    if (armed == "sink.no_writer") return nullptr;
    return std::make_unique<Writer>(armed);
  }
  std::unique_ptr<weir::Committer> create_committer(weir::FileSystemRegistry&) const override {
    boom_if(armed, "sink.create_committer");
    return std::make_unique<Commits>(armed);
  }
  weir::Status probe(weir::FileSystemRegistry&) const override {
    boom_if(armed, "sink.probe");
    return {};
  }
  const std::string armed;
};

/// Throws when it is copied for a subtask.
struct Copied {
  explicit Copied(bool* armed) : armed(armed) {}
  Copied(const Copied& other) : armed(other.armed) {
    if (*armed) throw std::runtime_error("boom in copy");
  }
  bool operator()(const int64_t&) const { return true; }
  bool* armed;
};

class UserCode : public testing::Test {
 protected:
  UserCode()
      : folder_(std::filesystem::path(testing::TempDir()) /
                ("weir_user_code_test_" + std::to_string(getpid()))) {
    std::filesystem::remove_all(folder_);
  }
  ~UserCode() override {
    Money::armed.clear();
    std::filesystem::remove_all(folder_);
  }

  weir::StreamExecutionEnvironment environment() {
    const char* arguments[] = {"job", "-D", "weir.progress=false", "-D",
                               "restart-strategy.type=none"};
    auto env = weir::StreamExecutionEnvironment::from_args(5, arguments);
    env.set_state_backend(weir::FsStateBackend(folder_.string()));
    return env;
  }
  /// Runs the job and returns its standard error.
  std::string execute(weir::StreamExecutionEnvironment& env, int wanted_exit_code) {
    testing::internal::CaptureStderr();
    const int exit_code = env.execute("job");
    std::string text = testing::internal::GetCapturedStderr();
    EXPECT_EQ(exit_code, wanted_exit_code) << text;
    return text;
  }
  void expect(const std::string& text, const std::string& part) {
    EXPECT_NE(text.find(part), std::string::npos) << text;
  }

  const std::filesystem::path folder_;
};

TEST_F(UserCode, ExceptionInASourceOrASinkFailsTheJobWithTheOperatorsName) {
  for (const std::string where :
       {"source.enumerate", "source.create_reader", "reader.open", "reader.add_splits",
        "reader.poll", "reader.snapshot", "sink.probe", "sink.create_writer",
        "sink.create_committer", "writer.open", "writer.write", "writer.prepare_commit",
        "before_ack", "committer.commit", "committer.find_orphans", "committer.remove_orphans"}) {
    for (const std::string kind : {"", "!"}) {
      SCOPED_TRACE(where + kind);
      auto env = environment();
      env.enable_checkpointing(1h);
      env.from_source(From(where + kind), weir::no_watermarks(), "in")
          .disable_chaining()
          .sink_to(Into(where + kind))
          .name("out");
      const bool before_the_run = where == "source.enumerate" || where == "sink.probe";
      const std::string text = execute(env, before_the_run ? 2 : 1);
      expect(text, where.starts_with("source") || where.starts_with("reader") ? "'in'" : "'out'");
      expect(text, kind.empty() ? "threw: boom in " + where
                                : "threw an object of type (anonymous namespace)::Boom");
    }
  }
}

TEST_F(UserCode, SourceWithoutAReaderAndSinkWithoutAWriterAreReportedInASentence) {
  for (const std::string where : {"source.no_reader", "sink.no_writer"}) {
    auto env = environment();
    env.from_source(From(where), weir::no_watermarks(), "in").sink_to(Into(where));
    expect(execute(env, 2), where == "source.no_reader" ? "the source's create_reader() gave none"
                                                        : "the sink's create_writer() gave none");
  }
}

TEST_F(UserCode, ExceptionInACopyFailsTheJob) {
  bool armed = false;
  auto env = environment();
  env.from_elements<int64_t>({1}).filter(Copied(&armed)).name("copied").sink_to(Into(""));
  armed = true;
  expect(execute(env, 1), "operator 'copied' (uid 'auto-copied-1', subtask 0) threw: boom in copy");
}

TEST_F(UserCode, ExceptionOfASerializerInASnapshotFailsTheCheckpointWithTheOperatorsName) {
  struct KeepMoney : weir::KeyedProcessFunction<int64_t, int64_t, int64_t> {
    weir::ValueState<Money> money;
    void open(RuntimeContext& context) override {
      money = context.state(weir::ValueStateDescriptor<Money>{"money"});
    }
    void process_element(const int64_t&, Context&, weir::Collector<int64_t>&) override {
      money.mutable_value().cents += 1;
    }
  };
  for (const std::string armed : {"write", "write!"}) {
    auto env = environment();
    env.enable_checkpointing(10ms);
    env.from_source(weir::GeneratorSource<int64_t>(2000, [](int64_t i) { return i; }).rate(1000),
                    weir::no_watermarks(), "in")
        .key_by([](const int64_t& v) { return v % 3; })
        .process(KeepMoney())
        .name("bank")
        .sink_to(Into(""));
    Money::armed = armed;
    expect(execute(env, 1),
           armed == "write"
               ? "operator 'bank' (uid 'auto-bank-1', subtask 0) threw: boom in write"
               : "operator 'bank' (uid 'auto-bank-1', subtask 0) threw an object of type");
  }
}

TEST_F(UserCode, StateInOpenIsReportedInASentence) {
  struct Eager : weir::KeyedProcessFunction<int64_t, int64_t, int64_t> {
    void open(RuntimeContext& context) override {
      context.state(weir::ValueStateDescriptor<int64_t>{"v"}).update(1);
    }
    void process_element(const int64_t&, Context&, weir::Collector<int64_t>&) override {}
  };
  auto env = environment();
  env.from_elements<int64_t>({1})
      .key_by([](const int64_t& v) { return v; })
      .process(Eager())
      .name("eager")
      .sink_to(Into(""));
  expect(execute(env, 1),
         "operator 'eager' (uid 'auto-eager-1', subtask 0) threw: state 'v' is used where there is "
         "no key");
}

TEST_F(UserCode, ExceptionInCloseDoesNotKeepOthersFromClosing) {
  static int closed = 0;
  closed = 0;
  struct Closes : weir::KeyedProcessFunction<int64_t, int64_t, int64_t> {
    weir::ValueState<int64_t> state;
    void open(RuntimeContext& context) override {
      state = context.state(weir::ValueStateDescriptor<int64_t>{"v"});
    }
    void process_element(const int64_t& value, Context&, weir::Collector<int64_t>& out) override {
      state.update(value);
      out.collect(value);
    }
    void close() override {
      ++closed;
      state.clear();  // there is no key at this point
    }
  };
  auto env = environment();
  const auto by_itself = [](const int64_t& v) { return v; };
  env.from_elements<int64_t>({1})
      .key_by(by_itself)
      .process(Closes())
      .name("first")
      .key_by(by_itself)
      .process(Closes())
      .name("second")
      .sink_to(Into(""));
  const std::string text = execute(env, 0);
  EXPECT_EQ(closed, 2);
  expect(text,
         "operator 'first' (uid 'auto-first-1', subtask 0) threw: state 'v' is used where there is "
         "no key");
  expect(text, "operator 'second'");
}

}  // namespace
