#include "fleet_run.h"

#include <algorithm>
#include <map>

#include "base/strings.h"
#include "fleet_election.h"
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
constexpr MonotonicTime kNever = MonotonicTime::max();
constexpr double kAskedToLeave = 0.25;  ///< share of the kills that become requests to leave
constexpr char kLocalDisk[] = "file://";
constexpr char kHdfsDisk[] = "hdfs://nn:8020";

/// A host and the process that runs on it now.
struct Seat {
  std::string host;
  bool coordinator = false;
  int index = 0;
  int starts = 0;
  MonotonicTime start_at{0};  ///< if no process runs; kNever: it stays down
  bool led = false;           ///< led at the last look
  bool signed_off = false;    ///< asked to leave
  int64_t epoch = 0;          ///< epoch at the last look
  bool calm_start = false;    ///< started after the last fault
  bool finished = false;      ///< its program ended and reported that the job has finished
  std::unique_ptr<SimProcess> process;  ///< declared before the objects that run in it
  std::unique_ptr<ZooKeeperFactory> zookeeper;
  std::unique_ptr<FleetMember> member;
};

class FleetRun {
 public:
  FleetRun(uint64_t seed, const FleetRoles& roles, RunOptions options)
      : roles_(roles),
        options_(options),
        asks_to_leave_(seed ^ 0x1eafe),
        random_(splitmix_output(seed ^ 0xf1ee7)),
        plan_(draw_fleet(random_, options.wide)),
        faults_(draw_fleet_faults(plan_, random_)),
        hosts_(hosts_of(plan_)),
        oracle_(plan_.workload),
        world_(seed, world_options(plan_.workload, random_, options)),
        zookeeper_(world_, hosts_.zookeeper),
        election_(zookeeper_, job_id_of_workload()) {
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

  /// In half of the cases mostly short, in the other half any time up to `most`.
  MonotonicTime a_while(MonotonicTime most) {
    return random_.chance(0.5) ? random_.delay(most)
                               : MonotonicTime(random_.between(1, most.count()));
  }

  void note_attempt(const MemberView& view) {
    if (view.attempt <= last_attempt_ || view.shards == 0) return;
    ++result_.statistics.attempts;
    const bool same_leader = view.attempt >> 32 == last_attempt_ >> 32;
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
        seat.start_at = world_.now() + a_while(faults_.down_max);
        if (!killed) on_exit(seat, view, text, calm_start);
      } else if (seat.start_at <= world_.now()) {
        start(seat);
      }
    }
  }

  void on_exit(Seat& seat, const MemberView& view, const std::string& text, bool calm_start) {
    seat.finished = view.finished;
    if (view.finished) {
      if (seat.coordinator) {
        job_finished_ = true;
        if (plan_.elected && !election_.result())
          fail(cat(seat.host, " says that the job has finished, and no result is recorded"));
        for (const std::string& complaint : oracle_.check_finished(watch_->parts()))
          fail(complaint);
      }
      if (calm_ || !random_.chance(faults_.restart_when_finished)) seat.start_at = kNever;
      return;
    }
    ++result_.statistics.unfinished_exits;
    if (job_finished_ && !seat.coordinator) {  // it was not notified and waited until its time-out
      if (calm_) seat.start_at = kNever;
      return;
    }
    if (calm_start) fail(cat("without faults ", seat.host, " ends by itself: ", text));
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

  MonotonicTime after(MonotonicTime gap) {
    return gap.count() == 0 ? kNever
                            : world_.now() + MonotonicTime(random_.between(1, 2 * gap.count()));
  }

  Seat* someone(double leader) {
    std::vector<Seat*> running;
    std::vector<Seat*> leading;
    for (Seat& seat : seats_) {
      if (!seat.process || !seat.process->alive()) continue;
      running.push_back(&seat);
      if (seat.member->view().leads) leading.push_back(&seat);
    }
    const std::vector<Seat*>& of = !leading.empty() && random_.chance(leader) ? leading : running;
    return of.empty() ? nullptr : of[random_.below(of.size())];
  }

  void kill_someone() {
    Seat* const seat = someone(faults_.kill_leader);
    if (seat == nullptr) return;
    if (random_.chance(faults_.kill_many)) {
      for (Seat& other : seats_) {
        if (other.process && random_.chance(0.5)) other.process->kill();
      }
      return;
    }
    if (random_.chance(faults_.vanish)) {
      std::vector<std::string> others;
      for (const auto* hosts : {&hosts_.coordinators, &hosts_.workers}) {
        for (const std::string& host : *hosts) {
          if (host != seat->host) others.push_back(host);
        }
      }
      others.push_back(hosts_.zookeeper);
      others.push_back(hosts_.storage);
      world_.network().cut_for({{seat->host}, others}, a_while(faults_.cut_max));
    }
    if (asks_to_leave_.chance(kAskedToLeave)) return sign_off(*seat);
    seat->process->kill();
  }

  void sign_off(Seat& seat) {
    ++result_.statistics.asked_to_leave;
    seat.signed_off = true;
    seat.led = seat.member->view().leads;
    seat.member->sign_off();
  }

  void pause_someone() {
    Seat* const seat = someone(faults_.pause_leader);
    if (seat == nullptr) return;
    ++result_.statistics.pauses;
    const MonotonicTime duration = a_while(faults_.pause_max);
    if (random_.chance(faults_.pause_inside)) {
      seat->process->pause_at_next(
          seat->coordinator && random_.chance(0.5) ? Operation::kZooKeeperChange : Operation::kFile,
          duration);
    } else {
      seat->process->pause(duration);
    }
  }

  /// Pauses the leader at its next write until its session has ended.
  void depose() {
    Seat* const seat = someone(1);
    if (seat == nullptr || !seat->coordinator || !seat->member->view().leads) return;
    ++result_.statistics.depositions;
    const MonotonicTime session = milliseconds(plan_.session_timeout_ms);
    const MonotonicTime duration(random_.between(session.count(), 3 * session.count()));
    seat->process->pause_at_next(
        random_.chance(0.7) ? Operation::kZooKeeperChange : Operation::kFile, duration);
    if (random_.chance(faults_.depose_unseen))
      world_.network().cut_for({hosts_.workers, {hosts_.zookeeper}}, 2 * duration);
  }

  void safety_phase() {
    const MonotonicTime end = faults_.phase;
    MonotonicTime kill_at = after(faults_.kill_gap);
    MonotonicTime pause_at = after(faults_.pause_gap);
    MonotonicTime cut_at = after(faults_.cut_gap);
    MonotonicTime depose_at = after(faults_.depose_gap);
    MonotonicTime outage_at = after(faults_.outage_gap);
    while (!failed() && world_.now() < end && !all_ended()) {
      run_until(std::min({end, kill_at, pause_at, cut_at, depose_at, outage_at}));
      if (failed()) return;
      if (world_.now() >= kill_at) {
        kill_someone();
        kill_at = after(faults_.kill_gap);
      }
      if (world_.now() >= pause_at) {
        pause_someone();
        pause_at = after(faults_.pause_gap);
      }
      if (world_.now() >= cut_at) {
        world_.network().cut_for(draw_partition(faults_, hosts_, random_),
                                 a_while(faults_.cut_max));
        cut_at = after(faults_.cut_gap);
      }
      if (world_.now() >= depose_at) {
        depose();
        depose_at = after(faults_.depose_gap);
      }
      if (world_.now() >= outage_at) {
        zookeeper_.outage(a_while(faults_.outage_max));
        outage_at = after(faults_.outage_gap);
      }
    }
  }

  /// True if no process runs and none is due to start.
  bool all_ended() const {
    return std::all_of(seats_.begin(), seats_.end(),
                       [](const Seat& seat) { return !seat.process && seat.start_at == kNever; });
  }

  void liveness_phase() {
    world_.stop_faults();
    zookeeper_.stop_faults();
    for (Seat& seat : seats_) {
      if (seat.process) seat.process->pause_at_next(Operation::kFile, MonotonicTime(0));
    }
    calm_ = true;
    keep_a_core_down();
    // Some processes may still be paused, so a worker may wait for its time-outs. A slow job may
    // have to start over, and again for each user function that throws. Then one subtask may read
    // all records at its share of the rate.
    const auto again = static_cast<int64_t>(1 + plan_.workload.throws_at.size());
    const MonotonicTime bound = kLivenessBound + 5 * again * plan_.lasts +
                                milliseconds(plan_.registration_timeout_ms) + faults_.pause_max;
    run_until(world_.now() + bound);
    if (failed() || all_ended()) return;
    std::string text = cat("no end ", bound / seconds(1), " s after the last fault: the job has ",
                           job_finished_ ? "" : "not ", "finished");
    for (const Seat& seat : seats_) {
      if (seat.process) text += cat("; ", seat.host, ": ", seat.member->text());
    }
    fail(text);
  }

  /// Keeps some of the hosts that are down from starting again, as long as enough others remain.
  void keep_a_core_down() {
    if (plan_.fixed_width || random_.chance(0.5)) return;
    for (const bool coordinator : {true, false}) {
      size_t left = coordinator ? hosts_.coordinators.size() : hosts_.workers.size();
      for (Seat& seat : seats_) {
        if (seat.coordinator != coordinator) continue;
        const bool down = !seat.process && seat.start_at != kNever;
        if (seat.start_at == kNever && !seat.process) --left;
        if (!down || left <= 1 || random_.chance(0.5)) continue;
        seat.start_at = kNever;
        --left;
      }
    }
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
    if (!job_finished_ && !failed())
      fail("everything has ended, but no coordinator says that the job has finished");
    const std::vector<OutputPart> parts = watch_->parts();
    for (const std::string& complaint : oracle_.check_finished(parts)) fail(complaint);
    if (failed() || !plan_.workload.exactly_once) return;
    for (const std::string& missed : prove_oracle(oracle_, parts)) fail(missed);
  }

  const FleetRoles& roles_;
  const RunOptions options_;
  SimRandom asks_to_leave_;  ///< a separate generator, so that existing seeds keep their meaning
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
  bool job_finished_ = false;
  std::pair<int64_t, std::optional<int64_t>> last_seen_{-1, {}};
  std::map<int64_t, std::string>
      attempts_;  ///< by number: the process whose leader ran the attempt
  int64_t last_attempt_ = 0;
  int64_t attempts_in_calm_ = 0;
  int last_shards_ = 0;
  MonotonicTime last_look_{0};
  FleetResult result_;
};

}  // namespace

void FleetStatistics::add(const FleetStatistics& other) {
  starts += other.starts;
  kills += other.kills;
  leader_kills += other.leader_kills;
  asked_to_leave += other.asked_to_leave;
  pauses += other.pauses;
  depositions += other.depositions;
  partitions += other.partitions;
  leaders += other.leaders;
  double_leaders += other.double_leaders;
  unfinished_exits += other.unfinished_exits;
  attempts += other.attempts;
  rescaled += other.rescaled;
  engine.add(other.engine);
}

FleetResult run_fleet(uint64_t seed, const FleetRoles& roles, RunOptions options) {
  return FleetRun(seed, roles, options).run();
}

}  // namespace weir::sim
