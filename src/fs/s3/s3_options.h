#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "platform/clock.h"

namespace weir {

struct S3RetryOptions {
  int attempts_max = 10;
  int first_contact_attempts_max = 3;  ///< as long as the store has never answered
  std::chrono::milliseconds first_wait{100};
  std::chrono::milliseconds wait_max{10000};
  std::chrono::nanoseconds deadline = std::chrono::minutes(5);
};

/// One bucket, and how it is reached.
struct S3Options {
  std::string bucket;
  std::string endpoint;  ///< scheme://host[:port], without a trailing '/'
  std::string region = "us-east-1";
  bool path_style = false;  ///< the bucket is in the path, not in the host name
  /// The store honors If-None-Match. False: exclusive creation looks first, so no two processes
  /// may publish the same path at the same time.
  bool conditional_writes = true;
  int64_t part_bytes = 5 << 20;  ///< of the first parts of an upload; S3's minimum is 5 MiB
  int parallel = 4;              ///< parts of one file that are sent or read at a time
  S3RetryOptions retry{};
  std::function<void(std::chrono::milliseconds)> sleep{};  ///< empty: no waits
  std::function<MonotonicTime()> now{};                    ///< empty: calls have no deadline
  std::function<int64_t()> wall_ms{};                      ///< milliseconds since 1970
};

}  // namespace weir
