#include "offline/raw_keyed_snapshot.h"

#include <algorithm>

#include "base/strings.h"

namespace weir {

Status RawKeyedSnapshot::write_group(int key_group, BinaryWriter& out,
                                     detail::KeyGroupWriting* writing) const {
  constexpr int kOneByteGroups = 128;
  detail::CanonicalGroupWriter group(out, key_group, op_.max_parallelism > kOneByteGroups, writing);
  // A stream may number its states in another way than others of the operator.
  const std::string* last = nullptr;
  Status unknown;
  const auto begin_state = [&](const KeyedStateInfo& state) {
    const auto found =
        std::find_if(types_.keyed_states.begin(), types_.keyed_states.end(),
                     [&](const KeyedStateInfo& each) { return each.name == state.name; });
    if (found == types_.keyed_states.end()) {
      unknown = data_loss(cat("state '", state.name, "' is in no header of its operator"));
      return;
    }
    group.begin_state(static_cast<int>(found - types_.keyed_states.begin()));
    last = &found->name;
  };
  bool stopped = false;
  const VisitEntry write = [&](const KeyedEntry& entry) {
    if (last == nullptr || *last != entry.state.name) begin_state(entry.state);
    if (!unknown.ok() || !group.accepts_more()) return false;
    group.begin_key().put_raw(entry.key);
    group.begin_value().put_raw(entry.value);
    group.end_entry();
    return true;
  };
  Status status = reader_.visit_entries(op_, handle_, {key_group, key_group}, write, &stopped);
  if (!status.ok()) return status;
  if (!unknown.ok()) return unknown;
  group.end_group();
  return {};
}

}  // namespace weir
