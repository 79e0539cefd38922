#include "checkpoint/snapshot_model.h"

namespace weir {

int64_t stream_length(const StateStream& stream) {
  if (const auto* inlined = std::get_if<InlineBytes>(&stream))
    return static_cast<int64_t>(inlined->bytes.size());
  return std::get<FileSegment>(stream).length;
}

std::string_view mode_name(ListStateMode mode) {
  switch (mode) {
    case ListStateMode::kSplit: return "split";
    case ListStateMode::kUnion: return "union";
    case ListStateMode::kBroadcast: return "broadcast";
  }
  return "";
}

}  // namespace weir
