#pragma once

#include <string_view>

namespace weir {

/// A key of Flink for which weir has no setting. Weir knows it so that a Flink configuration file
/// can be used.
struct FlinkKey {
  std::string_view patterns;  ///< separated by blanks: whole names, or prefixes that end in '*'
  std::string_view reason;    ///< why it has no effect, as the end of a sentence
  bool refused = false;  ///< ignoring it would change the job's behavior or safety; `reason` says
                         ///< what to do instead
};

/// Null if Flink has no such key, or if weir has it too.
const FlinkKey* find_flink_key(std::string_view name);

}  // namespace weir
