#include "runtime/exchange.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <set>

#include "base/bug_switch.h"
#include "base/strings.h"
#include "fs/file_system_registry.h"
#include "platform/real_platform.h"
#include "runtime/job_execution.h"
#include "weir/detail/record_codec_of.h"

namespace weir {
namespace {

using Numbers = BatchOf<int64_t>;

constexpr int kSubtasks = 4;
constexpr int64_t kKeys = 10;

/// What the operators of a job tell the test. Everything runs on the test's thread.
struct Log {
  std::map<CheckpointId, int64_t> emitted, counted;  ///< records, as of the snapshots of sources and of counters
  std::multiset<std::string> results;
  bool check = true;  ///< records are as they were sent
};

/// Emits `count` numbers that no other subtask emits, 10 at a time.
class NumberSource final : public SourceOperator {
 public:
  NumberSource(Log& log, int64_t count) : log_(log), count_(count) {}
  Status open(OperatorContext& context) override {
    first_ = context.subtask() * 1'000'000;
    return {};
  }
  PollResult poll(Output& out, Timestamp* watermark) override {
    if (emitted_ == count_) return {PollResult::Status::kEnd};
    Numbers batch;
    for (int i = 0; i < 10 && emitted_ < count_; ++i, ++emitted_) batch.add(first_ + emitted_, emitted_);
    *watermark = emitted_ - 1;
    out.emit(batch);
    return {PollResult::Status::kMore};
  }
  Status snapshot(SnapshotContext& context) override {
    log_.emitted[context.checkpoint_id()] += emitted_;
    return {};
  }
  void add_splits(std::vector<std::string>) override {}
  int64_t records_emitted() const override { return emitted_; }

 private:
  Log& log_;
  const int64_t count_;
  int64_t first_ = 0;
  int64_t emitted_ = 0;
};

/// The sum, count and order of the numbers of each key; emits key * 1'000'000'000 + sum at the end.
class Counter final : public Operator {
 public:
  explicit Counter(Log& log) : log_(log) {}
  Status open(OperatorContext& context) override {
    name_ = cat(context.operator_name(), "/", context.subtask());
    return {};
  }
  void process(Batch& batch, Output&) override {
    const auto& records = static_cast<Numbers&>(batch).records;
    for (size_t i = 0; i < records.size() && log_.check; ++i) {
      EXPECT_EQ(batch.key_hashes[i], static_cast<int32_t>(records[i] % kKeys));
      EXPECT_EQ(batch.timestamp(i), records[i] % 1'000'000);
      EXPECT_GT(records[i], last_[records[i] / 1'000'000]) << "out of order";
      last_[records[i] / 1'000'000] = records[i];
      sums_[records[i] % kKeys] += records[i];
      ++count_;
    }
  }
  Progress finish(Output& out) override {
    Numbers batch;
    for (const auto& [key, sum] : sums_) batch.add(key * 1'000'000'000'000 + sum);
    out.emit(batch);
    return Progress::kDone;
  }
  Status snapshot(SnapshotContext& context) override {
    log_.counted[context.checkpoint_id()] += count_;
    return {};
  }

 private:
  Log& log_;
  std::string name_;
  std::map<int64_t, int64_t> last_{{0, -1}};
  std::map<int64_t, int64_t> sums_;
  int64_t count_ = 0;
};

class Collector final : public Operator {
 public:
  explicit Collector(Log& log) : log_(log) {}
  Status open(OperatorContext&) override { return {}; }
  void process(Batch& batch, Output&) override {
    for (const int64_t record : static_cast<Numbers&>(batch).records) log_.results.insert(std::to_string(record));
  }

 private:
  Log& log_;
};

class LastDigit final : public KeyHasher {
 public:
  void hash(Batch& batch) const override {
    batch.key_hashes.clear();
    for (const int64_t record : static_cast<Numbers&>(batch).records) batch.key_hashes.push_back(static_cast<int32_t>(record % kKeys));
  }
};

/// Four sources, a count by key, and one subtask that collects.
JobGraph job(Log& log, int64_t records = 500) {
  JobGraph graph;
  graph.fingerprint = murmur3_128("job");
  const auto vertex = [&](std::string name, int parallelism, bool source, OperatorFactory factory) {
    JobVertex v;
    v.name = name;
    v.parallelism = parallelism;
    v.is_source = source;
    v.chain.push_back(JobOperator{name, name, murmur3_128(name), std::move(factory), nullptr, nullptr});
    graph.vertices.push_back(std::move(v));
  };
  vertex("numbers", kSubtasks, true, [&log, records] { return std::make_unique<NumberSource>(log, records); });
  vertex("count", kSubtasks, false, [&log] { return std::make_unique<Counter>(log); });
  vertex("collect", 1, false, [&log] { return std::make_unique<Collector>(log); });
  const auto codec = detail::record_codec<int64_t>();
  graph.edges.push_back({0, 1, Partitioning::kHash, std::make_shared<LastDigit>(), codec});
  graph.edges.push_back({1, 2, Partitioning::kRebalance, nullptr, codec});
  return graph;
}

/// A transport inside the test: frames lie in queues until the test delivers them, one at a time.
class Loopback final : public Transport {
 public:
  struct Side {
    Endpoint endpoint;
    std::deque<std::string> frames;  ///< on their way to it
    Side* peer = nullptr;
    bool open = true;                ///< its Connection is not destroyed
    bool broken = false;
    std::string reason;
    int delivered = 0;
  };
  class End final : public Connection {
   public:
    explicit End(Side* side) : side_(side) {}
    ~End() override {
      EXPECT_FALSE(in_callback) << "a callback destroys a connection";
      side_->open = false;
      if (!side_->peer->broken) {
        side_->peer->broken = true;
        side_->peer->reason = "the other end closed the connection";
      }
    }
    void send(std::string frame) override {
      if (side_->peer->open) side_->peer->frames.push_back(std::move(frame));
    }

   private:
    Side* side_;
  };
  class Listening final : public Listener {
   public:
    Listening(Loopback& loopback, int port) : loopback_(loopback), port_(port) {}
    ~Listening() override { loopback_.acceptors_.erase(port_); }
    int port() const override { return port_; }

   private:
    Loopback& loopback_;
    const int port_;
  };

  std::pair<std::unique_ptr<Connection>, std::unique_ptr<Connection>> connect(Endpoint, Endpoint) override { std::abort(); }
  StatusOr<std::unique_ptr<Listener>> listen(const Address&, Acceptor acceptor) override {
    acceptors_[next_port_] = std::move(acceptor);
    return std::unique_ptr<Listener>(std::make_unique<Listening>(*this, next_port_++));
  }
  std::unique_ptr<Connection> dial(const Address& address, Endpoint endpoint) override {
    Side* const own = &sides_.emplace_back();
    Side* const other = &sides_.emplace_back();
    own->peer = other;
    other->peer = own;
    own->endpoint = std::move(endpoint);
    auto connection = std::make_unique<End>(own);
    if (const auto acceptor = acceptors_.find(address.port); acceptor != acceptors_.end()) {
      other->endpoint = acceptor->second(std::make_unique<End>(other));
    } else {
      other->open = false;
      own->broken = true;
      own->reason = "nobody listens there";
    }
    return connection;
  }

  /// One frame, or one break after the last frame, on each connection. False: there was nothing.
  bool deliver() {
    bool any = false;
    for (size_t i = 0; i < sides_.size(); ++i) {
      Side& side = sides_[i];
      if (!side.open) continue;
      if (!side.frames.empty()) {
        std::string frame = std::move(side.frames.front());
        side.frames.pop_front();
        ++side.delivered;
        in_callback = true;
        side.endpoint.on_frame(std::move(frame));
        in_callback = false;
        any = true;
      } else if (side.broken && !side.reason.empty()) {
        const std::string reason = std::move(side.reason);
        side.reason.clear();
        in_callback = true;
        side.endpoint.on_break(unavailable(reason));
        in_callback = false;
        any = true;
      }
    }
    return any;
  }
  /// Frames that are delivered later are as the test wants them.
  std::deque<Side>& sides() { return sides_; }

  static inline bool in_callback = false;

 private:
  std::deque<Side> sides_;
  std::map<int, Acceptor> acceptors_;
  int next_port_ = 1;
};

/// Steps actors one after the other on the test's thread.
class Steps final : public Scheduler, public Clock, public Random {
 public:
  struct Entry {
    Actor* actor;
    bool stopped = false;
  };
  class Handle final : public ActorHandle {
   public:
    explicit Handle(std::shared_ptr<Entry> entry) : entry_(std::move(entry)) {}
    ~Handle() override { stop(); }
    void wake() override {}
    void stop() override { entry_->stopped = true; }

   private:
    std::shared_ptr<Entry> entry_;
  };
  std::unique_ptr<ActorHandle> start(std::string, Actor& actor, ActorOptions) override {
    entries_.push_back(std::make_shared<Entry>(Entry{&actor}));
    return std::make_unique<Handle>(entries_.back());
  }
  void run_blocking(std::function<void()> work) override { work_.push_back(std::move(work)); }
  MonotonicTime now() const override { return now_; }
  int64_t wall_ms() const override { return 0; }
  uint64_t next() override { return ++random_; }

  void step_all() {
    now_ += std::chrono::milliseconds(1);
    for (size_t i = 0; i < entries_.size(); ++i) {
      if (!entries_[i]->stopped) entries_[i]->actor->step();
    }
    while (!work_.empty()) {
      work_.front()();
      work_.pop_front();
    }
  }

 private:
  std::vector<std::shared_ptr<Entry>> entries_;
  std::deque<std::function<void()>> work_;
  MonotonicTime now_{0};
  uint64_t random_ = 0;
};

class NoFiles final : public FileSystemRegistry {
 public:
  StatusOr<FileLocation> resolve(const std::string& uri) override { return not_found(uri); }
};

struct World {
  Steps steps;
  Loopback loopback;
  NoFiles files;
  Platform platform{steps, steps, steps, loopback, files};
};

/// One worker process of the test.
struct Worker final : ShardListener {
  Worker(World& world, const JobGraph& graph) : world(world), graph(graph), gate([] {}) {
    server = std::move(*DataServer::listen(world.platform, {"localhost", 0}));
  }
  Worker(World& world, const JobGraph& graph, int) : world(world), graph(graph), gate([] {}) {}  // without a server
  Address address() const { return {"localhost", server->port()}; }

  void deploy(std::vector<int> placement = {}, std::vector<Address> addresses = {}, int own = 0, AttemptId attempt = 1) {
    execution = std::make_unique<JobExecution>(graph, options, world.platform, gate, *this, -1, attempt,
                                               Placement{std::move(placement), std::move(addresses), own}, server.get());
    for (const auto& shard : execution->shards()) {
      for (const auto& task : shard->tasks()) ASSERT_TRUE(task->chain().open({}).ok());
    }
    connected = broken = "";
    execution->connect([this](Status status) { connected += status.ok() ? "connected" : std::string(status.message()); },
                       [this](Status status) { broken += status.message(); });
  }
  void trigger(CheckpointId id) { execution->post_to_all(Shard::TriggerCheckpoint{id}); }

  void on_snapshot(TaskSnapshot snapshot) override { ++snapshots[snapshot.id]; }
  void on_task_failure(std::string task, Status status) override { failures.push_back(cat(task, ": ", status.message())); }
  void on_task_ended() override { ++ended; }
  void on_task_finished() override {}
  void on_progress(int, int64_t, Timestamp) override {}

  World& world;
  const JobGraph& graph;
  BlockingGate gate;
  ExecutionOptions options{.channel_capacity = 3, .batch_size = 8, .shard = {}};
  std::unique_ptr<DataServer> server;
  std::unique_ptr<JobExecution> execution;
  std::string connected, broken;
  std::map<CheckpointId, int> snapshots;
  std::vector<std::string> failures;
  size_t ended = 0;
};

constexpr size_t kTasks = kSubtasks + kSubtasks + 1;

/// The job's results in one process.
std::multiset<std::string> expected_results(int64_t records = 500) {
  Log log;
  const JobGraph graph = job(log, records);
  World world;
  Worker worker(world, graph, 0);
  worker.deploy();
  EXPECT_EQ(worker.connected, "connected");
  worker.execution->start(false);
  for (int i = 0; i < 50000 && worker.ended < kTasks; ++i) world.steps.step_all();
  return log.results;
}

/// Two workers with the shards dealt out as `placement` says.
struct Pair {
  explicit Pair(std::vector<int> placement = {0, 1, 0, 1}, int64_t records = 500)
      : graph(job(log, records)), placement(std::move(placement)) {
    for (int i = 0; i < 2; ++i) workers.push_back(std::make_unique<Worker>(world, graph));
  }
  ~Pair() {
    for (const auto& worker : workers) worker->execution.reset();
  }
  std::vector<Address> addresses() const { return {workers[0]->address(), workers[1]->address()}; }
  void deploy(int worker, AttemptId attempt = 1) { workers[worker]->deploy(placement, addresses(), worker, attempt); }
  void deliver_all() {
    while (world.loopback.deliver()) {
    }
  }
  void start() {
    for (const auto& worker : workers) worker->execution->start(false);
  }
  size_t ended() const { return workers[0]->ended + workers[1]->ended; }
  /// With a checkpoint every 20 rounds. Gives how many rounds it took.
  int run(int most = 5000) {
    int round = 0;
    for (; round < most && ended() < kTasks; ++round) {
      if (round % 20 == 0) {
        ++checkpoints;
        for (const auto& worker : workers) worker->trigger(checkpoints);
      }
      world.steps.step_all();
      world.loopback.deliver();
    }
    return round;
  }

  Log log;
  JobGraph graph;
  World world;
  const std::vector<int> placement;
  std::vector<std::unique_ptr<Worker>> workers;
  CheckpointId checkpoints = 0;
};

TEST(Exchange, JobOnTwoWorkersGivesWhatItGivesOnOne) {
  const auto expected = expected_results();
  EXPECT_EQ(expected.size(), static_cast<size_t>(kKeys));
  for (const auto& placement : std::vector<std::vector<int>>{{0, 1, 0, 1}, {1, 1, 1, 0}, {1, 0, 0, 0}}) {
    Pair p(placement);
    p.deploy(0);
    p.deploy(1);
    p.deliver_all();
    EXPECT_EQ(p.workers[0]->connected, "connected");
    EXPECT_EQ(p.workers[1]->connected, "connected");
    EXPECT_EQ(p.workers[0]->execution->task_count() + p.workers[1]->execution->task_count(), kTasks);
    p.start();
    p.run();
    EXPECT_EQ(p.ended(), kTasks);
    EXPECT_EQ(p.log.results, expected);
    // Every checkpoint that all tasks took is a consistent cut.
    int complete = 0;
    for (CheckpointId id = 1; id <= p.checkpoints; ++id) {
      if (p.workers[0]->snapshots[id] + p.workers[1]->snapshots[id] < static_cast<int>(kTasks)) continue;
      ++complete;
      EXPECT_EQ(p.log.emitted[id], p.log.counted[id]) << id;
    }
    EXPECT_GT(complete, 3);
    EXPECT_EQ(p.workers[0]->broken + p.workers[1]->broken, "");
    EXPECT_TRUE(p.workers[0]->failures.empty() && p.workers[1]->failures.empty());
  }
}

TEST(Exchange, MoreRecordsThanFitOnTheirWayWaitForCredits) {
  Pair p;
  p.deploy(0);
  p.deploy(1);
  p.deliver_all();
  p.start();
  for (int i = 0; i < 500; ++i) p.world.steps.step_all();  // nothing is delivered
  size_t waiting = 0;
  for (const auto& side : p.world.loopback.sides()) waiting = std::max(waiting, side.frames.size());
  // Per direction: from 2 subtasks to 2, and at most 2 to the one that collects, 3 elements each.
  EXPECT_GT(waiting, 0u);
  EXPECT_LE(waiting, (2u * 2 + 2) * 3);
  p.run();
  EXPECT_EQ(p.ended(), kTasks);
}

TEST(Exchange, ConnectionOfAnAttemptThatIsNotDeployedYetWaits) {
  Pair p;
  p.deploy(0);
  p.deliver_all();
  EXPECT_EQ(p.workers[0]->connected, "");
  p.deploy(1);
  p.deliver_all();
  EXPECT_EQ(p.workers[0]->connected, "connected");
  EXPECT_EQ(p.workers[1]->connected, "connected");
}

TEST(Exchange, ConnectionOfAnAttemptThatIsOverIsRefused) {
  Pair p;
  p.deploy(1, 5);
  p.deliver_all();
  p.deploy(0, 4);
  p.deliver_all();
  EXPECT_NE(p.workers[0]->connected.find("cannot send records to worker 1 at localhost:2: attempt 4 to run the job is over here; the newest "
                                         "is 5"),
            std::string::npos) << p.workers[0]->connected;
  EXPECT_EQ(p.workers[0]->broken, "");
  // The next attempt of the one that was behind finds the one that waited.
  p.workers[0]->execution.reset();
  p.deliver_all();
  p.deploy(0, 5);
  p.deliver_all();
  EXPECT_EQ(p.workers[0]->connected, "connected");
}

TEST(Exchange, WaitingConnectionOfAnOlderAttemptIsRefusedWhenANewerIsDeployed) {
  Pair p;
  p.deploy(0, 4);
  p.deliver_all();
  p.deploy(1, 5);
  p.deliver_all();
  EXPECT_NE(p.workers[0]->connected.find("attempt 4 to run the job is over here"), std::string::npos) << p.workers[0]->connected;
}

TEST(Exchange, WorkersWithDifferentJobsDoNotConnect) {
  Pair p;
  JobGraph other = p.graph;
  other.fingerprint = murmur3_128("another job");
  Worker stranger(p.world, other);
  p.deploy(0);
  stranger.deploy(p.placement, {p.workers[0]->address(), stranger.address()}, 1);
  p.deliver_all();
  EXPECT_NE(stranger.connected.find("the two workers run different jobs"), std::string::npos) << stranger.connected;
}

TEST(Exchange, WorkersWithDifferentPlacementsDoNotConnect) {
  Pair p;
  p.deploy(0);
  p.workers[1]->deploy({0, 1, 1, 1}, p.addresses(), 1);
  p.deliver_all();
  EXPECT_NE(p.workers[1]->connected.find("do not agree on the channels between them"), std::string::npos) << p.workers[1]->connected;
}

TEST(Exchange, PeerThatIsNotThereIsNamed) {
  Pair p;
  p.workers[1]->server.reset();
  p.workers[0]->deploy(p.placement, {p.workers[0]->address(), {"localhost", 99}}, 0);
  p.deliver_all();
  EXPECT_EQ(p.workers[0]->connected, "cannot make the data connection to worker 1 at localhost:99: nobody listens there");
}

TEST(Exchange, LostConnectionIsToldOnceAndOnlyBeforeStop) {
  Pair p;
  p.deploy(0);
  p.deploy(1);
  p.deliver_all();
  p.start();
  p.run(10);
  p.workers[1]->execution.reset();
  p.deliver_all();
  EXPECT_EQ(p.workers[0]->broken, "lost the data connection to worker 1 at localhost:2: the other end closed the connection");

  Pair q;
  q.deploy(0);
  q.deploy(1);
  q.deliver_all();
  q.workers[0]->execution->stop();
  q.workers[1]->execution.reset();
  q.deliver_all();
  EXPECT_EQ(q.workers[0]->broken, "");
}

TEST(Exchange, DamagedFramesBreakTheAttemptWithASentence) {
  // Each says what becomes of the frames that are on their way from worker 0 to worker 1.
  struct Case {
    const char* what;
    std::function<void(std::deque<std::string>&)> damage;
    const char* says;
  };
  const Case cases[] = {
      {"empty", [](auto& frames) { frames.front().clear(); }, "the data connection from worker 0 at localhost:1: an element of a stream"},
      {"unknown kind", [](auto& frames) { frames.front()[0] = 77; }, "a frame of kind 77"},
      {"a hello again", [](auto& frames) { frames.front() = encode_hello({}); }, "a frame of kind 1"},
      {"unknown channel", [](auto& frames) { frames.front()[1] = 1; }, "which is not on this connection"},
      {"lost", [](auto& frames) { frames.pop_front(); }, "came where element 0 should have"},
      {"twice", [](auto& frames) { frames.push_front(frames.front()); }, "came where element 1 should have"},
      {"shorter", [](auto& frames) { frames.front().pop_back(); }, "what came on the data connection from worker 0 at localhost:1: channel"},
      {"longer", [](auto& frames) { frames.front() += "x"; }, "what came on the data connection from worker 0 at localhost:1: channel"},
  };
  for (const Case& c : cases) {
    Pair p;
    p.deploy(0);
    p.deploy(1);
    p.deliver_all();
    p.start();
    Loopback::Side* to_one = nullptr;
    for (int i = 0; i < 100 && to_one == nullptr; ++i) {
      p.workers[0]->trigger(i + 1);
      p.world.steps.step_all();
      for (auto& side : p.world.loopback.sides()) {
        // Of the two sides of worker 0's own connection, the one that gets more than an answer.
        if (side.frames.size() > 1 && &side == &p.world.loopback.sides()[1]) to_one = &side;
      }
    }
    ASSERT_NE(to_one, nullptr);
    c.damage(to_one->frames);
    for (int i = 0; i < 200 && p.workers[1]->broken.empty(); ++i) {
      p.world.loopback.deliver();
      p.world.steps.step_all();
    }
    EXPECT_NE(p.workers[1]->broken.find(c.says), std::string::npos) << c.what << ": " << p.workers[1]->broken;
  }
}

TEST(Exchange, NoFlippedBitCrashesOrChangesMoreThanARecord) {
  uint64_t broken = 0;
  for (int flip = 0; flip < 400; ++flip) {
    Pair p({0, 1, 0, 1}, 20);
    p.log.check = false;
    p.deploy(0);
    p.deploy(1);
    bool flipped = false;
    for (int round = 0; round < 150 && p.workers[0]->broken.empty() && p.workers[1]->broken.empty(); ++round) {
      if (p.workers[0]->connected == "connected" && p.workers[1]->connected == "connected" && !p.workers[0]->execution->started())
        p.start();
      p.world.steps.step_all();
      auto& sides = p.world.loopback.sides();
      auto& side = sides[static_cast<size_t>(flip) % sides.size()];
      if (!flipped && side.delivered >= flip % 7 && !side.frames.empty()) {
        std::string& frame = side.frames.front();
        const size_t bit = (static_cast<size_t>(flip) * 131) % (frame.size() * 8);
        frame[bit / 8] = static_cast<char>(frame[bit / 8] ^ (1 << (bit % 8)));
        flipped = true;
      }
      p.world.loopback.deliver();
    }
    if (!p.workers[0]->broken.empty() || !p.workers[1]->broken.empty()) ++broken;
  }
  EXPECT_GT(broken, 50u);
}

TEST(Exchange, WhoSaysNoHelloGetsNothing) {
  Pair p;
  p.deploy(0);
  std::string answer;
  auto stranger = p.world.loopback.dial(p.workers[0]->address(), {[&](std::string frame) { answer = std::move(frame); }, [](Status) {}});
  stranger->send("GET / HTTP/1.1");
  p.deliver_all();
  EXPECT_NE(decode_answer(answer).status().message().find("a frame of kind 71"), std::string::npos) << decode_answer(answer).status().message();
  for (int i = 0; i < 3000; ++i) {  // more than are kept: the oldest are dropped
    p.world.loopback.dial(p.workers[0]->address(), {[](std::string) {}, [](Status) {}}).reset();
    p.deliver_all();
    p.world.steps.step_all();
  }
  p.deploy(1);
  p.deliver_all();
  EXPECT_EQ(p.workers[0]->connected, "connected");
}

TEST(Exchange, SilentConnectionsDoNotGrowWithoutBound) {
  Pair p;
  std::vector<std::unique_ptr<Connection>> silent;
  size_t ended = 0;
  for (int i = 0; i < 1030; ++i)
    silent.push_back(p.world.loopback.dial(p.workers[0]->address(), {[](std::string) {}, [&](Status) { ++ended; }}));
  p.world.steps.step_all();
  p.deliver_all();
  EXPECT_EQ(ended, 6u);
}

/// Counts what comes, on whatever thread, and lets the test wait for it.
class Waiting final : public ShardListener {
 public:
  void on_snapshot(TaskSnapshot) override {}
  void on_task_failure(std::string task, Status status) override { ADD_FAILURE() << task << ": " << status.message(); }
  void on_task_ended() override { count(); }
  void on_task_finished() override {}
  void on_progress(int, int64_t, Timestamp) override {}

  void count() {
    std::lock_guard lock(mutex_);
    ++counted_;
    changed_.notify_all();
  }
  bool wait_for(size_t number) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(60), [&] { return counted_ >= number; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  size_t counted_ = 0;
};

TEST(Exchange, JobOnTwoWorkersRunsOverTcp) {
  const auto expected = expected_results(5000);
  NoFiles files;
  RealPlatform machines[2] = {RealPlatform(files, 1), RealPlatform(files, 1)};
  Log log;
  const JobGraph graph = job(log, 5000);
  Waiting connected, ended;
  BlockingGate gate([] {});
  std::unique_ptr<DataServer> servers[2];
  std::vector<Address> addresses;
  for (int i = 0; i < 2; ++i) {
    auto server = DataServer::listen(machines[i].get(), {"127.0.0.1", 0});
    ASSERT_TRUE(server.ok()) << server.status().message();
    servers[i] = std::move(*server);
    addresses.push_back({"127.0.0.1", servers[i]->port()});
  }
  std::unique_ptr<JobExecution> executions[2];
  for (int i = 0; i < 2; ++i) {
    executions[i] = std::make_unique<JobExecution>(graph, ExecutionOptions{.channel_capacity = 3, .batch_size = 8, .shard = {}},
                                                   machines[i].get(), gate, ended, -1, 1, Placement{{0, 1, 0, 1}, addresses, i},
                                                   servers[i].get());
    for (const auto& shard : executions[i]->shards()) {
      for (const auto& task : shard->tasks()) ASSERT_TRUE(task->chain().open({}).ok());
    }
    executions[i]->connect(
        [&](Status status) {
          EXPECT_TRUE(status.ok()) << status.message();
          connected.count();
        },
        [](Status status) { ADD_FAILURE() << status.message(); });
  }
  ASSERT_TRUE(connected.wait_for(2));
  for (const auto& execution : executions) execution->start(false);
  EXPECT_TRUE(ended.wait_for(kTasks));
  for (const auto& execution : executions) execution->stop();
  EXPECT_EQ(log.results, expected);
  for (auto& execution : executions) execution.reset();
}

TEST(Exchange, PlacementsThatCannotBeAreRefused) {
  Log log;
  const JobGraph graph = job(log);
  const std::vector<Address> two = {{"a", 1}, {"b", 2}};
  EXPECT_TRUE(check_placement(graph, {}, false).ok());
  EXPECT_TRUE(check_placement(graph, {{0, 1, 0, 1}, two, 1}, true).ok());
  EXPECT_TRUE(check_placement(graph, {{0, 0, 0, 0}, two, 0}, false).ok());
  EXPECT_TRUE(check_placement(graph, {{0, 1, 0, 2}, two, 2}, true).ok()) << "nobody has to say where this process is";
  for (const Placement& wrong : {Placement{{0, 1, 0}, two, 0}, Placement{{0, 1, 2, 0}, two, 0}, Placement{{0, -1, 0, 0}, two, 0},
                                 Placement{{0, 1, 0, 1}, two, 2}, Placement{{0, 1, 0, 1}, two, -1}, Placement{{0, 1, 0, 1}, {}, 0}}) {
    EXPECT_EQ(check_placement(graph, wrong, true).code(), StatusCode::kInvalidArgument);
  }
  EXPECT_EQ(check_placement(graph, {{0, 1, 0, 1}, two, 0}, false).code(), StatusCode::kInvalidArgument);
}

TEST(Exchange, EdgesThatCannotLeaveTheProcessAreNamed) {
  Log log;
  JobGraph graph = job(log);
  EXPECT_TRUE(check_can_be_distributed(graph).ok());
  graph.edges[1].codec = nullptr;
  const Status status = check_can_be_distributed(graph);
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition);
  EXPECT_NE(status.message().find("operator 'count' sends to operator 'collect'"), std::string_view::npos) << status.message();
  graph.edges[1].partitioning = Partitioning::kForward;
  EXPECT_TRUE(check_can_be_distributed(graph).ok());
}

#ifdef WEIR_BUGS
TEST(Exchange, MistakesThatCanBeSwitchedOnShow) {
  const auto expected = expected_results();
  const auto results_with = [](Bug bug) {
    enable_bug(bug);
    Pair p;
    p.deploy(0);
    p.deploy(1);
    p.deliver_all();
    p.start();
    p.run(2000);
    disable_bugs();
    return p.log.results;
  };
  EXPECT_EQ(results_with(Bug::kCount), expected);
  EXPECT_NE(results_with(Bug::kCreditLost), expected);  // it stands still
}
#endif

}  // namespace
}  // namespace weir
