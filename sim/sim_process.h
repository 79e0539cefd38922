#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "fs/file_system_registry.h"
#include "platform/platform.h"
#include "sim_file_system.h"
#include "sim_transport.h"
#include "sim_world.h"

namespace weir::sim {

/// One incarnation of an operating-system process: what its Platform reaches lives and dies with
/// it. To restart a process, make another one.
///
/// After kill() its actors are never stepped again, its blocking work never begins, and what of
/// that rested has gone on to its end; its messages reach nobody, its file operations fail and do
/// nothing; the objects it ran can be destroyed at any time. They have to be destroyed before it.
///
/// URIs find the disk named scheme + "://" + authority ("file://", "hdfs://nn:8020"), which the
/// world must have.
class SimProcess {
 public:
  /// `host`: where it runs, for the network; one of its own if empty.
  SimProcess(SimWorld& world, std::string name, std::string host = {});
  ~SimProcess();
  SimProcess(const SimProcess&) = delete;
  SimProcess& operator=(const SimProcess&) = delete;

  Platform& platform() { return platform_; }
  const std::string& name() const { return life_->name; }
  const std::string& host() const { return life_->host; }
  /// For parts of the world that live and die with it.
  const std::shared_ptr<Life>& life() const { return life_; }
  bool alive() const { return life_->alive; }
  /// SIGKILL. At any moment, also from within its own work; then what is on the stack goes on, and
  /// reaches nothing.
  void kill() { world_.kill(*life_, "from outside"); }
  /// Kills it in the middle of its `count`-th file operation from now: 0 is the next.
  void kill_at_file_operation(int64_t count) {
    life_->kill_at_operation = life_->file_operations + count;
  }
  /// SIGSTOP, and SIGCONT after `duration`: none of its actors runs and no frame arrives meanwhile;
  /// frames wait.
  void pause(MonotonicTime duration);
  /// The same in the middle of blocking work, when it next comes to such an operation.
  void pause_at_next(Operation operation, MonotonicTime duration);
  /// What its wall clock shows more than the world's, from now on.
  void set_wall_skew_ms(int64_t skew_ms) { clock_.wall_skew_ms = skew_ms; }
  /// Blocking work that one of its executors does at once: 1 to 4.
  size_t io_threads() const { return 1 + static_cast<size_t>(clock_.offset.count() % 4); }
  int64_t file_operations() const { return life_->file_operations; }

 private:
  class ProcessClock : public Clock {
   public:
    explicit ProcessClock(SimWorld& world) : world_(world) {}
    MonotonicTime now() const override { return world_.now() + offset; }
    int64_t wall_ms() const override { return world_.wall_ms() + wall_skew_ms; }
    MonotonicTime offset{0};  ///< monotonic clocks of two processes have nothing in common
    int64_t wall_skew_ms = 0;

   private:
    SimWorld& world_;
  };

  class ProcessScheduler : public Scheduler {
   public:
    explicit ProcessScheduler(SimProcess& process) : process_(process) {}
    std::unique_ptr<ActorHandle> start(std::string name, Actor& actor,
                                       ActorOptions options) override;
    void run_blocking(std::string_view executor, std::function<void()> work) override;
    void drop_waiting() {
      for (const auto& [name, executor] : std::exchange(executors_, {})) executor->queue.clear();
    }

   private:
    /// Its threads: so much blocking work at once. What is under way holds it.
    struct Executor {
      size_t under_way = 0;
      std::deque<std::function<void()>> queue;
    };
    static void begin(SimWorld& world, const std::shared_ptr<Life>& life, size_t threads,
                      const std::shared_ptr<Executor>& executor, std::function<void()> work);

    SimProcess& process_;
    std::map<std::string, std::shared_ptr<Executor>, std::less<>> executors_;
  };

  class ProcessFiles : public FileSystemRegistry {
   public:
    explicit ProcessFiles(SimProcess& process) : process_(process) {}
    StatusOr<FileLocation> resolve(const std::string& uri) override;

   private:
    SimProcess& process_;
    std::map<std::string, std::shared_ptr<FileSystem>> opened_;
  };

  SimWorld& world_;
  const std::shared_ptr<Life> life_;
  ProcessClock clock_;
  SimRandom random_;
  ProcessScheduler scheduler_;
  SimTransport transport_;
  ProcessFiles files_;
  Platform platform_;
};

}  // namespace weir::sim
