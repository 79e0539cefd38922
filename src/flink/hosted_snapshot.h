#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "checkpoint/hosted_state.h"
#include "runtime/task_snapshot.h"
#include "weir/types/bytes.h"

namespace weir {

/// One snapshot of a chain on its way to Flink. Lists are available at once. The I/O pool writes
/// keyed state, a group at a time, into a queue of a few MiB, which the host drains. A full queue
/// ends the pool's work, and draining it starts it again. Thread: the host's, except for its own
/// work on the pool.
class HostedSnapshot : public std::enable_shared_from_this<HostedSnapshot> {
 public:
  static constexpr size_t kQueueBytes = 4 << 20;
  using Run = std::function<void(std::function<void()>)>;

  /// `run` runs work on the I/O pool. `source`: readers of a source have split lists only, so they
  /// get no header; FAILED_PRECONDITION if an operator puts elements into a union list there.
  static StatusOr<std::shared_ptr<HostedSnapshot>> begin(TaskSnapshot taken, bool source, Run run);

  const std::vector<std::string>& split_elements() const { return split_elements_; }
  const std::vector<std::string>& union_elements() const { return union_elements_; }
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
  struct Blob {
    int key_group;
    std::string bytes;
  };

  HostedSnapshot(TaskSnapshot taken, Run run) : taken_(std::move(taken)), run_(std::move(run)) {}
  Status describe_lists(bool source);
  /// With mutex_ held: starts work on the pool unless it is running or there is nothing to do.
  void go_on();
  // On the pool.
  void write_some();
  StatusOr<bool> write_next();

  // Set once; taken_ belongs to the pool while writing_, otherwise to the host.
  TaskSnapshot taken_;
  const Run run_;
  std::vector<std::string> split_elements_;
  std::vector<std::string> union_elements_;
  int32_t types_ = 0;
  bool has_rest_ = false;
  // The pool's.
  bool acknowledged_ = false;  ///< the work before the acknowledgement is done
  KeyGroupRange range_;
  int next_group_ = 0;
  BinaryWriter scratch_;
  // The host's.
  std::string current_;  ///< blob of current_group_; the first sent_ bytes are sent
  size_t sent_ = 0;
  int current_group_ = 0;
  bool drained_ = false;

  std::mutex mutex_;
  // guarded by mutex_
  std::deque<Blob> queue_;
  size_t queued_bytes_ = 0;
  bool writing_ = false;
  bool written_ = false;  ///< nothing more follows
  bool dropped_ = false;
  Status failure_;
};

}  // namespace weir
