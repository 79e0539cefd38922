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

/// What can go wrong with time and messages; files have their own (SimDisk). All probabilities are
/// per occasion.
struct WorldFaults {
  double actor_stall = 0;  ///< before a step: the actor rests for up to stall_max, as if its thread
                           ///< were not scheduled
  MonotonicTime stall_max = std::chrono::seconds(2);
  double slow_io = 0;  ///< blocking work begins only after up to slow_io_max
  MonotonicTime slow_io_max = std::chrono::seconds(20);
  double slow_operation = 0;  ///< before and after each file operation and call of ZooKeeper:
                              ///< blocking work rests, all others go on
  MonotonicTime slow_operation_max = std::chrono::seconds(5);
  double connection_loss = 0;  ///< at a frame between processes: the connection breaks, a suffix of
                               ///< what was sent is lost
  double reset_after_partition = 0;   ///< of a conversation, when its hosts reach each other again
  double kill_at_file_operation = 0;  ///< before, in the middle of or after it
  double late_effect = 0;  ///< of a killed process's last rename, remove or create: the far end
                           ///< does it seconds later
};

struct WorldOptions {
  MonotonicTime step_max = std::chrono::microseconds(50);  ///< virtual duration of an actor's step
  MonotonicTime message_max = std::chrono::milliseconds(2);  ///< delay of a message
  MonotonicTime io_max = std::chrono::milliseconds(10);      ///< delay of blocking work
  int64_t start_wall_ms = 1'700'000'000'000;
  size_t trace_lines = 0;
};

/// Where blocking work can rest, and where a process can be paused in the middle of it.
enum class Operation { kFile, kZooKeeper, kZooKeeperChange };

/// What a process is to the world: alive, then not. Shared by all that belongs to one incarnation
/// of it.
struct Life {
  std::string name;
  std::string host;  ///< where it runs: see SimNetwork
  bool alive = true;
  MonotonicTime paused_until{0};
  int64_t file_operations = 0;  ///< begun so far
  int64_t kill_at_operation = -1;
  MonotonicTime pause_at_next{0};  ///< for so long, at the next operation of that kind; 0: not
  Operation pause_at = Operation::kFile;
};

/// A world in one thread: virtual time, whose turn it is, what happens when. Every choice is drawn
/// from the seed and noted in the trace, so the same seed gives the same run, bit for bit, as long
/// as the code under test reaches the world through its Platform only.
///
/// One thing happens at a time: a step of one actor, or an event (a message arrives, blocking work
/// runs from one of its rests to the next). Among actors that are ready the next is drawn; events
/// happen in order of their time. Time passes with each step and jumps when all rest.
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
  /// For decisions of the world; others take a split() at their construction.
  SimRandom& random() { return random_; }

  /// Does one thing. False if nothing will ever happen again.
  bool step();
  enum class Outcome { kDone, kTimeout, kNothingLeft };
  /// Steps until `done` (asked before each step) holds or virtual time has passed.
  Outcome run_until(const std::function<bool()>& done, MonotonicTime at_most);
  /// Lets `duration` pass, even if nothing happens in it.
  void run_for(MonotonicTime duration);

  /// `what` happens at `time`, unless `owner` (may be null: the world's own) is dead by then; while
  /// it is paused, afterwards. Events of one time happen in the order in which they were made.
  void at(MonotonicTime time, std::shared_ptr<Life> owner, std::function<void()> what);
  void note(std::string_view what, std::string_view who, uint64_t value = 0) {
    trace_.note(now_, what, who, value);
  }

  /// Begins blocking work, from within an event. It rests where it comes to at_operation(), and
  /// goes on by itself. When its process is killed it goes on at once to its end, and whatever it
  /// asks for fails.
  void run_blocking(std::shared_ptr<Life> life, std::function<void()> work);
  /// Blocking work of `life` is about to do such a thing, or has just done it: it may rest here, as
  /// the faults say, and its process may die meanwhile. Elsewhere than in blocking work nothing
  /// happens.
  void at_operation(Life& life, Operation operation);

  /// The process is gone at this moment: see SimProcess::kill().
  void kill(Life& life, std::string_view how);

  /// How often blocking work has rested in its middle.
  int64_t rests() const { return rests_; }

  SimNetwork& network() { return *network_; }
  /// The store of that name, made by add_disk(). Null if there is none.
  SimDisk* disk(const std::string& name);
  SimDisk& add_disk(const std::string& name, std::unique_ptr<SimDisk> disk);
  /// From here on nothing more goes wrong: rates are zero, windows of unavailability and
  /// partitions end, nobody rests. What is paused stays so for its time.
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
  /// The blocking work that runs lets all others go on for so long.
  void rest(MonotonicTime duration);
  /// Ends blocking work of dead processes, and frees what their events captured; not while one of
  /// them is on the stack.
  void bury();

  const WorldOptions options_;
  SimRandom random_;
  Trace trace_;
  WorldFaults faults_;
  MonotonicTime now_{0};
  uint64_t next_number_ = 0;
  const std::unique_ptr<SimNetwork> network_;  ///< before what holds links: events
  bool inside_ = false;                        ///< something is happening right now
  bool someone_died_ = false;
  std::vector<Event> events_;  ///< a heap; the earliest in front
  std::vector<SimActor*> ready_;
  std::unordered_map<uint64_t, SimActor*> actors_;  ///< by id; never iterated
  std::map<std::string, std::unique_ptr<SimDisk>> disks_;
  struct Blocking {
    std::shared_ptr<Life> life;
    std::unique_ptr<SimFiber> fiber;
  };
  std::map<uint64_t, Blocking>
      blocking_;          ///< begun and not ended, in the order of their beginnings
  uint64_t running_ = 0;  ///< the one of them that runs right now
  int64_t rests_ = 0;
};

/// An actor in the world. What SimScheduler hands out.
class SimActor : public ActorHandle {
 public:
  /// `time_offset`: what the process's clock shows more than the world's.
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
  uint64_t timer_ = 0;              ///< the timer that counts; older ones are void
  bool stepping_ = false;
  bool woken_ = false;  ///< while stepping or stalled
  bool stalled_ = false;
  bool stopped_ = false;
};

}  // namespace weir::sim
