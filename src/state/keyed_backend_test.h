#pragma once

#include <gtest/gtest.h>

#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "weir/detail/state/keyed_backend.h"

namespace weir::detail {

/// The keyed state of an operator, by strings.
class Backend {
 public:
  explicit Backend(KeyGroupRange range = {0, 127}, int max_parallelism = 128)
      : states("op", range, max_parallelism) {}
  void at(const std::string& key) {
    key_ = key;
    states.set_current_key(key_, KeyPlacer<std::string>{states.places()}(key_));
  }
  std::map<int, std::string> snapshot() {
    auto taken = states.snapshot();
    std::map<int, std::string> groups;
    for (int group = taken->range().first; group <= taken->range().last; ++group) {
      BinaryWriter out;
      EXPECT_TRUE(taken->write_group(group, out).ok());
      if (out.size() != 0) groups[group] = out.take();
    }
    return groups;
  }
  Status restore(const std::vector<KeyedStateInfo>& infos, const std::map<int, std::string>& groups,
                 bool ignore_unclaimed = false) {
    const TypeDescription key = Serializer<std::string>::describe();
    Status status = states.begin_restore(&key, infos, ignore_unclaimed);
    for (auto group = groups.begin(); group != groups.end() && status.ok(); ++group) {
      BinaryReader in(group->second);
      status = states.read_group(group->first, in);
    }
    return status;
  }
  KeyedBackend<std::string> states;

 private:
  std::string key_;
};

template <class K, class V>
std::map<K, V> contents(const MapState<K, V>& state) {
  std::map<K, V> all;
  for (const auto& [key, value] : state.entries()) all.emplace(key, value);
  EXPECT_EQ(all.size(), state.entries().size());
  return all;
}

/// Fails for negative numbers.
struct Mean {
  using Accumulator = std::pair<int64_t, int64_t>;
  Accumulator create_accumulator() const { return {}; }
  void add(int64_t value, Accumulator& a) const {
    if (value < 0) throw std::runtime_error("negative");
    a.first += value;
    ++a.second;
  }
  double get_result(const Accumulator& a) const {
    return static_cast<double>(a.first) / static_cast<double>(a.second);
  }
};

}  // namespace weir::detail
