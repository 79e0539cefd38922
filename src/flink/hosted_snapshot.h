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
#include "weir/bytes.h"

namespace weir {

/// One snapshot of a chain on its way to Flink. Lists are there at once; keyed state is written by
/// the I/O pool, a group at a time, into a queue that is drained from outside and holds a few MiB:
/// a full queue ends the pool's work, and draining it begins it again. Thread: the host's, except
/// for what it runs on the pool itself.
class HostedSnapshot : public std::enable_shared_from_this<HostedSnapshot> {
 public:
  static constexpr size_t kQueueBytes = 4 << 20;
  using Run = std::function<void(std::function<void()>)>;

  /// `run` brings work to the I/O pool. `source`: readers of a source have split lists only, so no
  /// header goes with them; FAILED_PRECONDITION if an operator puts elements into a union list
  /// there.
  static StatusOr<std::shared_ptr<HostedSnapshot>> begin(TaskSnapshot taken, bool source, Run run);

  const std::vector<std::string>& split_elements() const { return split_elements_; }
  const std::vector<std::string>& union_elements() const { return union_elements_; }
  /// False: the elements are all of it.
  bool has_rest() const { return has_rest_; }

  /// The body of the next reply to SNAPSHOT_CHUNK. That it has failed is in it, too: this
  /// checkpoint is lost, and nothing else.
  void put_chunk(BinaryWriter& out);
  /// True after the chunk that said that all is written, or that it has failed.
  bool drained() const { return drained_; }
  /// The rest is not wanted any more; gives its memory back soon.
  void drop();

 private:
  struct Blob {
    int key_group;
    std::string bytes;
  };

  HostedSnapshot(TaskSnapshot taken, Run run) : taken_(std::move(taken)), run_(std::move(run)) {}
  Status describe_lists(bool source);
  /// With mutex_ held: lets the pool go on unless it does, or has nothing to do.
  void go_on();
  // On the pool.
  void write_some();
  StatusOr<bool> write_next();

  // Set once; of taken_ the pool's while writing_, else the host's.
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
  std::string current_;  ///< blob of current_group_, of which sent_ bytes are out
  size_t sent_ = 0;
  int current_group_ = 0;
  bool drained_ = false;

  std::mutex mutex_;
  // guarded by mutex_
  std::deque<Blob> queue_;
  size_t queued_bytes_ = 0;
  bool writing_ = false;
  bool written_ = false;  ///< nothing comes any more
  bool dropped_ = false;
  Status failure_;
};

}  // namespace weir
