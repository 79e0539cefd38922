#include "runtime/task.h"

#include <algorithm>
#include <utility>

#include "base/bug_switch.h"
#include "base/log.h"
#include "base/strings.h"
#include "runtime/user_code.h"

namespace weir {

Task::Task(const JobVertex& vertex, int vertex_index, SubtaskPlace place, TaskServices& services,
           FiberPool& fibers, std::unique_ptr<InputGate> gate, std::vector<OutgoingEdge> outputs)
    : vertex_(vertex),
      vertex_index_(vertex_index),
      place_([&] {
        place.active_time = &active_time_;
        return place;
      }()),
      services_(services),
      gate_(std::move(gate)),
      outputs_(make_edges(std::move(outputs))),
      call_(fibers),
      chain_(
          vertex, place_, services, [this](Status status) { fail(std::move(status)); },
          exits_of(outputs_), call_) {
  for (const auto& output : outputs_) output->partition().count_into(&metrics_);
}

Task::~Task() { abandon_step(); }

std::vector<std::unique_ptr<Task::Edge>> Task::make_edges(std::vector<OutgoingEdge> outputs) {
  std::vector<std::unique_ptr<Edge>> edges;
  for (OutgoingEdge& output : outputs)
    edges.push_back(std::make_unique<Edge>(*this, std::move(output)));
  return edges;
}

std::vector<ChainExit> Task::exits_of(const std::vector<std::unique_ptr<Edge>>& edges) {
  std::vector<ChainExit> exits;
  for (const auto& edge : edges) exits.push_back(edge->exit());
  return exits;
}

template <class Call>
void Task::guarded(Call call) {
  if (state_ == State::kFailed) return;
  const CrashScope scope(chain_);
  try {
    call();
  } catch (...) { fail(status_of_current_exception(chain_.current().label())); }
}

void Task::fail(Status status) {
  if (state_ == State::kFailed) return;
  state_ = State::kFailed;
  if (listener_.on_failure) listener_.on_failure(std::move(status));
}

template <class Call>
void Task::between_steps(Call call) {
  if (call_.suspended()) return between_steps_.push_back(std::move(call));
  guarded(call);
}

MonotonicTime Task::step(MonotonicTime now) {
  if (state_ == State::kFailed) return Actor::kIdle;
  // Needed here too, because a scope within a suspended call does not end.
  const CrashScope scope(chain_);
  wake_ = Actor::kIdle;
  bool room = false;
  needs_no_room_ = needs_no_room_ && call_.suspended();
  guarded([&] {
    if (overtaking_ != 0 || unrecorded_ || gate_pulls()) tend_overtaking(now);
    room = has_room(now);
    if (!room && passes_barrier_without_room(now)) needs_no_room_ = true;
  });
  note_room(room, now);
  if (!room && !needs_no_room_) return wake_to_overtake(now);
  if (call_.suspended()) {
    call_.resume();
    if (!call_.suspended()) end_suspended_step();
  } else {
    now_ = now;
    call_.run(
        [](void* self) {
          Task& task = *static_cast<Task*>(self);
          task.guarded([&task] {
            task.wake_ = task.needs_no_room_ ? task.pass_barrier_without_room()
                                             : task.step_guarded(task.now_);
          });
        },
        this);
  }
  if (state_ == State::kFailed) return Actor::kIdle;
  return call_.suspended() ? Actor::kBusy : wake_to_overtake(now);
}

void Task::note_room(bool room, MonotonicTime now) {
  if (!room && !out_of_room_) out_of_room_since_ = now;
  if (room && out_of_room_) out_of_room_in_all_ += now - out_of_room_since_;
  if (room) active_time_ = now - out_of_room_in_all_;
  out_of_room_ = !room;
}

void Task::spent(MonotonicTime next, MonotonicTime begin, MonotonicTime end) {
  if (out_of_room_) {
    metrics_.time.enter(TimeMeter::State::kBackPressured, begin);
  } else if (next != Actor::kBusy) {
    metrics_.time.enter(TimeMeter::State::kIdle, begin);
  } else {
    metrics_.time.enter(TimeMeter::State::kBusy, begin);
    metrics_.time.enter(TimeMeter::State::kBusy, end);
  }
}

void Task::end_suspended_step() {
  guarded([this] { chain_.call_ended(); });
  for (const std::function<void()>& call : std::exchange(between_steps_, {})) guarded(call);
}

void Task::abandon_step() {
  const CrashScope scope(chain_);
  state_ = State::kFailed;  // so that nothing that the step still does is reported
  call_.abandon();
}

bool Task::has_room(MonotonicTime now) {
  if (!pump()) return false;  // woken when a consumer makes room
  if (chain_.can_accept()) return true;
  const int64_t wall = services_.wall_ms();
  const int64_t due = chain_.advance_refusing(wall);
  if (due != INT64_MAX) wake_ = time_when_due(now, wall, due);
  return false;
}

MonotonicTime Task::step_guarded(MonotonicTime now) {
  if (walk_.under_way()) {
    walk_.resume();
    return Actor::kBusy;
  }
  if (!inner_replay_.empty()) {
    replay_inner();
    return Actor::kBusy;
  }
  // A call that refused input may have changed it.
  if (state_ == State::kRunning) walk_.begin_own_time();
  if (walk_.under_way()) return Actor::kBusy;
  MonotonicTime next = Actor::kIdle;
  if (const int64_t due = chain_.next_processing_time(); due != INT64_MAX) {
    const int64_t wall = services_.wall_ms();
    if (due <= wall && !std::exchange(timers_were_last_, true)) {
      chain_.fire_due(wall);
      walk_.begin_own_time();
      return Actor::kBusy;
    }
    next = due <= wall ? Actor::kBusy : time_when_due(now, wall, due);
  }
  timers_were_last_ = false;
  next = std::min(next, gate_ ? step_gate() : step_source(now));
  return vertex_.chain[0].alignment ? std::min(next, report_to_align(now)) : next;
}

MonotonicTime Task::step_gate() {
  StreamElement element;
  chain_.enter(0);  // its serializer may run
  const bool any = gate_->next(&element);
  note_alignment();
  if (!any) {
    check_finished();
    return Actor::kIdle;
  }
  if (element.kind == StreamElement::Kind::kBatch) {
    metrics_.records_in.inc(static_cast<int64_t>(element.batch->size()));
    metrics_.bytes_in.inc(element.value);
    walk_.process(element.input, *element.batch);
    gate_->recycle(std::move(element.batch));
    walk_.begin_own_time();
  } else {
    if (element.kind == StreamElement::Kind::kWatermark)
      metrics_.input_watermark.set(element.value);
    walk_.begin_input(element.kind, element.value);
  }
  return Actor::kBusy;
}

void Task::note_alignment() {
  const CheckpointId open = gate_->barriers().open();
  if (open == 0 || open == aligning_) return;
  aligning_ = open;
  aligning_since_ = now_;
}

void Task::assign_splits(std::vector<std::string> splits, bool more_follow) {
  splits_.put({source_barriers_.newest_trigger(), std::move(splits), more_follow});
}

void Task::take_assigned_splits() {
  while (auto assigned = splits_.take(source_barriers_)) {
    if (!assigned->splits.empty()) chain_.add_splits(std::move(assigned->splits));
  }
}

MonotonicTime Task::step_source(MonotonicTime now) {
  take_assigned_splits();
  const bool must_drain = drains_ && state_ == State::kRunning && stop_at_ > 0 &&
                          source_barriers_.next_trigger() == stop_at_;
  if (must_drain) {
    walk_.begin_end_of_source();
    return Actor::kBusy;
  }
  if (const auto id = source_barriers_.take_trigger()) {
    walk_.begin(StreamElement::Kind::kBarrier, *id);
    return Actor::kBusy;
  }
  if (state_ != State::kRunning) {
    check_finished();
    return Actor::kIdle;
  }
  take_assigned_splits();  // aborted checkpoints hold none back any more
  EventTime time = walk_.time();
  const PollResult result = chain_.poll(&time);
  const bool overtakes =
      bug_enabled(Bug::kEndOfInputBeforeData) && result.status == PollResult::Status::kNothingNow;
  walk_.begin_time(time);
  if (walk_.under_way()) return Actor::kBusy;
  const bool out_of_splits = result.status == PollResult::Status::kEnd;
  if ((out_of_splits && !splits_.more_follow()) || overtakes) {
    walk_.begin_end_of_source();
    return Actor::kBusy;
  }
  if (out_of_splits && splits_.want_more()) listener_.on_split_wanted();
  if (result.status == PollResult::Status::kMore) return Actor::kBusy;
  if (result.wake_at_ms == INT64_MAX) return Actor::kIdle;
  return time_when_due(now, services_.wall_ms(), result.wake_at_ms);
}

void Task::on_passed(StreamElement::Kind kind, int64_t value) {
  if (kind == StreamElement::Kind::kBarrier) return on_barrier_passed(value);
  if (kind == StreamElement::Kind::kWatermark) metrics_.output_watermark.set(value);
  broadcast(kind, value);
  if (kind != StreamElement::Kind::kEndOfData) return;
  state_ = State::kEnded;
  barriers().on_end();
  if (listener_.on_ended) listener_.on_ended();
}

/// The operators have emitted everything that belongs before the barrier.
void Task::on_barrier_passed(CheckpointId id) {
  const bool barrier_first =
      bug_enabled(Bug::kOffsetSavedLate) && vertex_.is_source && state_ == State::kRunning;
  if (barrier_first) {
    broadcast(StreamElement::Kind::kBarrier, id);
    EventTime ignored = walk_.time();
    chain_.poll(&ignored);
  }
  auto taken = chain_.snapshot(id);
  // Operators may be between two epochs, and only a restart makes them consistent again.
  if (!taken.ok()) {
    fail(taken.status());
    return;
  }
  if (!barrier_first) broadcast(StreamElement::Kind::kBarrier, id);
  taken->vertex = vertex_index_;
  taken->first_barrier = id == aligning_ ? aligning_since_ : now_;
  taken->figures.vertex = vertex_index_;
  taken->figures.subtask = place_.subtask;
  taken->figures.alignment_us = whole_us(now_ - taken->first_barrier);
  last_barrier_ = id;
  if (id >= overtaking_) overtaking_ = 0;
  if (id == stop_at_ && !drains_) enter_stopped();
  if (gate_ && gate_->barriers().recording() == id) {
    unrecorded_ = *std::move(taken);
    return report_recorded();
  }
  listener_.on_snapshot(std::move(*taken));
}

void Task::align_watermark(Timestamp max_allowed) {
  between_steps([this, max_allowed] { chain_.align_watermark(max_allowed); });
}

MonotonicTime Task::report_to_align(MonotonicTime now) {
  const std::optional<Timestamp> watermark =
      state_ == State::kEnded ? kMaxWatermark : chain_.source()->watermark_to_align();
  if (!watermark || watermark == aligned_by_) return Actor::kIdle;
  if (now < align_again_) return align_again_;
  aligned_by_ = watermark;
  align_again_ = now + std::chrono::milliseconds(vertex_.chain[0].alignment->update_interval_ms);
  listener_.on_watermark_to_align(*watermark);
  return Actor::kIdle;
}

void Task::enter_stopped() {
  if (state_ != State::kRunning) return;
  state_ = State::kStopped;
  chain_.hold_timers(true);
}

void Task::revoke_stop() {
  stop_at_ = 0;
  if (state_ != State::kStopped) return;
  state_ = State::kRunning;
  chain_.hold_timers(false);
}

void Task::trigger_checkpoint(CheckpointId id, StopMode stop, MonotonicTime overtake_at) {
  if (vertex_.is_source) source_barriers_.on_trigger(id);
  if (overtake_at != Actor::kIdle && id > last_barrier_) {
    overtaking_ = id;
    overtake_at_ = overtake_at;
  }
  if (stop == StopMode::kNone) return;
  stop_at_ = id;
  drains_ = stop == StopMode::kDrain;
  if (last_barrier_ == id && !drains_) enter_stopped();
}

void Task::checkpoint_completed(CheckpointId id, bool ends_job) {
  between_steps([this, id, ends_job] {
    chain_.checkpoint_completed(id);
    if (barriers().holds_end(id) || (ends_job && state_ == State::kStopped)) {
      final_checkpoint_done_ = true;
    } else if (id == stop_at_) {
      revoke_stop();
    }
    check_finished();
  });
}

void Task::checkpoint_aborted(CheckpointId id) {
  barriers().on_abort(id);
  if (id == overtaking_) overtaking_ = 0;
  report_recorded();
  if (id == stop_at_) revoke_stop();
  between_steps([this, id] { chain_.checkpoint_aborted(id); });
}

void Task::commit_without_checkpoint() {
  between_steps([this] {
    chain_.commit_without_checkpoint();
    if (state_ == State::kEnded) final_checkpoint_done_ = true;
    check_finished();
  });
}

void Task::run_continuation(const std::function<void()>& continuation) {
  guarded([&] { continuation(); });
}

void Task::close() {
  if (closed_) return;
  closed_ = true;
  abandon_step();
  if (const Status status = chain_.close(); !status.ok()) {
    WEIR_LOG(kWarning) << status.message() << " (while it was closed; ignored)";
  }
}

void Task::check_finished() {
  const bool over = state_ == State::kEnded || state_ == State::kStopped;
  if (finished_ || !over || !final_checkpoint_done_) return;
  if (!chain_.quiescent()) return;
  finished_ = true;
  if (listener_.on_finished) listener_.on_finished();
}

void Task::Edge::emit(Batch& batch) {
  if (batch.empty()) return;
  task_.metrics_.records_out.inc(static_cast<int64_t>(batch.size()));
  // Wait only for what is left of the previous emission, so that a step that emits once is never
  // suspended.
  if (!task_.chain_.wait_until([this] { return task_.needs_no_room_ || enter().pump(); }))
    return batch.clear();
  if (const Status status = edge_.partition->check(batch); !status.ok()) {
    task_.fail(status.with_context(task_.chain_.current().label()));
    return batch.clear();
  }
  edge_.partition->emit(batch);
  if (const Status& failure = edge_.partition->failure(); !failure.ok())
    task_.fail(Status(failure).with_context(task_.chain_.current().label()));
  batch.clear();
}

OutputPartition& Task::Edge::enter() {
  task_.chain_.enter(edge_.op);
  return *edge_.partition;
}

void Task::broadcast(StreamElement::Kind kind, int64_t value) {
  if (!call_.wanted()) return;
  for (const auto& output : outputs_) output->enter().broadcast(kind, value);
}

void Task::flush_outputs() {
  guarded([&] {
    for (const auto& output : outputs_) output->enter().flush();
  });
}

MonotonicTime Task::flush_due_outputs(MonotonicTime now) {
  MonotonicTime next = Actor::kIdle;
  guarded([&] {
    for (const auto& output : outputs_) next = std::min(next, output->enter().flush_if_due(now));
  });
  return next;
}

bool Task::pump() {
  bool clear = true;
  for (const auto& output : outputs_) clear = output->enter().pump() && clear;
  return clear;
}

std::string Task::name() const {
  return cat(vertex_.name, " (", place_.subtask + 1, "/", place_.parallelism, ")");
}

int64_t Task::source_records() const {
  return vertex_.is_source ? const_cast<OperatorChain&>(chain_).source()->records_emitted() : 0;
}

}  // namespace weir
