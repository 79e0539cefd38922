#pragma once

#include <cstdint>
#include <vector>

#include "checkpoint/snapshot_model.h"
#include "weir/status.h"

namespace weir {

// The layers of the keyed state of an incremental checkpoint (docs/formats/metadata.md): a layer
// with all entries of some key groups, and layers with what has changed in them since. Pure.

/// Maximum number of layers with changes in one subtask's state.
inline constexpr size_t kMaxChangeLayers = 96;

/// The layers of a handle; a handle without any is its own only layer.
std::vector<KeyedStateHandle> layers_of(const KeyedStateHandle& handle);
/// The opposite. Drops layers without anything to read. If all groups were empty when they were
/// written in full last, only layers of changes are left.
KeyedStateHandle handle_of(std::vector<KeyedStateHandle> layers);

/// Calls f(const StateStream&) for each stream of a handle.
template <class F>
void for_each_stream(const KeyedStateHandle& handle, F&& f) {
  if (handle.layers.empty()) f(handle.stream);
  for (const KeyedStateHandle& layer : handle.layers) f(layer.stream);
}
/// Size of the streams in bytes.
int64_t stream_bytes(const KeyedStateHandle& handle);

/// Which key groups the next checkpoint writes in full, so that reading stays cheap and files
/// become free.
struct Rewrites {
  std::vector<bool> groups;  ///< by key group of the range
  int64_t bytes = 0;         ///< about the size of these groups
  /// The bytes that later checkpoints may rewrite, before the changes of this one are added.
  int64_t credit = 0;
};
/// `credit`: bytes that may be written again. A group whose changes exceed twice its size, and the
/// groups of the oldest layer if there are too many layers, are rewritten whatever that costs.
/// DATA_LOSS: the layers contradict themselves.
StatusOr<Rewrites> plan_rewrites(const std::vector<KeyedStateHandle>& layers, int64_t credit);
/// The credit after a checkpoint that wrote `changes` bytes of changes onto these layers.
int64_t next_credit(const std::vector<KeyedStateHandle>& layers, int64_t left, int64_t changes);

/// Marks the groups in all layers as written again by a later one.
void supersede(std::vector<KeyedStateHandle>& layers, const std::vector<bool>& groups);

}  // namespace weir
