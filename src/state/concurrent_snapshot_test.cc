// One thread writes while another reads snapshots. The thread sanitizer finds races; the test
// itself compares the contents, which the sanitizer cannot check.

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <thread>

#include "weir/detail/state/keyed_backend.h"

namespace weir::detail {
namespace {

using Lists = std::map<std::string, std::vector<int64_t>>;

template <class Write>
void write_while_snapshots_are_read(Write write) {
  KeyedBackend<std::string> backend("op", {0, 127}, 128);
  auto list = backend.state(ListStateDescriptor<int64_t>{"list"});
  Lists model;
  std::mt19937_64 random(3);
  for (int round = 0; round < 12; ++round) {
    auto snapshot = backend.snapshot();
    const Lists expected = model;
    std::map<int, std::string> groups;
    std::thread reader([&] {
      for (int group = 0; group < 128; ++group) {
        BinaryWriter out;
        EXPECT_TRUE(snapshot->write_group(group, out).ok());
        if (out.size() != 0) groups[group] = out.take();
      }
      snapshot.reset();
    });
    for (int i = 0; i < 2000; ++i) {
      const std::string key =
          "a key that is longer than a string holds inside " + std::to_string(random() % 2000);
      backend.set_current_key(key, KeyPlacer<std::string>{backend.places()}(key));
      write(random, list, model[key]);
      if (model[key].empty()) model.erase(key);
      if (i % 100 == 0) backend.collect_garbage();
    }
    reader.join();

    KeyedBackend<std::string> restored("op", {0, 127}, 128);
    auto restored_list = restored.state(ListStateDescriptor<int64_t>{"list"});
    const TypeDescription key_type = Serializer<std::string>::describe();
    ASSERT_TRUE(restored.begin_restore(&key_type, {restored.find("list")->info()}, false).ok());
    for (const auto& [group, bytes] : groups) {
      BinaryReader in(bytes);
      ASSERT_TRUE(restored.read_group(group, in).ok());
    }
    size_t found = 0;
    for (const auto& [key, values] : expected) {
      restored.set_current_key(key, KeyPlacer<std::string>{restored.places()}(key));
      ASSERT_EQ(restored_list.get(), values);
      ++found;
    }
    auto& table =
        restored.table_state<CowBox<std::vector<int64_t>>, ListEntries<int64_t>>("list").table();
    EXPECT_EQ(table.size(), found);
  }
}

TEST(ConcurrentSnapshot, DoesNotContainLaterWrites) {
  write_while_snapshots_are_read(
      [](std::mt19937_64& random, ListState<int64_t>& list, std::vector<int64_t>& model) {
        const auto value = static_cast<int64_t>(random());
        switch (value & 7) {
          case 0:
            list.clear();
            model.clear();
            break;
          case 1:
            list.update({value});
            model = {value};
            break;
          default: list.add(value); model.push_back(value);
        }
      });
}

}  // namespace
}  // namespace weir::detail
