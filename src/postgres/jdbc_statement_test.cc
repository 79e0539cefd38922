#include "weir/connector/jdbc_statement.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <stdexcept>

namespace weir {
namespace {

using Values = std::vector<std::optional<std::string>>;

TEST(JdbcStatement, WritesValuesAsPostgresReadsThem) {
  JdbcStatement row;
  row.set(1, "text").set(2, true).set(3, -7).set(4, 0.1).set(5, 1.5f).set_null(6);
  row.set(7, std::optional<int64_t>()).set(8, std::optional<std::string>("x"));
  row.set_bytes(9, std::string_view("\0\xff", 2));
  EXPECT_EQ(row.values(),
            (Values{"text", "t", "-7", "0.1", "1.5", std::nullopt, std::nullopt, "x", "\\x00ff"}));
}

TEST(JdbcStatement, WritesNumbersAtTheirLimits) {
  JdbcStatement row;
  row.set(1, std::numeric_limits<int64_t>::min()).set(2, std::numeric_limits<uint64_t>::max());
  row.set(3, std::nan("")).set(4, std::numeric_limits<double>::infinity());
  row.set(5, -std::numeric_limits<float>::infinity());
  EXPECT_EQ(row.values(), (Values{"-9223372036854775808", "18446744073709551615", "NaN", "Infinity",
                                  "-Infinity"}));
}

TEST(JdbcStatement, WritesTimestampsInUtc) {
  JdbcStatement row;
  row.set_timestamp(1, 1'764'460'800'123).set_timestamp(2, -1);
  EXPECT_EQ(row.values(), (Values{"2025-11-30 00:00:00.123+00", "1969-12-31 23:59:59.999+00"}));
  EXPECT_THROW(row.set_timestamp(1, std::numeric_limits<int64_t>::max()), std::invalid_argument);
}

TEST(JdbcStatement, RefusesWhatTheDatabaseCannotTake) {
  JdbcStatement row;
  EXPECT_THROW(row.set(0, 1), std::invalid_argument);
  EXPECT_THROW(row.set(65536, 1), std::invalid_argument);
  EXPECT_THROW(row.set(1, std::string_view("a\0b", 3)), std::invalid_argument);
}

TEST(JdbcStatement, AParameterThatIsNotSetIsAnError) {
  JdbcStatement row;
  row.set(1, 1).set(3, 3);
  EXPECT_THROW((void)row.values(), std::invalid_argument);
  row.set_null(2);
  EXPECT_EQ(row.values().size(), 3U);
  row.clear();
  EXPECT_TRUE(row.values().empty());
}

}  // namespace
}  // namespace weir
