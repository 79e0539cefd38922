#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace weir {

// Constants of Flink's `_metadata` format (docs/formats/metadata.md).

constexpr int32_t kMetadataMagic = 0x4960672D;
constexpr int32_t kMasterStateMagic = static_cast<int32_t>(0xC96B1696);
constexpr int32_t kMaxKeyGroups = 32768;
constexpr int32_t kFinishedOperator = -1;  ///< in place of the number of subtasks
/// A null as Java's ObjectOutputStream writes it: no checkpoint properties.
constexpr std::string_view kNullProperties("\xAC\xED\x00\x05\x70", 5);
constexpr std::string_view kJavaStreamMagic("\xAC\xED\x00\x05", 4);

/// The handle id of a changelog (tag 14) that consists of layers of weir's
/// (docs/formats/metadata.md).
constexpr std::string_view kLayersId = "weir-layers-1";

enum class HandleTag : int8_t {
  kNone = 0,
  kInline = 1,
  kFile = 2,
  kKeyGroups = 3,
  kOperatorState = 4,
  kIncremental = 5,
  kRelativeFile = 6,
  kCanonicalKeyGroups = 7,
  kChangelog = 8,
  kChangelogInMemory = 9,
  kChangelogFiles = 10,
  kIncrementalSized = 11,
  kHeapKeyGroups = 12,
  kChangelogFilesNamed = 13,
  kChangelogNumbered = 14,
  kSegment = 15,
  kEmptySegment = 16,
  kMergedOperatorState = 17,
};

}  // namespace weir
