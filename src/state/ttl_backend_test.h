#pragma once

// A backend with a clock, for the tests of states with a time to live.

#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "weir/detail/state/keyed_backend.h"

namespace weir::detail {

using std::chrono::milliseconds;
using Groups = std::map<int, std::string>;

/// Only its clock is used, which the test sets.
class TtlContext : public OperatorContext {
 public:
  int64_t now_ms = 0;
  int64_t processing_time_ms() const override { return now_ms; }

  const std::string& operator_name() const override { return name_; }
  const std::string& uid() const override { return name_; }
  int subtask() const override { return 0; }
  int parallelism() const override { return 1; }
  int max_parallelism() const override { return 128; }
  uint64_t attempt_nonce() const override { return 1; }
  int64_t restored_checkpoint() const override { return -1; }
  OperatorStateStore& operator_state() override { throw std::logic_error("no operator state"); }
  FileSystemRegistry& files() override { throw std::logic_error("no files"); }
  void run_blocking(std::function<std::function<void()>()>) override {}
  void fail(Status) override {}

 private:
  const std::string name_ = "op";
};

class TtlBackend {
 public:
  void at(const std::string& key) {
    key_ = key;
    states.set_current_key(key_, KeyPlacer<std::string>{states.places()}(key_));
  }
  /// The same key in another call of the function.
  void again() { at(std::string(key_)); }
  void at_time(int64_t now) {
    context.now_ms = now;
    again();
  }
  Groups snapshot() {
    auto taken = states.snapshot();
    Groups groups;
    for (int group = 0; group < 128; ++group) {
      BinaryWriter out;
      EXPECT_TRUE(taken->write_group(group, out).ok());
      if (out.size() != 0) groups[group] = out.take();
    }
    return groups;
  }
  std::vector<KeyedStateInfo> infos(const std::vector<std::string>& names) {
    std::vector<KeyedStateInfo> all;
    for (const std::string& name : names) all.push_back(states.find(name)->info());
    return all;
  }
  Status restore(const std::vector<KeyedStateInfo>& infos, const Groups& groups) {
    const TypeDescription key = Serializer<std::string>::describe();
    Status status = states.begin_restore(&key, infos, false);
    for (auto group = groups.begin(); group != groups.end() && status.ok(); ++group) {
      BinaryReader in(group->second);
      status = states.read_group(group->first, in);
    }
    return status;
  }

 private:
  std::string key_ = "key";

 public:
  TtlContext context;
  KeyedBackend<std::string> states{context};
};

inline StateTtlConfig ttl_of(int64_t ms) {
  return StateTtlConfig(milliseconds(ms)).disable_cleanup_in_background();
}
template <class T>
std::string shown(const T* value) {
  return value == nullptr ? "nothing" : std::to_string(*value);
}
template <class K, class V>
std::map<K, V> contents(const MapState<K, V>& state) {
  std::map<K, V> all;
  for (const auto& [key, value] : state.entries()) all.emplace(key, value);
  EXPECT_EQ(all.size(), state.entries().size());
  return all;
}

}  // namespace weir::detail
