#include "checkpoint/keyed_layers.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace weir {
namespace {

constexpr int kGroups = 128;
constexpr int64_t kGroupBytes = 1000;

KeyedStateHandle layer(bool changes, int64_t bytes_of_group, const std::vector<bool>& groups) {
  KeyedStateHandle made;
  made.range = {0, kGroups - 1};
  made.changes = changes;
  int64_t at = 100;  // the header
  for (int i = 0; i < kGroups; ++i) {
    made.offsets.push_back(groups[static_cast<size_t>(i)] ? at : 0);
    if (groups[static_cast<size_t>(i)]) at += bytes_of_group;
  }
  made.stream = FileSegment{"../shared/data-1-0-0000000000000001", 0, at};
  return made;
}
const std::vector<bool> kAll(kGroups, true);

/// A job whose checkpoints change `changed` bytes in each of the groups.
class Chain {
 public:
  Chain() : layers{layer(false, kGroupBytes, kAll)} {}
  /// Returns the bytes that the checkpoint writes.
  int64_t checkpoint(int64_t changed, const std::vector<bool>& groups = kAll) {
    const Rewrites plan = plan_rewrites(layers, credit).value();
    supersede(layers, plan.groups);
    int64_t written = 0;
    std::vector<bool> rest = groups;
    for (size_t i = 0; i < kGroups; ++i) rest[i] = groups[i] && !plan.groups[i];
    if (plan.bytes > 0) {
      layers.insert(
          std::find_if(layers.begin(), layers.end(), [](const auto& each) { return each.changes; }),
          layer(false, kGroupBytes, plan.groups));
      written += plan.bytes;
    }
    int64_t of_changes = 0;
    if (std::find(rest.begin(), rest.end(), true) != rest.end() && changed > 0) {
      layers.push_back(layer(true, changed, rest));
      of_changes = stream_length(layers.back().stream);
    }
    credit = next_credit(layers, plan.credit, of_changes);
    layers = layers_of(handle_of(layers));
    return written + of_changes;
  }
  size_t change_layers() const {
    return static_cast<size_t>(
        std::count_if(layers.begin(), layers.end(), [](const auto& each) { return each.changes; }));
  }
  int64_t live() const {
    int64_t bytes = 0;
    for (const KeyedStateHandle& each : layers) {
      for (const int64_t offset : each.offsets)
        if (offset > 0) bytes += each.changes ? 10 : kGroupBytes;
    }
    return bytes;
  }

  std::vector<KeyedStateHandle> layers;
  int64_t credit = 0;
};

TEST(KeyedLayers, AHandleWithoutLayersIsItsOwn) {
  const KeyedStateHandle full = layer(false, 10, kAll);
  const auto layers = layers_of(full);
  ASSERT_EQ(layers.size(), 1u);
  EXPECT_TRUE(handle_of(layers).layers.empty());
  EXPECT_EQ(handle_of(layers).offsets, full.offsets);
}

TEST(KeyedLayers, ALayerWithoutLiveGroupsIsDropped) {
  std::vector<KeyedStateHandle> layers = {layer(false, 10, kAll), layer(true, 1, kAll)};
  supersede(layers, kAll);
  layers.insert(layers.begin() + 1, layer(false, 10, kAll));
  const KeyedStateHandle handle = handle_of(layers);
  EXPECT_TRUE(handle.layers.empty());
  EXPECT_EQ(handle.offsets, layers[1].offsets);
}

TEST(KeyedLayers, AStateThatHasBecomeEmptyKeepsAHeader) {
  std::vector<KeyedStateHandle> layers = {layer(false, 10, kAll), layer(true, 1, kAll)};
  supersede(layers, kAll);
  const KeyedStateHandle handle = handle_of(layers);
  EXPECT_TRUE(handle.layers.empty());
  EXPECT_EQ(handle.offsets, std::vector<int64_t>(kGroups, 0));
}

TEST(KeyedLayers, ChangesRemainIfAllGroupsWereEmpty) {
  std::vector<KeyedStateHandle> layers = {layer(false, 10, kAll), layer(true, 1, kAll)};
  supersede(layers, kAll);  // and written again: there was no entry
  layers.push_back(layer(true, 1, kAll));
  const KeyedStateHandle handle = handle_of(layers);
  ASSERT_EQ(handle.layers.size(), 1u);
  EXPECT_TRUE(handle.layers[0].changes);
  std::vector<KeyedStateHandle> next = layers_of(handle);
  EXPECT_TRUE(plan_rewrites(next, 0).ok());
  supersede(next, kAll);
  EXPECT_FALSE(handle_of(next).changes);
  EXPECT_TRUE(handle_of(next).layers.empty());
}

TEST(KeyedLayers, OnePercentOfChangesWritesLessThanThreePercent) {
  Chain chain;
  for (int i = 0; i < 500; ++i) {
    const int64_t written = chain.checkpoint(kGroupBytes / 100);
    EXPECT_LE(written, kGroups * kGroupBytes * 3 / 100) << "checkpoint " << i;
    EXPECT_LE(chain.change_layers(), kMaxChangeLayers + 1);
    EXPECT_LE(chain.live(), kGroups * kGroupBytes * 21 / 10);
  }
}

TEST(KeyedLayers, FewChangesDoNotMakeLongChains) {
  Chain chain;
  std::vector<bool> one(kGroups, false);
  for (size_t i = 0; i < 1000; ++i) {
    std::fill(one.begin(), one.end(), false);
    one[i * 31 % kGroups] = true;
    chain.checkpoint(1, one);
    EXPECT_LE(chain.change_layers(), kMaxChangeLayers + 1);
  }
}

TEST(KeyedLayers, AStateThatDoesNotChangeIsNotRewritten) {
  Chain chain;
  for (int i = 0; i < 50; ++i) chain.checkpoint(10);
  int64_t written = 0;
  for (int i = 0; i < 10; ++i) written += chain.checkpoint(0);
  EXPECT_LE(written, 2 * kGroupBytes);  // what the credit was saved for
  EXPECT_EQ(chain.checkpoint(0), 0);
}

TEST(KeyedLayers, AGroupThatChangesAllTheTimeIsRewritten) {
  Chain chain;
  std::vector<bool> one(kGroups, false);
  one[7] = true;
  int64_t most = 0;
  for (int i = 0; i < 20; ++i) most = std::max(most, chain.checkpoint(kGroupBytes, one));
  EXPECT_LE(most, 2 * kGroupBytes + 100);
  EXPECT_LE(chain.change_layers(), 3u);
}

}  // namespace
}  // namespace weir
