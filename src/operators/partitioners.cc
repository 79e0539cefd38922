#include "weir/detail/stream/partitioners.h"

#include "base/strings.h"

namespace weir::detail {

Status no_such_subtask(const std::string& key, int64_t answer, int receivers) {
  return failed_precondition(cat("the partitioner of partition_custom() answers ", answer,
                                 " for the key ", key, ", and there are ", receivers,
                                 " subtasks; it must return a number from 0 to ", receivers - 1));
}

}  // namespace weir::detail
