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
#include "runtime/operator_chain.h"

namespace weir {

/// Carries out those calls that move records: PROCESS, WATERMARK, TIMER, POLL, BARRIER, COMPLETED,
/// FINISH, and RESUME. What they emit goes into the reply as frames. Stands where a Task stands
/// outside of Flink. Thread: the host's. Exceptions of user code pass through.
class ChainDriver {
 public:
  static constexpr size_t kFullReply = 1 << 20;  ///< then the call says `more`
  static constexpr MonotonicTime kHold =
      std::chrono::milliseconds(10);  ///< gathered records leave after this
  static constexpr MonotonicTime kPollTime =
      std::chrono::milliseconds(10);  ///< of a POLL that finds records
  static constexpr MonotonicTime kEmptyPollTime =
      std::chrono::milliseconds(5);  ///< of one that finds none
  static constexpr MonotonicTime kPatience =
      std::chrono::milliseconds(20);  ///< of a call that has to wait; then it says `more`
  static constexpr int64_t kLookAgainMs =
      10;  ///< while blocking work is under way; a source that waits long, less often
  static constexpr int kVainPolls = 8;  ///< after so many the time doubles
  static constexpr int kMaxDoublings = 3;
  static constexpr int64_t kPollRecords = FramePacker::kMaxRecords;

  struct Input {
    const JobGraph& graph;
    int vertex;
    KeyGroupRange range;
    int max_parallelism;
    uint32_t build;
  };

  /// All references outlive the driver; `out` is where `chain` emits, `call` is the chain's.
  ChainDriver(Input input, OperatorChain& chain, SuspendableCall& call, FramePacker& out,
              ReplyWriter& reply, ChainServices& services, ChainWorld& world);

  /// Each begins a call and goes on with it until it is done, the reply is full or kPatience is
  /// over; gives the reply's flags.
  StatusOr<uint8_t> process(std::string_view frames);
  StatusOr<uint8_t> watermark(Timestamp watermark);
  StatusOr<uint8_t> timer();
  StatusOr<uint8_t> poll();
  StatusOr<uint8_t> barrier();
  StatusOr<uint8_t> completed(CheckpointId id);
  StatusOr<uint8_t> finish();
  StatusOr<uint8_t> resume();

  /// The call that said `more` last, if it is not done.
  bool busy() const { return activity_ != Activity::kNone; }
  /// Waits until a snapshot may be taken of a source, which has no call before it.
  void wait_until_accepting();
  /// Waits, at most so long, for commits that are under way: after a savepoint that the job is
  /// stopped with nobody calls again.
  void settle(MonotonicTime at_most);
  /// When the driver wants to be called again.
  int64_t wake_at();
  /// No call is carried out to its end after it. The first one counts.
  void fail(Status status);
  const Status& failure() const { return failure_; }

 private:
  enum class Activity { kNone, kProcess, kWatermark, kTimer, kPoll, kBarrier, kCompleted, kFinish };
  enum class Walk { kNone, kWatermark, kFinalWatermark, kFinish };
  enum class Step { kAgain, kDone, kWait };

  StatusOr<uint8_t> begin(Activity activity);
  /// Begins a step, or goes on with one that was suspended where it emitted: for a full reply, or
  /// an operator that accepts nothing.
  Step step();
  Step step_of_call();
  Step step_poll();
  Step step_poll_in_vain();
  void process_frame();
  Status read_frame(std::string_view bytes, Batch** batch);
  Status check_group(const FrameHeader& header, const Batch& batch) const;
  uint8_t end_call();
  uint8_t more();
  void begin_walk(Walk walk, int64_t value);
  void proceed(Progress progress);
  /// One round; false: none was due.
  bool fire_due_timers();
  int64_t look_again_ms() const {
    return kLookAgainMs << std::min(vain_polls_ / kVainPolls, kMaxDoublings);
  }
  /// Waits for blocking work or a due time; false: for too long already.
  bool wait_a_little();
  MonotonicTime now() const { return world_.clock().now(); }

  const Input input_;
  OperatorChain& chain_;
  SuspendableCall& call_;
  FramePacker& out_;
  ReplyWriter& reply_;
  ChainServices& services_;
  ChainWorld& world_;
  const bool source_;
  std::vector<std::unique_ptr<Batch>> batches_;  ///< by edge: what its frames are read into

  Activity activity_ = Activity::kNone;
  bool begun_ = false;           ///< what the activity does once is begun
  MonotonicTime called_at_{0};   ///< with this call, or RESUME
  std::string_view frames_;      ///< PROCESS: those that are left
  std::string kept_;             ///< where they are after `more`
  Timestamp new_watermark_ = 0;  ///< WATERMARK
  MonotonicTime poll_began_{0};
  int64_t poll_taken_ = 0;         ///< out_.taken() then
  bool nothing_now_ = false;       ///< so ended the last POLL
  int vain_polls_ = 0;             ///< in a row
  int64_t poll_wake_ = INT64_MAX;  ///< and then it wanted to be called

  Walk walk_ = Walk::kNone;
  int64_t walk_value_ = 0;
  Timestamp watermark_ = kMinWatermark;
  bool ended_ = false;
  Step stepped_ = Step::kDone;  ///< what the last step gave
  std::exception_ptr thrown_;   ///< or threw
  Status failure_;
};

}  // namespace weir
