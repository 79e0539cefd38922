#include "fleet_run.h"

#include <algorithm>
#include <map>

#include "base/strings.h"
#include "fleet_election.h"
#include "fleet_end.h"
#include "fleet_requests.h"
#include "fleet_trouble.h"
#include "oracle_files.h"
#include "sim_network.h"
#include "sim_zookeeper.h"
#include "weir/detail/base/check.h"

namespace weir::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr MonotonicTime kLivenessBound = std::chrono::minutes(15);
constexpr uint64_t kMaxEvents = 12'000'000;  ///< of a whole run; more means a loop
constexpr MonotonicTime kLookEvery = milliseconds(200);
constexpr char kLocalDisk[] = "file://";
constexpr char kHdfsDisk[] = "hdfs://nn:8020";

class FleetRun {
 public:
  FleetRun(uint64_t seed, const FleetRoles& roles, RunOptions options)
      : roles_(roles),
        options_(options),
        random_(splitmix_output(seed ^ 0xf1ee7)),
        plan_(draw_fleet(random_, options.wide)),
        faults_(draw_fleet_faults(plan_, random_)),
        hosts_(hosts_of(plan_)),
        oracle_(plan_.workload),
        world_(seed, world_options(plan_.workload, random_, options)),
        zookeeper_(world_, hosts_.zookeeper),
        election_(zookeeper_, job_id_of_workload()),
        trouble_(world_, zookeeper_, plan_, faults_, seats_, random_, seed, result_.statistics),
        requests_(plan_, faults_, seed, world_, options.wide) {
    world_.add_disk(kLocalDisk, std::make_unique<SimDisk>(world_, "local", DiskKind::kLocal));
    world_.add_disk(kHdfsDisk, std::make_unique<SimDisk>(world_, "hdfs", DiskKind::kHdfs));
    write_input(plan_.workload, world_.disk(kLocalDisk)->raw());
    for (const Mishap& mishap : plan_.workload.throws_at) ++(*mishaps_)[mishap];
    watch_ =
        std::make_unique<FileWatch>(*world_.disk(plan_.workload.checkpoint_disk),
                                    cat(kCheckpointDirectory, '/', job_id_of_workload().to_hex()),
                                    *world_.disk(plan_.workload.output_disk), kOutputDirectory);
    if (plan_.elected) watch_->confirmed_only();
    for (const bool coordinator : {true, false}) {
      const std::vector<std::string>& hosts = coordinator ? hosts_.coordinators : hosts_.workers;
      for (size_t i = 0; i < hosts.size(); ++i) {
        Seat seat;
        seat.host = hosts[i];
        seat.coordinator = coordinator;
        seat.index = static_cast<int>(i);
        seat.start_at = random_.delay(seconds(2));
        seats_.push_back(std::move(seat));
      }
    }
    result_.description = cat(describe(plan_), "\n  ", describe(faults_));
  }

  static WorldOptions world_options(const WorkloadPlan& workload, SimRandom& random,
                                    const RunOptions& options) {
    WorldOptions world = draw_world(workload, random);
    world.trace_lines = options.trace_lines;
    return world;
  }

  FleetResult run() {
    world_.faults() = faults_.world;
    zookeeper_.faults() = faults_.zookeeper;
    zookeeper_.faults().serve_ended = options_.serve_ended_sessions;
    world_.disk(plan_.workload.checkpoint_disk)->faults() = faults_.checkpoint_files;
    if (plan_.workload.output_disk != plan_.workload.checkpoint_disk)
      world_.disk(plan_.workload.output_disk)->faults() = faults_.output_files;
    safety_phase();
    if (!failed()) liveness_phase();
    if (!failed()) check_end();
    for (Seat& seat : seats_) leave(seat);
    FleetStatistics& statistics = result_.statistics;
    for (const char* disk : {kLocalDisk, kHdfsDisk})
      statistics.engine.file_faults += world_.disk(disk)->faults_injected();
    statistics.engine.rests = world_.rests();
    statistics.engine.virtual_time = world_.now();
    statistics.engine.events = world_.trace().events();
    statistics.partitions = world_.network().partitions();
    statistics.requests = requests_.counts();
    result_.trace_hash = world_.trace().hash();
    for (const std::string& line : world_.trace().lines()) result_.trace.push_back(line);
    return std::move(result_);
  }

 private:
  void fail(std::string what) {
    result_.failures.push_back(cat(
        "after ", std::chrono::duration_cast<milliseconds>(world_.now()).count(), " ms: ", what));
  }
  bool failed() const { return !result_.failures.empty(); }

  void start(Seat& seat) {
    ++result_.statistics.starts;
    seat.process =
        std::make_unique<SimProcess>(world_, cat(seat.host, '.', ++seat.starts), seat.host);
    seat.calm_start = calm_;
    seat.led = seat.signed_off = false;
    seat.epoch = 0;
    seat.finished = false;
    if (!calm_ && random_.chance(faults_.wall_skew)) {
      constexpr int64_t kYear = 365LL * 24 * 3600 * 1000;
      seat.process->set_wall_skew_ms(random_.chance(0.5) ? random_.between(-kYear, kYear)
                                                         : random_.between(-5000, 5000));
    }
    const FleetRoles::Make& make = seat.coordinator ? roles_.coordinator : roles_.worker;
    seat.zookeeper =
        zookeeper_for(zookeeper_, seat.process->life(), milliseconds(plan_.session_timeout_ms));
    if (seat.coordinator && !plan_.elected) bring_back_workers();
    seat.member =
        make(world_, *seat.process, {plan_, mishaps_, seat.index, seat.starts, *seat.zookeeper});
  }

  /// Without election, a restarted coordinator runs a finished job again, and then needs workers.
  void bring_back_workers() {
    for (Seat& seat : seats_) {
      if (!seat.coordinator && !seat.process && seat.start_at == kNever)
        seat.start_at = world_.now() + random_.delay(seconds(2));
    }
  }

  /// The program has ended or its process is dead. Removes everything of it except its requests to
  /// others.
  void leave(Seat& seat) {
    if (!seat.process) return;
    if (seat.member) count(seat.member->view());
    if (!seat.process->alive()) {
      ++result_.statistics.kills;
      result_.statistics.leader_kills += seat.led;
    }
    if (seat.process->alive() && seat.member->ended()) {
      seat.member->leave();
      world_.run_for(milliseconds(1));
    }
    seat.process->kill();
    seat.member.reset();
    seat.zookeeper.reset();
    seat.process.reset();
  }

  void count(const MemberView& view) {
    RunStatistics& engine = result_.statistics.engine;
    engine.restarts_inside += view.restarts;
    engine.completed_checkpoints += view.completed_checkpoints;
    engine.failed_checkpoints += view.failed_checkpoints;
    engine.records += view.records;
    engine.restores += view.restored_checkpoint >= 0;
  }

  /// Checks everything that must hold at any moment.
  void look() {
    last_look_ = world_.now();
    if (plan_.elected) {
      for (const std::string& complaint : election_.look()) fail(complaint);
      if (election_.pointer()) watch_->confirm(*election_.pointer());
    }
    int leaders = 0;
    for (Seat& seat : seats_) {
      if (!seat.member || !seat.process->alive()) continue;
      const MemberView view = seat.member->view();
      const bool leads = view.leads;
      leaders += leads;
      if (view.epoch < seat.epoch)
        fail(cat(seat.host, " obeys a leader of epoch ", view.epoch, " after one of epoch ",
                 seat.epoch));
      seat.epoch = view.epoch;
      result_.statistics.leaders += leads && !seat.led;
      if (leads && !seat.led && seat.signed_off)
        fail(cat(seat.host, " leads though it was asked to leave"));
      seat.led = leads;
      if (leads) check_leader(seat, view);
      if (leads) note_attempt(view);
    }
    result_.statistics.double_leaders += leaders > 1;
    look_at_files();
    if (world_.trace().events() > kMaxEvents)
      fail(cat("more than ", kMaxEvents, " events: a loop"));
  }

  void check_leader(const Seat& seat, const MemberView& view) {
    if (view.shards > 0 && attempts_.emplace(view.attempt, seat.process->name()).first->second !=
                               seat.process->name()) {
      fail(cat(attempts_[view.attempt], " and ", seat.process->name(),
               " have given the same number to an attempt: ", view.attempt));
    }
    if (!plan_.elected) return;
    if (const auto pointer = election_.pointer();
        pointer ? view.restored_checkpoint > *pointer
                : !plan_.latest && view.restored_checkpoint >= 0) {
      fail(cat(seat.host, " has started from checkpoint ", view.restored_checkpoint,
               ", which the pointer has never named"));
    }
  }

  void look_at_files() {
    const int64_t mutations =
        world_.disk(kLocalDisk)->mutations() + world_.disk(kHdfsDisk)->mutations();
    const auto seen = std::pair(mutations, election_.pointer());
    if (std::exchange(last_seen_, seen) == seen) return;
    for (const std::string& complaint : watch_->look(!plan_.workload.exactly_once)) fail(complaint);
    if (failed()) return;
    for (const std::string& complaint : oracle_.check_so_far(watch_->parts())) fail(complaint);
  }

  void note_attempt(const MemberView& view) {
    if (view.attempt <= last_attempt_ || view.shards == 0) return;
    ++result_.statistics.attempts;
    const bool same_leader = epoch_of(view.attempt) == epoch_of(last_attempt_);
    if (calm_)
      attempts_in_calm_ += same_leader ? view.attempt - last_attempt_ : view.attempt & 0xffffffff;
    const bool restored = view.restored_checkpoint >= 0;
    result_.statistics.rescaled += restored && last_shards_ > 0 && last_shards_ != view.shards;
    last_attempt_ = view.attempt;
    last_shards_ = view.shards;
  }

  /// Starts processes that are due, and records those that have ended or died.
  void tend() {
    for (Seat& seat : seats_) {
      if (seat.process) {
        if (seat.process->alive() && !seat.member->ended()) continue;
        const MemberView view = seat.member->view();
        const std::string text = seat.member->text();
        const bool killed = !seat.process->alive();
        const bool calm_start = seat.calm_start;
        leave(seat);
        seat.start_at = world_.now() + trouble_.a_while(faults_.down_max);
        if (!killed) on_exit(seat, view, text, calm_start);
      } else if (seat.start_at <= world_.now()) {
        start(seat);
      }
    }
  }

  void on_exit(Seat& seat, const MemberView& view, const std::string& text, bool calm_start) {
    seat.finished = view.finished;
    if (view.finished) {
      if (seat.coordinator) on_job_end(seat, view);
      const bool early = end_ == JobEnd::kStopped || end_ == JobEnd::kCanceled;
      if (calm_ || early || !random_.chance(faults_.restart_when_finished)) seat.start_at = kNever;
      return;
    }
    ++result_.statistics.unfinished_exits;
    if (end_ != JobEnd::kNone &&
        !seat.coordinator) {  // it was not notified and waited until its time-out
      if (calm_) seat.start_at = kNever;
      return;
    }
    if (calm_start) fail(cat("without faults ", seat.host, " ends by itself: ", text));
  }

  void on_job_end(const Seat& seat, const MemberView& view) {
    if (plan_.elected && !election_.result())
      fail(cat(seat.host, " says that the job has ended, and no result is recorded"));
    if (view.canceled) {
      end_ = JobEnd::kCanceled;
      if (!requests_.asked_to_cancel()) fail(cat(seat.host, " says that the job was canceled"));
      return;
    }
    const std::vector<std::string> complaints = oracle_.check_finished(watch_->parts());
    // A standby knows only that the job has ended.
    end_ = !complaints.empty() && requests_.asked_to_stop() ? JobEnd::kStopped : JobEnd::kFinished;
    for (const std::string& complaint : complaints) {
      if (end_ == JobEnd::kFinished) fail(complaint);
    }
  }

  /// True if tend() has something to do.
  bool changed() const {
    return std::any_of(seats_.begin(), seats_.end(), [&](const Seat& seat) {
      return seat.process ? !seat.process->alive() || seat.member->ended()
                          : seat.start_at <= world_.now();
    });
  }

  void run_until(MonotonicTime end) {
    while (!failed() && world_.now() < end) {
      MonotonicTime next = std::min(end, last_look_ + kLookEvery);
      for (const Seat& seat : seats_) {
        if (!seat.process) next = std::min(next, seat.start_at);
      }
      if (next > world_.now()) {
        const auto outcome = world_.run_until([&] { return changed(); }, next - world_.now());
        if (outcome == SimWorld::Outcome::kNothingLeft) world_.run_for(next - world_.now());
      }
      tend();
      if (world_.now() - last_look_ >= kLookEvery) look();
      if (calm_ && all_ended()) return;
    }
  }

  void safety_phase() {
    const MonotonicTime end = faults_.phase;
    trouble_.begin();
    while (!failed() && world_.now() < end && !all_ended()) {
      run_until(std::min({end, trouble_.due(), requests_.due()}));
      if (failed()) return;
      if (world_.now() >= requests_.due()) request();
      trouble_.act();
    }
  }

  void request() {
    const auto leads = [](const Seat& seat) {
      return seat.process && seat.process->alive() && seat.member->view().leads;
    };
    const auto leader = std::find_if(seats_.begin(), seats_.end(), leads);
    requests_.ask(leader == seats_.end() ? nullptr : leader->member.get());
    if (requests_.asked_to_cancel()) election_.expect_cancellation();
  }

  /// True if no process runs and none is due to start.
  bool all_ended() const {
    return std::all_of(seats_.begin(), seats_.end(),
                       [](const Seat& seat) { return !seat.process && seat.start_at == kNever; });
  }

  /// Some processes may still be paused, so a worker may wait for its time-outs. A slow job may
  /// have to start over, and again for each user function that throws. Then one subtask may read
  /// all records at its share of the rate.
  MonotonicTime liveness_bound() const {
    const auto again = static_cast<int64_t>(1 + plan_.workload.throws_at.size());
    return kLivenessBound + 5 * again * plan_.lasts + milliseconds(plan_.registration_timeout_ms) +
           faults_.pause_max;
  }

  void liveness_phase() {
    world_.stop_faults();
    zookeeper_.stop_faults();
    for (Seat& seat : seats_) {
      if (seat.process) seat.process->pause_at_next(Operation::kFile, MonotonicTime(0));
    }
    calm_ = true;
    trouble_.keep_a_core_down();
    const MonotonicTime bound = liveness_bound();
    run_until(world_.now() + bound);
    if (failed() || all_ended()) return;
    std::string text = cat("no end ", bound / seconds(1), " s after the last fault: the job has ",
                           end_ == JobEnd::kNone ? "not " : "", "finished");
    for (const Seat& seat : seats_) {
      if (seat.process) text += cat("; ", seat.host, ": ", seat.member->text());
    }
    fail(text);
  }

  /// Without faults each restart must have a reason: slots return or resume after a pause, or a
  /// user function throws.
  void check_attempts_in_calm() {
    const auto most =
        static_cast<int64_t>(4 + hosts_.workers.size() + plan_.workload.throws_at.size());
    if (attempts_in_calm_ > most)
      fail(cat(attempts_in_calm_, " attempts after the last fault, where ", most,
               " are enough: a loop"));
  }

  void check_end() {
    look();
    check_attempts_in_calm();
    if (end_ == JobEnd::kNone && !failed())
      fail("everything has ended, but no coordinator says that the job has ended");
    for (const std::string& complaint : requests_.check(*watch_)) fail(complaint);
    if (failed()) return;
    FleetEnd end(world_, plan_, mishaps_, oracle_, *watch_, liveness_bound());
    if (end_ == JobEnd::kFinished) check_finished();
    else
      for (const std::string& complaint : go_on(end)) fail(complaint);
    if (!failed() && plan_.workload.exactly_once) restore_savepoints(end);
  }

  void check_finished() {
    const std::vector<OutputPart> parts = watch_->parts();
    for (const std::string& complaint : oracle_.check_finished(parts)) fail(complaint);
    if (failed() || !plan_.workload.exactly_once) return;
    for (const std::string& missed : prove_oracle(oracle_, parts)) fail(missed);
  }

  /// The job was stopped or canceled, so it goes on in one process.
  std::vector<std::string> go_on(FleetEnd& end) {
    const std::vector<FleetRequests::Savepoint>& taken = requests_.taken();
    if (end_ == JobEnd::kStopped && !taken.empty() && taken.back().stop)
      return end.go_on(taken.back().uri, taken.back().id);
    if (!plan_.elected) return end.go_on("latest", 0);
    // A checkpoint that only a deposed leader completed must not count here either.
    if (end_ == JobEnd::kCanceled && random_.chance(0.5)) return end.go_on("latest", 0);
    if (!election_.pointer()) return end.go_on("none", 0);
    const std::string pointed = cat(plan_.workload.checkpoint_disk, kCheckpointDirectory, '/',
                                    job_id_of_workload().to_hex(), "/chk-", *election_.pointer());
    return end.go_on(pointed, end_ == JobEnd::kStopped ? *election_.pointer() : 0);
  }

  /// Each savepoint must lead to the same output.
  void restore_savepoints(FleetEnd& end) {
    constexpr size_t kMax = 3;
    const std::vector<FleetRequests::Savepoint>& taken = requests_.taken();
    for (size_t i = taken.size() - std::min(taken.size(), kMax); i < taken.size(); ++i) {
      for (const std::string& complaint : end.restore(taken[i].uri)) fail(complaint);
      if (failed()) return;
      ++requests_.counts().restored;
    }
  }

  const FleetRoles& roles_;
  const RunOptions options_;
  SimRandom random_;  ///< for the plan and for the events of the cluster; the world has its own
  const FleetPlan plan_;
  const FleetFaults faults_;
  const FleetHosts hosts_;
  const Oracle oracle_;
  SimWorld world_;  ///< after random_, which draws its options
  SimZooKeeper zookeeper_;
  ElectionWatch election_;
  const std::shared_ptr<Mishaps> mishaps_ = std::make_shared<Mishaps>();
  std::unique_ptr<FileWatch> watch_;
  std::vector<Seat> seats_;  ///< coordinators, then workers
  bool calm_ = false;
  enum class JobEnd { kNone, kFinished, kStopped, kCanceled };
  JobEnd end_ = JobEnd::kNone;
  std::pair<int64_t, std::optional<int64_t>> last_seen_{-1, {}};
  std::map<int64_t, std::string>
      attempts_;  ///< by number: the process whose leader ran the attempt
  int64_t last_attempt_ = 0;
  int64_t attempts_in_calm_ = 0;
  int last_shards_ = 0;
  MonotonicTime last_look_{0};
  FleetResult result_;
  FleetTrouble trouble_;
  FleetRequests requests_;
};

}  // namespace

FleetResult run_fleet(uint64_t seed, const FleetRoles& roles, RunOptions options) {
  return FleetRun(seed, roles, options).run();
}

}  // namespace weir::sim
