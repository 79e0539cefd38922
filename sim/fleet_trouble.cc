#include "fleet_trouble.h"

#include <algorithm>

namespace weir::sim {
namespace {

using std::chrono::milliseconds;

constexpr double kAskedToLeave = 0.25;  ///< share of the kills that become requests to leave
constexpr double kAtDirectories = 0.3;  ///< share of the depositions while a directory is made

}  // namespace

MonotonicTime FleetTrouble::after(MonotonicTime gap) {
  return gap.count() == 0 ? kNever
                          : world_.now() + MonotonicTime(random_.between(1, 2 * gap.count()));
}

void FleetTrouble::begin() {
  kill_at_ = after(faults_.kill_gap);
  pause_at_ = after(faults_.pause_gap);
  cut_at_ = after(faults_.cut_gap);
  depose_at_ = after(faults_.depose_gap);
  outage_at_ = after(faults_.outage_gap);
  if (may_delay_barriers()) delay_barriers_at_ = next_delay();
}

MonotonicTime FleetTrouble::due() const {
  return std::min({kill_at_, pause_at_, cut_at_, depose_at_, outage_at_, delay_barriers_at_});
}

void FleetTrouble::act() {
  const auto is_due = [this](MonotonicTime at) { return world_.now() >= at; };
  if (is_due(delay_barriers_at_)) delay_barriers();
  if (is_due(kill_at_)) {
    kill_someone();
    kill_at_ = after(faults_.kill_gap);
  }
  if (is_due(pause_at_)) {
    pause_someone();
    pause_at_ = after(faults_.pause_gap);
  }
  if (is_due(cut_at_)) {
    cut_someone_off();
    cut_at_ = after(faults_.cut_gap);
  }
  if (is_due(depose_at_)) {
    depose();
    depose_at_ = after(faults_.depose_gap);
  }
  if (is_due(outage_at_)) {
    zookeeper_.outage(a_while(faults_.outage_max));
    outage_at_ = after(faults_.outage_gap);
  }
}

MonotonicTime FleetTrouble::a_while(MonotonicTime most) {
  return random_.chance(0.5) ? random_.delay(most)
                             : MonotonicTime(random_.between(1, most.count()));
}

Seat* FleetTrouble::someone(double leader) {
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

void FleetTrouble::kill_someone() {
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

void FleetTrouble::sign_off(Seat& seat) {
  ++statistics_.asked_to_leave;
  seat.signed_off = true;
  seat.led = seat.member->view().leads;
  seat.member->sign_off();
}

void FleetTrouble::pause_someone() {
  Seat* const seat = someone(faults_.pause_leader);
  if (seat == nullptr) return;
  ++statistics_.pauses;
  const MonotonicTime duration = a_while(faults_.pause_max);
  if (random_.chance(faults_.pause_inside)) {
    seat->process->pause_at_next(
        seat->coordinator && random_.chance(0.5) ? Operation::kZooKeeperChange : Operation::kFile,
        duration);
  } else {
    seat->process->pause(duration);
  }
}

void FleetTrouble::depose() {
  Seat* const seat = someone(1);
  if (seat == nullptr || !seat->coordinator || !seat->member->view().leads) return;
  ++statistics_.depositions;
  const MonotonicTime session = milliseconds(plan_.session_timeout_ms);
  const MonotonicTime duration(random_.between(session.count(), 3 * session.count()));
  Operation operation = random_.chance(0.7) ? Operation::kZooKeeperChange : Operation::kFile;
  if (at_directories_.chance(kAtDirectories)) operation = Operation::kMakeDirectory;
  seat->process->pause_at_next(operation, duration);
  if (random_.chance(faults_.depose_unseen))
    world_.network().cut_for({hosts_.workers, {hosts_.zookeeper}}, 2 * duration);
}

void FleetTrouble::keep_a_core_down() {
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

MonotonicTime FleetTrouble::two_checkpoints() const {
  const SettingsPlan& settings = plan_.settings;
  return milliseconds(settings.interval_ms + settings.timeout_ms + settings.min_pause_ms + 100);
}

bool FleetTrouble::may_delay_barriers() const {
  const SettingsPlan& settings = plan_.settings;
  // Nobody must be considered lost meanwhile.
  return plan_.slots.size() >= 3 && plan_.workload.exactly_once && settings.overtake_ms < 0 &&
         settings.interval_ms > 0 && !faults_.cut_kinds.empty() &&
         two_checkpoints() * 3 / 2 + milliseconds(500) < milliseconds(plan_.heartbeat_timeout_ms);
}

MonotonicTime FleetTrouble::next_delay() {
  return world_.now() + two_checkpoints() * late_barriers_.between(2, 8);
}

void FleetTrouble::delay_barriers() {
  delay_barriers_at_ = next_delay();
  std::vector<Seat*> workers;
  for (Seat& seat : seats_) {
    if (!seat.coordinator && seat.process && seat.process->alive()) workers.push_back(&seat);
  }
  if (workers.size() < 3) return;
  ++statistics_.delayed_barriers;
  const auto take = [&] {
    const auto chosen =
        workers.begin() + static_cast<int64_t>(late_barriers_.below(workers.size()));
    Seat* const seat = *chosen;
    workers.erase(chosen);
    return seat;
  };
  const Seat& late = *take();
  const Seat& receiver = *take();
  std::vector<std::string> others = hosts_.coordinators;
  for (const Seat* seat : workers) others.push_back(seat->host);
  const MonotonicTime late_for = two_checkpoints() + late_barriers_.delay(two_checkpoints() / 2);
  const MonotonicTime all_for = late_for + milliseconds(late_barriers_.between(5, 500));
  SimNetwork& network = world_.network();
  network.cut_for({.a = hosts_.coordinators, .b = {late.host}, .one_way = true}, late_for);
  network.cut_for({.a = others, .b = {receiver.host}, .one_way = true}, all_for);
  const MonotonicTime kill_at =
      world_.now() + all_for + late_barriers_.delay(2 * two_checkpoints());
  if (kill_at >= faults_.phase) return;  // nothing fails any more
  const auto& life = receiver.process->life();
  world_.at(kill_at, life, [&world = world_, life] { world.kill(*life, "after late barriers"); });
}

void FleetTrouble::cut_someone_off() {
  world_.network().cut_for(draw_partition(faults_, hosts_, random_), a_while(faults_.cut_max));
}

}  // namespace weir::sim
