#include "flink/chain_driver.h"

#include <algorithm>
#include <utility>

#include "base/bug_switch.h"
#include "base/status_macros.h"
#include "base/strings.h"

namespace weir {
namespace {

/// Rounded up, so that a call at that time is not too early.
std::chrono::milliseconds ms_of(MonotonicTime time) {
  return std::chrono::ceil<std::chrono::milliseconds>(time);
}

}  // namespace

ChainDriver::ChainDriver(Input input, OperatorChain& chain, SuspendableCall& call, FramePacker& out,
                         ReplyWriter& reply, ChainServices& services, ChainWorld& world)
    : input_(input),
      chain_(chain),
      walk_(chain, *this),
      call_(call),
      out_(out),
      reply_(reply),
      services_(services),
      world_(world),
      source_(input.graph.vertices[input.vertex].is_source),
      batches_(input.graph.edges.size()) {}

StatusOr<uint8_t> ChainDriver::process(std::string_view frames) {
  frames_ = frames;
  kept_.clear();
  return begin(Activity::kProcess);
}

StatusOr<uint8_t> ChainDriver::watermark(Timestamp watermark) {
  new_watermark_ = watermark;
  return begin(Activity::kWatermark);
}

StatusOr<uint8_t> ChainDriver::timer() { return begin(Activity::kTimer); }

StatusOr<uint8_t> ChainDriver::poll() {
  poll_began_ = now();
  poll_taken_ = out_.taken();
  nothing_now_ = false;
  return begin(Activity::kPoll);
}

StatusOr<uint8_t> ChainDriver::barrier() { return begin(Activity::kBarrier); }

StatusOr<uint8_t> ChainDriver::completed(CheckpointId id) {
  services_.run_continuations();
  chain_.checkpoint_completed(id);
  return begin(Activity::kCompleted);
}

StatusOr<uint8_t> ChainDriver::commit_without_checkpoint() {
  services_.run_continuations();
  chain_.commit_without_checkpoint();
  return begin(Activity::kCompleted);
}

StatusOr<uint8_t> ChainDriver::finish() { return begin(Activity::kFinish); }

StatusOr<uint8_t> ChainDriver::begin(Activity activity) {
  activity_ = activity;
  begun_ = false;
  return resume();
}

StatusOr<uint8_t> ChainDriver::resume() {
  called_at_ = now();
  while (true) {
    services_.run_continuations();
    WEIR_RETURN_IF_ERROR(failure_);
    if (reply_.bytes() >= kFullReply) return more();
    switch (step()) {
      case Step::kAgain: break;
      case Step::kDone: WEIR_RETURN_IF_ERROR(failure_); return end_call();
      case Step::kWait:
        if (!wait_a_little()) return more();
        break;
    }
  }
}

ChainDriver::Step ChainDriver::step() {
  if (call_.suspended()) {
    if (!chain_.can_accept()) return Step::kWait;
    call_.resume();
    if (!call_.suspended()) chain_.call_ended();
  } else {
    call_.run(
        [](void* self) {
          ChainDriver& driver = *static_cast<ChainDriver*>(self);
          try {
            driver.stepped_ = driver.step_of_call();
          } catch (...) { driver.thrown_ = std::current_exception(); }
        },
        this);
  }
  if (thrown_) std::rethrow_exception(std::exchange(thrown_, nullptr));
  return call_.suspended() ? Step::kAgain : stepped_;
}

ChainDriver::Step ChainDriver::step_of_call() {
  const bool accepts = chain_.can_accept();
  if (walk_.under_way()) {
    if (!accepts) return Step::kWait;
    walk_.resume();
    return Step::kAgain;
  }
  if (activity_ == Activity::kTimer && !accepts) {
    chain_.advance_refusing(services_.wall_ms());
    return Step::kDone;
  }
  if (activity_ == Activity::kCompleted) {
    if (!walk_.ended() || chain_.quiescent()) return Step::kDone;
    return accepts && fire_due_timers() ? Step::kAgain : Step::kWait;
  }
  const bool begun = std::exchange(begun_, begun_ || accepts);
  // A finished call need not wait for the work that its last record began.
  if (activity_ == Activity::kProcess && frames_.empty()) return Step::kDone;
  if (begun && (activity_ == Activity::kWatermark || activity_ == Activity::kFinish))
    return Step::kDone;
  if (!accepts) return Step::kWait;
  switch (activity_) {
    case Activity::kProcess: process_frame(); return Step::kAgain;
    case Activity::kWatermark:
      if (new_watermark_ <= walk_.time().watermark) return Step::kDone;
      walk_.begin_input(StreamElement::Kind::kWatermark, new_watermark_);
      return Step::kAgain;
    case Activity::kFinish: walk_.begin(StreamElement::Kind::kEndOfData, 0); return Step::kAgain;
    case Activity::kTimer: return !begun && fire_due_timers() ? Step::kAgain : Step::kDone;
    case Activity::kBarrier:
      walk_.begin(StreamElement::Kind::kBarrier, 0);  // Flink tells the id with SNAPSHOT
      return Step::kDone;
    case Activity::kPoll: return step_poll();
    case Activity::kCompleted:
    case Activity::kNone: break;
  }
  return Step::kDone;
}

ChainDriver::Step ChainDriver::step_poll() {
  if (walk_.ended()) return Step::kDone;
  if (fire_due_timers() && !chain_.can_accept()) return Step::kAgain;
  if (out_.taken() - poll_taken_ >= kPollRecords || now() - poll_began_ >= kPollTime)
    return Step::kDone;
  EventTime time = walk_.time();
  const PollResult result = chain_.poll(&time);
  walk_.begin_time(time);
  if (walk_.under_way()) return Step::kAgain;
  if (result.status == PollResult::Status::kEnd) {
    walk_.begin_end_of_source();
    return Step::kAgain;
  }
  if (result.status == PollResult::Status::kMore) return Step::kAgain;
  poll_wake_ = result.wake_at_ms;
  return step_poll_in_vain();
}

/// There is nothing to read. Waits for input if the wait is short and no records of this call are
/// ready to leave.
ChainDriver::Step ChainDriver::step_poll_in_vain() {
  const MonotonicTime left = poll_began_ + kEmptyPollTime - now();
  const int64_t due_in_ms = detail::saturating_sub(
      std::min(poll_wake_, chain_.next_processing_time()), services_.wall_ms());
  const bool soon = services_.under_way() > 0 || due_in_ms <= whole_ms(left);
  if (out_.gathered() > 0 || reply_.outputs() > 0 || left <= MonotonicTime(0) || !soon) {
    nothing_now_ = true;
    return Step::kDone;
  }
  world_.wait(std::min(ms_of(left), std::chrono::milliseconds(std::max<int64_t>(0, due_in_ms))));
  return Step::kAgain;
}

void ChainDriver::process_frame() {
  BinaryReader in(frames_);
  const std::string_view bytes = in.get_bytes();
  if (!in.ok()) return fail(in.status("the frames of a PROCESS"));
  frames_.remove_prefix(in.position());
  Batch* batch = nullptr;
  int input = 0;
  if (Status read = read_frame(bytes, &batch, &input); !read.ok()) return fail(std::move(read));
  walk_.process(input, *batch);
  batch->clear();
  walk_.begin_own_time();
}

Status ChainDriver::read_frame(std::string_view bytes, Batch** batch, int* input) {
  chain_.enter(0);  // the input's serializer runs now
  WEIR_ASSIGN_OR_RETURN(const Frame frame, decode_frame(bytes));
  const FrameHeader& header = frame.header;
  if (header.edge >= batches_.size() || input_.graph.edges[header.edge].to != input_.vertex) {
    return internal_error(cat("a frame came on edge ", header.edge, ", which does not lead to '",
                              input_.graph.vertices[input_.vertex].name, "'"));
  }
  if (header.build != input_.build) {
    return failed_precondition(cat("a frame of records was written by build ", header.build,
                                   " of the executable, and this is build ", input_.build,
                                   ": records that were in flight in an unaligned checkpoint can "
                                   "be read by the build that wrote them only; start from a "
                                   "savepoint"));
  }
  const JobEdge& edge = input_.graph.edges[header.edge];
  if (edge.codec == nullptr)
    return internal_error(
        cat("a frame came on edge ", header.edge, ", whose records cannot leave a process"));
  std::unique_ptr<Batch>& into = batches_[header.edge];
  if (!into) into = edge.codec->make();
  into->clear();
  WEIR_RETURN_IF_ERROR(edge.codec->decode(frame.batch, *into));
  if (into->size() != header.count) {
    return data_loss(
        cat("a frame says that it has ", header.count, " records, and has ", into->size()));
  }
  if (edge.partitioning == Partitioning::kHash) WEIR_RETURN_IF_ERROR(check_group(header, *into));
  *batch = into.get();
  *input = edge.input;
  return {};
}

Status ChainDriver::check_group(const FrameHeader& header, const Batch& batch) const {
  if (!input_.range.contains(header.key_group)) {
    return internal_error(cat("a frame of key group ", header.key_group,
                              " came to a subtask that has key groups ", input_.range.first, " to ",
                              input_.range.last, ": its state would be split"));
  }
  if (batch.key_hashes.empty())
    return data_loss(cat("a frame of key group ", header.key_group, " has no hashes of its keys"));
  if (const int group = key_group_of(batch.key_hashes[0], input_.max_parallelism);
      group != header.key_group) {
    return data_loss(cat("a frame says that its records are of key group ", header.key_group,
                         ", and the first is of key group ", group));
  }
  return {};
}

/// The call is done: sends the records that must leave now.
uint8_t ChainDriver::end_call() {
  const Activity done = std::exchange(activity_, Activity::kNone);
  bool flush = source_;  // Flink may take a snapshot of a source between any two calls
  switch (done) {
    case Activity::kBarrier: flush = !bug_enabled(Bug::kHostedBarrierNotFlushed); break;
    case Activity::kWatermark:
    case Activity::kFinish: flush = true; break;
    // A timer that fires a little early still counts as the requested one.
    case Activity::kTimer:
      flush = flush || (out_.gathered() > 0 && now() - out_.since() >= kHold / 2);
      break;
    case Activity::kPoll:
      walk_.begin(StreamElement::Kind::kBarrier, 0);
      vain_polls_ = nothing_now_ && out_.taken() == poll_taken_ ? vain_polls_ + 1 : 0;
      break;
    default: flush = flush || (out_.gathered() > 0 && now() - out_.since() >= kHold);
  }
  if (flush) out_.flush();
  if (done != Activity::kPoll) return 0;
  return walk_.ended() ? kReplyEnd : nothing_now_ ? kReplyNothingNow : 0;
}

uint8_t ChainDriver::more() {
  if (activity_ == Activity::kProcess && kept_.empty() && !frames_.empty()) {
    kept_.assign(frames_);  // the request's memory is reused when this returns
    frames_ = kept_;
  }
  return kReplyMore;
}

/// Flink sends the event time of its own inputs to the next operators itself.
void ChainDriver::on_passed(StreamElement::Kind kind, int64_t value) {
  if (!source_ && chain_.event_time_operator() == nullptr) return;
  if (kind == StreamElement::Kind::kWatermark && value != kMaxWatermark) {
    out_.flush();
    reply_.put_watermark(value);
  } else if (kind == StreamElement::Kind::kWatermarkStatus) {
    out_.flush();
    reply_.put_status(value != 0);
  }
}

bool ChainDriver::fire_due_timers() {
  const int64_t due = chain_.next_processing_time();
  if (due == INT64_MAX) return false;
  const int64_t wall = services_.wall_ms();
  if (due > wall) return false;
  chain_.fire_due(wall);
  walk_.begin_own_time();
  return true;
}

bool ChainDriver::wait_a_little() {
  const MonotonicTime left = called_at_ + kPatience - now();
  if (left <= MonotonicTime(0)) return false;
  const int64_t wall = services_.wall_ms();
  const int64_t due =
      chain_.can_accept() ? chain_.next_processing_time() : chain_.advance_refusing(wall);
  world_.wait(std::min(ms_of(left), std::chrono::milliseconds(
                                        std::max<int64_t>(1, detail::saturating_sub(due, wall)))));
  return true;
}

void ChainDriver::wait_until_accepting() {
  while (failure_.ok() && !chain_.can_accept()) {
    called_at_ = now();
    wait_a_little();
    services_.run_continuations();
  }
}

void ChainDriver::settle(MonotonicTime at_most) {
  const MonotonicTime end = now() + at_most;
  while (services_.run_continuations(), failure_.ok() && !chain_.quiescent() && now() < end) {
    called_at_ = now();
    wait_a_little();
  }
}

int64_t ChainDriver::wake_at() {
  const int64_t wall = services_.wall_ms();
  int64_t wake = chain_.next_processing_time();
  if (source_ && !walk_.ended()) wake = nothing_now_ ? std::min(wake, poll_wake_) : wall;
  if (services_.under_way() > 0 || !chain_.can_accept())
    wake = std::min(wake, wall + look_again_ms());
  if (out_.gathered() > 0)
    wake = std::min(wake, wall + std::max<int64_t>(0, ms_of(out_.since() + kHold - now()).count()));
  return wake;
}

void ChainDriver::fail(Status status) {
  if (failure_.ok()) failure_ = std::move(status);
}

}  // namespace weir
