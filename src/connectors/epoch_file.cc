#include "connectors/epoch_file.h"

#include "base/status_macros.h"
#include "weir/detail/base/check.h"

namespace weir {

EpochFile::~EpochFile() {
  for (const std::string& chunk : queue_) *bytes_in_flight_ -= static_cast<int64_t>(chunk.size());
}

void EpochFile::append(std::string bytes) {
  *bytes_in_flight_ += static_cast<int64_t>(bytes.size());
  const std::lock_guard lock(mutex_);
  WEIR_CHECK(!ended_);
  queue_.push_back(std::move(bytes));
}

void EpochFile::end() {
  const std::lock_guard lock(mutex_);
  ended_ = true;
}

Status EpochFile::drain() {
  std::unique_lock lock(mutex_);
  if (!draining_) run_all(lock);
  return status_;
}

Status EpochFile::finish() {
  std::unique_lock lock(mutex_);
  WEIR_CHECK(ended_);
  idle_.wait(lock, [this] { return !draining_; });
  run_all(lock);
  return status_;
}

void EpochFile::run_all(std::unique_lock<std::mutex>& lock) {
  draining_ = true;
  while (!closed_) {
    std::string chunk;
    const bool closing = queue_.empty();
    if (closing) {
      if (!ended_) break;
    } else {
      chunk = std::move(queue_.front());
      queue_.pop_front();
    }
    const auto size = static_cast<int64_t>(chunk.size());
    if (status_.ok()) {
      lock.unlock();
      Status done = closing ? close() : write(chunk);
      lock.lock();
      status_ = std::move(done);
    }
    if (closing) {
      closed_ = true;
      persistent_ = status_.ok();
    }
    *bytes_in_flight_ -= size;
  }
  draining_ = false;
  idle_.notify_all();
}

Status EpochFile::write(const std::string& bytes) {
  if (!file_) { WEIR_ASSIGN_OR_RETURN(file_, fs_->stage(names_, CreateMode::kExclusive)); }
  return file_->append(bytes);
}

Status EpochFile::close() {
  WEIR_CHECK(file_ != nullptr);
  const Status closed = file_->close();
  file_.reset();
  return closed;
}

}  // namespace weir
