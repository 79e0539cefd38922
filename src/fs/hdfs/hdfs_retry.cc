#include "fs/hdfs/hdfs_retry.h"

#include <algorithm>

#include "base/log.h"

namespace weir {
namespace {
constexpr std::chrono::milliseconds kLong{1000};
}  // namespace

bool HdfsAttempts::another(int attempts_max, const Status& failure) {
  if (made_ >= attempts_max) return false;
  if (options_.now && options_.now() - began_ >= options_.retry.deadline) {
    WEIR_LOG(kWarning) << "HDFS: " << failure.message() << "; after " << made_ << " attempts in "
                       << whole_ms(options_.now() - began_)
                       << " ms there is no further one (fs.hdfs.call-timeout)";
    return false;
  }
  ++made_;
  wait_ =
      wait_.count() == 0 ? options_.retry.first_wait : std::min(wait_ * 2, options_.retry.wait_max);
  if (wait_ >= kLong) {
    WEIR_LOG(kWarning) << "HDFS: " << failure.message() << "; attempt " << made_ << " of "
                       << attempts_max << " follows";
  }
  if (options_.sleep) options_.sleep(wait_);
  return true;
}

}  // namespace weir
