#include "cluster/job_master/slot_wait.h"

#include <algorithm>

namespace weir {
namespace {

constexpr MonotonicTime kSayWaitingEach = std::chrono::seconds(10);

}  // namespace

void SlotWait::begin(MonotonicTime now, bool first_start) {
  narrower_at_ = now + (first_start ? options_.first : options_.restart);
  say_at_ = now + kSayWaitingEach;
}

SlotWait::Decision SlotWait::decide(MonotonicTime now, int slots, int wanted) {
  const bool may_be_narrower = options_.adaptive && slots > 0;
  if (slots >= wanted || (may_be_narrower && now >= narrower_at_))
    return {.shards = std::min(slots, wanted)};
  const bool say_so = now >= say_at_;
  if (say_so) say_at_ = now + kSayWaitingEach;
  return {.ask_again = may_be_narrower ? std::min(narrower_at_, say_at_) : say_at_,
          .say_so = say_so};
}

}  // namespace weir
