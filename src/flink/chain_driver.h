#pragma once

#include <algorithm>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "flink/chain_protocol.h"
#include "flink/chain_services.h"
#include "flink/frame_packer.h"
#include "flink/reply_writer.h"
#include "graph/job_graph.h"
#include "runtime/chain_walk.h"

namespace weir {

/// Carries out the calls that move records: PROCESS, WATERMARK, TIMER, POLL, BARRIER, COMPLETED,
/// COMMIT, FINISH, and RESUME. Emitted records go into the reply as frames. Replaces runtime/task.h
/// inside Flink. Thread: the host's. Exceptions of user code pass through.
class ChainDriver final : private ChainWalk::Exit {
 public:
  /// From this size on the reply is sent with `more`.
  static constexpr size_t kFullReply = 1 << 20;
  /// Maximum age of buffered records.
  static constexpr MonotonicTime kHold = std::chrono::milliseconds(10);
  /// Maximum duration of a POLL that finds records.
  static constexpr MonotonicTime kPollTime = std::chrono::milliseconds(10);
  /// Maximum duration of a POLL that finds none.
  static constexpr MonotonicTime kEmptyPollTime = std::chrono::milliseconds(5);
  /// Maximum wait inside a call; then it replies `more`.
  static constexpr MonotonicTime kPatience = std::chrono::milliseconds(20);
  /// Interval of polls during blocking work; longer for a source that has waited long.
  static constexpr int64_t kLookAgainMs = 10;
  static constexpr int kVainPolls = 8;  ///< the interval doubles after this many empty polls
  static constexpr int kMaxDoublings = 3;
  static constexpr int64_t kPollRecords = FramePacker::kMaxRecords;

  struct Input {
    const JobGraph& graph;
    int vertex;
    KeyGroupRange range;
    int max_parallelism;
    uint32_t build;
  };

  /// All references outlive the driver. `chain` emits to `out`; `call` is the chain's.
  ChainDriver(Input input, OperatorChain& chain, SuspendableCall& call, FramePacker& out,
              ReplyWriter& reply, ChainServices& services, ChainWorld& world);

  /// Each begins a call and continues until it is done, the reply is full or kPatience is over.
  /// Returns the reply's flags.
  StatusOr<uint8_t> process(std::string_view frames);
  StatusOr<uint8_t> watermark(Timestamp watermark);
  StatusOr<uint8_t> timer();
  StatusOr<uint8_t> poll();
  StatusOr<uint8_t> barrier();
  StatusOr<uint8_t> completed(CheckpointId id);
  StatusOr<uint8_t> commit_without_checkpoint();
  StatusOr<uint8_t> finish();
  StatusOr<uint8_t> resume();

  /// True while the last call, which replied `more`, is not done.
  bool busy() const { return activity_ != Activity::kNone; }
  /// Waits until a snapshot of a source may be taken, because no BARRIER call precedes it.
  void wait_until_accepting();
  /// Waits, at most this long, for commits in progress: after a savepoint that stops the job, no
  /// further call comes.
  void settle(MonotonicTime at_most);
  /// When the driver wants the next call.
  int64_t wake_at();
  /// After it no call is completed. The first failure counts.
  void fail(Status status);
  const Status& failure() const { return failure_; }

 private:
  enum class Activity { kNone, kProcess, kWatermark, kTimer, kPoll, kBarrier, kCompleted, kFinish };
  enum class Step { kAgain, kDone, kWait };

  StatusOr<uint8_t> begin(Activity activity);
  /// Begins a step, or continues one that was suspended while emitting, because the reply was full
  /// or an operator accepted nothing.
  Step step();
  Step step_of_call();
  Step step_poll();
  Step step_poll_in_vain();
  void process_frame();
  /// `input`: of the first operator, which the records are for.
  Status read_frame(std::string_view bytes, Batch** batch, int* input);
  Status check_group(const FrameHeader& header, const Batch& batch) const;
  uint8_t end_call();
  uint8_t more();
  void on_passed(StreamElement::Kind kind, int64_t value) override;
  /// One round; false: no timer was due.
  bool fire_due_timers();
  int64_t look_again_ms() const {
    return kLookAgainMs << std::min(vain_polls_ / kVainPolls, kMaxDoublings);
  }
  /// Waits for blocking work or a due time; false: the call has waited too long already.
  bool wait_a_little();
  MonotonicTime now() const { return world_.clock().now(); }

  const Input input_;
  OperatorChain& chain_;
  ChainWalk walk_;
  SuspendableCall& call_;
  FramePacker& out_;
  ReplyWriter& reply_;
  ChainServices& services_;
  ChainWorld& world_;
  const bool source_;
  std::vector<std::unique_ptr<Batch>> batches_;  ///< by edge: receives the records of its frames

  Activity activity_ = Activity::kNone;
  bool begun_ = false;           ///< the activity's one-time part has begun
  MonotonicTime called_at_{0};   ///< start of this call, or of RESUME
  std::string_view frames_;      ///< PROCESS: the remaining ones
  std::string kept_;             ///< holds frames_ after `more`
  Timestamp new_watermark_ = 0;  ///< WATERMARK
  MonotonicTime poll_began_{0};
  int64_t poll_taken_ = 0;         ///< out_.taken() at that time
  bool nothing_now_ = false;       ///< the last POLL found nothing
  int vain_polls_ = 0;             ///< number of empty polls in a row
  int64_t poll_wake_ = INT64_MAX;  ///< the time at which the last POLL wanted to be called again

  Step stepped_ = Step::kDone;  ///< the result of the last step
  std::exception_ptr thrown_;   ///< the exception of the last step
  Status failure_;
};

}  // namespace weir
