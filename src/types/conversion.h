#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "weir/types/bytes.h"
#include "weir/types/type_description.h"

namespace weir {

/// Converts the bytes of a stored type to those of the type that the program declares, by the rules
/// of docs/schema_evolution.md. Thread: any; immutable.
class Conversion {
 public:
  virtual ~Conversion() = default;
  /// Reads one value of the stored type and appends it as the declared one. Fails `in` if the bytes
  /// are no value of the stored type. Passes exceptions of a user's migrate() through.
  virtual void convert(BinaryReader& in, BinaryWriter& out) const = 0;
};

struct ConversionPlan {
  std::shared_ptr<const Conversion> conversion;
  /// The changes that it makes, each as part of a sentence: "field 'value': int32 becomes int64".
  std::vector<std::string> changes;
  /// Set if no rule applies: the first difference, as why_incompatible() says it.
  std::optional<std::string> refused;
};

/// For types that why_incompatible() finds different. `declared` is a type of the program, with its
/// evolution.
ConversionPlan plan_conversion(const TypeDescription& stored, const TypeDescription& declared);

/// The same for the maps of broadcast states, whose values have no flags for null.
ConversionPlan plan_broadcast_conversion(const TypeDescription& stored,
                                         const TypeDescription& declared);

/// Reads one value of the type and drops it.
void skip_value(const TypeDescription& type, BinaryReader& in);

}  // namespace weir
