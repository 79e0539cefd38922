#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>

#include "fs/file_system_registry.h"

namespace weir {

/// The hidden file of one epoch. The operator queues chunks; whichever thread of the I/O pool comes
/// by writes them, in the order in which they were queued, one thread at a time. Thread: append()
/// and end() the operator's; drain() and finish() the I/O pool's; the rest any.
class EpochFile {
 public:
  /// `bytes_in_flight` counts what is queued and not yet written, over all files of a writer.
  EpochFile(FileLocation location, std::shared_ptr<std::atomic<int64_t>> bytes_in_flight)
      : location_(std::move(location)), bytes_in_flight_(std::move(bytes_in_flight)) {}
  ~EpochFile();
  EpochFile(const EpochFile&) = delete;
  EpochFile& operator=(const EpochFile&) = delete;

  /// Queues bytes; call drain() on the I/O pool afterwards.
  void append(std::string bytes);
  /// Nothing more is queued; the file will be closed after what is queued.
  void end();

  /// Writes what is queued, unless another thread is doing so. The first failure so far.
  Status drain();
  /// After end(): waits until the file is closed, or does it. OK: the file is persistent in full.
  Status finish();
  /// finish() is known to have succeeded.
  bool persistent() const { return persistent_; }

 private:
  Status write(const std::string& bytes);
  Status close();
  void run_all(std::unique_lock<std::mutex>& lock);

  const FileLocation location_;
  const std::shared_ptr<std::atomic<int64_t>> bytes_in_flight_;
  std::atomic<bool> persistent_ = false;

  std::unique_ptr<WritableFile> file_;  // by the thread that drains

  std::mutex mutex_;
  std::condition_variable idle_;
  std::deque<std::string> queue_;
  bool ended_ = false;
  bool draining_ = false;
  bool closed_ = false;
  Status status_;
};

}  // namespace weir
