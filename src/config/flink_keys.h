#pragma once

#include <string_view>

namespace weir {

/// A key of Flink's that weir knows of and has no setting for, so that a configuration file of
/// Flink can be used.
struct FlinkKey {
  std::string_view patterns;  ///< with blanks between: whole names, or beginnings that end in '*'
  std::string_view reason;    ///< why it has no effect, as the end of a sentence
  bool refused = false;  ///< ignoring it would change what a job does, or how safe it is: `reason`
                         ///< says what to do instead
};

/// Null if Flink has no such key, or weir has it too.
const FlinkKey* find_flink_key(std::string_view name);

}  // namespace weir
