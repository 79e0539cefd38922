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

/// One incarnation of an operating-system process. Everything its Platform reaches lives and dies
/// with it. To restart a process, make another one.
///
/// After kill() its actors are never stepped again and waiting blocking work never begins. Blocking
/// work that had paused has run to its end. Its messages reach nobody, and its file operations fail
/// without effect. Its objects can be destroyed at any time, but before the SimProcess.
///
/// URIs find the disk named scheme + "://" + authority ("file://", "hdfs://nn:8020"), which the
/// world must have.
class SimProcess {
 public:
  /// `host`: its host in the network; empty: a host of its own.
  SimProcess(SimWorld& world, std::string name, std::string host = {});
  ~SimProcess();
  SimProcess(const SimProcess&) = delete;
  SimProcess& operator=(const SimProcess&) = delete;

  Platform& platform() { return platform_; }
  const std::string& name() const { return life_->name; }
  const std::string& host() const { return life_->host; }
  /// For parts of the world that live and die with the process.
  const std::shared_ptr<Life>& life() const { return life_; }
  bool alive() const { return life_->alive; }
  /// Like SIGKILL. May be called at any moment, also from within the process's own work. Then the
  /// code on the stack continues without effect.
  void kill() { world_.kill(*life_, "from outside"); }
  /// Kills the process within its `count`-th file operation from now. 0 is the next.
  void kill_at_file_operation(int64_t count) {
    life_->kill_at_operation = life_->file_operations + count;
  }
  /// Like SIGSTOP, and SIGCONT after `duration`. Meanwhile no actor runs and no frame arrives;
  /// frames wait.
  void pause(MonotonicTime duration);
  /// The same within blocking work, at its next operation of that kind.
  void pause_at_next(Operation operation, MonotonicTime duration);
  /// Sets how far its wall clock is ahead of the world's.
  void set_wall_skew_ms(int64_t skew_ms) { clock_.wall_skew_ms = skew_ms; }
  /// Number of threads of each executor: 1 to 4.
  size_t io_threads() const { return 1 + static_cast<size_t>(clock_.offset.count() % 4); }
  int64_t file_operations() const { return life_->file_operations; }

 private:
  class ProcessClock : public Clock {
   public:
    explicit ProcessClock(SimWorld& world) : world_(world) {}
    MonotonicTime now() const override { return world_.now() + offset; }
    int64_t wall_ms() const override { return world_.wall_ms() + wall_skew_ms; }
    MonotonicTime offset{0};  ///< monotonic clocks of two processes are unrelated
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
    /// The threads of an executor. In-flight work keeps it alive.
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
