#include "types/compatibility.h"

#include <gtest/gtest.h>

#include "weir/types/types.h"

namespace weir {
namespace {

enum class Color : int32_t { kRed };
struct V1 {
  std::string sensor;
  int32_t value = 0;
  WEIR_FIELDS(V1, sensor, value)
};
struct Wider {
  std::string sensor;
  int64_t value = 0;
  WEIR_FIELDS(Wider, sensor, value)
};
struct Renamed {
  std::string device;
  int32_t value = 0;
  WEIR_FIELDS(Renamed, device, value)
};
struct Longer {
  std::string sensor;
  int32_t value = 0;
  bool valid = false;
  WEIR_FIELDS(Longer, sensor, value, valid)
};
struct Unsigned {
  std::string sensor;
  uint32_t value = 0;
  WEIR_FIELDS(Unsigned, sensor, value)
};

template <class Stored, class Declared>
std::string why() {
  return why_incompatible(Serializer<Stored>::describe(), Serializer<Declared>::describe())
      .value_or("compatible");
}
template <class Declared>
std::string why_from_flink(TypeDescription stored) {
  stored.flink_only = true;
  return why_incompatible(stored, Serializer<Declared>::describe()).value_or("compatible");
}

TEST(Compatibility, EqualTypesAreCompatible) {
  EXPECT_EQ((why<V1, V1>()), "compatible");
  EXPECT_EQ((why<std::map<std::string, V1>, std::unordered_map<std::string, V1>>()), "compatible");
}

TEST(Compatibility, FirstDifferenceIsNamed) {
  EXPECT_EQ((why<int32_t, int64_t>()), "stored as int32, declared as int64");
  EXPECT_EQ((why<V1, Wider>()), "field 'value': stored as int32, declared as int64");
  EXPECT_EQ((why<V1, Renamed>()), "field 1: stored under the name 'sensor', declared as 'device'");
  EXPECT_EQ((why<V1, Longer>()), "field 'valid': declared, but not stored");
  EXPECT_EQ((why<Longer, V1>()), "field 'valid': stored, but not declared");
  EXPECT_EQ((why<std::vector<V1>, std::vector<Wider>>()),
            "elements: field 'value': stored as int32, declared as int64");
  EXPECT_EQ((why<std::map<std::string, V1>, std::map<std::string, Wider>>()),
            "values: field 'value': stored as int32, declared as int64");
  EXPECT_EQ((why<std::chrono::seconds, std::chrono::milliseconds>()),
            "stored as duration<int64 s>, declared as duration<int64 ms>");
  EXPECT_EQ((why<std::array<int8_t, 2>, std::array<int8_t, 3>>()),
            "stored as array<int8, 2>, declared as array<int8, 3>");
  EXPECT_EQ((why<int64_t, uint64_t>()), "stored as int64, declared as uint64");
}

TEST(Compatibility, FlinksTypesFitTheFlinkFormOfTheDeclaredType) {
  EXPECT_EQ(why_from_flink<uint64_t>(Serializer<int64_t>::describe()), "compatible");
  EXPECT_EQ(why_from_flink<std::chrono::milliseconds>(Serializer<int64_t>::describe()),
            "compatible");
  EXPECT_EQ(why_from_flink<Color>(Serializer<int32_t>::describe()), "compatible");
  using Tuple = std::tuple<std::string, int32_t>;
  EXPECT_EQ(why_from_flink<V1>(Serializer<Tuple>::describe()), "compatible");
  EXPECT_EQ(why_from_flink<Unsigned>(Serializer<Tuple>::describe()), "compatible");
  EXPECT_EQ(why_from_flink<Wider>(Serializer<Tuple>::describe()),
            "field 'value': stored as int32, declared as int64");
  using Choice = std::variant<int32_t, std::string>;
  EXPECT_EQ(
      why_from_flink<Choice>(Serializer<std::tuple<int32_t, std::vector<uint8_t>>>::describe()),
      "compatible");
  EXPECT_EQ(why_from_flink<std::optional<int32_t>>(Serializer<std::vector<int32_t>>::describe()),
            "compatible");
}

}  // namespace
}  // namespace weir
