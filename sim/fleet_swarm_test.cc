// Seeds of jobs on several processes. WEIR_SIM_SEED=n runs one seed and prints the end of its trace
// and the engine's log. WEIR_SIM_SEEDS=from-to runs other seeds than the default ones.

#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "base/log.h"
#include "base/strings.h"
#include "fleet_roles.h"
#include "fleet_run.h"

namespace weir::sim {
namespace {

constexpr uint64_t kSeeds = 2000;
constexpr uint64_t kTwiceEvery = 40;

struct Range {
  uint64_t from = 1;
  uint64_t to = kSeeds;
};

Range seeds_to_run() {
  const char* text = std::getenv("WEIR_SIM_SEEDS");
  if (text == nullptr) return {};
  const auto parts = split(text, '-');
  return {std::strtoull(std::string(parts.front()).c_str(), nullptr, 10),
          std::strtoull(std::string(parts.back()).c_str(), nullptr, 10)};
}

std::string report(uint64_t seed, const FleetResult& result) {
  std::string text = cat("seed ", seed, " fails; to see it again: WEIR_SIM_SEED=", seed,
                         " weir_fleet_swarm_test\n  ", result.description, "\n");
  for (const std::string& failure : result.failures) text += cat("  ", failure, "\n");
  return text;
}

FleetResult run_quietly(uint64_t seed) {
  set_log_sink([](LogLevel, std::string_view) {});
  return run_fleet(seed, engine_roles());
}

TEST(FleetSwarm, OneSeedInDetail) {
  const char* text = std::getenv("WEIR_SIM_SEED");
  if (text == nullptr) GTEST_SKIP() << "set WEIR_SIM_SEED to run a single seed";
  const uint64_t seed = std::strtoull(text, nullptr, 10);
  const char* lines = std::getenv("WEIR_SIM_TRACE");
  const FleetResult result =
      run_fleet(seed, engine_roles(),
                {.trace_lines = lines == nullptr ? 300 : std::strtoull(lines, nullptr, 10)});
  if (!result.failures.empty()) {
    for (const std::string& line : result.trace) std::fprintf(stderr, "%s\n", line.c_str());
  }
  EXPECT_TRUE(result.failures.empty()) << report(seed, result);
  std::printf("%s\n%s\n", result.description.c_str(),
              cat("trace hash ", result.trace_hash).c_str());
}

TEST(FleetSwarm, NoWrongResultIsVisibleAndEveryJobFinishes) {
  if (std::getenv("WEIR_SIM_SEED") != nullptr) GTEST_SKIP();
  const auto [from, to] = seeds_to_run();
  const auto begin = std::chrono::steady_clock::now();
  FleetStatistics sum;
  int failed = 0;
  uint64_t twice = 0;
  for (uint64_t seed = from; seed <= to; ++seed) {
    const FleetResult result = run_quietly(seed);
    sum.add(result.statistics);
    if (!result.failures.empty() && ++failed <= 10) ADD_FAILURE() << report(seed, result);
    if (seed % kTwiceEvery == 0) {
      ++twice;
      EXPECT_EQ(run_quietly(seed).trace_hash, result.trace_hash)
          << "seed " << seed << " runs differently the second time";
    }
  }
  const double real =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  const double hours =
      std::chrono::duration<double, std::ratio<3600>>(sum.engine.virtual_time).count();
  const auto line = [](const std::string& text) {
    std::printf("summary: fleet: %s\n", text.c_str());
  };
  char times[100];
  std::snprintf(times, sizeof times, "%.1f s, %.1f simulated hours of clusters", real, hours);
  line(cat(to - from + 1, " seeds (", twice, " twice), ", failed, " failed, ", times, ", ",
           sum.engine.events, " events"));
  line(cat(sum.starts, " processes, ", sum.kills, " killed, ", sum.leader_kills,
           " of them while leading, ", sum.asked_to_leave, " asked to leave, ", sum.pauses,
           " paused, ", sum.partitions, " partitions, ", sum.engine.file_faults, " file faults, ",
           sum.unfinished_exits, " gave up by themselves, blocking work rested ", sum.engine.rests,
           " times in its middle, ", sum.depositions,
           " leaders were stopped until another could lead, ", sum.delayed_barriers,
           " times a barrier was to come late"));
  line(cat(sum.leaders, " leaders, at ", sum.double_leaders, " looks two believed to lead; ",
           sum.attempts, " attempts, ", sum.rescaled, " restored at another parallelism, ",
           sum.engine.restores, " leaderships that went on from a checkpoint"));
  const FleetRequests::Counts& asked = sum.requests;
  line(cat(asked.savepoints, " savepoints requested, ", asked.stops, " to stop the job, ",
           asked.drains, " of them drained, ", asked.checkpoints, " checkpoints requested, ",
           asked.cancels, " cancellations; ", asked.refused, " answered with an error, ",
           asked.taken, " savepoints taken, ", asked.restored, " restored at the end"));
  line(cat(sum.engine.restarts_inside, " restarts by a leader, ", sum.engine.completed_checkpoints,
           " checkpoints completed, ", sum.engine.failed_checkpoints, " failed, ",
           sum.engine.records, " records read"));
}

}  // namespace
}  // namespace weir::sim
