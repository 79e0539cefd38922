#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "checkpoint/hosted_state.h"
#include "platform/wakeup.h"
#include "runtime/task_snapshot.h"
#include "weir/types/bytes.h"

namespace weir {

/// One snapshot of a chain on its way to Flink. Lists are available at once. The I/O pool writes
/// keyed state into a queue of a few MiB, which the host drains; while the queue is full the pool's
/// thread waits. So memory holds the queue and one entry, however large a key group is. A group
/// begins with its length: one that is not small is written twice, first only to measure it.
/// Thread: the host's, except for its own work on the pool.
class HostedSnapshot : public std::enable_shared_from_this<HostedSnapshot> {
 public:
  static constexpr size_t kQueueBytes = 4 << 20;
  using Run = std::function<void(std::function<void()>)>;

  /// `run` runs work on the I/O pool. `source`: readers of a source have split lists only, so they
  /// get no header; FAILED_PRECONDITION if an operator puts elements into another list there.
  static StatusOr<std::shared_ptr<HostedSnapshot>> begin(TaskSnapshot taken, bool source, Run run);

  const std::vector<std::string>& split_elements() const { return split_elements_; }
  const std::vector<std::string>& union_elements() const { return union_elements_; }
  const std::vector<std::string>& broadcast_elements() const { return broadcast_elements_; }
  /// False: the snapshot consists of the elements only.
  bool has_rest() const { return has_rest_; }

  /// Writes the body of the next reply to SNAPSHOT_CHUNK. A failure is in it too: it only loses
  /// this checkpoint.
  void put_chunk(BinaryWriter& out);
  /// True after the last chunk, or after one that reported a failure.
  bool drained() const { return drained_; }
  /// Cancels the rest; its memory is freed soon.
  void drop();

 private:
  enum class Piece : uint8_t { kBegin, kBytes, kLast };
  struct Queued {
    int key_group;
    Piece piece;
    std::string bytes;
  };
  using Take = std::function<void(std::string_view bytes)>;

  HostedSnapshot(TaskSnapshot taken, Run run) : taken_(std::move(taken)), run_(std::move(run)) {}
  Status describe_lists(bool source);
  std::vector<std::string>& elements_of(ListStateMode mode);
  // On the pool.
  void write();
  Status write_rest();
  Status write_group(int group);
  Status write_part(const OperatorSnapshot& op, int group, bool again, const Take& take);
  Status write_measured_group(int group, std::string header, const std::vector<int64_t>& lengths);
  /// Waits for room. Does nothing if the snapshot was dropped.
  void push(int group, Piece piece, std::string bytes);
  bool dropped();

  // Set once; taken_ belongs to the pool once begun_ is set, otherwise to the host.
  TaskSnapshot taken_;
  const Run run_;
  std::vector<std::string> split_elements_;
  std::vector<std::string> union_elements_;
  std::vector<std::string> broadcast_elements_;
  int32_t types_ = 0;
  bool has_rest_ = false;
  // The pool's.
  KeyGroupRange range_;
  BinaryWriter scratch_;
  // The host's.
  size_t sent_ = 0;  ///< bytes of the queue's front
  bool drained_ = false;

  Wakeup room_;  ///< for the pool's thread
  std::mutex mutex_;
  // guarded by mutex_
  std::deque<Queued> queue_;
  size_t queued_bytes_ = 0;
  bool begun_ = false;
  bool written_ = false;  ///< nothing more follows
  bool dropped_ = false;
  Status failure_;
};

}  // namespace weir
