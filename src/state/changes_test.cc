// Snapshots as changes since an earlier one.

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "base/strings.h"
#include "weir/detail/state/keyed_backend.h"
#include "weir/detail/state/timers.h"

namespace weir::detail {
namespace {

constexpr int kMaxParallelism = 16;

/// The content of one key, over all states.
struct Content {
  std::optional<int64_t> value;
  std::optional<std::string> text;
  std::vector<std::string> list;
  std::map<int64_t, std::string> map;
  std::set<Timestamp> timers;
  bool operator==(const Content&) const = default;
  bool empty() const { return *this == Content(); }
};
using Model = std::map<std::string, Content>;

/// One layer of a snapshot: the bytes of its key groups, all entries or changes.
struct Layer {
  bool changes = false;
  std::map<int, std::string> groups;
};

class Backend {
 public:
  explicit Backend(KeyGroupRange range = {0, kMaxParallelism - 1})
      : states("op", range, kMaxParallelism) {
    states.tracker().track_changes(true);
    value = states.state(ValueStateDescriptor<int64_t>{"value"});
    text = states.state(ValueStateDescriptor<std::string>{"text"});
    list = states.state(ListStateDescriptor<std::string>{"list"});
    map = states.state(MapStateDescriptor<int64_t, std::string>{"map"});
    auto set = std::make_unique<TimerSet<std::string>>("timers", states.tracker());
    timers = set.get();
    states.add(std::move(set));
  }
  void at(const std::string& key) {
    key_ = key;
    states.set_current_key(key_, KeyPlacer<std::string>{states.places()}(key_));
  }

  static Layer write(const KeyedStateSnapshot& taken, bool changes) {
    Layer layer{changes, {}};
    for (int group = taken.range().first; group <= taken.range().last; ++group) {
      BinaryWriter out;
      EXPECT_TRUE((changes ? taken.write_changes(group, out) : taken.write_group(group, out)).ok());
      if (out.size() != 0) layer.groups[group] = out.take();
    }
    return layer;
  }
  void restore(const std::vector<Layer>& layers) {
    const TypeDescription key = Serializer<std::string>::describe();
    const std::vector<KeyedStateInfo> infos = states.snapshot()->states();
    for (const Layer& layer : layers) {
      ASSERT_TRUE(states.begin_restore(&key, infos, false).ok());
      for (const auto& [group, bytes] : layer.groups) {
        if (!states.places().range().contains(group)) continue;
        BinaryReader in(bytes);
        const Status status =
            layer.changes ? states.read_changes(group, in) : states.read_group(group, in);
        ASSERT_TRUE(status.ok()) << status.to_string();
        EXPECT_EQ(in.remaining(), 0u);
      }
    }
  }
  Model contents(const std::set<std::string>& keys) {
    Model all;
    for (const std::string& key : keys) {
      at(key);
      Content content;
      if (const auto* v = value.value()) content.value = *v;
      if (const auto* v = text.value()) content.text = *v;
      content.list = list.get();
      for (const auto& [k, v] : map.entries()) content.map.emplace(k, v);
      all[key] = content;
    }
    timers->for_each([&](Timestamp at, const std::string& key) { all[key].timers.insert(at); });
    std::erase_if(all, [](const auto& each) { return each.second.empty(); });
    return all;
  }

  KeyedBackend<std::string> states;
  ValueState<int64_t> value;
  ValueState<std::string> text;
  ListState<std::string> list;
  MapState<int64_t, std::string> map;
  TimerSet<std::string>* timers = nullptr;

 private:
  std::string key_;
};

/// Changes random keys of a backend and of its model.
class Changer {
 public:
  Changer(Backend& backend, Model& model, uint32_t seed, int keys)
      : backend_(backend), model_(model), random_(seed), keys_(keys) {
    for (int i = 0; i < keys; ++i) names_.insert(name(i));
  }
  const std::set<std::string>& names() const { return names_; }
  int below(int n) { return static_cast<int>(random_() % static_cast<uint32_t>(n)); }

  void change() {
    const std::string key = name(below(keys_));
    Content& content = model_[key];
    backend_.at(key);
    switch (below(12)) {
      case 0:
      case 1:
      case 2: backend_.value.update(*(content.value = below(1000))); break;
      case 3:
        backend_.value.clear();
        content.value.reset();
        break;
      case 4: backend_.text.update(*(content.text = cat("text", below(1000)))); break;
      case 5:
        backend_.text.clear();
        content.text.reset();
        break;
      case 6: backend_.list.add(content.list.emplace_back(cat("element", below(100)))); break;
      case 7:
        backend_.list.clear();
        content.list.clear();
        break;
      case 8: {
        const int64_t k = below(5);
        content.map[k] = cat("mapped", below(100));
        backend_.map.put(k, content.map[k]);
        break;
      }
      case 9: {
        const int64_t k = below(5);
        content.map.erase(k);
        backend_.map.remove(k);
        break;
      }
      case 10: {
        const Timestamp at = below(4);
        content.timers.insert(at);
        backend_.timers->add(at, key);
        break;
      }
      default: {
        const Timestamp at = below(4);
        content.timers.erase(at);
        backend_.timers->remove(at, key);
      }
    }
    if (content.empty()) model_.erase(key);
  }

 private:
  static std::string name(int i) { return cat("key", i); }

  Backend& backend_;
  Model& model_;
  std::mt19937 random_;
  const int keys_;
  std::set<std::string> names_;
};

size_t bytes_of(const Layer& layer) {
  size_t bytes = 0;
  for (const auto& [group, part] : layer.groups) bytes += part.size();
  return bytes;
}

TEST(Changes, RestoreWhatWasThereWhateverCheckpointsFailed) {
  for (uint32_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(cat("seed ", seed));
    Backend backend;
    Model model;
    Changer changer(backend, model, seed, seed % 3 == 0 ? 2000 : 40);
    std::map<int64_t, std::vector<Layer>> by_epoch;  // of durable or undecided snapshots
    std::vector<std::unique_ptr<KeyedStateSnapshot>> open;
    int as_changes = 0;
    for (int step = 0; step < 30; ++step) {
      for (int i = changer.below(seed % 2 == 0 ? 400 : 20); i > 0; --i) changer.change();
      open.push_back(backend.states.snapshot());
      const Model then = model;
      const bool late = changer.below(3) == 0;  // it is written while records flow
      for (int i = late ? changer.below(100) : 0; i > 0; --i) changer.change();
      const KeyedStateSnapshot& taken = *open.back();
      const auto base = by_epoch.find(taken.base());
      std::vector<Layer> layers;
      if (base != by_epoch.end()) {
        layers = base->second;
        layers.push_back(Backend::write(taken, true));
        ++as_changes;
      } else {
        ASSERT_EQ(taken.base(), 0);
        layers.push_back(Backend::write(taken, false));
      }
      Backend restored;
      restored.restore(layers);
      ASSERT_EQ(restored.contents(changer.names()), then) << "step " << step;
      const int64_t epoch = taken.epoch();
      if (changer.below(2) == 0) open.clear();
      if (changer.below(3) != 0) {  // otherwise it fails
        by_epoch[epoch] = layers;
        for (int i = changer.below(30); i > 0; --i) changer.change();
        backend.states.set_base(epoch);
      }
    }
    EXPECT_GT(as_changes, 10);
  }
}

TEST(Changes, AreNothingForStateThatDoesNotChange) {
  Backend backend;
  Model model;
  Changer changer(backend, model, 7, 500);
  for (int i = 0; i < 5000; ++i) changer.change();
  for (int i = 0; i < 4; ++i) {
    const auto taken = backend.states.snapshot();
    if (i > 0) { EXPECT_TRUE(Backend::write(*taken, true).groups.empty()); }
    (void)backend.contents(changer.names());  // reading changes nothing
    backend.states.set_base(taken->epoch());
  }
}

TEST(Changes, AreFewBytesForFewKeys) {
  Backend backend;
  for (int i = 0; i < 20000; ++i) {
    backend.at(cat("key", i));
    backend.text.update(std::string(50, 'x'));
  }
  const auto first = backend.states.snapshot();
  const size_t full = bytes_of(Backend::write(*first, false));
  backend.states.set_base(first->epoch());
  for (int i = 0; i < 20000; i += 100) {
    backend.at(cat("key", i));
    backend.text.update(std::string(50, 'y'));
  }
  const auto second = backend.states.snapshot();
  EXPECT_LT(bytes_of(Backend::write(*second, true)), full / 90);
}

TEST(Changes, OfAKeyThatCameAndWentBetweenSnapshotsAreNothing) {
  Backend backend;
  const auto first = backend.states.snapshot();
  backend.states.set_base(first->epoch());
  backend.at("a");
  backend.value.update(1);
  backend.timers->add(5, "a");
  backend.value.clear();
  backend.timers->remove(5, "a");
  EXPECT_TRUE(Backend::write(*backend.states.snapshot(), true).groups.empty());
}

TEST(Changes, AreNotKnownAfterTooManySnapshots) {
  Backend backend;
  backend.at("a");
  backend.value.update(1);
  backend.states.set_base(backend.states.snapshot()->epoch());
  int64_t known = 0;
  while (backend.states.snapshot()->base() != 0) ++known;
  EXPECT_EQ(known, 250);
}

TEST(Changes, AreNotKnownAfterTooManyRemovals) {
  Backend backend;
  const auto add_many = [&] {
    for (int i = 0; i < 70000; ++i) {
      backend.at(cat(i));
      backend.value.update(i);
    }
  };
  add_many();
  backend.states.set_base(backend.states.snapshot()->epoch());
  for (int i = 0; i < 70000; ++i) {
    backend.at(cat(i));
    backend.value.clear();
  }
  const auto taken = backend.states.snapshot();
  EXPECT_EQ(taken->base(), 0);
  backend.states.set_base(taken->epoch());
  EXPECT_NE(backend.states.snapshot()->base(), 0);
}

TEST(Changes, MalformedBytesAreRefused) {
  Backend backend;
  backend.at("a");
  backend.value.update(1);
  backend.states.set_base(backend.states.snapshot()->epoch());
  backend.value.clear();
  backend.at("b");
  backend.value.update(2);
  const auto taken = backend.states.snapshot();
  const Layer layer = Backend::write(*taken, true);
  const TypeDescription key = Serializer<std::string>::describe();
  for (const auto& [group, bytes] : layer.groups) {
    int accepted = 0;
    for (size_t length = 0; length < bytes.size(); ++length) {
      Backend other;
      ASSERT_TRUE(other.states.begin_restore(&key, taken->states(), false).ok());
      BinaryReader in(std::string_view(bytes).substr(0, length));
      accepted += other.states.read_changes(group, in).ok() ? 1 : 0;
    }
    EXPECT_LE(accepted, 2);  // between the two parts, and before written values
  }
}

}  // namespace
}  // namespace weir::detail
