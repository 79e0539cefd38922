// The protocol that ends transactions, against a model of a transaction coordinator that delays,
// repeats and loses requests and answers, under seeds.

#include "kafka/transaction_admin.h"

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <random>
#include <set>

#include "base/strings.h"
#include "kafka/slot_book.h"

namespace weir::kafka {
namespace {

constexpr int16_t kInvalidEpoch = 90;
constexpr int16_t kInvalidState = 48;
constexpr int16_t kInvalidMapping = 49;
constexpr int16_t kUnsupportedVersion = 35;

/// The coordinator, and the records that readers see.
class Coordinator {
 public:
  struct Transaction {
    std::string state = "Empty";
    int64_t producer_id = 0;
    int16_t epoch = -1;
    std::vector<int> records;
  };

  /// What librdkafka does: aborts what is open, and begins with another epoch.
  std::pair<int64_t, int16_t> init(const std::string& id) {
    Transaction& it = transactions[id];
    if (it.producer_id == 0) it.producer_id = ++producers_;
    it.records.clear();
    it.state = "Empty";
    return {it.producer_id, ++it.epoch};
  }
  /// False: the producer is fenced.
  bool produce(const std::string& id, int16_t epoch, int record) {
    Transaction& it = transactions[id];
    if (epoch != it.epoch) return false;
    if (it.state != "Ongoing") it.records.clear();
    it.state = "Ongoing";
    it.records.push_back(record);
    return true;
  }
  /// `newest`: a version that means the next, empty transaction once this one has ended.
  int16_t end(const std::string& id, int64_t producer_id, int16_t epoch, bool commit,
              bool newest = false) {
    if (!transactions.contains(id)) return kInvalidMapping;
    Transaction& it = transactions[id];
    if (it.producer_id != producer_id) return kInvalidMapping;
    if (it.epoch != epoch) return kInvalidEpoch;
    const std::string done = commit ? "CompleteCommit" : "CompleteAbort";
    if (it.state == done && !newest) return error::kNone;
    if (it.state != "Ongoing") return kInvalidState;
    if (commit) visible.insert(visible.end(), it.records.begin(), it.records.end());
    it.records.clear();
    it.state = done;
    return error::kNone;
  }
  void time_out(const std::string& id) {
    Transaction& it = transactions[id];
    if (it.state != "Ongoing") return;
    it.records.clear();
    it.state = "CompleteAbort";
    ++it.epoch;
  }

  std::map<std::string, Transaction> transactions;
  std::vector<int> visible;

 private:
  int64_t producers_ = 0;
};

/// A connection that loses requests and answers, and delivers some requests late.
class Network {
 public:
  Network(Coordinator& coordinator, uint32_t seed) : coordinator_(coordinator), random_(seed) {}

  StatusOr<std::string> call(const Request& request) {
    while (!late_.empty() && chance(2)) {
      (void)answer(late_.front());
      late_.pop_front();
    }
    if (faulty && chance(6)) return unavailable("the request was lost");
    if (faulty && chance(10)) {
      late_.push_back(request);
      return unavailable("no answer in time");
    }
    std::string reply = answer(request);
    if (faulty && chance(6)) return unavailable("the answer was lost");
    return reply;
  }
  /// Requests that were under way reach the broker now.
  void deliver_late() {
    for (; !late_.empty(); late_.pop_front()) (void)answer(late_.front());
  }
  bool chance(uint32_t in) { return random_() % in == 0; }
  uint32_t draw(uint32_t below) { return random_() % below; }

  bool faulty = true;
  /// EndTxn has the newest version that the broker offers. A cluster whose transaction.version is 0
  /// refuses it, and then the transaction can be neither committed nor aborted (seen on Kafka 4).
  bool newest_end = false;

 private:
  std::string answer(const Request& request) {
    WireReader in(request.body);
    if (request.api == 10)
      return WireWriter()
          .i32(0)
          .i16(chance(8) && faulty ? 15 : 0)
          .string("")
          .i32(1)
          .string("b")
          .i32(1)
          .take();
    if (request.api == 65) {
      in.varint();
      return describe(in.compact_string());
    }
    const std::string id = in.compact_string();
    if (stuck_.contains(id)) return WireWriter().i32(0).i16(error::kConcurrent).no_tags().take();
    if (request.api == 26 && newest_end) {
      stuck_.insert(id);
      return WireWriter().i32(0).i16(kUnsupportedVersion).no_tags().take();
    }
    if (request.api == 22) {
      coordinator_.init(id);
      return WireWriter().i32(0).i16(error::kNone).take();
    }
    const int64_t producer_id = in.i64();
    const int16_t epoch = in.i16();
    const int16_t code = faulty && chance(8) ? error::kConcurrent
                                             : coordinator_.end(id, producer_id, epoch,
                                                                in.i8() != 0, request.version >= 5);
    return WireWriter().i32(0).i16(code).no_tags().take();
  }
  std::string describe(const std::string& id) {
    const auto found = coordinator_.transactions.find(id);
    WireWriter out;
    out.i32(0).varint(2);
    if (found == coordinator_.transactions.end()) {
      out.i16(error::kUnknownTransactionalId).compact_string(id).compact_string("");
      return out.i32(0).i64(-1).i64(-1).i16(-1).take();
    }
    const auto& it = found->second;
    out.i16(0).compact_string(id).compact_string(it.state).i32(1000).i64(1);
    return out.i64(it.producer_id).i16(it.epoch).take();
  }

  Coordinator& coordinator_;
  std::mt19937 random_;
  std::deque<Request> late_;
  std::set<std::string> stuck_;
};

class Dialer final : public BrokerDialer {
 public:
  explicit Dialer(Network& network) : network_(network) {}
  StatusOr<std::unique_ptr<BrokerConnection>> dial(const BrokerAddress&) override {
    struct Connection final : BrokerConnection {
      explicit Connection(Network& network) : network(network) {}
      StatusOr<std::string> call(const Request& request) override { return network.call(request); }
      Network& network;
    };
    return std::unique_ptr<BrokerConnection>(std::make_unique<Connection>(network_));
  }

 private:
  Network& network_;
};

TransactionAdmin admin_on(Network& network) {
  return {"b:1", std::make_unique<Dialer>(network), [] {}};
}

enum class Mistake {
  kNone,
  kEpochReused,        ///< one producer for several transactions
  kSlotFreedAtCommit,  ///< a slot is used again at once
  kFencedAtRestore,    ///< transactions of the restored checkpoint are fenced too
  kNotCommitted,       ///< a restore forgets the transactions of its checkpoint
  kAbortAtCancel,      ///< a process that ends aborts what it has prepared
  kCommittedEarly,     ///< a transaction is committed before its checkpoint is complete
  kNewestEnd,          ///< EndTxn in the newest version, also if transaction.version is 0
  kVersionChanged,     ///< EndTxn is repeated in another version, and its answer alone decides
  kCount,
};

/// A sink of one subtask that is killed and restored, as record_writer.cc and
/// transaction_committer.cc are.
class SinkLife {
 public:
  SinkLife(uint32_t seed, Mistake mistake)
      : mistake_(mistake), network_(broker_, seed), admin_(admin_on(network_)) {
    network_.newest_end = mistake == Mistake::kNewestEnd;
  }

  /// Records 0, 1, 2, … through many checkpoints and kills.
  std::vector<int> run() {
    restore();
    while (stored_.next < 60) {
      step();
      if (network_.chance(4)) {
        if (mistake_ == Mistake::kAbortAtCancel && network_.chance(2)) cancel();
        restore();
      }
    }
    network_.faulty = false;
    network_.deliver_late();
    restore();
    return broker_.visible;
  }
  bool failed() const { return failed_; }

 private:
  struct Checkpoint {
    int id = 0;
    int next = 0;
    std::vector<TransactionHandle> pending;
  };

  void open() {
    const bool reuse = mistake_ == Mistake::kEpochReused && handle_.producer_id > 0 &&
                       handle_.id.starts_with(cat(attempt_, "-"));
    if (!reuse) {
      const int slot = slots_.take();
      handle_ = {};
      handle_.id = cat(attempt_, "-", slot);
      std::tie(handle_.producer_id, handle_.epoch) = broker_.init(handle_.id);
    }
    handle_.records = 0;
  }
  void write() {
    for (uint32_t n = network_.draw(4); n > 0; --n) {
      if (broker_.produce(handle_.id, handle_.epoch, next_++)) ++handle_.records;
    }
  }
  void step() {
    write();
    Checkpoint snapshot{++checkpoints_, next_, {}};
    slots_.on_snapshot(snapshot.id);
    if (handle_.records > 0) {
      pending_.push_back(handle_);
      if (mistake_ == Mistake::kCommittedEarly) (void)admin_.commit(handle_);
      open();
    }
    snapshot.pending = pending_;
    if (network_.chance(4)) return;  // the checkpoint fails
    stored_ = snapshot;
    if (network_.chance(4)) return;  // the notification is lost
    slots_.on_complete(snapshot.id);
    if (network_.chance(2)) write();
    commit(snapshot.pending);
  }
  void commit(const std::vector<TransactionHandle>& handles) {
    for (const TransactionHandle& handle : handles) {
      const auto fate =
          mistake_ == Mistake::kVersionChanged ? commit_by_answer(handle) : admin_.commit(handle);
      if (!fate.ok()) continue;  // later
      failed_ = failed_ || *fate != Fate::kCommitted;
      std::erase(pending_, handle);
      const int slot = std::stoi(handle.id.substr(handle.id.find('-') + 1));
      if (!handle.id.starts_with(cat(attempt_, "-"))) continue;
      slots_.on_committed(slot);
      if (mistake_ == Mistake::kSlotFreedAtCommit) {
        slots_.on_snapshot(0);
        slots_.on_complete(0);
      }
    }
  }
  StatusOr<Fate> commit_by_answer(const TransactionHandle& handle) {
    Request request = end_transaction(handle.id, handle.producer_id, handle.epoch, true);
    for (int i = 0; i < 20; ++i, request.version = 5) {
      const auto answer = network_.call(request);
      if (!answer.ok()) continue;
      const int16_t code = read_end(*answer).value();
      if (code != error::kConcurrent)
        return code == error::kNone ? Fate::kCommitted : Fate::kAborted;
    }
    return unavailable("no answer");
  }
  void cancel() {
    for (const TransactionHandle& handle : pending_)
      broker_.end(handle.id, handle.producer_id, handle.epoch, false);
  }
  void restore() {
    const std::string earlier = cat(attempt_, "-");
    ++attempt_;
    slots_ = {};
    pending_ = stored_.pending;
    next_ = stored_.next;
    for (const auto& [id, transaction] : broker_.transactions) {
      const bool needed = std::any_of(pending_.begin(), pending_.end(),
                                      [&](const auto& handle) { return handle.id == id; });
      if (transaction.state == "Ongoing" && (!needed || mistake_ == Mistake::kFencedAtRestore)) {
        for (int i = 0; i < 50 && !admin_.fence(id).ok(); ++i) {}
      }
    }
    if (mistake_ == Mistake::kNotCommitted) pending_.clear();
    for (int i = 0; i < 50 && !pending_.empty(); ++i) commit(std::vector(pending_));
    open();
  }

  const Mistake mistake_;
  Coordinator broker_;
  Network network_;
  TransactionAdmin admin_;
  SlotBook slots_;
  TransactionHandle handle_;
  std::vector<TransactionHandle> pending_;
  Checkpoint stored_;
  int checkpoints_ = 0;
  int attempt_ = 0;
  int next_ = 0;
  bool failed_ = false;
};

/// The number of seeds under which records were lost, repeated, out of order, or given up.
int wrong_runs(Mistake mistake, uint32_t seeds) {
  int wrong = 0;
  for (uint32_t seed = 1; seed <= seeds; ++seed) {
    SinkLife life(seed, mistake);
    const std::vector<int> visible = life.run();
    std::vector<int> sorted = visible;
    std::sort(sorted.begin(), sorted.end());
    bool right = !life.failed() && visible.size() >= 60;
    for (size_t i = 0; i < sorted.size(); ++i) right = right && sorted[i] == static_cast<int>(i);
    if (!right) ++wrong;
    if (!right && mistake == Mistake::kNone) ADD_FAILURE() << "seed " << seed;
  }
  return wrong;
}

TEST(KafkaTransactions, EachRecordIsVisibleOnceAcrossKills) {
  EXPECT_EQ(wrong_runs(Mistake::kNone, 1000), 0);
}

TEST(KafkaTransactions, EachMistakeIsFound) {
  for (int number = 1; number < static_cast<int>(Mistake::kCount); ++number) {
    const auto mistake = static_cast<Mistake>(number);
    const uint32_t seeds = mistake == Mistake::kNewestEnd ? 1 : 100;  // it shows under every seed
    EXPECT_GT(wrong_runs(mistake, seeds), 0) << "mistake " << number;
  }
}

class Fates : public testing::Test {
 protected:
  Fates() {
    network.faulty = false;
    handle.id = "t";
    std::tie(handle.producer_id, handle.epoch) = broker.init("t");
    broker.produce("t", handle.epoch, 1);
  }
  Fate commit() { return admin.commit(handle).value(); }

  Coordinator broker;
  Network network{broker, 1};
  TransactionAdmin admin = admin_on(network);
  TransactionHandle handle;
};

TEST_F(Fates, CommitTwiceIsOneCommit) {
  EXPECT_EQ(commit(), Fate::kCommitted);
  EXPECT_EQ(commit(), Fate::kCommitted);
  EXPECT_EQ(broker.visible, std::vector<int>{1});
}

TEST_F(Fates, TimedOutIsAborted) {
  broker.time_out("t");
  EXPECT_EQ(commit(), Fate::kAborted);
  EXPECT_TRUE(broker.visible.empty());
}

TEST_F(Fates, StaleHandleDoesNotCommitTheNextTransaction) {
  EXPECT_EQ(commit(), Fate::kCommitted);
  const auto [producer, epoch] = broker.init("t");
  broker.produce("t", epoch, 2);
  EXPECT_EQ(commit(), Fate::kUnknown);
  EXPECT_EQ(broker.visible, std::vector<int>{1});
}

TEST_F(Fates, ForgottenIdIsUnknown) {
  broker.transactions.clear();
  EXPECT_EQ(commit(), Fate::kUnknown);
}

TEST_F(Fates, OtherProducerOfTheIdIsUnknown) {
  broker.transactions["t"].producer_id = 99;
  EXPECT_EQ(commit(), Fate::kUnknown);
}

TEST(KafkaSlots, AreFreeWhenNoCheckpointContainsTheirTransaction) {
  SlotBook book;
  EXPECT_EQ(book.take(), 0);
  EXPECT_EQ(book.take(), 1);
  book.on_snapshot(1);  // contains the transaction of 0
  book.on_complete(1);
  book.on_committed(0);
  EXPECT_EQ(book.take(), 2) << "checkpoint 1 may be restored";
  book.on_snapshot(2);
  EXPECT_EQ(book.take(), 3) << "checkpoint 2 may not complete";
  book.on_complete(1);
  EXPECT_EQ(book.take(), 4);
  book.on_complete(2);
  EXPECT_EQ(book.take(), 0);
  EXPECT_EQ(book.in_use(), 5u);
}

TEST(KafkaHandle, IsStoredWithItsVersion) {
  TransactionHandle handle{"id", 1'000'000'007, 32'000, 5, 1'700'000'000'000, 900'000};
  EXPECT_EQ(TransactionHandle::decode(handle.encode()).value(), handle);
  std::string bytes = handle.encode();
  EXPECT_FALSE(TransactionHandle::decode(bytes.substr(0, bytes.size() - 1)).ok());
  EXPECT_FALSE(TransactionHandle::decode("").ok());
  bytes[3] = 9;
  EXPECT_EQ(TransactionHandle::decode(bytes).status().message(),
            "a transaction of a Kafka sink was stored in version 9, which this program does not "
            "know: use a newer one");
}

TEST(KafkaHandle, IdsOfTwoStartsDiffer) {
  EXPECT_NE(transactional_id("p", "u", 1, 0, 0), transactional_id("p", "u", 2, 0, 0));
  EXPECT_TRUE(transactional_id("p", "u", 1, 0, 0).starts_with(transactional_id_scope("p", "u")));
  EXPECT_FALSE(transactional_id("p", "v", 1, 0, 0).starts_with(transactional_id_scope("p", "u")));
}

}  // namespace
}  // namespace weir::kafka
