#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "platform/scheduler.h"
#include "sim_fiber.h"
#include "sim_random.h"
#include "trace.h"

namespace weir::sim {

class SimActor;
class SimDisk;
class SimNetwork;

/// Faults of time and messages. Files have their own (SimDisk). All probabilities are per occasion.
struct WorldFaults {
  double actor_stall = 0;  ///< before a step: the actor pauses for up to stall_max, as if its
                           ///< thread were not scheduled
  MonotonicTime stall_max = std::chrono::seconds(2);
  double slow_io = 0;  ///< blocking work begins with a delay of up to slow_io_max
  MonotonicTime slow_io_max = std::chrono::seconds(20);
  double slow_operation = 0;  ///< before and after each file operation and ZooKeeper call: blocking
                              ///< work pauses, all others continue
  MonotonicTime slow_operation_max = std::chrono::seconds(5);
  double connection_loss = 0;        ///< at a frame between processes: the connection breaks, and a
                                     ///< suffix of the sent frames is lost
  double reset_after_partition = 0;  ///< of a connection, when its hosts reach each other again
  double kill_at_file_operation = 0;  ///< before, within or after the operation
  double late_effect = 0;  ///< when a process is killed: its last rename, remove or create takes
                           ///< effect on the server seconds later
};

struct WorldOptions {
  MonotonicTime step_max = std::chrono::microseconds(50);  ///< virtual duration of an actor's step
  MonotonicTime message_max = std::chrono::milliseconds(2);  ///< delay of a message
  MonotonicTime io_max = std::chrono::milliseconds(10);      ///< delay of blocking work
  int64_t start_wall_ms = 1'700'000'000'000;
  size_t trace_lines = 0;
};

/// Operations at which blocking work can pause, and at which a process can be paused.
enum class Operation {
  kFile,
  kMakeDirectory,  ///< one of files, which a pause can wait for
  kZooKeeper,
  kZooKeeperChange,
};

/// The state of one incarnation of a process: alive, then dead. Shared by all objects of the
/// incarnation.
struct Life {
  std::string name;
  std::string host;  ///< its host in the network: see SimNetwork
  bool alive = true;
  MonotonicTime paused_until{0};
  int64_t file_operations = 0;  ///< number begun so far
  int64_t kill_at_operation = -1;
  MonotonicTime pause_at_next{
      0};  ///< duration of a pause at the next operation of that kind; 0: no pause
  Operation pause_at = Operation::kFile;
};

/// A world in one thread: virtual time, the order of actors, and events. Every choice is drawn from
/// the seed and recorded in the trace. So the same seed gives the same run, bit for bit, if the
/// code under test reaches the world only through its Platform.
///
/// One thing happens at a time: a step of one actor, or an event (a message arrives, or blocking
/// work runs from one pause to the next). The next actor is drawn from those that are ready. Events
/// happen in the order of their time. Each step takes time, and time jumps to the next event if no
/// actor is ready.
class SimWorld {
 public:
  explicit SimWorld(uint64_t seed, WorldOptions options = {});
  ~SimWorld();
  SimWorld(const SimWorld&) = delete;
  SimWorld& operator=(const SimWorld&) = delete;

  MonotonicTime now() const { return now_; }
  int64_t wall_ms() const;
  const WorldOptions& options() const { return options_; }
  WorldFaults& faults() { return faults_; }
  Trace& trace() { return trace_; }
  /// For the world's own decisions. Other components take a split() when they are constructed.
  SimRandom& random() { return random_; }

  /// Runs one step or event. Returns false if none will ever happen again.
  bool step();
  enum class Outcome { kDone, kTimeout, kNothingLeft };
  /// Runs until `done` holds (checked before each step) or `at_most` of virtual time has passed.
  Outcome run_until(const std::function<bool()>& done, MonotonicTime at_most);
  /// Advances time by `duration`, even if nothing happens in it.
  void run_for(MonotonicTime duration);

  /// Runs `what` at `time`, unless `owner` is dead by then (null: the world itself). If `owner` is
  /// paused, runs it after the pause. Events of the same time run in the order in which they were
  /// made.
  void at(MonotonicTime time, std::shared_ptr<Life> owner, std::function<void()> what);
  void note(std::string_view what, std::string_view who, uint64_t value = 0) {
    trace_.note(now_, what, who, value);
  }

  /// Begins blocking work, from within an event. It may pause at each at_operation() and continues
  /// by itself. When its process is killed, it runs to its end at once, and all its requests fail.
  void run_blocking(std::shared_ptr<Life> life, std::function<void()> work);
  /// Called by blocking work of `life` before and after such an operation. The work may pause here,
  /// as the faults say, and its process may die meanwhile. Does nothing outside of blocking work.
  void at_operation(Life& life, Operation operation);

  /// Kills the process now: see SimProcess::kill().
  void kill(Life& life, std::string_view how);

  /// Number of pauses within blocking work.
  int64_t rests() const { return rests_; }

  SimNetwork& network() { return *network_; }
  /// The disk of that name, added by add_disk(). Null if there is none.
  SimDisk* disk(const std::string& name);
  SimDisk& add_disk(const std::string& name, std::unique_ptr<SimDisk> disk);
  /// Stops all faults: rates become zero, outages and partitions end, and no work pauses any more.
  /// Processes that are paused stay so until their pause ends.
  void stop_faults();

 private:
  friend class SimActor;

  struct Event {
    MonotonicTime time;
    uint64_t number;
    std::shared_ptr<Life> owner;
    std::function<void()> what;
    bool operator<(const Event& other) const {
      return time != other.time ? time > other.time : number > other.number;
    }
  };

  void make_ready(SimActor& actor);
  void remove(SimActor& actor);
  void step_actor(SimActor& actor);
  void run_next_event();
  void push(Event event);
  Event pop();
  void resume(uint64_t work);
  /// Pauses the running blocking work for `duration`, while all others continue.
  void rest(MonotonicTime duration);
  /// Ends the blocking work of dead processes and frees what their events captured. Must not run
  /// while code of a dead process is on the stack.
  void bury();

  const WorldOptions options_;
  SimRandom random_;
  Trace trace_;
  WorldFaults faults_;
  MonotonicTime now_{0};
  uint64_t next_number_ = 0;
  const std::unique_ptr<SimNetwork> network_;  ///< declared before events_, which hold links
  bool inside_ = false;                        ///< a step or an event is running
  bool someone_died_ = false;
  std::vector<Event> events_;  ///< a heap; the earliest is in front
  std::vector<SimActor*> ready_;
  std::unordered_map<uint64_t, SimActor*> actors_;  ///< by id; never iterated
  std::map<std::string, std::unique_ptr<SimDisk>> disks_;
  struct Blocking {
    std::shared_ptr<Life> life;
    std::unique_ptr<SimFiber> fiber;
  };
  std::map<uint64_t, Blocking> blocking_;  ///< begun and not ended, in the order of their start
  uint64_t running_ = 0;                   ///< the running one; 0: none
  int64_t rests_ = 0;
};

/// An actor in the world; SimScheduler returns it.
class SimActor : public ActorHandle {
 public:
  /// `time_offset`: how far the process's clock is ahead of the world's.
  SimActor(SimWorld& world, std::shared_ptr<Life> life, std::string name, Actor& actor,
           MonotonicTime time_offset);
  ~SimActor() override;
  void wake() override;
  void stop() override;

 private:
  friend class SimWorld;
  static constexpr size_t kNotReady = SIZE_MAX;

  SimWorld& world_;
  const std::shared_ptr<Life> life_;
  const std::string name_;
  Actor& actor_;
  const MonotonicTime time_offset_;
  const uint64_t id_;
  size_t ready_index_ = kNotReady;  ///< position in SimWorld::ready_
  uint64_t timer_ = 0;              ///< the current timer; older ones are void
  bool stepping_ = false;
  bool woken_ = false;  ///< woken while stepping or stalled
  bool stalled_ = false;
  bool stopped_ = false;
};

}  // namespace weir::sim
