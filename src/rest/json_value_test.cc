#include "rest/json_value.h"

#include <gtest/gtest.h>

#include <limits>

namespace weir::rest {
namespace {

TEST(Json, WritesWhatTheBracesShow) {
  EXPECT_EQ((Json{{"a", 1}, {"b", {{"c", nullptr}}}, {"d", Json::array({"x", true, 1.5})}}).text(),
            R"({"a":1,"b":{"c":null},"d":["x",true,1.5]})");
  EXPECT_EQ(Json::array().text(), "[]");
  EXPECT_EQ(Json::object().text(), "{}");
  EXPECT_EQ(Json(2.0).text(), "2.0");
  EXPECT_EQ(Json(INT64_MIN).text(), "-9223372036854775808");
  EXPECT_EQ(Json(std::numeric_limits<double>::infinity()).text(), "null");
}

TEST(Json, AMemberIsMadeOnce) {
  Json json;
  json["b"] = 1;
  json["a"] = 2;
  json["b"] = 3;
  json.update({{"a", 4}, {"c", 5}});
  EXPECT_EQ(json.text(), R"({"b":3,"a":4,"c":5})");
}

TEST(Json, EscapesTextAndReplacesWhatIsNone) {
  EXPECT_EQ(Json("\"\\\n\x01 ä €").text(), "\"\\\"\\\\\\u000a\\u0001 ä €\"");
  const std::string replaced = "\"\xEF\xBF\xBD\"";
  EXPECT_EQ(Json("\xff").text(), replaced);
  EXPECT_EQ(Json("\xc3").text(), replaced) << "cut off";
  EXPECT_EQ(Json("\xc0\xaf").text(), "\"\xEF\xBF\xBD\xEF\xBF\xBD\"") << "overlong";
  EXPECT_EQ(Json(std::string_view("\0", 1)).text(), "\"\\u0000\"");
}

}  // namespace
}  // namespace weir::rest
