#include "fleet_plan.h"

#include <algorithm>
#include <numeric>

#include "base/strings.h"

namespace weir::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

double sometimes(SimRandom& random, double most) {
  return random.chance(0.35) ? most * static_cast<double>(random.between(1, 100)) / 100 : 0;
}

int64_t one_of(SimRandom& random, std::initializer_list<int64_t> values) {
  return values.begin()[random.below(values.size())];
}

const std::string& any_of(const std::vector<std::string>& hosts, SimRandom& random) {
  return hosts[random.below(hosts.size())];
}

std::vector<std::string> without(std::vector<std::string> hosts, const std::string& host) {
  std::erase(hosts, host);
  return hosts;
}

int64_t in_ms(MonotonicTime time) { return std::chrono::duration_cast<milliseconds>(time).count(); }

/// Makes the job run for many minutes, as most real jobs do: few records, rare checkpoints, long
/// time-outs. This gives time for events that are rare in a run of seconds, such as a host that is
/// away for longer than all time-outs.
void slow_down(FleetPlan& plan, SimRandom& random) {
  plan.lasts = seconds(random.between(600, 2400));
  for (SourcePlan& source : plan.workload.sources)
    source.rate =
        static_cast<double>(source.count) / (static_cast<double>(in_ms(plan.lasts)) / 1000);
  SettingsPlan& settings = plan.settings;
  if (settings.watermark_interval_ms > 0) settings.watermark_interval_ms = 20'000;
  if (settings.interval_ms > 0) settings.interval_ms = random.between(5'000, 60'000);
  plan.heartbeat_interval_ms = 10'000;
  plan.heartbeat_timeout_ms = 50'000;
  plan.session_timeout_ms = one_of(random, {20'000, 40'000});
  plan.registration_timeout_ms = 1'200'000;
  plan.first_slot_wait_ms = 10'000;
}

}  // namespace

FleetPlan draw_fleet(SimRandom& random, bool wide) {
  FleetPlan plan;
  plan.workload = draw_workload(random, wide);
  // Several hosts share HDFS, or sometimes a mounted directory.
  plan.workload.checkpoint_disk = random.chance(0.8) ? "hdfs://nn:8020" : "file://";
  plan.workload.output_disk = random.chance(0.8) ? "hdfs://nn:8020" : "file://";
  plan.settings = draw_settings(plan.workload, nullptr, random);
  // Traffic between hosts takes time.
  plan.settings.timeout_ms = std::max<int64_t>(plan.settings.timeout_ms, 2000);
  plan.coordinators = static_cast<int>(random.between(1, 3));
  plan.elected = plan.coordinators > 1 || random.chance(0.5);
  plan.latest = random.chance(0.5);
  for (int64_t workers = random.between(1, 4); workers > 0; --workers)
    plan.slots.push_back(static_cast<int>(random.between(1, 3)));
  const int slots = std::accumulate(plan.slots.begin(), plan.slots.end(), 0);
  plan.fixed_width = random.chance(0.25);
  if (plan.fixed_width) {
    plan.settings.parallelism = std::min(plan.settings.parallelism, slots);
    plan.settings.sink_parallelism = std::min(plan.settings.sink_parallelism, slots);
  }
  plan.heartbeat_interval_ms = one_of(random, {100, 500, 1000});
  plan.heartbeat_timeout_ms = plan.heartbeat_interval_ms * random.between(3, 10);
  plan.session_timeout_ms = one_of(random, {2000, 4000, 10000});
  plan.registration_timeout_ms = random.between(60'000, 120'000);
  plan.first_slot_wait_ms = one_of(random, {0, 500, 10'000});
  plan.lasts = seconds(2);
  if (random.chance(0.6)) slow_down(plan, random);
  return plan;
}

FleetFaults draw_fleet_faults(const FleetPlan& plan, SimRandom& random) {
  FleetFaults faults;
  const bool slow = plan.lasts >= seconds(60);
  faults.phase =
      slow ? MonotonicTime(random.between(plan.lasts.count() / 4, plan.lasts.count() * 3 / 2))
           : milliseconds(random.between(1000, 60000));
  faults.restart_when_finished = 0.3;
  if (random.chance(0.08)) return faults;  // no faults
  const FaultPlan of_one = draw_faults(plan.workload, random);
  faults.world = of_one.world;
  faults.world.kill_at_file_operation /= static_cast<double>(plan.slots.size() + 1);
  faults.world.connection_loss = sometimes(random, 0.005);
  faults.world.reset_after_partition = random.chance(0.5) ? 0.3 : 0;
  faults.checkpoint_files = of_one.checkpoint_files;
  faults.output_files = of_one.output_files;
  if (random.chance(0.6)) {
    ZooKeeperFaults& zookeeper = faults.zookeeper;
    zookeeper.fail_before = sometimes(random, 0.05);
    zookeeper.fail_after = sometimes(random, 0.1);
    zookeeper.late = sometimes(random, 0.1);
    zookeeper.suspend = sometimes(random, 0.02);
    zookeeper.suspend_max = milliseconds(2 * plan.session_timeout_ms);
    zookeeper.stale_read = sometimes(random, 0.5);
    zookeeper.kill_at_call = sometimes(random, 0.005);
  }
  // In a long run, events are rarer and last longer by this factor.
  const int64_t pace = slow ? random.between(10, 40) : 1;
  if (random.chance(0.2)) faults.outage_gap = pace * milliseconds(random.between(1000, 20000));
  faults.outage_max = milliseconds(one_of(random, {500, 3 * plan.session_timeout_ms}));
  faults.down_max = milliseconds(one_of(random, {100, 1000, 2000, 20000})) *
                    (slow || random.chance(0.5) ? pace / 2 + 1 : 1);
  if (random.chance(0.6)) faults.kill_gap = pace * milliseconds(random.between(300, 10000));
  faults.kill_leader = random.chance(0.5) ? 0.5 : 0;
  faults.kill_many = sometimes(random, 0.2);
  faults.vanish = sometimes(random, 0.5);
  const int64_t longest = 2 * std::max(plan.heartbeat_timeout_ms, plan.session_timeout_ms);
  if (random.chance(0.4)) faults.pause_gap = pace * milliseconds(random.between(1000, 15000));
  faults.pause_max = milliseconds(one_of(random, {200, longest, longest, slow ? 400'000 : 40'000}));
  faults.pause_leader = random.chance(0.5) ? 0.5 : 0;
  faults.pause_inside = random.chance(0.5) ? 0.5 : 0;
  if (plan.elected && plan.coordinators > 1 && random.chance(0.4))
    faults.depose_gap = pace * milliseconds(random.between(3000, 20000));
  faults.depose_unseen = random.chance(0.5) ? 0.7 : 0;
  if (faults.world.slow_operation_max > seconds(1)) {
    faults.world.slow_operation_max =
        milliseconds(plan.session_timeout_ms * one_of(random, {1, 2, 3}));
  }
  if (random.chance(0.6)) faults.cut_gap = pace * milliseconds(random.between(500, 15000));
  faults.cut_max = milliseconds(one_of(random, {200, longest, longest, slow ? 600'000 : 60'000}));
  faults.one_way = one_of(random, {0, 1, 1}) == 0 ? 0 : 0.5;
  for (int kind = 0; kind < kCutKinds; ++kind) {
    if (random.chance(0.4)) faults.cut_kinds.push_back(static_cast<CutKind>(kind));
  }
  if (faults.cut_kinds.empty())
    faults.cut_kinds.push_back(static_cast<CutKind>(random.below(kCutKinds)));
  faults.wall_skew = of_one.wall_skew;
  return faults;
}

FleetHosts hosts_of(const FleetPlan& plan) {
  FleetHosts hosts;
  for (int i = 1; i <= plan.coordinators; ++i) hosts.coordinators.push_back(cat("coordinator-", i));
  for (size_t i = 1; i <= plan.slots.size(); ++i) hosts.workers.push_back(cat("worker-", i));
  hosts.zookeeper = "zookeeper";
  hosts.storage = "hdfs";
  return hosts;
}

Partition draw_partition(const FleetFaults& faults, const FleetHosts& hosts, SimRandom& random) {
  std::vector<std::string> processes = hosts.coordinators;
  processes.insert(processes.end(), hosts.workers.begin(), hosts.workers.end());
  std::vector<std::string> all = processes;
  all.push_back(hosts.zookeeper);
  all.push_back(hosts.storage);
  Partition cut;
  switch (faults.cut_kinds[random.below(faults.cut_kinds.size())]) {
    case CutKind::kPair:
      cut.a = {any_of(all, random)};
      cut.b = {any_of(without(all, cut.a[0]), random)};
      break;
    case CutKind::kIsolated:
      cut.a = {any_of(processes, random)};
      cut.b = without(all, cut.a[0]);
      break;
    case CutKind::kElection:
      cut.a = {any_of(hosts.coordinators, random)};
      cut.b = {hosts.zookeeper};
      break;
    case CutKind::kControl:
      cut.a = {any_of(hosts.workers, random)};
      cut.b = hosts.coordinators;
      break;
    case CutKind::kData:
      cut.a = {any_of(hosts.workers, random)};
      cut.b = without(hosts.workers, cut.a[0]);
      if (cut.b.size() > 1) cut.b = {any_of(cut.b, random)};
      break;
    case CutKind::kStorage:
      cut.a = {any_of(processes, random)};
      cut.b = {hosts.storage};
      break;
    case CutKind::kHalves:
      for (const std::string& host : all) (random.chance(0.5) ? cut.a : cut.b).push_back(host);
      break;
  }
  if (random.chance(0.5)) std::swap(cut.a, cut.b);
  cut.one_way = random.chance(faults.one_way);
  return cut;
}

std::string describe(const FleetPlan& plan) {
  std::string text =
      cat(describe(plan.workload), "\n  ", describe(plan.settings), "\n  ", plan.coordinators,
          " coordinators", plan.elected ? " elected, workers with" : ", workers with");
  for (const int slots : plan.slots) text += cat(' ', slots);
  return text + cat(" slots", plan.fixed_width ? ", fixed" : "", ", heartbeat ",
                    plan.heartbeat_interval_ms, '/', plan.heartbeat_timeout_ms, " ms, session ",
                    plan.session_timeout_ms, " ms, lasts ", in_ms(plan.lasts) / 1000, " s",
                    plan.latest ? ", latest" : "");
}

std::string describe(const FleetFaults& faults) {
  static constexpr const char* kKinds[] = {"pair", "isolated", "election", "control",
                                           "data", "storage",  "halves"};
  std::string text = cat(
      "operations rest ", static_cast<int64_t>(1000 * faults.world.slow_operation),
      " in 1000 up to ", in_ms(faults.world.slow_operation_max), " ms, leaders are deposed each ",
      in_ms(faults.depose_gap), " ms; faults for ", in_ms(faults.phase), " ms: kills each ",
      in_ms(faults.kill_gap), " ms, down ", in_ms(faults.down_max), " ms, pauses each ",
      in_ms(faults.pause_gap), " up to ", in_ms(faults.pause_max), " ms, partitions each ",
      in_ms(faults.cut_gap), " up to ", in_ms(faults.cut_max), " ms");
  for (const CutKind kind : faults.cut_kinds) text += cat(' ', kKinds[static_cast<int>(kind)]);
  return text;
}

}  // namespace weir::sim
