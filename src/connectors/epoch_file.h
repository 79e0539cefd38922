#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>

#include "fs/file_system.h"

namespace weir {

/// A staged file of one epoch. The operator queues chunks. Threads of the I/O pool write them in
/// the order queued, one thread at a time. Thread: append() and end() the operator's; drain() and
/// finish() the I/O pool's; the rest any.
class EpochFile {
 public:
  /// `bytes_in_flight` counts the bytes that are queued and not yet written, over all files of a
  /// writer.
  EpochFile(std::shared_ptr<FileSystem> fs, StagedFile file,
            std::shared_ptr<std::atomic<int64_t>> bytes_in_flight)
      : fs_(std::move(fs)), names_(std::move(file)), bytes_in_flight_(std::move(bytes_in_flight)) {}
  ~EpochFile();
  EpochFile(const EpochFile&) = delete;
  EpochFile& operator=(const EpochFile&) = delete;

  /// Queues bytes; call drain() on the I/O pool afterwards.
  void append(std::string bytes);
  /// Ends the queue; the file is closed after the queued bytes are written.
  void end();

  /// Writes the queued chunks, unless another thread is doing so. Returns the first failure so far.
  Status drain();
  /// After end(): closes the file, or waits until another thread has. OK: the whole file is
  /// persistent.
  Status finish();
  /// True once finish() has succeeded.
  bool persistent() const { return persistent_; }

 private:
  Status write(const std::string& bytes);
  Status close();
  void run_all(std::unique_lock<std::mutex>& lock);

  const std::shared_ptr<FileSystem> fs_;
  const StagedFile names_;
  const std::shared_ptr<std::atomic<int64_t>> bytes_in_flight_;
  std::atomic<bool> persistent_ = false;

  std::unique_ptr<WritableFile> file_;  // belongs to the draining thread

  std::mutex mutex_;
  std::condition_variable idle_;
  std::deque<std::string> queue_;
  bool ended_ = false;
  bool draining_ = false;
  bool closed_ = false;
  Status status_;
};

}  // namespace weir
