#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>

#include "platform/ticker.h"

namespace weir {

/// Renews the lease of this process's open files while there are any. Without that, another client
/// may take them over after a minute, and the NameNode closes them after twenty. Thread: any.
class LeaseKeeper {
 public:
  explicit LeaseKeeper(std::function<void()> renew,
                       std::chrono::milliseconds period = std::chrono::seconds(30))
      : renew_(std::move(renew)), period_(period) {}

  void file_opened();
  void file_closed();

 private:
  void tick();

  const std::function<void()> renew_;
  const std::chrono::milliseconds period_;
  std::mutex mutex_;
  int open_files_ = 0;              ///< guarded by mutex_
  std::unique_ptr<Ticker> ticker_;  ///< guarded by mutex_; made for the first file, and then kept
};

}  // namespace weir
