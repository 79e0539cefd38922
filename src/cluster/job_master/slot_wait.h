#pragma once

#include "platform/clock.h"

namespace weir {

struct SlotWaitOptions {
  bool adaptive = true;      ///< may run on fewer slots than wanted
  MonotonicTime first{0};    ///< how long the first start waits for all slots
  MonotonicTime restart{0};  ///< the same for a restart
};

/// Decides how long a start waits for slots, and on how many it begins. Pure: time comes in by
/// argument.
class SlotWait {
 public:
  explicit SlotWait(SlotWaitOptions options) : options_(options) {}

  void begin(MonotonicTime now, bool first_start);

  struct Decision {
    int shards = 0;              ///< not 0: begin on so many
    MonotonicTime ask_again{0};  ///< else: when, if no slot comes or goes
    bool say_so = false;         ///< the wait has lasted: a line in the log is due
  };
  Decision decide(MonotonicTime now, int slots, int wanted);

 private:
  const SlotWaitOptions options_;
  MonotonicTime narrower_at_{0};
  MonotonicTime say_at_{0};
};

}  // namespace weir
