#include "checkpoint/keyed_layers.h"

#include <algorithm>

#include "base/status_macros.h"
#include "checkpoint/keyed_stream.h"
#include "weir/detail/base/check.h"

namespace weir {
namespace {

// With 1 % of the keys changing, the state is rewritten once in 100 checkpoints for its size, and
// from half of kMaxChangeLayers on at this rate, so that the oldest layer is free when it must be.
constexpr int64_t kRewriteParts = 64;
constexpr size_t kManyLayers = kMaxChangeLayers - static_cast<size_t>(kRewriteParts);
constexpr int64_t kMaxChangesPerByte = 2;

/// The bytes of one key group in the layers.
struct GroupSize {
  int64_t full = 0;
  int64_t changes = 0;
};

bool is_live(int64_t offset) { return offset > 0; }

size_t count_changes(const std::vector<KeyedStateHandle>& layers) {
  return static_cast<size_t>(
      std::count_if(layers.begin(), layers.end(), [](const auto& layer) { return layer.changes; }));
}

StatusOr<std::vector<GroupSize>> sizes_of(const std::vector<KeyedStateHandle>& layers) {
  const KeyGroupRange range = layers.front().range;
  std::vector<GroupSize> sizes(static_cast<size_t>(range.size()));
  for (const KeyedStateHandle& layer : layers) {
    WEIR_ASSIGN_OR_RETURN(const auto found, find_key_groups(layer, range));
    for (const KeyGroupBytes& group : found) {
      GroupSize& size = sizes[static_cast<size_t>(group.key_group - range.first)];
      (layer.changes ? size.changes : size.full) += group.length;
    }
  }
  return sizes;
}

int64_t full_bytes(const std::vector<GroupSize>& sizes) {
  int64_t bytes = 0;
  for (const GroupSize& size : sizes) bytes += size.full;
  return bytes;
}

}  // namespace

std::vector<KeyedStateHandle> layers_of(const KeyedStateHandle& handle) {
  if (handle.layers.empty()) return {handle};
  return handle.layers;
}

KeyedStateHandle handle_of(std::vector<KeyedStateHandle> layers) {
  WEIR_CHECK(!layers.empty());
  KeyedStateHandle first = layers.front();
  std::erase_if(layers, [](const KeyedStateHandle& layer) {
    return std::none_of(layer.offsets.begin(), layer.offsets.end(), is_live);
  });
  if (layers.empty()) {
    std::fill(first.offsets.begin(), first.offsets.end(), 0);  // a header, and no entry
    first.changes = false;
    return first;
  }
  if (layers.size() == 1 && !layers.front().changes &&
      std::none_of(layers.front().offsets.begin(), layers.front().offsets.end(),
                   [](int64_t offset) { return offset < 0; })) {
    return std::move(layers.front());
  }
  KeyedStateHandle handle;
  handle.range = first.range;
  handle.layers = std::move(layers);
  return handle;
}

int64_t stream_bytes(const KeyedStateHandle& handle) {
  int64_t bytes = 0;
  for_each_stream(handle, [&](const StateStream& stream) { bytes += stream_length(stream); });
  return bytes;
}

StatusOr<Rewrites> plan_rewrites(const std::vector<KeyedStateHandle>& layers, int64_t credit) {
  WEIR_ASSIGN_OR_RETURN(const std::vector<GroupSize> sizes, sizes_of(layers));
  Rewrites plan;
  plan.groups.resize(sizes.size());
  plan.credit = credit;
  const auto rewrite = [&](size_t group) {
    if (plan.groups[group]) return;
    plan.groups[group] = true;
    plan.bytes += sizes[group].full;
    plan.credit = std::max<int64_t>(plan.credit - sizes[group].full, 0);
  };
  for (size_t group = 0; group < sizes.size(); ++group) {
    if (sizes[group].changes > kMaxChangesPerByte * sizes[group].full) rewrite(group);
  }
  const auto oldest =
      std::find_if(layers.begin(), layers.end(), [](const auto& layer) { return layer.changes; });
  const size_t change_layers = count_changes(layers);
  std::vector<size_t> wanted;  // in the order in which the credit is spent
  for (size_t group = 0; group < sizes.size(); ++group) {
    if (sizes[group].changes > 0 && !plan.groups[group]) wanted.push_back(group);
  }
  const auto is_old = [&](size_t group) {
    return change_layers >= kManyLayers && is_live(oldest->offsets[group]);
  };
  std::stable_sort(wanted.begin(), wanted.end(), [&](size_t a, size_t b) {
    if (is_old(a) != is_old(b)) return is_old(a);
    const auto share = [&](size_t group) {
      return static_cast<double>(sizes[group].changes) /
             static_cast<double>(std::max<int64_t>(sizes[group].full, 1));
    };
    return share(a) > share(b);
  });
  for (const size_t group : wanted) {
    if (change_layers >= kMaxChangeLayers && is_live(oldest->offsets[group])) {
      rewrite(group);
    } else if (sizes[group].full <= plan.credit) {
      rewrite(group);
    } else {
      break;  // save for it
    }
  }
  return plan;
}

int64_t next_credit(const std::vector<KeyedStateHandle>& layers, int64_t left, int64_t changes) {
  if (changes == 0) return left;
  const auto sizes = sizes_of(layers);
  const int64_t full = sizes.ok() ? full_bytes(*sizes) : 0;
  const int64_t earned =
      count_changes(layers) >= kManyLayers ? std::max(changes, full / kRewriteParts) : changes;
  return std::min(left + earned, full);
}

void supersede(std::vector<KeyedStateHandle>& layers, const std::vector<bool>& groups) {
  for (KeyedStateHandle& layer : layers) {
    for (size_t group = 0; group < groups.size(); ++group) {
      if (groups[group] && is_live(layer.offsets[group])) layer.offsets[group] *= -1;
    }
  }
}

}  // namespace weir
