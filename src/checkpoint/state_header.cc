#include "checkpoint/state_header.h"

#include "base/status_macros.h"
#include "base/strings.h"
#include "checkpoint/flink_types.h"

namespace weir {

void put_state_meta_info(BinaryWriter& out, const StateMetaInfo& info) {
  out.put_utf(info.name);
  out.put_i32(static_cast<int32_t>(info.kind));
  out.put_count(info.options.size());
  for (const auto& [key, value] : info.options) {
    out.put_utf(key);
    out.put_utf(value);
  }
  out.put_count(info.serializers.size());
  // From last to first: VALUE before NAMESPACE and KEY, the order in which Flink happens to write
  // them.
  for (auto it = info.serializers.rbegin(); it != info.serializers.rend(); ++it) {
    out.put_utf(it->first);
    put_serializer_snapshot(out, it->second);
  }
}

StatusOr<StateMetaInfo> get_state_meta_info(BinaryReader& in) {
  StateMetaInfo info;
  info.name = in.get_utf();
  const int32_t kind = in.get_i32();
  if (in.ok() && (kind < 0 || kind > static_cast<int32_t>(FlinkStateKind::kKeyValueV2))) {
    return data_loss(cat("state '", info.name, "' is of the unknown kind ", kind));
  }
  info.kind = static_cast<FlinkStateKind>(kind);
  const size_t options = in.get_count(4);
  for (size_t i = 0; i < options && in.ok(); ++i) {
    std::string key = in.get_utf();
    info.options[std::move(key)] = in.get_utf();
  }
  const size_t serializers = in.get_count(8);
  for (size_t i = 0; i < serializers && in.ok(); ++i) {
    std::string role = in.get_utf();
    auto type = get_serializer_snapshot(in);
    if (!type.ok()) return type.status().with_context(cat("state '", info.name, "', ", role));
    info.serializers[std::move(role)] = std::move(type).value();
  }
  WEIR_RETURN_IF_ERROR(in.status("a state's description"));
  return info;
}

void put_state_header_start(BinaryWriter& out, StateCompression compression) {
  out.put_i32(kStateHeaderVersion);
  out.put_bool(compression == StateCompression::kSnappy);
}

StatusOr<StateCompression> get_state_header_start(BinaryReader& in) {
  const int32_t version = in.get_i32();
  WEIR_RETURN_IF_ERROR(in.status("a stream of state"));
  if (version != kStateHeaderVersion) {
    return failed_precondition(cat("the state is in version ", version,
                                   " of Flink's format; weir reads version ", kStateHeaderVersion));
  }
  const bool compressed = in.get_bool();
  WEIR_RETURN_IF_ERROR(in.status("a stream of state"));
  return compressed ? StateCompression::kSnappy : StateCompression::kNone;
}

Status check_header_name(std::string_view name, std::string_view what) {
  // One byte becomes at most three bytes of modified UTF-8.
  if (name.size() * 3 <= kMaxNameBytes) return {};
  return invalid_argument(cat("the ", what, " '", name.substr(0, 40), "…' has ", name.size(),
                              " bytes; at most ", kMaxNameBytes / 3, " fit into a checkpoint"));
}

}  // namespace weir
