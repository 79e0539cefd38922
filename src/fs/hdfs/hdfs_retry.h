#pragma once

#include <chrono>
#include <functional>

#include "platform/clock.h"
#include "weir/status.h"

namespace weir {

struct RetryPolicy {
  int attempts_max = 10;
  /// Used while no NameNode has ever answered: a wrong address is then likelier than a restarting
  /// NameNode.
  int first_contact_attempts_max = 3;
  std::chrono::milliseconds first_wait{200};  ///< doubles with each attempt
  std::chrono::milliseconds wait_max{5000};
  std::chrono::milliseconds deadline{300'000};  ///< no attempt begins after this time
};

struct HdfsRetryOptions {
  RetryPolicy retry;
  std::function<void(std::chrono::milliseconds)> sleep;  ///< empty: no waits
  std::function<MonotonicTime()> now;                    ///< empty: no deadline
};

/// Counts the attempts of a call or of something larger, and waits between them.
class HdfsAttempts {
 public:
  explicit HdfsAttempts(const HdfsRetryOptions& options)
      : options_(options), began_(options.now ? options.now() : MonotonicTime(0)) {}
  /// False if all attempts are used up, or the deadline has passed. Waits before it returns true,
  /// and logs the failure once the waits are long.
  bool another(int attempts_max, const Status& failure);

 private:
  const HdfsRetryOptions& options_;
  const MonotonicTime began_;
  int made_ = 1;
  std::chrono::milliseconds wait_{0};
};

}  // namespace weir
