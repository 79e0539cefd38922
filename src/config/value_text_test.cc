#include "config/value_text.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

int64_t ms(std::string_view text) {
  const auto duration = parse_duration(text);
  return duration.ok() ? duration->count() : -1;
}

TEST(ValueText, DurationsInFlinksNotation) {
  EXPECT_EQ(ms("10 s"), 10'000);
  EXPECT_EQ(ms("3 min"), 180'000);
  EXPECT_EQ(ms("500ms"), 500);
  EXPECT_EQ(ms("1 h"), 3'600'000);
  EXPECT_EQ(ms("2 d"), 172'800'000);
  EXPECT_EQ(ms(" 1 Hour "), 3'600'000);
  EXPECT_EQ(ms("250"), 250);
  EXPECT_EQ(ms("0"), 0);
  EXPECT_EQ(ms("3000 us"), 3);
  EXPECT_EQ(ms("5000000ns"), 5);
}

TEST(ValueText, IsoDurations) {
  EXPECT_EQ(ms("PT1M30S"), 90'000);
  EXPECT_EQ(ms("P1DT2H"), 93'600'000);
  EXPECT_EQ(ms("PT0.5S"), 500);
  EXPECT_EQ(ms("P"), -1);
  EXPECT_EQ(ms("PT"), -1);
  EXPECT_EQ(ms("PT5"), -1);
  EXPECT_EQ(ms("P1M"), -1);
}

TEST(ValueText, InvalidDurationIsRefused) {
  for (const char* text :
       {"", "soon", "10 parsecs", "-1 s", "1.5 s", "s", "10 s 5 ms", "999999999999999999999 s"})
    EXPECT_EQ(ms(text), -1) << text;
  EXPECT_EQ(parse_duration("10 us").status().message(),
            "is finer than a millisecond, which is the smallest duration here");
  EXPECT_EQ(parse_duration("9223372036854775807 d").status().message(), "is too long a duration");
}

TEST(ValueText, SizesAreInPowersOf1024) {
  EXPECT_EQ(parse_size("20 kb").value(), 20 * 1024);
  EXPECT_EQ(parse_size("1MB").value(), 1 << 20);
  EXPECT_EQ(parse_size("4096").value(), 4096);
  EXPECT_EQ(parse_size("2 g").value(), int64_t{2} << 30);
  EXPECT_FALSE(parse_size("20 kib-ish").ok());
  EXPECT_FALSE(parse_size("-1").ok());
  EXPECT_FALSE(parse_size("9000000000000 tb").ok());
}

TEST(ValueText, PlainValues) {
  EXPECT_TRUE(parse_bool("TRUE").value());
  EXPECT_FALSE(parse_bool("false").value());
  EXPECT_FALSE(parse_bool("yes").ok());
  EXPECT_EQ(parse_int("-7").value(), -7);
  EXPECT_FALSE(parse_int("7x").ok());
  EXPECT_FALSE(parse_int("").ok());
  EXPECT_EQ(parse_double("1.5").value(), 1.5);
  EXPECT_FALSE(parse_double("nan").ok());
}

TEST(ValueText, DurationsUseTheLargestUnitThatDividesThem) {
  EXPECT_EQ(format_duration(Duration(180'000)), "3 min");
  EXPECT_EQ(format_duration(Duration(1'500)), "1500 ms");
  EXPECT_EQ(format_duration(Duration(0)), "0 ms");
  EXPECT_EQ(format_duration(Duration(86'400'000)), "1 d");
}

}  // namespace
}  // namespace weir
