#include "platform/refusal_log.h"

#include <utility>

#include "base/strings.h"

namespace weir {

std::vector<std::string> RefusalLog::add(std::string line, MonotonicTime now) {
  std::vector<std::string> lines = look(now);
  if (due_ == MonotonicTime::max()) due_ = now + kWhile;
  if (written_ < kAtOnce) {
    ++written_;
    lines.push_back(std::move(line));
  } else {
    ++counted_;
    last_ = std::move(line);
  }
  return lines;
}

std::vector<std::string> RefusalLog::look(MonotonicTime now) {
  if (now < due_) return {};
  const bool repeated = counted_ > 0;
  std::vector<std::string> lines = rest();
  // A flood ends with a period in which nothing was counted.
  due_ = repeated ? now + kWhile : MonotonicTime::max();
  written_ = repeated ? kAtOnce : 0;
  return lines;
}

std::vector<std::string> RefusalLog::rest() {
  const int64_t count = std::exchange(counted_, 0);
  if (count == 0) return {};
  return {cat(count, " more like this within ",
              std::chrono::duration_cast<std::chrono::seconds>(kWhile).count(),
              " s, the last one: ", last_)};
}

}  // namespace weir
