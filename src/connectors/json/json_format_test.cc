#include "weir/format/json_format.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace weir {
namespace {

using namespace std::chrono_literals;
using Millis = std::chrono::sys_time<std::chrono::milliseconds>;

enum class Color : uint8_t { kRed, kGreen };

struct Inner {
  int a = 0;
  std::vector<float> b;
  WEIR_FIELDS(Inner, a, b)
  bool operator==(const Inner&) const = default;
};

struct Everything {
  bool flag = false;
  uint8_t small = 0;
  int64_t big = 0;
  uint64_t unsigned_big = 0;
  double number = 0;
  std::string text;
  Inner inner;
  std::optional<std::string> maybe;
  std::map<std::string, int> by_text;
  std::unordered_map<int, std::string> by_number;
  std::map<std::pair<int, int>, bool> by_pair;
  std::variant<int64_t, std::string, Inner, std::monostate> one_of;
  std::tuple<int, std::string> both;
  Color color = Color::kRed;
  std::chrono::milliseconds duration{0};
  Millis time;
  std::vector<uint8_t> bytes;
  std::unordered_set<std::string> names;
  std::vector<bool> bits;
  std::array<int, 2> two{};
  WEIR_FIELDS(Everything, flag, small, big, unsigned_big, number, text, inner, maybe, by_text,
              by_number, by_pair, one_of, both, color, duration, time, bytes, names, bits, two)
  bool operator==(const Everything&) const = default;
};

template <class T>
std::string to_json(const T& value, JsonOptions options = {}) {
  std::string out;
  const Status status = JsonFormat<T>(std::move(options)).serialize(value, out);
  return status.ok() ? out : std::string(status.message());
}
template <class T>
StatusOr<T> from_json(std::string_view text, JsonOptions options = {}) {
  return JsonFormat<T>(std::move(options)).deserialize(text);
}
template <class T>
std::string problem_of(std::string_view text, JsonOptions options = {}) {
  const auto read = from_json<T>(text, std::move(options));
  EXPECT_TRUE(read.ok() || read.status().code() == StatusCode::kInvalidArgument);
  return read.ok() ? "none" : std::string(read.status().message());
}
template <class T>
void comes_back(const T& value, std::string_view json) {
  EXPECT_EQ(to_json(value), json);
  const auto read = from_json<T>(json);
  ASSERT_TRUE(read.ok()) << read.status().to_string();
  EXPECT_EQ(*read, value);
}

TEST(JsonFormat, EveryTypeComesBack) {
  Everything all{.flag = true,
                 .small = 255,
                 .big = INT64_MIN,
                 .unsigned_big = UINT64_MAX,
                 .number = 0.1,
                 .text = "a\"b",
                 .inner = {-1, {0.1F, 1.5F}},
                 .maybe = "x",
                 .by_text = {{"", 1}, {"k\n", 2}},
                 .by_number = {{10, "ten"}, {-1, "minus"}, {2, "two"}},
                 .by_pair = {{{1, 2}, true}},
                 .one_of = Inner{3, {}},
                 .both = {7, "seven"},
                 .color = Color::kGreen,
                 .duration = -5ms,
                 .time = Millis(1'700'000'000'250ms),
                 .bytes = {0, 1, 254, 255},
                 .names = {"b", "a"},
                 .bits = {true, false},
                 .two = {1, 2}};
  comes_back(all, R"({"flag":true,"small":255,"big":-9223372036854775808,)"
                  R"("unsigned_big":18446744073709551615,"number":0.1,"text":"a\"b",)"
                  R"("inner":{"a":-1,"b":[0.1,1.5]},"maybe":"x","by_text":{"":1,"k\n":2},)"
                  R"("by_number":{"2":"two","10":"ten","-1":"minus"},"by_pair":[[[1,2],true]],)"
                  R"("one_of":{"Inner":{"a":3,"b":[]}},"both":[7,"seven"],"color":1,"duration":-5,)"
                  R"("time":"2023-11-14T22:13:20.250Z","bytes":"AAH+/w==","names":["a","b"],)"
                  R"("bits":[true,false],"two":[1,2]})");
  comes_back(Everything{}, to_json(Everything{}));
}

TEST(JsonFormat, RootMayBeAnyValue) {
  comes_back<int64_t>(-7, "-7");
  comes_back<std::string>("", R"("")");
  comes_back<std::vector<int>>({}, "[]");
  comes_back<std::optional<int>>(std::nullopt, "null");
  comes_back<std::variant<std::monostate, int64_t>>(int64_t{4}, R"({"int64":4})");
  // With equal names the index tells alternatives apart.
  comes_back(std::variant<int, int>(std::in_place_index<1>, 5), R"({"1":5})");
}

TEST(JsonFormat, EveryByteOfATextComesBack) {
  std::string ascii;
  for (int c = 0; c < 128; ++c) ascii += static_cast<char>(c);
  const auto read = from_json<std::string>(to_json(ascii));
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(*read, ascii);
  EXPECT_EQ(to_json(std::string("\x01\x1f\b\f\n\r\t\"\\/\x7f")),
            "\"\\u0001\\u001f\\b\\f\\n\\r\\t\\\"\\\\/\x7f\"");
  comes_back<std::string>("Ω 😀 \xEF\xBB\xBF", "\"Ω 😀 \xEF\xBB\xBF\"");
  EXPECT_EQ(*from_json<std::string>(R"("\ud83d\ude00\u00e9\/\u0000")"), std::string("😀é/\0", 8));
  const std::map<std::string, int> by_escaped_key = {{"a\"", 1}};
  EXPECT_EQ((*from_json<std::map<std::string, int>>(R"({"\u0061\"":1})")), by_escaped_key);
}

TEST(JsonFormat, TextThatIsNotUtf8IsRefused) {
  Everything all;
  all.maybe = "\xff";
  EXPECT_EQ(to_json(all),
            "field 'maybe': the text is not UTF-8, and JSON holds no other bytes; "
            "std::vector<uint8_t> does");
  EXPECT_NE(problem_of<std::string>("\"\xff\""), "none");
  EXPECT_NE(problem_of<std::string>("\"\xc0\x80\""), "none");
  EXPECT_NE(problem_of<std::string>(R"("\ud800")"), "none");
  EXPECT_NE(problem_of<std::string>(R"("\x")"), "none");
  EXPECT_NE(problem_of<std::string>("\"a\nb\""), "none");
}

TEST(JsonFormat, NumbersAtTheirLimits) {
  for (const double value :
       {0.0, -0.0, 5e-324, -2.2250738585072014e-308, 1.7976931348623157e308, 1e22, 0.1 + 0.2}) {
    const auto read = from_json<double>(to_json(value));
    ASSERT_TRUE(read.ok());
    EXPECT_EQ(std::bit_cast<uint64_t>(*read), std::bit_cast<uint64_t>(value));
  }
  for (const float value : {1e-45F, 3.4028235e38F, 0.1F, 8388609.5F}) {
    const auto read = from_json<float>(to_json(value));
    ASSERT_TRUE(read.ok());
    EXPECT_EQ(*read, value);
  }
  // Written by JavaScript, which has no exponent below 1e21.
  EXPECT_EQ(*from_json<double>("100000000000000000000"), 1e20);
  EXPECT_EQ(*from_json<float>("1e-60"), 0.0F);
  EXPECT_EQ(problem_of<float>("1e39"), "expected a number of at most 3.40282e+38, found 1e39");
  EXPECT_EQ(problem_of<double>("-1e400"),
            "expected a number of at most 1.79769e+308, found -1e400");
  EXPECT_EQ(problem_of<int8_t>("128"), "expected an integer from -128 to 127, found 128");
  EXPECT_EQ(problem_of<uint64_t>("-1"),
            "expected an integer from 0 to 18446744073709551615, found -1");
  EXPECT_NE(problem_of<uint64_t>("18446744073709551616"), "none");
  EXPECT_NE(problem_of<int64_t>("9223372036854775808"), "none");
  EXPECT_NE(problem_of<int64_t>("1.0"), "none");
  EXPECT_NE(problem_of<int64_t>("1e3"), "none");
  EXPECT_NE(problem_of<int64_t>("01"), "none");
  EXPECT_NE(problem_of<int64_t>("\"1\""), "none");
  EXPECT_NE(problem_of<double>("+1"), "none");
  EXPECT_NE(problem_of<double>(".5"), "none");
  EXPECT_NE(problem_of<double>("0x10"), "none");
}

TEST(JsonFormat, NumbersThatJsonHasNotAreTexts) {
  EXPECT_EQ(to_json(std::vector<double>{INFINITY, -INFINITY, NAN}),
            R"(["Infinity","-Infinity","NaN"])");
  const auto read = from_json<std::vector<double>>(R"(["Infinity","-Infinity","NaN"])");
  ASSERT_TRUE(read.ok());
  EXPECT_EQ((*read)[0], INFINITY);
  EXPECT_EQ((*read)[1], -INFINITY);
  EXPECT_TRUE(std::isnan((*read)[2]));
  EXPECT_EQ(problem_of<double>("\"1\""), "expected a number, found \"1\"");
  EXPECT_NE(problem_of<double>("NaN"), "none");
}

TEST(JsonFormat, TimesAreIso8601OrAsTheOptionSays) {
  EXPECT_EQ(*from_json<Millis>(R"("2023-11-14 23:13:20.25+01:00")"), Millis(1'700'000'000'250ms));
  const Millis day(1'699'920'000'000ms);
  EXPECT_EQ(to_json(day, {.time_format = "%d.%m.%Y"}), R"("14.11.2023")");
  EXPECT_EQ(*from_json<Millis>(R"("14.11.2023")", {.time_format = "%d.%m.%Y"}), day);
  EXPECT_EQ(problem_of<Millis>(R"("yesterday")"),
            "expected a point in time in ISO 8601, found \"yesterday\"");
  EXPECT_NE(problem_of<Millis>("1700000000"), "none");
  using Nanos = std::chrono::sys_time<std::chrono::nanoseconds>;
  EXPECT_EQ(problem_of<Nanos>(R"("9999-01-01")"),
            "expected a point in time that the field can hold, found \"9999-01-01\"");
  for (const Millis extreme : {Millis::min(), Millis::max()})
    EXPECT_EQ(*from_json<Millis>(to_json(extreme)), extreme);
  EXPECT_FALSE(JsonFormat<Millis>({.time_format = "%Q"}).check().ok());
  EXPECT_TRUE(JsonFormat<Millis>().check().ok());
}

TEST(JsonFormat, KeysMayHaveAnyOrder) {
  EXPECT_EQ(*from_json<Inner>(R"( { "b" : [ 2 ] , "a" : 1 } )"), (Inner{1, {2}}));
}

TEST(JsonFormat, UnknownKeysAreSkippedButChecked) {
  EXPECT_EQ(*from_json<Inner>(
                R"({"x":{"y":[1,"é",{}],"z":null},"a":1,"b":[],"w":1e999,"v":[[]],"u":-0.5})"),
            (Inner{1, {}}));
  const auto with = [](std::string_view value) {
    return problem_of<Inner>("{\"a\":1,\"x\":" + std::string(value) + ",\"b\":[]}");
  };
  for (const char* good : {"0", "-1.5e+3", "true", "null", "{}", "[]", "\"\\u0041\"", "[{}]"})
    EXPECT_EQ(with(good), "none") << good;
  for (const char* bad :
       {"01",          "1.",   ".5",         "-",    "1e",      "tru",   "nul",
        "[1 2]",       "[1,]", "{\"a\":1]",  "[1}",  "{\"a\"}", "{1:2}", "\"\\x\"",
        "\"\\ud800\"", "",     "{\"y\":1,}", "[,1]", "--1",     "1 2",   "'a'"})
    EXPECT_NE(with(bad), "none") << bad;
  EXPECT_EQ(problem_of<Inner>(R"({"a":1,"b":[],"c":2})", {.ignore_unknown_fields = false}),
            "there is no field 'c'");
}

TEST(JsonFormat, MissingAndNullFields) {
  EXPECT_EQ(problem_of<Inner>(R"({"b":[]})"), "the field 'a' is missing");
  EXPECT_EQ(problem_of<Inner>(R"({"a":null,"b":[]})"),
            "field 'a': expected an integer from -2147483648 to 2147483647, found null");
  EXPECT_EQ(*from_json<Inner>(R"({"b":null})", {.allow_missing_fields = true}), Inner{});
  struct Optionals {
    std::optional<int> a;
    std::optional<int> b = 5;
    WEIR_FIELDS(Optionals, a, b)
    bool operator==(const Optionals&) const = default;
  };
  EXPECT_EQ(*from_json<Optionals>("{}"), Optionals{});
  EXPECT_EQ(*from_json<Optionals>(R"({"a":1,"b":null})"), (Optionals{1, std::nullopt}));
  EXPECT_EQ(to_json(Optionals{std::nullopt, 1}), R"({"a":null,"b":1})");
  EXPECT_EQ(to_json(Optionals{std::nullopt, 1}, {.write_nulls = false}), R"({"b":1})");
  EXPECT_EQ(to_json(Optionals{std::nullopt, std::nullopt}, {.write_nulls = false}), "{}");
}

TEST(JsonFormat, ErrorNamesThePlace) {
  EXPECT_EQ(problem_of<std::vector<Inner>>(R"([{"a":1,"b":[]},{"a":1,"b":[1,{}]}])"),
            "field '[1].b[1]': expected a number, found an object");
  EXPECT_EQ((problem_of<std::map<std::string, Inner>>(R"({"k":{"a":[],"b":[]}})")),
            "field 'k.a': expected an integer from -2147483648 to 2147483647, found an array");
  EXPECT_EQ((problem_of<std::variant<int64_t, std::string>>(R"({"int64":"x"})")),
            "field 'int64': expected an integer from -9223372036854775808 to "
            "9223372036854775807, found \"x\"");
  EXPECT_EQ((problem_of<std::variant<int64_t, std::string>>(R"({"double":1})")),
            "'double' is no alternative");
  EXPECT_EQ((problem_of<std::map<uint8_t, int>>(R"({"256":1})")),
            "the key '256' is no number that fits");
  EXPECT_EQ((problem_of<std::array<int, 2>>("[1]")), "the array does not have 2 elements");
  EXPECT_EQ((problem_of<std::array<int, 2>>("[1,2,3]")), "the array does not have 2 elements");
}

TEST(JsonFormat, RepeatedKeysAreRefused) {
  EXPECT_EQ(problem_of<Inner>(R"({"a":1,"a":1,"b":[]})"), "the key 'a' comes twice");
  EXPECT_EQ((problem_of<std::map<int, int>>(R"({"1":1,"1":2})")), "the key '1' comes twice");
  EXPECT_EQ(problem_of<std::set<int>>("[1,1]"), "field '[1]': a set has the same element twice");
}

TEST(JsonFormat, Base64HasOneSpelling) {
  using Bytes = std::vector<uint8_t>;
  comes_back<Bytes>({}, R"("")");
  comes_back<Bytes>({255}, R"("/w==")");
  comes_back<Bytes>({255, 0}, R"("/wA=")");
  for (const char* bad : {R"("/w=")", R"("/w")", R"("/x==")", R"("=")", R"("====")",
                          R"("/w==/w==")", R"("/w-_")", "1"})
    EXPECT_NE(problem_of<Bytes>(bad), "none") << bad;
}

TEST(JsonFormat, TextThatIsNoJson) {
  for (const char* bad : {"", " ", "{", "}", "[", "{}{}", "{},{}", "{}]", "]{}[", "{} {}", "[]]",
                          "{\"a\":1,\"b\":[]} x", "{\"a\":1,\"b\":[]},", "{'a':1}", "{\"a\" 1}",
                          "\"a", "nope", "// x"})
    EXPECT_NE(problem_of<Inner>(bad), "none") << bad;
  EXPECT_EQ(problem_of<Inner>(""), "the text is empty");
  EXPECT_EQ(problem_of<Inner>(R"({"a":1,"b":[]} {})"),
            "it is not valid JSON: The JSON document has an improper structure: missing or "
            "superfluous commas, braces, missing keys, etc.");
  EXPECT_EQ(problem_of<Inner>(R"({"a":1,"b":[]},{})"), "something follows the JSON value");
  EXPECT_EQ(problem_of<Inner>(std::string("{\"a\":1,\"b\":[]}\0", 15)).substr(0, 21),
            "it is not valid JSON:");
}

TEST(JsonFormat, DeepNestingIsRefused) {
  const std::string deep(100'000, '[');
  EXPECT_EQ(problem_of<Inner>("{\"x\":" + deep + std::string(100'000, ']') + "}").substr(0, 8),
            "field 'x");
  std::string allowed = std::string(400, '[') + std::string(400, ']');
  EXPECT_EQ(problem_of<Inner>("{\"a\":1,\"b\":[],\"x\":" + allowed + "}"), "none");
}

TEST(JsonFormat, OneFormatReadsMessagesOfAllSizes) {
  JsonFormat<std::vector<std::string>> format;
  for (const size_t size : {0u, 1u, 63u, 64u, 65u, 1'000'000u, 3u, 2'000'000u}) {
    const std::vector<std::string> value = {std::string(size, 'x'), "é"};
    std::string out;
    ASSERT_TRUE(format.serialize(value, out).ok());
    const auto read = format.deserialize(out);
    ASSERT_TRUE(read.ok());
    EXPECT_EQ(*read, value);
    EXPECT_FALSE(format.deserialize("[1]").ok());
  }
}

struct Celsius {
  double degrees = 0;
  bool operator==(const Celsius&) const = default;
};

}  // namespace

template <>
struct JsonCodec<Celsius> {
  static bool read(JsonReader& in, Celsius& value) {
    std::string_view text;
    if (!in.read_text(text)) return false;
    value.degrees = text == "20 °C" ? 20 : 0;
    return text.ends_with("°C") || in.expected("a temperature, such as \"20 °C\"");
  }
  static bool write(JsonWriter& out, const Celsius& value) {
    return out.text(value.degrees == 20 ? "20 °C" : "0 °C");
  }
};

namespace {

TEST(JsonFormat, OwnTypesHaveACodec) {
  comes_back<std::vector<Celsius>>({{20}, {0}}, R"(["20 °C","0 °C"])");
  EXPECT_EQ(problem_of<std::vector<Celsius>>(R"(["20 F"])"),
            "field '[0]': expected a temperature, such as \"20 °C\", found \"20 F\"");
}

}  // namespace
}  // namespace weir
