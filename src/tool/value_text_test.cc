#include "tool/value_text.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "weir/types/types.h"

namespace weir::tool {
namespace {

struct Reading {
  std::string sensor;
  double value = 0;
  std::optional<int64_t> at;
  WEIR_FIELDS(Reading, sensor, value, at)
};

template <class T>
std::string shown(const T& value) {
  BinaryWriter out;
  Serializer<T>::write(out, value);
  BinaryReader in(out.buffer());
  const std::string text = value_text(Serializer<T>::describe(), in);
  EXPECT_TRUE(in.ok());
  EXPECT_EQ(in.remaining(), 0u);
  return text;
}

TEST(ValueText, ShowsEachType) {
  EXPECT_EQ(shown<int64_t>(std::numeric_limits<int64_t>::min()), "-9223372036854775808");
  EXPECT_EQ(shown<uint64_t>(std::numeric_limits<uint64_t>::max()), "18446744073709551615");
  EXPECT_EQ(shown(true), "true");
  EXPECT_EQ(shown(1.5), "1.5");
  EXPECT_EQ(shown(std::nan("")), "\"NaN\"");
  EXPECT_EQ(shown(-std::numeric_limits<double>::infinity()), "\"-inf\"");
  EXPECT_EQ(shown(std::string("a\"\n")), "\"a\\\"\\n\"");
  EXPECT_EQ(shown(std::vector<uint8_t>{1, 255}), "\"01ff\"");
  EXPECT_EQ(shown(std::vector<int32_t>{1, -2}), "[1, -2]");
  EXPECT_EQ(shown(std::map<std::string, int32_t>{{"a", 1}}), "[[\"a\", 1]]");
  EXPECT_EQ(shown(std::optional<int32_t>()), "null");
  EXPECT_EQ(shown(std::variant<int32_t, std::string>("x")), "\"x\"");
  EXPECT_EQ(shown(std::pair<int32_t, bool>(7, false)), "[7, false]");
  EXPECT_EQ(shown(Reading{"s", 2.5, 9}), R"({"sensor": "s", "value": 2.5, "at": 9})");
}

TEST(ValueText, SaysThatBytesAreMalformed) {
  for (const auto& type :
       {Serializer<std::vector<int32_t>>::describe(), Serializer<std::string>::describe(),
        Serializer<std::variant<int32_t, std::string>>::describe(),
        Serializer<Reading>::describe()}) {
    BinaryReader in(std::string_view("\x7f\xff\xff\xff\x01", 5));
    (void)value_text(type, in);
    EXPECT_FALSE(in.ok()) << type.to_string();
  }
}

TEST(SizeText, HasAUnit) {
  EXPECT_EQ(size_text(0), "0 B");
  EXPECT_EQ(size_text(1023), "1023 B");
  EXPECT_EQ(size_text(1536), "1.5 KiB");
  EXPECT_EQ(size_text(int64_t{5} << 40), "5.0 TiB");
}

}  // namespace
}  // namespace weir::tool
