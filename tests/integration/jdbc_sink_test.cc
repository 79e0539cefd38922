// The parts of JdbcSink against a real PostgreSQL, whose connection string is in
// WEIR_TEST_POSTGRES.

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <thread>

#include "connectors/test_host.h"
#include "postgres/connection.h"
#include "weir/connector/jdbc_sink.h"

namespace weir {
namespace {

using postgres::Connection;

std::string parameters() {
  const char* value = std::getenv("WEIR_TEST_POSTGRES");
  return value == nullptr ? "" : value;
}

std::unique_ptr<Connection> connect() {
  auto opened = Connection::open(parameters(), std::chrono::seconds(20));
  EXPECT_TRUE(opened.ok()) << opened.status().to_string();
  return std::move(opened).value();
}

std::string query(Connection& connection, const std::string& sql) {
  const auto answer = connection.run(sql, {}, "ask");
  return answer.ok() ? answer->first : answer.status().to_string();
}

void wait_until(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!condition() && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
}

/// A table of its own for each test, and rows of one writer for it.
class JdbcSinkTest : public testing::Test {
 protected:
  JdbcSinkTest() {
    EXPECT_EQ(query(*db_, "DROP TABLE IF EXISTS numbers, weir_epochs"), "");
    EXPECT_EQ(query(*db_, "CREATE TABLE numbers (n int CHECK (n < 1000), note text)"), "");
  }

  JdbcSink<int64_t>::Builder builder(std::string sql = "INSERT INTO numbers VALUES ($1, $2)") {
    auto builder = JdbcSink<int64_t>::builder();
    builder.connection(parameters())
        .query_statement(std::move(sql),
                         [](JdbcStatement& row, int64_t n) { row.set(1, n).set_null(2); })
        .delivery_guarantee(DeliveryGuarantee::kExactlyOnce);
    return builder;
  }

  /// The committables of epochs 1, 2, … with these numbers.
  std::vector<std::vector<std::string>> epochs(const JdbcSink<int64_t>& sink,
                                               const std::vector<std::vector<int64_t>>& numbers) {
    EXPECT_EQ(sink.probe(host_).to_string(), "OK");
    const auto writer = sink.create_writer();
    EXPECT_TRUE(writer->open(host_).ok());
    std::vector<std::vector<std::string>> committables;
    for (const auto& of_epoch : numbers) {
      BatchOf<int64_t> batch;
      for (const int64_t n : of_epoch) batch.add(n);
      writer->write(batch);
      TestSnapshot snapshot(static_cast<int64_t>(committables.size()) + 1);
      committables.push_back(writer->prepare_commit(snapshot));
      EXPECT_EQ(snapshot.acknowledge().to_string(), "OK");
    }
    return committables;
  }
  std::unique_ptr<Committer> committer(const JdbcSink<int64_t>& sink) {
    return sink.create_committer(host_);
  }
  std::string rows() {
    return query(*db_, "SELECT coalesce(string_agg(n::text, ' ' ORDER BY n), '') FROM numbers");
  }

  TestHost host_{nullptr, {}};
  const std::unique_ptr<Connection> db_ = connect();
};

TEST_F(JdbcSinkTest, RowsAreWrittenAtTheCommitAndOnce) {
  const auto sink = builder().build();
  const auto made = epochs(sink, {{1, 2, 3}});
  EXPECT_EQ(rows(), "");
  const auto mine = committer(sink);
  EXPECT_EQ(mine->commit(made[0]).to_string(), "OK");
  EXPECT_EQ(mine->commit(made[0]).to_string(), "OK");
  EXPECT_EQ(committer(sink)->commit(made[0]).to_string(), "OK");
  EXPECT_EQ(rows(), "1 2 3");
}

TEST_F(JdbcSinkTest, AProcessThatIsLateWritesNothing) {
  const auto sink = builder().build();
  const auto made = epochs(sink, {{1}, {2}, {3}});
  const std::vector<std::string> all = {made[1][0], made[0][0]};
  EXPECT_EQ(committer(sink)->commit(all).to_string(), "OK");
  EXPECT_EQ(committer(sink)->commit(made[0]).to_string(), "OK");  // of an earlier process
  EXPECT_EQ(committer(sink)->commit(made[2]).to_string(), "OK");
  EXPECT_EQ(rows(), "1 2 3");
  EXPECT_EQ(query(*db_, "SELECT count(*) FROM weir_epochs"), "1");
}

TEST_F(JdbcSinkTest, TwoProcessesAtTheSameTimeWriteRowsOnce) {
  const auto sink = builder().batch_size(7).build();
  std::vector<int64_t> numbers(500);
  for (size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<int64_t>(i);
  const auto made = epochs(sink, {numbers});
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] { EXPECT_EQ(committer(sink)->commit(made[0]).to_string(), "OK"); });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(query(*db_, "SELECT count(*) || ' ' || count(DISTINCT n) FROM numbers"), "500 500");
}

TEST_F(JdbcSinkTest, ARowThatIsRefusedLeavesNothingOfItsEpoch) {
  const auto sink = builder().build();
  const auto made = epochs(sink, {{1, 5000, 2}});
  const auto mine = committer(sink);
  const Status refused = mine->commit(made[0]);
  EXPECT_EQ(refused.code(), StatusCode::kFailedPrecondition);
  EXPECT_NE(refused.message().find("[23514]"), std::string_view::npos) << refused.message();
  EXPECT_NE(refused.message().find("numbers_n_check"), std::string_view::npos);
  EXPECT_EQ(rows(), "");
  EXPECT_EQ(query(*db_, "ALTER TABLE numbers DROP CONSTRAINT numbers_n_check"), "");
  EXPECT_EQ(mine->commit(made[0]).to_string(), "OK");
  EXPECT_EQ(rows(), "1 2 5000");
}

TEST_F(JdbcSinkTest, ADeferredConstraintIsNoticedAtTheEnd) {
  EXPECT_EQ(query(*db_, "ALTER TABLE numbers ADD UNIQUE (n) DEFERRABLE INITIALLY DEFERRED"), "");
  const auto sink = builder().build();
  const auto made = epochs(sink, {{1, 2, 2}});
  const auto refused = committer(sink)->commit(made[0]);
  EXPECT_NE(refused.message().find("[23505]"), std::string_view::npos) << refused.to_string();
  EXPECT_EQ(rows(), "");
}

TEST_F(JdbcSinkTest, ASerializationFailureIsRepeated) {
  EXPECT_EQ(query(*db_, "INSERT INTO numbers VALUES (7, '')"), "");
  const auto sink =
      builder("UPDATE numbers SET n = n + $1::int, note = $2")
          .connection(parameters() + " options='-c default_transaction_isolation=serializable'")
          .build();
  const auto made = epochs(sink, {{1}});
  EXPECT_EQ(query(*db_, "BEGIN"), "");
  EXPECT_EQ(query(*db_, "UPDATE numbers SET n = n + 10"), "");
  Status first;
  const auto mine = committer(sink);
  std::thread other([&] { first = mine->commit(made[0]); });
  const auto watcher = connect();
  wait_until([&] {
    return query(*watcher,
                 "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'") == "1";
  });
  EXPECT_EQ(query(*db_, "COMMIT"), "");
  other.join();
  EXPECT_EQ(first.code(), StatusCode::kUnavailable) << first.to_string();
  EXPECT_NE(first.message().find("[40001]"), std::string_view::npos) << first.message();
  EXPECT_EQ(mine->commit(made[0]).to_string(), "OK");
  EXPECT_EQ(rows(), "18");
}

TEST_F(JdbcSinkTest, AnOlderCheckpointIsRefusedUnlessAccepted) {
  const auto sink = builder().build();
  const auto made = epochs(sink, {{1}, {2}});
  EXPECT_EQ(committer(sink)->commit(made[0]).to_string(), "OK");
  EXPECT_EQ(committer(sink)->commit(made[1]).to_string(), "OK");
  SinkStart start{.pending = made[0],
                  .restored_checkpoint = 2,
                  .uid = host_.uid(),
                  .run_nonce = host_.run_nonce(),
                  .continues_run = true};
  EXPECT_TRUE(committer(sink)->find_orphans(start).ok());
  start.restored_checkpoint = 1;
  const auto refused = committer(sink)->find_orphans(start);
  EXPECT_EQ(refused.status().code(), StatusCode::kFailedPrecondition);
  EXPECT_NE(refused.status().message().find("rows of checkpoint 2 are in the database"),
            std::string_view::npos);
  const auto lenient = builder().on_older_checkpoint(OlderCheckpoint::kAccept).build();
  EXPECT_TRUE(committer(lenient)->find_orphans(start).ok());
  start.continues_run = false;
  EXPECT_TRUE(committer(sink)->find_orphans(start).ok());
}

/// Starts of a job one after another, each with a writer of its own.
class JdbcSinkStarts : public JdbcSinkTest {
 protected:
  /// What a start commits from now on; its epochs begin behind the restored checkpoint.
  std::vector<std::string> rows_of(uint64_t nonce, int64_t epoch, int64_t number) {
    TestHost host{nullptr, {.nonce = nonce, .run = 1}};
    EXPECT_EQ(sink_.probe(host).to_string(), "OK");
    const auto writer = sink_.create_writer();
    EXPECT_TRUE(writer->open(host).ok());
    BatchOf<int64_t> batch;
    batch.add(number);
    writer->write(batch);
    TestSnapshot snapshot(epoch);
    const auto made = writer->prepare_commit(snapshot);
    EXPECT_EQ(snapshot.acknowledge().to_string(), "OK");
    return made;
  }
  Status commit(const std::vector<std::string>& made) { return committer(sink_)->commit(made); }
  /// As a start that restores a checkpoint does before its first record.
  Status begin(int64_t restored, std::vector<std::string> pending = {}) {
    const SinkStart start{.pending = std::move(pending),
                          .restored_checkpoint = restored,
                          .uid = host_.uid(),
                          .run_nonce = 1,
                          .continues_run = true};
    const auto mine = committer(sink_);
    const auto orphans = mine->find_orphans(start);
    if (!orphans.ok()) return orphans.status();
    const Status removed = mine->remove_orphans(*orphans);
    return removed.ok() ? mine->commit(start.pending) : removed;
  }
  std::string entries() { return query(*db_, "SELECT count(*) FROM weir_epochs"); }

  const JdbcSink<int64_t> sink_ = builder().on_older_checkpoint(OlderCheckpoint::kAccept).build();
};

TEST_F(JdbcSinkStarts, EntriesOfEndedWritersAreRemoved) {
  for (int64_t start = 1; start <= 5; ++start) {
    EXPECT_EQ(commit(rows_of(static_cast<uint64_t>(start), start, start)).to_string(), "OK");
    EXPECT_EQ(begin(start).to_string(), "OK");
    EXPECT_EQ(entries(), "1");  // of the run
  }
  EXPECT_EQ(query(*db_, "SELECT count(*) FROM numbers"), "5");
}

TEST_F(JdbcSinkStarts, ALateProcessOfAnEndedWriterWritesNothing) {
  const auto first = rows_of(1, 1, 10);
  const auto second = rows_of(2, 2, 20);
  EXPECT_EQ(commit(first).to_string(), "OK");
  EXPECT_EQ(commit(second).to_string(), "OK");
  EXPECT_EQ(begin(2).to_string(), "OK");
  EXPECT_EQ(entries(), "1");
  EXPECT_EQ(commit(first).to_string(), "OK");
  EXPECT_EQ(commit(second).to_string(), "OK");
  EXPECT_EQ(rows(), "10 20");
  EXPECT_EQ(commit(rows_of(3, 3, 30)).to_string(), "OK");
  EXPECT_EQ(rows(), "10 20 30");
}

TEST_F(JdbcSinkStarts, PendingRowsOfAnEndedWriterAreStillWrittenOnce) {
  const auto written = rows_of(1, 2, 10);
  const auto waiting = rows_of(2, 2, 20);
  EXPECT_EQ(commit(written).to_string(), "OK");
  const std::vector<std::string> pending = {written[0], waiting[0]};
  for (int i = 0; i < 2; ++i) EXPECT_EQ(begin(2, pending).to_string(), "OK");
  EXPECT_EQ(rows(), "10 20");
  EXPECT_EQ(entries(), "3");
  EXPECT_EQ(begin(3).to_string(), "OK");
  EXPECT_EQ(entries(), "1");
}

TEST_F(JdbcSinkStarts, AfterGoingBackNewEpochsAreWritten) {
  for (int64_t epoch = 1; epoch <= 5; ++epoch)
    EXPECT_EQ(commit(rows_of(1, epoch, epoch)).to_string(), "OK");
  EXPECT_EQ(begin(5).to_string(), "OK");
  EXPECT_EQ(begin(2).to_string(), "OK");
  EXPECT_EQ(commit(rows_of(2, 3, 33)).to_string(), "OK");
  EXPECT_EQ(rows(), "1 2 3 4 5 33");
}

TEST_F(JdbcSinkStarts, ACommitAndARemovalAtTheSameTimeWriteRowsOnce) {
  for (int64_t epoch = 1; epoch <= 8; ++epoch) {
    const auto made = rows_of(static_cast<uint64_t>(epoch), epoch, epoch);
    std::thread late([&] { EXPECT_EQ(commit(made).to_string(), "OK"); });
    EXPECT_EQ(commit(made).to_string(), "OK");
    EXPECT_EQ(begin(epoch).to_string(), "OK");
    late.join();
  }
  EXPECT_EQ(query(*db_, "SELECT count(*) || ' ' || count(DISTINCT n) FROM numbers"), "8 8");
}

TEST_F(JdbcSinkStarts, WithoutThePermissionEntriesStay) {
  EXPECT_EQ(commit(rows_of(1, 1, 1)).to_string(), "OK");
  EXPECT_EQ(query(*db_,
                  "CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
                  "$$ BEGIN RAISE insufficient_privilege; END $$"),
            "");
  EXPECT_EQ(query(*db_,
                  "CREATE TRIGGER refuse BEFORE DELETE ON weir_epochs EXECUTE FUNCTION "
                  "refuse()"),
            "");
  EXPECT_EQ(begin(1).to_string(), "OK");
  EXPECT_EQ(entries(), "1");
  EXPECT_EQ(commit(rows_of(2, 2, 2)).to_string(), "OK");
  EXPECT_EQ(rows(), "1 2");
}

TEST_F(JdbcSinkTest, RowsOfAnEarlierStatementAreWrittenByIt) {
  const auto earlier = builder().build();
  const auto made = epochs(earlier, {{1}});
  const auto later = builder("INSERT INTO numbers (note, n) VALUES ($2, -$1::int)").build();
  EXPECT_EQ(committer(later)->commit(made[0]).to_string(), "OK");
  EXPECT_EQ(rows(), "1");
}

TEST_F(JdbcSinkTest, ACheckpointDoesNotWaitForLaterRows) {
  const auto sink =
      builder().delivery_guarantee(DeliveryGuarantee::kAtLeastOnce).batch_size(10).build();
  const auto writer = sink.create_writer();
  ASSERT_TRUE(writer->open(host_).ok());
  const auto write = [&](int64_t n) {
    while (!writer->can_accept()) std::this_thread::yield();
    BatchOf<int64_t> batch;
    batch.add(n);
    writer->write(batch);
  };
  write(1);
  TestSnapshot snapshot(1);
  EXPECT_TRUE(writer->prepare_commit(snapshot).empty());
  for (int64_t n = 2; n < 30; ++n) write(n);
  EXPECT_EQ(snapshot.acknowledge().to_string(), "OK");
  EXPECT_EQ(rows(), "1 2 3 4 5 6 7 8 9 10");
  host_.run_jobs();
  EXPECT_EQ(query(*db_, "SELECT count(*) FROM numbers"), "29");
}

TEST_F(JdbcSinkTest, TextIsUtf8WhateverTheEnvironmentSays) {
  auto text = JdbcSink<int64_t>::builder();
  text.connection(parameters() + " client_encoding=LATIN1")
      .query_statement("INSERT INTO numbers VALUES (length($1), $1)",
                       [](JdbcStatement& row, int64_t) { row.set(1, "é€"); })
      .delivery_guarantee(DeliveryGuarantee::kExactlyOnce);
  const auto sink = text.build();
  const auto made = epochs(sink, {{1}});
  EXPECT_EQ(committer(sink)->commit(made[0]).to_string(), "OK");
  EXPECT_EQ(rows(), "2");
}

TEST_F(JdbcSinkTest, CommitsAreNotLostWithTheServersMemory) {
  EXPECT_EQ(query(*db_, "CREATE TABLE IF NOT EXISTS durable (n int, note text, mode text)"), "");
  const auto sink = builder(
                        "INSERT INTO durable VALUES ($1, $2, "
                        "current_setting('synchronous_commit'))")
                        .connection(parameters() + " options='-c synchronous_commit=off'")
                        .build();
  const auto made = epochs(sink, {{1}});
  EXPECT_EQ(committer(sink)->commit(made[0]).to_string(), "OK");
  EXPECT_EQ(query(*db_, "SELECT mode FROM durable"), "on");
  EXPECT_EQ(query(*db_, "DROP TABLE durable"), "");
}

}  // namespace
}  // namespace weir
