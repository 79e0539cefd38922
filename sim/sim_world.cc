#include "sim_world.h"

#include <algorithm>

#include "base/strings.h"
#include "sim_disk.h"
#include "sim_network.h"
#include "weir/detail/base/check.h"

namespace weir::sim {
namespace {

/// How often blocking work checks whether a lock is free.
constexpr MonotonicTime kLockLook = std::chrono::milliseconds(1);

}  // namespace

SimWorld::SimWorld(uint64_t seed, WorldOptions options)
    : options_(options),
      random_(seed),
      trace_(options.trace_lines),
      network_(std::make_unique<SimNetwork>(*this)) {}

SimWorld::~SimWorld() { WEIR_CHECK(actors_.empty() && blocking_.empty()); }

int64_t SimWorld::wall_ms() const {
  return options_.start_wall_ms +
         std::chrono::duration_cast<std::chrono::milliseconds>(now_).count();
}

bool SimWorld::step() {
  WEIR_CHECK(!inside_);
  if (ready_.empty()) {
    if (events_.empty()) return false;
    now_ = std::max(now_, events_.front().time);
  }
  inside_ = true;
  const bool due = !events_.empty() && events_.front().time <= now_;
  if (due && (ready_.empty() || random_.chance(0.5))) {
    run_next_event();
  } else {
    step_actor(*ready_[random_.below(ready_.size())]);
  }
  inside_ = false;
  if (someone_died_) bury();
  return true;
}

SimWorld::Outcome SimWorld::run_until(const std::function<bool()>& done, MonotonicTime at_most) {
  const MonotonicTime end = now_ + at_most;
  while (!done()) {
    if (ready_.empty() && !events_.empty() && events_.front().time > end) {
      now_ = end;
      return Outcome::kTimeout;
    }
    if (now_ >= end) return Outcome::kTimeout;
    if (!step()) return Outcome::kNothingLeft;
  }
  return Outcome::kDone;
}

void SimWorld::run_for(MonotonicTime duration) {
  const MonotonicTime end = now_ + duration;
  run_until([] { return false; }, duration);
  now_ = std::max(now_, end);
}

void SimWorld::at(MonotonicTime time, std::shared_ptr<Life> owner, std::function<void()> what) {
  push({std::max(time, now_), next_number_++, std::move(owner), std::move(what)});
}

void SimWorld::push(Event event) {
  events_.push_back(std::move(event));
  std::push_heap(events_.begin(), events_.end());
}

SimWorld::Event SimWorld::pop() {
  std::pop_heap(events_.begin(), events_.end());
  Event event = std::move(events_.back());
  events_.pop_back();
  return event;
}

void SimWorld::run_next_event() {
  Event event = pop();
  if (event.owner != nullptr) {
    if (!event.owner->alive) return;
    if (event.owner->paused_until > now_) {
      event.time = event.owner->paused_until;
      push(std::move(event));
      return;
    }
  }
  event.what();
}

void SimWorld::step_actor(SimActor& actor) {
  // Removes the actor from the list of ready actors. The last one takes its place.
  ready_[actor.ready_index_] = ready_.back();
  ready_[actor.ready_index_]->ready_index_ = actor.ready_index_;
  ready_.pop_back();
  actor.ready_index_ = SimActor::kNotReady;
  if (!actor.life_->alive) return;

  MonotonicTime rest_until = actor.life_->paused_until;
  if (rest_until <= now_ && random_.chance(faults_.actor_stall))
    rest_until = now_ + random_.delay(faults_.stall_max);
  if (rest_until > now_) {
    note("stall", actor.name_, static_cast<uint64_t>(rest_until.count()));
    actor.stalled_ = true;
    at(rest_until, nullptr, [this, id = actor.id_] {
      const auto found = actors_.find(id);
      if (found == actors_.end()) return;
      found->second->stalled_ = false;
      make_ready(*found->second);
    });
    return;
  }

  now_ += random_.delay(options_.step_max);
  actor.woken_ = false;
  actor.stepping_ = true;
  ++actor.timer_;
  const MonotonicTime next = actor.actor_.step();
  actor.stepping_ = false;
  note("step", actor.name_,
       static_cast<uint64_t>(next == Actor::kBusy   ? 0
                             : next == Actor::kIdle ? 1
                                                    : next.count()));
  if (!actor.life_->alive) return;
  if (next == Actor::kBusy || actor.woken_) {
    make_ready(actor);
  } else if (next != Actor::kIdle) {
    const MonotonicTime time = next - actor.time_offset_;
    if (time <= now_) {
      make_ready(actor);
    } else {
      at(time, nullptr, [this, id = actor.id_, timer = actor.timer_] {
        const auto found = actors_.find(id);
        if (found != actors_.end() && found->second->timer_ == timer) make_ready(*found->second);
      });
    }
  }
}

void SimWorld::make_ready(SimActor& actor) {
  if (actor.ready_index_ != SimActor::kNotReady || actor.stalled_ || actor.stopped_ ||
      !actor.life_->alive)
    return;
  actor.ready_index_ = ready_.size();
  ready_.push_back(&actor);
}

void SimWorld::remove(SimActor& actor) {
  if (actor.ready_index_ != SimActor::kNotReady) {
    ready_[actor.ready_index_] = ready_.back();
    ready_[actor.ready_index_]->ready_index_ = actor.ready_index_;
    ready_.pop_back();
  }
  actors_.erase(actor.id_);
}

void SimWorld::kill(Life& life, std::string_view how) {
  if (!life.alive) return;
  life.alive = false;
  note("kill", cat(life.name, ' ', how), static_cast<uint64_t>(life.file_operations));
  network_->process_died(life);
  someone_died_ = true;
  if (!inside_) bury();
}

void SimWorld::run_blocking(std::shared_ptr<Life> life, std::function<void()> work) {
  const uint64_t id = ++next_number_;
  auto fiber = std::make_unique<SimFiber>(std::move(work), [this] { rest(kLockLook); });
  blocking_.emplace(id, Blocking{std::move(life), std::move(fiber)});
  resume(id);
}

void SimWorld::resume(uint64_t work) {
  const auto found = blocking_.find(work);
  const uint64_t outer = std::exchange(running_, work);
  found->second.fiber->resume();
  running_ = outer;
  if (found->second.fiber->done()) blocking_.erase(found);
}

void SimWorld::rest(MonotonicTime duration) {
  Blocking& work = blocking_.at(running_);
  // bury() resumes the work of a dead process.
  if (work.life->alive) at(now_ + duration, work.life, [this, id = running_] { resume(id); });
  work.fiber->rest();
}

void SimWorld::at_operation(Life& life, Operation operation) {
  if (running_ == 0 || !life.alive) return;
  MonotonicTime duration{0};
  if (random_.chance(faults_.slow_operation)) duration = random_.delay(faults_.slow_operation_max);
  const bool of_files = operation == Operation::kMakeDirectory && life.pause_at == Operation::kFile;
  if (life.pause_at_next.count() > 0 && (operation == life.pause_at || of_files)) {
    life.paused_until =
        std::max(life.paused_until, now_ + std::exchange(life.pause_at_next, MonotonicTime(0)));
    note("pause at operation", life.name, static_cast<uint64_t>(life.paused_until.count()));
    duration = std::max(duration, MonotonicTime(1));
  }
  if (duration.count() == 0) return;
  ++rests_;
  note("rest", life.name, static_cast<uint64_t>(duration.count()));
  rest(duration);
}

void SimWorld::bury() {
  someone_died_ = false;
  inside_ = true;
  for (int rounds = 0;; ++rounds) {
    WEIR_CHECK(rounds < 10'000);  // deadlock: they wait for each other's locks
    std::vector<uint64_t> dead;
    for (const auto& [id, work] : blocking_) {
      if (!work.life->alive) dead.push_back(id);
    }
    if (dead.empty()) break;
    for (const uint64_t id : dead) resume(id);
  }
  inside_ = false;
  std::vector<Event> kept;
  std::vector<Event> dropped;
  for (Event& event : events_) {
    (event.owner == nullptr || event.owner->alive ? kept : dropped).push_back(std::move(event));
  }
  events_ = std::move(kept);
  std::make_heap(events_.begin(), events_.end());
  // Here the destructor of `dropped` frees captured objects, which may make new events.
}

SimDisk* SimWorld::disk(const std::string& name) {
  const auto found = disks_.find(name);
  return found == disks_.end() ? nullptr : found->second.get();
}

SimDisk& SimWorld::add_disk(const std::string& name, std::unique_ptr<SimDisk> disk) {
  auto& place = disks_[name];
  WEIR_CHECK(place == nullptr);
  place = std::move(disk);
  return *place;
}

void SimWorld::stop_faults() {
  note("faults stop", "");
  network_->heal_all();
  faults_ = WorldFaults{};
  for (auto& [name, disk] : disks_) disk->stop_faults();
}

SimActor::SimActor(SimWorld& world, std::shared_ptr<Life> life, std::string name, Actor& actor,
                   MonotonicTime time_offset)
    : world_(world),
      life_(std::move(life)),
      name_(cat(life_->name, '/', name)),
      actor_(actor),
      time_offset_(time_offset),
      id_(world.next_number_++) {
  world_.actors_.emplace(id_, this);
  world_.make_ready(*this);
}

SimActor::~SimActor() { stop(); }

void SimActor::stop() {
  WEIR_CHECK(!stepping_);
  if (stopped_) return;
  stopped_ = true;
  world_.remove(*this);
}

void SimActor::wake() {
  if (stepping_) {
    woken_ = true;
  } else {
    world_.make_ready(*this);
  }
}

}  // namespace weir::sim
