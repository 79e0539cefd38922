#include "checkpoint/enumerator_state.h"

#include "weir/types/bytes.h"

namespace weir {
namespace {

/// Flink's framing of a coordinator's state: this version, then version and bytes of a serializer.
constexpr int32_t kCoordinatorVersion = 1;
/// In place of the serializer's version: "wsp" and the version of the contents. Flink's own
/// serializers have small numbers.
constexpr int32_t kContentsVersion = 0x77737001;

}  // namespace

std::string encode_enumerator_state(const EnumeratorState& state) {
  BinaryWriter contents;
  contents.put_bytes(state.state);
  contents.put_bool(state.all_found);
  contents.put_count(state.unassigned.size());
  for (const std::string& split : state.unassigned) contents.put_bytes(split);
  BinaryWriter out;
  out.put_i32(kCoordinatorVersion);
  out.put_i32(kContentsVersion);
  out.put_bytes(contents.take());
  return out.take();
}

bool is_enumerator_state(std::string_view bytes) {
  BinaryReader in(bytes);
  return in.get_i32() == kCoordinatorVersion && in.get_i32() == kContentsVersion && in.ok();
}

StatusOr<EnumeratorState> decode_enumerator_state(std::string_view bytes) {
  BinaryReader frame(bytes);
  if (frame.get_i32() != kCoordinatorVersion || frame.get_i32() != kContentsVersion)
    frame.fail("an unknown version");
  BinaryReader in(frame.get_bytes());
  EnumeratorState state;
  state.state = in.get_bytes();
  state.all_found = in.get_bool();
  const size_t count = in.get_count(4);
  for (size_t i = 0; i < count && in.ok(); ++i) state.unassigned.emplace_back(in.get_bytes());
  constexpr std::string_view kWhat = "the state of a source's enumerator";
  if (Status status = frame.end(kWhat); !status.ok()) return status;
  if (Status status = in.end(kWhat); !status.ok()) return status;
  return state;
}

}  // namespace weir
