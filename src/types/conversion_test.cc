#include "types/conversion.h"

#include <gtest/gtest.h>

#include "types/compatibility.h"
#include "weir/types/types.h"

namespace weir {
namespace {

enum class Small : int8_t { kOne = 1 };
enum class Large : int32_t { kOne = 1, kThousand = 1000 };

struct Old {
  std::string device;
  int32_t count = 0;
  float level = 0;
  Small size{};
  WEIR_FIELDS(Old, device, count, level, size)
};
/// Renamed, widened, reordered, one field removed and three added.
struct New {
  std::optional<double> level;
  std::string sensor;
  int64_t count = 0;
  std::string unit = "mm";
  std::vector<int32_t> history = {7};
  WEIR_FIELDS(New, level, WEIR_FORMERLY(sensor, id, device), count, unit, history)
  bool operator==(const New&) const = default;
};
struct Swapped {
  int64_t old_count = 5;
  int64_t count = -1;
  WEIR_FIELDS(Swapped, WEIR_FORMERLY(old_count, count), count)
  bool operator==(const Swapped&) const = default;
};
struct Narrow {
  std::string device;
  int16_t count = 0;
  WEIR_FIELDS(Narrow, device, count)
};
/// Has enough fields that its bytes have a length.
struct Wide {
  int32_t count = 0;
  int64_t a = 1, b = 2, c = 3, d = 4, e = 5, f = 6, g = 7, h = 8, i = 9, j = 10, k = 11, l = 12,
          m = 13, n = 14, o = 15, p = 16, q = 17, r = 18, s = 19, t = 20, u = 21, v = 22, w = 23,
          x = 24, y = 25;
  WEIR_FIELDS(Wide, count, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x,
              y)
};
struct FahrenheitV1 {
  int32_t degrees = 0;
  WEIR_FIELDS(FahrenheitV1, degrees)
};
struct FahrenheitV2 {
  double degrees = 0;
  WEIR_FIELDS(FahrenheitV2, degrees)
};
struct Celsius {
  double celsius = 0;
  WEIR_FIELDS(Celsius, celsius)
  bool operator==(const Celsius&) const = default;
};
struct Money {
  int64_t cents = 0;
  bool operator==(const Money&) const = default;
};
struct MoneyV1 {
  int32_t euros = 0;
};
struct Outside {
  std::string name;
  int64_t value = 9;
  bool operator==(const Outside&) const = default;
};
struct OutsideOld {
  int32_t amount;
};
WEIR_FIELDS_OF(OutsideOld, amount)
WEIR_FIELDS_OF(Outside, name, WEIR_FORMERLY(value, amount))

}  // namespace

template <>
struct Migration<FahrenheitV2> {
  using From = std::tuple<FahrenheitV1>;
  static FahrenheitV2 migrate(const FahrenheitV1& old) {
    return {static_cast<double>(old.degrees) + 1000};  // shows that it was not widened
  }
};
template <>
struct Migration<Celsius> {
  using From = std::tuple<FahrenheitV2>;
  static Celsius migrate(const FahrenheitV2& old) { return {(old.degrees - 32) / 1.8}; }
};
template <>
struct UserSerializer<MoneyV1> {
  static void write(BinaryWriter& out, const MoneyV1& m) { out.put_i32(m.euros); }
  static void read(BinaryReader& in, MoneyV1& m) { m.euros = in.get_i32(); }
  static TypeDescription describe() { return {TypeKind::kUser, "Money", {}, {}, 1}; }
};
template <>
struct UserSerializer<Money> {
  static void write(BinaryWriter& out, const Money& m) { out.put_i64(m.cents); }
  static void read(BinaryReader& in, Money& m) { m.cents = in.get_i64(); }
  static TypeDescription describe() { return {TypeKind::kUser, "Money", {}, {}, 2}; }
};
template <>
struct Migration<Money> {
  using From = std::tuple<MoneyV1>;
  static Money migrate(const MoneyV1& old) { return {old.euros * int64_t{100}}; }
};

namespace {

template <class Stored, class Declared>
ConversionPlan plan() {
  return plan_conversion(Serializer<Stored>::describe(), Serializer<Declared>::describe());
}
template <class Stored, class Declared>
std::string why_refused() {
  return plan<Stored, Declared>().refused.value_or("not refused");
}
template <class Declared, class Stored>
Declared convert(const Stored& value) {
  const ConversionPlan its = plan<Stored, Declared>();
  EXPECT_EQ(its.refused.value_or("no"), "no");
  BinaryWriter stored;
  Serializer<Stored>::write(stored, value);
  BinaryReader in(stored.buffer());
  BinaryWriter converted;
  its.conversion->convert(in, converted);
  EXPECT_TRUE(in.end("stored").ok()) << in.end("stored").message();
  BinaryReader out(converted.buffer());
  Declared result{};
  Serializer<Declared>::read(out, result);
  EXPECT_TRUE(out.end("converted").ok()) << out.end("converted").message();
  return result;
}

TEST(Conversion, FieldsMayBeAddedRemovedReorderedRenamedAndWidened) {
  const New expected{2.5, "s1", -3, "mm", {7}};
  EXPECT_EQ(convert<New>(Old{"s1", -3, 2.5F, Small::kOne}), expected);
  EXPECT_EQ(
      (plan<Old, New>().changes),
      (std::vector<std::string>{
          "field 'level': float becomes double", "field 'level': float becomes optional<double>",
          "field 'sensor' had the name 'device'", "field 'count': int32 becomes int64",
          "field 'unit' is new and gets its default value",
          "field 'history' is new and gets its default value", "field 'size' is dropped"}));
}

TEST(Conversion, AFormerNameMayBelongToANewField) {
  struct Before {
    int32_t count = 0;
    WEIR_FIELDS(Before, count)
  };
  EXPECT_EQ(convert<Swapped>(Before{3}), (Swapped{3, -1}));
}

TEST(Conversion, FieldsListedOutsideOfTheStruct) {
  EXPECT_EQ(convert<Outside>(OutsideOld{4}), (Outside{"", 4}));
}

TEST(Conversion, AStructMayGrowBeyondATuple) {
  const Wide wide = convert<Wide>(Narrow{"x", 9});
  EXPECT_EQ(wide.count, 9);
  EXPECT_EQ(wide.y, 25);
  Wide stored;
  stored.count = 9;
  EXPECT_EQ(convert<New>(stored).count, 9);
}

TEST(Conversion, IntegersWiden) {
  EXPECT_EQ(convert<int64_t>(int32_t{-5}), -5);
  EXPECT_EQ(convert<int16_t>(int8_t{-5}), -5);
  EXPECT_EQ(convert<int32_t>(int16_t{-5}), -5);
  EXPECT_EQ(convert<uint64_t>(uint32_t{4'000'000'000U}), 4'000'000'000U);
  EXPECT_EQ(convert<int64_t>(uint32_t{4'000'000'000U}), 4'000'000'000);
  EXPECT_EQ(convert<uint16_t>(uint8_t{200}), 200);
  EXPECT_EQ(convert<double>(1.5F), 1.5);
  EXPECT_EQ(convert<Large>(Small::kOne), Large::kOne);
}

TEST(Conversion, ContainersConvertTheirValues) {
  EXPECT_EQ((convert<std::vector<int64_t>>(std::vector<int32_t>{1, -2})),
            (std::vector<int64_t>{1, -2}));
  EXPECT_EQ((convert<std::array<double, 2>>(std::array<float, 2>{1, 2})),
            (std::array<double, 2>{1, 2}));
  EXPECT_EQ((convert<std::optional<int64_t>>(std::optional<int32_t>{3})), 3);
  EXPECT_EQ((convert<std::optional<int64_t>>(std::optional<int32_t>{})), std::nullopt);
  EXPECT_EQ((convert<std::map<std::string, int64_t>>(std::map<std::string, int32_t>{{"a", 1}})),
            (std::map<std::string, int64_t>{{"a", 1}}));
  EXPECT_EQ((convert<std::pair<int64_t, std::string>>(std::pair<int32_t, std::string>{1, "x"})),
            (std::pair<int64_t, std::string>{1, "x"}));
}

TEST(Conversion, VariantsGetAlternatives) {
  using Before = std::variant<int32_t, std::string>;
  using After = std::variant<int64_t, std::string, double>;
  EXPECT_EQ(convert<After>(Before{7}), After{int64_t{7}});
  EXPECT_EQ(convert<After>(Before{"x"}), After{"x"});
  EXPECT_EQ((why_refused<After, Before>()), "alternative 2: stored, but not declared");
}

TEST(Conversion, UsersMigrateTheRest) {
  EXPECT_EQ(convert<Celsius>(FahrenheitV2{50}), Celsius{10});
  EXPECT_EQ(convert<Celsius>(FahrenheitV1{-950}), Celsius{10});
  EXPECT_EQ(convert<Money>(MoneyV1{3}), Money{300});
  EXPECT_EQ((convert<std::vector<Money>>(std::vector<MoneyV1>{{3}})), (std::vector<Money>{{300}}));
  EXPECT_EQ((plan<FahrenheitV1, Celsius>().changes),
            (std::vector<std::string>{"migrate() makes struct FahrenheitV2{degrees: double}",
                                      "migrate() makes struct Celsius{celsius: double}"}));
}

TEST(Conversion, FlinksBytesOfAnOlderTypeAreMigrated) {
  TypeDescription flink = flink_view(Serializer<FahrenheitV2>::describe());
  flink.flink_only = true;
  // Celsius has the same layout, so nothing is converted.
  EXPECT_EQ(plan_conversion(flink, Serializer<Celsius>::describe()).changes.size(), 0U);
  flink = flink_view(Serializer<FahrenheitV1>::describe());
  flink.flink_only = true;
  EXPECT_EQ(plan_conversion(flink, Serializer<Celsius>::describe()).changes.size(), 2U);
  EXPECT_EQ(plan_conversion(flink, Serializer<New>::describe()).refused.value_or("no"),
            "field 'level': stored as int32, declared as vector<double>");
}

TEST(Conversion, RefusalsNameTheFieldAndBothTypes) {
  EXPECT_EQ((why_refused<New, Old>()), "field 'count': stored as int64, declared as int32");
  EXPECT_EQ((why_refused<Old, Celsius>()), "no stored field has the name of a declared one");
  EXPECT_EQ((why_refused<std::vector<Old>, std::vector<Narrow>>()),
            "elements: field 'count': stored as int32, declared as int16");
  EXPECT_EQ((why_refused<Old, Narrow>()), "field 'count': stored as int32, declared as int16");
  EXPECT_EQ((why_refused<int32_t, uint64_t>()), "stored as int32, declared as uint64");
  EXPECT_EQ((why_refused<uint32_t, int32_t>()), "stored as uint32, declared as int32");
  EXPECT_EQ((why_refused<std::map<int32_t, bool>, std::map<int64_t, bool>>()),
            "keys: stored as int32, declared as int64");
  EXPECT_EQ((why_refused<std::set<int32_t>, std::set<int64_t>>()),
            "stored as set<int32>, declared as set<int64>");
  EXPECT_EQ((why_refused<std::chrono::seconds, std::chrono::milliseconds>()),
            "stored as duration<int64 s>, declared as duration<int64 ms>");
  EXPECT_EQ((why_refused<int64_t, double>()), "stored as int64, declared as double");
}

TEST(Conversion, MalformedBytesFailTheReader) {
  const ConversionPlan its = plan<Old, New>();
  BinaryWriter whole;
  Serializer<Old>::write(whole, {"sensor", 1, 2, Small::kOne});
  for (size_t length = 0; length < whole.size(); ++length) {
    BinaryReader in(std::string_view(whole.buffer()).substr(0, length));
    BinaryWriter out;
    its.conversion->convert(in, out);
    EXPECT_FALSE(in.ok()) << length;
  }
}

TEST(Conversion, BroadcastMapsHaveNoFlags) {
  const TypeDescription stored = Serializer<std::map<std::string, int32_t>>::describe();
  const TypeDescription declared = Serializer<std::map<std::string, int64_t>>::describe();
  const ConversionPlan its = plan_broadcast_conversion(stored, declared);
  BinaryWriter bytes;
  bytes.put_i32(1);
  bytes.put_flink_string("a");
  bytes.put_i32(-1);
  BinaryReader in(bytes.buffer());
  BinaryWriter out;
  its.conversion->convert(in, out);
  ASSERT_TRUE(in.end("stored").ok());
  BinaryReader result(out.buffer());
  EXPECT_EQ(result.get_i32(), 1);
  EXPECT_EQ(result.get_flink_string(), "a");
  EXPECT_EQ(result.get_i64(), -1);
  EXPECT_TRUE(result.end("converted").ok());
}

TEST(FieldList, HasFormerNames) {
  const auto fields = detail::split_field_list("a, WEIR_FORMERLY(b, c,d) , e");
  ASSERT_EQ(fields.size(), 3U);
  EXPECT_EQ(fields[1].name, "b");
  EXPECT_EQ(fields[1].former, (std::vector<std::string>{"c", "d"}));
  EXPECT_EQ(detail::split_field_names("a, WEIR_FORMERLY(b, c)"),
            (std::vector<std::string>{"a", "b"}));
}

}  // namespace
}  // namespace weir
