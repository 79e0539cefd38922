#include "tool/entry_text.h"

#include "base/strings.h"
#include "tool/value_text.h"

namespace weir::tool {
namespace {

using Kind = KeyedStateInfo::Kind;

/// Flink writes a separator between the elements of a list.
constexpr uint8_t kSeparator = 0x2c;

std::string list_text(const TypeDescription& element, BinaryReader& in) {
  std::string text = "[";
  for (bool first = true; in.ok() && in.remaining() > 0; first = false) {
    if (!first && in.get_u8() != kSeparator) in.fail("no separator between elements");
    text += cat(first ? "" : ", ", value_text(element, in));
  }
  return text + "]";
}

std::string state_value_text(const KeyedStateInfo& state, BinaryReader& in) {
  switch (state.kind) {
    case Kind::kList: return list_text(state.value, in);
    case Kind::kMap: return in.get_bool() ? "null" : value_text(state.value.children.at(1), in);
    case Kind::kTimers: return "null";
    default: return value_text(state.value, in);
  }
}

}  // namespace

std::string_view kind_text(KeyedStateInfo::Kind kind) {
  switch (kind) {
    case Kind::kValue: return "VALUE";
    case Kind::kList: return "LIST";
    case Kind::kMap: return "MAP";
    case Kind::kReducing: return "REDUCING";
    case Kind::kAggregating: return "AGGREGATING";
    case Kind::kTimers: return "timers";
  }
  return "?";
}

StatusOr<std::string> entry_text(const KeyedEntry& entry) {
  BinaryReader key(entry.key);
  BinaryReader value(entry.value);
  std::string text = "{";
  if (entry.state.kind == Kind::kTimers) {
    const uint64_t flipped = key.get_u64() ^ (uint64_t{1} << 63);
    text += cat("\"time\": ", static_cast<int64_t>(flipped), ", ");
  }
  text += cat("\"key\": ", value_text(entry.key_type, key));
  const std::string name_space = value_text(entry.state.name_space, key);
  if (entry.state.name_space.kind != TypeKind::kVoid) text += cat(", \"namespace\": ", name_space);
  if (entry.state.kind == Kind::kMap)
    text += cat(", \"user_key\": ", value_text(entry.state.value.children.at(0), key));
  if (entry.state.kind != Kind::kTimers)
    text += cat(", \"value\": ", state_value_text(entry.state, value));
  if (!key.ok()) return key.status(cat("a key of ", entry.state.name));
  if (!value.ok()) return value.status(cat("a value of ", entry.state.name));
  return text + "}";
}

}  // namespace weir::tool
