#include "cluster_run.h"

#include <algorithm>
#include <memory>
#include <optional>

#include "base/strings.h"
#include "cluster_earlier.h"
#include "cluster_start.h"
#include "oracle_files.h"
#include "weir/detail/base/check.h"

namespace weir::sim {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// Without faults each job takes a few seconds. The bound also has room for the longest restart
/// back-off, a lost answer that is requested again, and checkpoint timeouts of half a minute.
constexpr MonotonicTime kLivenessBound = std::chrono::minutes(10);
constexpr uint64_t kMaxEvents = 4'000'000;  ///< of a whole run; more means a loop
constexpr MonotonicTime kLookEvery = milliseconds(200);
constexpr char kLocalDisk[] = "file://";
constexpr char kHdfsDisk[] = "hdfs://nn:8020";

class ClusterRun {
 public:
  ClusterRun(uint64_t seed, RunOptions options)
      : random_(splitmix_output(seed ^ 0x5eed)),
        workload_(draw_workload(random_, options.wide)),
        faults_(draw_faults_of_run(workload_, random_, options)),
        oracle_(workload_),
        starts_plan_(draw_starts(workload_, faults_, options.wide)),
        damage_random_(splitmix_output(seed ^ 0xda3a6e)),
        starts_random_(splitmix_output(seed ^ 0x57a27)),
        world_(seed, world_options(workload_, random_, options)) {
    world_.add_disk(kLocalDisk, std::make_unique<SimDisk>(world_, "local", DiskKind::kLocal));
    world_.add_disk(kHdfsDisk, std::make_unique<SimDisk>(world_, "hdfs", DiskKind::kHdfs));
    write_input(workload_, world_.disk(kLocalDisk)->raw());
    for (const Mishap& mishap : workload_.throws_at) ++(*mishaps_)[mishap];
    watch_ =
        std::make_unique<FileWatch>(*world_.disk(workload_.checkpoint_disk),
                                    cat(kCheckpointDirectory, '/', job_id_of_workload().to_hex()),
                                    *world_.disk(workload_.output_disk), kOutputDirectory);
    result_.description = describe(workload_);
  }

  static FaultPlan draw_faults_of_run(const WorkloadPlan& workload, SimRandom& random,
                                      const RunOptions& options) {
    FaultPlan plan = draw_faults(workload, random);
    if (!options.rests) {
      plan.world.slow_operation = 0;
      plan.pause_at_operation = false;
    }
    return plan;
  }

  static WorldOptions world_options(const WorkloadPlan& workload, SimRandom& random,
                                    const RunOptions& options) {
    WorldOptions world = draw_world(workload, random);
    world.trace_lines = options.trace_lines;
    return world;
  }

  RunResult run() {
    arm();
    safety_phase();
    if (result_.failures.empty()) liveness_phase();
    if (result_.failures.empty()) check_end();
    earlier_.kill_all();
    if (result_.failures.empty()) restore_each_retained();
    leave();
    for (const char* disk : {kLocalDisk, kHdfsDisk})
      result_.statistics.file_faults += world_.disk(disk)->faults_injected();
    constexpr size_t kStartsShown = 3;
    for (size_t i = starts_.size() - std::min(starts_.size(), kStartsShown); i < starts_.size();
         ++i)
      result_.description += "\n  " + starts_[i];
    result_.statistics.rests = world_.rests();
    result_.statistics.virtual_time = world_.now();
    result_.statistics.events = world_.trace().events();
    result_.trace_hash = world_.trace().hash();
    for (const std::string& line : world_.trace().lines()) result_.trace.push_back(line);
    return std::move(result_);
  }

 private:
  void arm() {
    world_.faults() = faults_.world;
    world_.disk(workload_.checkpoint_disk)->faults() = faults_.checkpoint_files;
    if (workload_.output_disk != workload_.checkpoint_disk || random_.chance(0.5)) {
      world_.disk(workload_.output_disk)->faults() = faults_.output_files;
    }
  }

  void fail(std::string what) {
    result_.failures.push_back(cat(
        "after ", std::chrono::duration_cast<milliseconds>(world_.now()).count(), " ms: ", what));
  }
  bool failed() const { return !result_.failures.empty(); }

  /// `from`: a checkpoint; without it, the latest.
  void start(std::optional<int64_t> from = {}) {
    const SettingsPlan* before = last_settings_ ? &*last_settings_ : nullptr;
    SettingsPlan settings = draw_settings(workload_, before, random_);
    if (starts_plan_.go_back > 0) settings.num_retained = starts_plan_.num_retained;
    settings.delete_when_canceled = starts_plan_.cancel_earlier > 0 && starts_random_.chance(0.5);
    look();
    const std::vector<int64_t> complete = watch_->complete();
    now_ = std::make_unique<Incarnation>(world_, workload_, settings, mishaps_,
                                         static_cast<int>(++result_.statistics.processes),
                                         from ? path_of(*from) : "latest");
    now_->calm_start = liveness_;
    now_->alone = !earlier_.any();
    // An earlier start may be going back at the same time.
    if (from || !earlier_.any() || starts_plan_.go_back == 0)
      now_->expected_restore = from ? *from : complete.empty() ? -1 : complete.back();
    rescaled_ = before != nullptr && before->parallelism != settings.parallelism;
    last_settings_ = settings;
    starts_.push_back(cat("process-", result_.statistics.processes, ": ", describe(settings),
                          from ? cat(", from checkpoint ", *from) : ""));
    const bool faulty = !liveness_;
    if (faulty && random_.chance(faults_.wall_skew)) now_->process.set_wall_skew_ms(draw_skew());
    if (faulty && faults_.operations_max > 0 && random_.chance(0.7)) {
      now_->process.kill_at_file_operation(
          static_cast<int64_t>(random_.below(static_cast<uint64_t>(faults_.operations_max))));
    }
  }

  /// A start in the phase with faults, or two.
  void start_somehow() {
    start_from_somewhere();
    if (!starts_random_.chance(starts_plan_.at_once)) return;
    earlier_.add(std::move(now_));
    start_from_somewhere();
  }

  void start_from_somewhere() {
    look();
    const std::vector<int64_t> abandoned = watch_->abandoned();
    if (!abandoned.empty() && !earlier_.any() && starts_random_.chance(starts_plan_.abandoned)) {
      ++result_.statistics.abandoned;
      start(abandoned[starts_random_.below(abandoned.size())]);
      now_->abandoned = std::exchange(now_->expected_restore, std::nullopt);
      return;
    }
    if (!starts_random_.chance(starts_plan_.go_back)) return start();
    // An earlier start, even a dead one, may still delete the oldest.
    const std::vector<int64_t> complete = watch_->complete();
    const int64_t safe = std::min<int64_t>(starts_plan_.num_retained - (earlier_.any() ? 1 : 0),
                                           static_cast<int64_t>(complete.size()));
    if (safe < 1) return start();
    ++result_.statistics.going_back;
    taking_back_ = true;
    start(complete[complete.size() - 1 - starts_random_.below(static_cast<uint64_t>(safe))]);
  }

  MonotonicTime draw_life() {
    if (faults_.life_max.count() > 0)
      return milliseconds(20) + MonotonicTime(random_.between(1, faults_.life_max.count()));
    if (starts_plan_.overlap > 0) return milliseconds(starts_random_.between(20, 4000));
    return MonotonicTime::max() / 4;
  }

  int64_t draw_skew() {
    constexpr int64_t kYear = 365LL * 24 * 3600 * 1000;
    return random_.chance(0.5) ? random_.between(-kYear, kYear) : random_.between(-5000, 5000);
  }

  /// Ends the program: its process is dead, or its job has ended.
  void leave() {
    if (!now_) return;
    const JobView view = now_->runner->view();
    result_.statistics.restarts_inside += view.restarts;
    result_.statistics.completed_checkpoints += view.checkpoints->completed;
    result_.statistics.failed_checkpoints += view.checkpoints->failed;
    result_.statistics.records += view.source_records;
    result_.statistics.restores += view.restored_checkpoint >= 0;
    result_.statistics.restores_rescaled += view.restored_checkpoint >= 0 && rescaled_;
    if (!now_->process.alive()) ++result_.statistics.kills;
    now_->leave(world_);
    now_.reset();
    look();
  }

  /// Checks everything that must hold at any moment.
  void look() {
    last_look_ = world_.now();
    for (const std::string& complaint : watch_->look(taking_back_ || !workload_.exactly_once))
      fail(complaint);
    if (!failed()) {
      for (const std::string& complaint : oracle_.check_so_far(watch_->parts())) fail(complaint);
    }
  }

  /// Runs until the job ends, its process dies or a check fails. Returns false at the time limit.
  bool run_until(MonotonicTime end) {
    const auto stop = [&] {
      return !now_->runs() || failed() || world_.trace().events() > kMaxEvents;
    };
    while (!stop() && world_.now() < end) {
      const auto outcome = world_.run_until(
          [&] { return stop() || world_.now() - last_look_ > kLookEvery; }, end - world_.now());
      if (outcome == SimWorld::Outcome::kNothingLeft) {
        fail(cat("nothing will ever happen again, and the job is ",
                 to_string(now_->runner->view().state)));
        return true;
      }
      look();
      check_restore();
      earlier_.tend(!liveness_, now_->restore_checked);
      if (!liveness_ && faults_.damage > 0) damage_while_running();
      if (!liveness_ && random_.chance(faults_.wall_skew * 0.1))
        now_->process.set_wall_skew_ms(draw_skew());
    }
    if (world_.trace().events() > kMaxEvents)
      fail(cat("more than ", kMaxEvents, " events: a loop"));
    return stop();
  }

  void check_restore() {
    for (const std::string& complaint : now_->check_restore()) fail(complaint);
  }

  void safety_phase() {
    const MonotonicTime end = world_.now() + faults_.phase;
    while (!failed() && world_.now() < end) {
      start_somehow();
      const MonotonicTime life = draw_life();
      if (random_.chance(faults_.pause)) {
        if (run_until(std::min(end, world_.now() + random_.delay(seconds(2)))) == false &&
            world_.now() < end) {
          const MonotonicTime pause = random_.delay(seconds(5));
          if (faults_.pause_at_operation) {
            now_->process.pause_at_next(Operation::kFile, pause);
          } else {
            now_->process.pause(pause);
          }
        }
      }
      const MonotonicTime until = std::min(end, world_.now() + life);
      if (!run_until(until)) {
        if (world_.now() >= end) return;  // the process continues in the next phase
        if (!failed() && starts_random_.chance(starts_plan_.overlap)) {
          earlier_.add(std::move(now_));
          continue;
        }
        if (!now_->settings.delete_when_canceled && random_.chance(faults_.cancel)) cancel();
        else now_->process.kill();
      }
      if (failed()) return;
      const bool finished = now_->finished();
      leave();
      if (failed()) return;
      if (finished) {
        if (earlier_.any()) return;
        check_output(true);
        if (!random_.chance(faults_.restart_when_finished)) return;
      } else {
        disasters();
      }
      world_.run_for(random_.delay(faults_.down_max));
    }
  }

  /// Flips a bit of the newest checkpoint while the job runs, and then makes a user function throw.
  /// Needs a second retained checkpoint to fall back to.
  void damage_while_running() {
    const std::vector<int64_t> complete = watch_->complete();
    if (failed() || !now_->process.alive() || now_->settings.num_retained < 2 ||
        complete.size() < 2)
      return;
    if (!damage_random_.chance(faults_.damage * 0.2)) return;
    watch_->damage(complete.back(), damage_random_);
    // The start may not have read it yet.
    if (!now_->restore_checked) now_->expected_restore.reset();
    taking_back_ = true;
    ++result_.statistics.damages_while_running;
    const size_t source = damage_random_.below(workload_.sources.size());
    ++(*mishaps_)[{static_cast<int64_t>(source) * kIdsPerSource +
                   damage_random_.between(0, workload_.sources[source].count - 1)}];
  }

  void cancel() {
    ++result_.statistics.cancels;
    now_->runner->cancel();
    run_until(world_.now() + seconds(30));
    if (!now_->ended) now_->process.kill();
  }

  void disasters() {
    for (const char* disk : {kLocalDisk}) {
      if (!random_.chance(faults_.power_loss)) continue;
      earlier_.kill_all();
      world_.disk(disk)->lose_power();
      ++result_.statistics.power_losses;
    }
    const std::vector<int64_t> complete = watch_->complete();
    if (complete.size() >= 2 && random_.chance(faults_.damage)) {
      watch_->damage(complete.back(), random_);
      taking_back_ = true;
      ++result_.statistics.damages;
    }
    look();
  }

  void liveness_phase() {
    world_.stop_faults();
    if (now_) now_->process.pause_at_next(Operation::kFile, MonotonicTime(0));
    liveness_ = true;
    const MonotonicTime end = world_.now() + kLivenessBound;
    bool doomed = now_ != nullptr;  // an earlier fault may still fail the job once
    while (!failed()) {
      if (!now_) start();
      if (!run_until(end)) {
        const JobView view = now_->runner->view();
        fail(cat("no end ", kLivenessBound / seconds(1), " s after the last fault: the job is ",
                 to_string(view.state), ", ", view.checkpoints->completed,
                 " checkpoints completed, ", view.checkpoints->failed, " failed (",
                 view.checkpoints->last_failure(), "), ", view.restarts, " restarts (",
                 view.failure.message(), ")"));
        return;
      }
      if (failed()) return;
      const bool finished = now_->finished();
      // An earlier start that was paused may have been recorded last, and taken output back.
      const bool superseded = starts_plan_.any() && now_->superseded();
      const bool killed = !now_->process.alive();  // at a file operation that was planned earlier
      const JobView view = now_->runner->view();
      const int retained = now_->settings.num_retained;
      const bool calm_start = now_->calm_start;
      const bool alone = now_->alone && !earlier_.any();
      check_restore();
      leave();
      if (finished) {
        if (starts_plan_.any()) wait_for_earlier(end);
        for (const std::string& complaint :
             watch_->look_finished(retained, faults_.world.late_effect > 0, calm_start, alone))
          fail(complaint);
        return;
      }
      if (superseded || earlier_.any()) {
        now_ = earlier_.take();
        if (now_) now_->alone = false;
        doomed = true;
        continue;
      }
      if (!killed && !doomed) {
        fail(
            cat("without faults the job is ", to_string(view.state), ": ", view.failure.message()));
        return;
      }
      doomed = false;
    }
  }

  /// Each start that another one has superseded ends by itself, and so does one that was recorded
  /// after the job had finished.
  void wait_for_earlier(MonotonicTime end) {
    while (earlier_.any() && !failed() && world_.now() < end) {
      world_.run_for(kLookEvery);
      look();
      earlier_.tend(false, false);
    }
    if (earlier_.any() && !failed()) fail(cat("these starts do not end: ", earlier_.text()));
  }

  std::string path_of(int64_t checkpoint) const {
    return cat(workload_.checkpoint_disk, kCheckpointDirectory, '/', job_id_of_workload().to_hex(),
               "/chk-", checkpoint);
  }

  void check_output(bool finished) {
    const std::vector<OutputPart> parts = watch_->parts();
    for (const std::string& complaint :
         finished ? oracle_.check_finished(parts) : oracle_.check_so_far(parts))
      fail(complaint);
  }

  void check_end() {
    check_output(true);
    if (failed()) return;
    if (workload_.exactly_once) {
      for (const std::string& missed : prove_oracle(oracle_, watch_->parts())) fail(missed);
    }
    for (const int64_t id : watch_->complete()) {
      for (const std::string& complaint : check_load(world_, workload_, path_of(id)))
        fail(complaint);
    }
  }

  /// Each retained checkpoint must restore at any parallelism and lead to the same output. Each
  /// restore starts from a copy of the current files.
  void restore_each_retained() {
    if (!workload_.exactly_once) return;
    const std::vector<int64_t> retained = watch_->complete();
    const FileWatch watched = *watch_;
    taking_back_ = true;
    for (const int64_t id : retained) {
      const SimDisk::Image checkpoints =
          world_.disk(workload_.checkpoint_disk)->image(kCheckpointDirectory);
      const SimDisk::Image output = world_.disk(workload_.output_disk)->image(kOutputDirectory);
      start(id);
      if (!run_until(world_.now() + kLivenessBound))
        fail(cat("no end after a restore of checkpoint ", id));
      if (!failed() && !now_->finished())
        fail(cat("checkpoint ", id, " is retained, and restored the job is ",
                 to_string(now_->runner->view().state), ": ",
                 now_->runner->view().failure.message()));
      leave();
      if (failed()) return;
      check_output(true);
      ++result_.statistics.retained_restores;
      world_.disk(workload_.checkpoint_disk)->restore(kCheckpointDirectory, checkpoints);
      world_.disk(workload_.output_disk)->restore(kOutputDirectory, output);
      watch_ = std::make_unique<FileWatch>(watched);
    }
  }

  SimRandom random_;  ///< for the plan and for the operator's actions; the world has its own
  const WorkloadPlan workload_;
  const FaultPlan faults_;
  const Oracle oracle_;
  const StartsPlan starts_plan_;
  SimRandom damage_random_;
  SimRandom starts_random_;
  SimWorld world_;  ///< after random_, which draws its options
  const std::shared_ptr<Mishaps> mishaps_ = std::make_shared<Mishaps>();
  RunResult result_;
  std::unique_ptr<FileWatch> watch_;
  std::unique_ptr<Incarnation> now_;
  EarlierStarts earlier_{world_, starts_plan_, starts_random_, result_.statistics};
  std::optional<SettingsPlan> last_settings_;
  std::vector<std::string> starts_;
  bool rescaled_ = false;
  bool liveness_ = false;
  bool taking_back_ =
      false;  ///< a checkpoint was damaged, so its output may disappear and be written again
  MonotonicTime last_look_{0};
};

}  // namespace

RunResult run_seed(uint64_t seed, RunOptions options) { return ClusterRun(seed, options).run(); }

}  // namespace weir::sim
