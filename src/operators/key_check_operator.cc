#include "weir/detail/stream/key_check_operator.h"

#include "base/strings.h"
#include "weir/detail/stream/time_messages.h"

namespace weir::detail {

Status key_of_another_subtask(const OperatorContext& context, const std::string& record,
                              const std::string& key, int group) {
  return failed_precondition(cat(
      label_of(context), " got the record ", record, ", whose key ", key, " belongs to subtask ",
      subtask_of_key_group(group, context.parallelism(), context.max_parallelism()), " (key group ",
      group, " of ", context.max_parallelism(),
      "): the stream that reinterpret_as_keyed_stream() was called on is not divided by this "
      "key at this parallelism and max parallelism. Use key_by()"));
}

}  // namespace weir::detail
