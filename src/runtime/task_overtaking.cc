// The part of a task that lets barriers overtake, and gives back what they have overtaken after a
// restore.

#include <utility>

#include "runtime/task.h"

namespace weir {

void Task::tend_overtaking(MonotonicTime now) {
  if (gate_ == nullptr) return;
  chain_.enter(0);  // its serializer may run
  if (overtaking_ != 0 && now >= overtake_at_)
    gate_->barriers().overtake(std::exchange(overtaking_, 0));
  gate_->pull();
  report_recorded();
}

bool Task::passes_barrier_without_room(MonotonicTime now) {
  if (state_ == State::kFailed || call_.suspended() || walk_.under_way() || !inner_replay_.empty())
    return false;
  if (gate_ != nullptr) {
    if (!gate_->overtakes()) return false;
  } else {
    if (overtaking_ == 0 || now < overtake_at_) return false;
    const CheckpointId next = source_barriers_.next_trigger();
    if (next == 0 || next > overtaking_) return false;
  }
  return chain_.can_accept();
}

MonotonicTime Task::pass_barrier_without_room() {
  if (gate_ != nullptr) {
    StreamElement barrier;
    chain_.enter(0);
    if (gate_->next_overtaking(&barrier)) walk_.begin(barrier.kind, barrier.value);
  } else {
    take_assigned_splits();
    if (const auto id = source_barriers_.take_trigger())
      walk_.begin(StreamElement::Kind::kBarrier, *id);
  }
  needs_no_room_ = false;
  return Actor::kBusy;
}

void Task::report_recorded() {
  if (!unrecorded_) return;
  const CheckpointId id = unrecorded_->id;
  if (gate_->barriers().recording() != id) return unrecorded_.reset();  // aborted or lost
  std::optional<OperatorLists> lists = gate_->take_recorded(id);
  if (!lists) return;
  TaskSnapshot snapshot = *std::exchange(unrecorded_, std::nullopt);
  snapshot.operators[0].lists.merge(*lists);
  snapshot.figures.overtook = true;
  listener_.on_snapshot(std::move(snapshot));
}

void Task::replay(RestoredInFlight in_flight) {
  inner_replay_ = std::move(in_flight.inner);
  if (gate_ != nullptr) gate_->replay(std::move(in_flight.channels));
}

void Task::replay_inner() {
  const auto [op, batch] = std::move(inner_replay_.front());
  inner_replay_.pop_front();
  chain_.process_at(op, *batch);
}

}  // namespace weir
