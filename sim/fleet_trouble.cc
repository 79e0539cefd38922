#include "fleet_trouble.h"

namespace weir::sim {
namespace {

using std::chrono::milliseconds;

constexpr double kAskedToLeave = 0.25;  ///< share of the kills that become requests to leave
constexpr double kAtDirectories = 0.3;  ///< share of the depositions while a directory is made

}  // namespace

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

void FleetTrouble::cut_someone_off() {
  world_.network().cut_for(draw_partition(faults_, hosts_, random_), a_while(faults_.cut_max));
}

}  // namespace weir::sim
