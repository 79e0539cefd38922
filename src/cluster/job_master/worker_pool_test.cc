#include "cluster/job_master/worker_pool.h"

#include <gtest/gtest.h>

#include "cluster/testing/fake_world.h"

namespace weir::cluster_tests {
namespace {

class WorkerPoolTest : public testing::Test {
 protected:
  PooledWorker& add(int64_t session, const std::string& name, int slots) {
    PooledWorker& worker = pool_.add(session, std::make_unique<LineEnd>(std::make_shared<Line>()),
                                     MonotonicTime(session));
    RegisterWorker offer;
    offer.worker = name;
    offer.host = name;
    offer.slots = slots;
    pool_.enroll(worker, offer);
    return worker;
  }

  WorkerPool pool_;
};

TEST_F(WorkerPoolTest, CountsSlotsOfConnectedWorkers) {
  add(1, "a", 2);
  PooledWorker& b = add(2, "b", 3);
  pool_.add(3, std::make_unique<LineEnd>(std::make_shared<Line>()), MonotonicTime(3));
  EXPECT_EQ(pool_.slots(), 5);
  EXPECT_EQ(pool_.registered(), 2);
  RegisterWorker offer = b.offer;
  offer.slots = 1;
  pool_.enroll(b, offer);  // registers again, with another number of slots
  EXPECT_EQ(pool_.slots(), 3);
  EXPECT_EQ(pool_.registered(), 2);
  pool_.remove(2);
  pool_.remove(2);
  pool_.remove(3);
  EXPECT_EQ(pool_.slots(), 2);
  EXPECT_EQ(pool_.registered(), 1);
  EXPECT_FALSE(pool_.empty());
  pool_.remove(1);
  EXPECT_TRUE(pool_.empty());
}

TEST_F(WorkerPoolTest, AttemptWithALostWorkerIsNeverComplete) {
  PooledWorker& a = add(1, "a", 1);
  add(2, "b", 1);
  pool_.place(2);
  a.deployed = true;
  EXPECT_FALSE(pool_.all_of_attempt(&PooledWorker::deployed));
  pool_.remove(2);
  EXPECT_FALSE(pool_.all_of_attempt(&PooledWorker::deployed)) << "the one that is left is not all";
  EXPECT_EQ(pool_.of_attempt().size(), 1u);
  EXPECT_EQ(pool_.attempt_size(), 2);
  pool_.place(1);
  EXPECT_FALSE(a.deployed) << "of the attempt before";
  a.deployed = true;
  EXPECT_TRUE(pool_.all_of_attempt(&PooledWorker::deployed));
}

TEST_F(WorkerPoolTest, ShardStaysWithItsWorker) {
  add(1, "a", 1);
  add(2, "b", 1);
  const std::vector<int32_t> before = pool_.place(2);
  std::vector<std::string> names;
  for (const int32_t index : before)
    names.push_back(pool_.of_attempt()[static_cast<size_t>(index)]->offer.worker);
  pool_.remove(1);
  pool_.forget_attempt();
  add(3, "a", 1);  // reconnects, in a later session
  const std::vector<int32_t> after = pool_.place(2);
  for (size_t shard = 0; shard < 2; ++shard) {
    EXPECT_EQ(pool_.of_attempt()[static_cast<size_t>(after[shard])]->offer.worker, names[shard]);
  }
}

TEST_F(WorkerPoolTest, LeastWatermarkCoversOnlyTheAttemptsWorkers) {
  PooledWorker& a = add(1, "a", 1);
  PooledWorker& b = add(2, "b", 1);
  EXPECT_EQ(pool_.least_watermark(), kMaxWatermark);
  pool_.place(2);
  EXPECT_EQ(pool_.least_watermark(), kMinWatermark);
  pool_.set_watermark(a, 10);
  pool_.set_watermark(b, 20);
  EXPECT_EQ(pool_.least_watermark(), 10);
  pool_.remove(1);
  EXPECT_EQ(pool_.least_watermark(), 20);
  pool_.place(1);
  EXPECT_EQ(pool_.least_watermark(), kMinWatermark) << "the next attempt begins anew";
  pool_.set_watermark(b, 30);
  EXPECT_EQ(pool_.least_watermark(), 30);
}

TEST_F(WorkerPoolTest, ListsSilentWorkers) {
  add(5, "a", 1);
  add(9, "b", 1);
  EXPECT_TRUE(pool_.silent_since(MonotonicTime(4)).empty());
  EXPECT_EQ(pool_.silent_since(MonotonicTime(5)), std::vector<int64_t>{5});
  pool_.find(5)->last_heard = MonotonicTime(12);
  EXPECT_EQ(pool_.silent_since(MonotonicTime(11)), std::vector<int64_t>{9});
}

}  // namespace
}  // namespace weir::cluster_tests
