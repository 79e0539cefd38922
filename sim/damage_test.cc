// Flips a bit of the newest checkpoint while a job on several processes runs. Then its leader or a
// worker dies.

#include <gtest/gtest.h>

#include "base/log.h"
#include "sim_network.h"
#include "small_fleet.h"

namespace weir::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(Damage, WithoutAPointerTheJobRestoresTheCheckpointBefore) {
  set_log_level(LogLevel::kError);
  Fleet fleet(/*elected=*/false);
  fleet.run_until_checkpoints(3);
  const int64_t damaged = fleet.damage_newest();
  fleet.worker(1).process->kill();
  fleet.start_worker(1);
  const auto restores = [&](int64_t id) {
    return fleet.run_until([&] {
      return fleet.leader() != nullptr && fleet.leader()->member->view().restored_checkpoint == id;
    });
  };
  ASSERT_TRUE(restores(damaged)) << "it looks good from outside";
  ASSERT_TRUE(restores(damaged - 1)) << "nobody has seen the damage";
  const std::string text = fleet.leader()->member->text();
  EXPECT_NE(text.find(cat(kHdfsDisk, Fleet::job_directory(), "/chk-", damaged, "/data-")),
            std::string::npos)
      << text;
  EXPECT_NE(
      text.find(" bytes at 0 do not match the checksum that was stored when they were written"),
      std::string::npos)
      << "the worker has seen it: " << text;
  ASSERT_TRUE(fleet.run_until([&] { return fleet.finished(); })) << text;
  for (const std::string& complaint : fleet.wrong_at_the_end()) ADD_FAILURE() << complaint;
}

TEST(Damage, WithAPointerANewLeaderRefusesTheDamagedCheckpoint) {
  set_log_level(LogLevel::kError);
  Fleet fleet(/*elected=*/true);
  fleet.run_until_checkpoints(3);
  const int64_t damaged = fleet.damage_newest();
  Seat& first = *fleet.leader();
  Seat& leader = fleet.coordinator(&first == &fleet.coordinator(0) ? 1 : 0);
  first.process->kill();
  ASSERT_TRUE(fleet.run_until([&] { return leader.member->ended(); })) << leader.member->text();
  EXPECT_FALSE(leader.member->view().finished);
  const std::string text = leader.member->text();
  EXPECT_NE(text.find("the job is FAILED"), std::string::npos) << text;
  EXPECT_NE(text.find(cat(", 0 restarts (", kHdfsDisk, Fleet::job_directory(), "/chk-", damaged,
                          "/data-")),
            std::string::npos)
      << text;
  EXPECT_NE(
      text.find(
          " is damaged: its checksum does not match the one that was stored when it was written)"),
      std::string::npos)
      << text;
  EXPECT_FALSE(fleet.result_is_recorded()) << "when it is mended the job can be started again";
}

}  // namespace
}  // namespace weir::sim
