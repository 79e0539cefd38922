#pragma once

#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "weir/detail/types/canonical.h"
#include "weir/state/keyed_state.h"

namespace weir {

/// Keyed state that a test builds entry by entry.
class MemoryKeyedSnapshot final : public KeyedStateSnapshot {
 public:
  MemoryKeyedSnapshot(TypeDescription key_type, std::vector<KeyedStateInfo> states,
                      KeyGroupRange range, int max_parallelism)
      : key_type_(std::move(key_type)),
        states_(std::move(states)),
        range_(range),
        max_parallelism_(max_parallelism) {}

  /// `key` is the composite key without its key group. Drops an entry whose group is outside the
  /// range.
  void add(int state, int key_group, std::string key, std::string value) {
    if (range_.contains(key_group))
      groups_[key_group][state].emplace_back(std::move(key), std::move(value));
  }

  TypeDescription key_type() const override { return key_type_; }
  std::vector<KeyedStateInfo> states() const override { return states_; }
  KeyGroupRange range() const override { return range_; }
  Status write_group(int key_group, BinaryWriter& out,
                     detail::KeyGroupWriting* writing = nullptr) const override {
    const auto found = groups_.find(key_group);
    if (found == groups_.end()) return {};
    detail::CanonicalGroupWriter group(out, key_group, max_parallelism_ > 128, writing);
    for (const auto& [state, entries] : found->second) {
      group.begin_state(state);
      for (const auto& [key, value] : entries) {
        if (!group.accepts_more()) break;
        group.begin_key().put_raw(key);
        group.begin_value().put_raw(value);
        group.end_entry();
      }
    }
    group.end_group();
    return {};
  }

 private:
  const TypeDescription key_type_;
  const std::vector<KeyedStateInfo> states_;
  const KeyGroupRange range_;
  const int max_parallelism_;
  std::map<int, std::map<int, std::vector<std::pair<std::string, std::string>>>> groups_;
};

/// Records the state that it is given to restore.
class MemoryKeyedState final : public KeyedState {
 public:
  explicit MemoryKeyedState(int max_parallelism) : max_parallelism_(max_parallelism) {}

  struct Entry {
    int key_group = 0;
    std::string state;
    std::string key;
    std::string value;
    auto operator<=>(const Entry&) const = default;
  };

  std::unique_ptr<KeyedStateSnapshot> snapshot() override { return nullptr; }
  Status begin_restore(const TypeDescription* key_type, const std::vector<KeyedStateInfo>& states,
                       bool) override {
    this->key_type = *key_type;
    this->states = states;
    return {};
  }
  Status read_group(int key_group, BinaryReader& in) override {
    detail::CanonicalGroupReader group(in, key_group, max_parallelism_ > 128);
    for (detail::CanonicalEntry entry; group.next(&entry);) {
      if (entry.state >= static_cast<int>(states.size()))
        return data_loss("an entry of a state that is not there");
      entries.push_back({key_group, states[static_cast<size_t>(entry.state)].name,
                         std::string(entry.key), std::string(entry.value)});
    }
    return {};
  }

  TypeDescription key_type;
  std::vector<KeyedStateInfo> states;
  std::vector<Entry> entries;

 private:
  const int max_parallelism_;
};

}  // namespace weir
