#pragma once

#include <map>
#include <string>

#include "weir/status.h"
#include "weir/types/bytes.h"
#include "weir/types/type_description.h"

namespace weir {

// The common parts of the headers of keyed and of operator state.

constexpr int32_t kStateHeaderVersion = 6;
constexpr size_t kMaxNameBytes = 65535;  ///< maximum length of a name in a header (`utf`)
constexpr size_t kMaxStates = 32767;

/// Flink's BackendStateType; the values are its ordinals.
enum class FlinkStateKind : int32_t {
  kKeyValue = 0,
  kOperator = 1,
  kBroadcast = 2,
  kPriorityQueue = 3,
  kKeyValueV2 = 4
};

/// One state as a header describes it.
struct StateMetaInfo {
  std::string name;
  FlinkStateKind kind = FlinkStateKind::kKeyValue;
  std::map<std::string, std::string> options;
  std::map<std::string, TypeDescription> serializers;  ///< by role: VALUE_SERIALIZER, …
};
void put_state_meta_info(BinaryWriter& out, const StateMetaInfo& info);
StatusOr<StateMetaInfo> get_state_meta_info(BinaryReader& in);

/// Whether the state behind a header is a sequence of Snappy frames (checkpoint/snappy_frames.h).
enum class StateCompression : bool { kNone, kSnappy };

constexpr int64_t kStateHeaderStartBytes = 5;
/// The version and the compression, these bytes. The reader refuses versions that weir cannot read.
void put_state_header_start(BinaryWriter& out, StateCompression compression);
StatusOr<StateCompression> get_state_header_start(BinaryReader& in);

/// INVALID_ARGUMENT if a header cannot store `name`.
Status check_header_name(std::string_view name, std::string_view what);

}  // namespace weir
