#pragma once

#include "platform/clock.h"

namespace weir {

struct SlotWaitOptions {
  bool adaptive = true;      ///< may run on fewer slots than requested
  MonotonicTime first{0};    ///< maximum wait of the first start for all slots
  MonotonicTime restart{0};  ///< maximum wait of a restart
};

/// Decides how long a start waits for slots, and on how many slots it begins. Pure: the caller
/// passes the time in.
class SlotWait {
 public:
  explicit SlotWait(SlotWaitOptions options) : options_(options) {}

  void begin(MonotonicTime now, bool first_start);

  struct Decision {
    int shards = 0;  ///< not 0: begin with this number
    /// If shards is 0: when to ask again, unless the slots change earlier.
    MonotonicTime ask_again{0};
    bool say_so = false;  ///< the wait has been long: log a line
  };
  Decision decide(MonotonicTime now, int slots, int wanted);

 private:
  const SlotWaitOptions options_;
  MonotonicTime narrower_at_{0};
  MonotonicTime say_at_{0};
};

}  // namespace weir
