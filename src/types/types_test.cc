#include "weir/types/types.h"

#include <gtest/gtest.h>

#include <limits>

namespace shop {
enum class Color : uint8_t { kRed = 1, kBlue = 200 };
struct Reading {
  std::string sensor;
  double value = 0;
  WEIR_FIELDS(Reading, sensor, value)
  bool operator==(const Reading&) const = default;
};
struct Derived : Reading {
  int more = 0;
};
struct Plain {
  int32_t x = 0;
  int64_t y = 0;
  bool operator==(const Plain&) const = default;
};
WEIR_FIELDS_OF(Plain, x, y)
struct Nothing {};
struct Money {
  int64_t cents = 0;
  bool operator==(const Money&) const = default;
};
struct Wide {
  int8_t f1 = 1, f2 = 2, f3 = 3, f4 = 4, f5 = 5, f6 = 6, f7 = 7, f8 = 8, f9 = 9, f10 = 10, f11 = 11,
         f12 = 12, f13 = 13, f14 = 14, f15 = 15, f16 = 16, f17 = 17, f18 = 18, f19 = 19, f20 = 20,
         f21 = 21, f22 = 22, f23 = 23, f24 = 24, f25 = 25, f26 = 26;
  WEIR_FIELDS(Wide, f1, f2, f3, f4, f5, f6, f7, f8, f9, f10, f11, f12, f13, f14, f15, f16, f17, f18,
              f19, f20, f21, f22, f23, f24, f25, f26)
  bool operator==(const Wide&) const = default;
};
}  // namespace shop

template <>
struct weir::UserSerializer<shop::Money> {
  static void write(BinaryWriter& out, const shop::Money& v) { out.put_i64(v.cents); }
  static void read(BinaryReader& in, shop::Money& v) { v.cents = in.get_i64(); }
  static TypeDescription describe() { return {TypeKind::kUser, "Money", {}, {}, 2}; }
  static int32_t hash(const shop::Money& v) { return static_cast<int32_t>(v.cents); }
};

namespace weir {
namespace {

using namespace std::chrono_literals;
using std::string;

template <class T>
string written(const T& value) {
  BinaryWriter out;
  Serializer<T>::write(out, value);
  string text;
  for (const unsigned char byte : out.buffer()) {
    text += "0123456789ABCDEF"[byte >> 4];
    text += "0123456789ABCDEF"[byte & 15];
  }
  return text;
}

template <class T>
T read_back(const T& value) {
  BinaryWriter out;
  Serializer<T>::write(out, value);
  EXPECT_GE(out.size(), detail::min_bytes<T>());
  T result{};
  BinaryReader in(out.buffer());
  Serializer<T>::read(in, result);
  EXPECT_TRUE(in.ok());
  EXPECT_EQ(in.remaining(), 0u);
  // Every truncated form is refused.
  for (size_t length = 0; length < out.size(); ++length) {
    T partial{};
    BinaryReader short_in(std::string_view(out.buffer()).substr(0, length));
    Serializer<T>::read(short_in, partial);
    EXPECT_FALSE(short_in.ok()) << length << " of " << out.size() << " bytes";
  }
  return result;
}

template <class T>
string described() {
  return Serializer<T>::describe().to_string();
}

TEST(Types, IntegersAreWrittenInTheirWidth) {
  EXPECT_EQ(written<int8_t>(-1), "FF");
  EXPECT_EQ(written<uint16_t>(65534), "FFFE");
  EXPECT_EQ(written<int32_t>(-7), "FFFFFFF9");
  EXPECT_EQ(written<uint64_t>(1), "0000000000000001");
  EXPECT_EQ(written<long>(-7), "FFFFFFFFFFFFFFF9");
  EXPECT_EQ(written(true), "01");
  EXPECT_EQ(written(1.5f), "3FC00000");
  EXPECT_EQ(read_back<uint64_t>(UINT64_MAX), UINT64_MAX);
  EXPECT_EQ(read_back<int16_t>(INT16_MIN), INT16_MIN);
  EXPECT_EQ(read_back<char>('z'), 'z');
  EXPECT_EQ(read_back(-0.25), -0.25);
}

TEST(Types, HashesMatchJava) {
  EXPECT_EQ(Serializer<int64_t>::hash(-1), 0);
  EXPECT_EQ(Serializer<int64_t>::hash(0x100000002), 3);
  EXPECT_EQ(Serializer<uint8_t>::hash(200), -56);
  EXPECT_EQ(Serializer<uint32_t>::hash(UINT32_MAX), -1);
  EXPECT_EQ(Serializer<bool>::hash(true), 1231);
  EXPECT_EQ(Serializer<bool>::hash(false), 1237);
  EXPECT_EQ(Serializer<double>::hash(1.5), 1073217536);
  EXPECT_EQ(Serializer<double>::hash(-std::numeric_limits<double>::quiet_NaN()), 2146959360);
  EXPECT_EQ(Serializer<float>::hash(1.5f), 1069547520);
  EXPECT_EQ((Serializer<std::vector<int32_t>>::hash({1, 2, 3})), 30817);  // List.of(1, 2, 3)
  EXPECT_EQ((Serializer<std::pair<string, int64_t>>::hash({"alice", 7})),
            -1414973056 + 7);  // Tuple2.of("alice", 7L)
  EXPECT_EQ((Serializer<std::tuple<int32_t, int32_t, int32_t>>::hash({1, 2, 3})),
            1026);  // Tuple3.of(1, 2, 3)
  EXPECT_EQ((Serializer<std::map<string, int32_t>>::hash({{"a", 1}, {"b", 2}})),
            (97 ^ 1) + (98 ^ 2));
  EXPECT_EQ((Serializer<shop::Plain>::hash({1, 2})), 33);
  EXPECT_EQ((Serializer<std::optional<int32_t>>::hash(std::nullopt)), 1);
  EXPECT_EQ((Serializer<std::optional<int32_t>>::hash(5)), 36);
  using Either = std::variant<int32_t, int64_t>;
  EXPECT_EQ(Serializer<Either>::hash(Either(int32_t{5})), 5);
  EXPECT_EQ(Serializer<Either>::hash(Either(int64_t{5})), 36) << "the alternative counts too";
}

TEST(Types, EnumsAndTimesAreIntegers) {
  EXPECT_EQ(written(shop::Color::kBlue), "C8");
  EXPECT_EQ(read_back(shop::Color::kBlue), shop::Color::kBlue);
  EXPECT_EQ(described<shop::Color>(), "enum Color: uint8");
  EXPECT_EQ(written(std::chrono::milliseconds(-2)), "FFFFFFFFFFFFFFFE");
  EXPECT_EQ(read_back(std::chrono::seconds(90)), 90s);
  EXPECT_EQ(described<std::chrono::milliseconds>(), "duration<int64 ms>");
  const std::chrono::sys_time<std::chrono::milliseconds> moment(1700000000123ms);
  EXPECT_EQ(read_back(moment), moment);
  EXPECT_EQ(described<std::chrono::sys_time<std::chrono::milliseconds>>(),
            "time_point<duration<int64 ms>>");
  EXPECT_EQ((described<std::chrono::duration<int, std::ratio<1, 30>>>()), "duration<int64 1/30 s>");
  static_assert(!Serializable<std::chrono::steady_clock::time_point>);
}

TEST(Types, SumsHaveAnIndexOrACount) {
  EXPECT_EQ(written(std::optional<int32_t>()), "00000000");
  EXPECT_EQ(written(std::optional<int32_t>(5)), "0000000100000005");
  EXPECT_EQ(read_back(std::optional<string>("x")), "x");
  using Either = std::variant<std::monostate, int16_t, string>;
  EXPECT_EQ(written(Either(int16_t{3})),
            "00000001"
            "00000002"
            "0003");
  EXPECT_EQ(written(Either(string("ab"))),
            "00000002"
            "00000003"
            "036162");
  for (const Either& value : {Either(), Either(int16_t{3}), Either(string("ab"))})
    EXPECT_EQ(read_back(value), value);
}

TEST(Types, SequencesHaveACount) {
  EXPECT_EQ(written(std::vector<int16_t>{1, 2}),
            "00000002"
            "00010002");
  EXPECT_EQ(written(std::array<bool, 2>{true, false}),
            "00000002"
            "0100");
  EXPECT_EQ(written(std::vector<uint8_t>{0xDE, 0xAD}),
            "00000002"
            "DEAD");
  EXPECT_EQ(read_back(std::vector<bool>{true, false, true}),
            (std::vector<bool>{true, false, true}));
  EXPECT_EQ(read_back(std::vector<std::byte>{std::byte{7}}), std::vector<std::byte>{std::byte{7}});
  EXPECT_EQ((read_back(std::array<string, 2>{"a", ""})), (std::array<string, 2>{"a", ""}));
  EXPECT_EQ(described<std::vector<std::byte>>(), "bytes");
  EXPECT_EQ((described<std::array<string, 2>>()), "array<string, 2>");
}

TEST(Types, EqualContainersAreEqualBytes) {
  const std::unordered_map<string, int8_t> one{{"b", 3}, {"a", 2}, {"", 1}};
  std::unordered_map<string, int8_t> other(100);
  for (const char* key : {"", "a", "b"}) other[key] = one.at(key);
  EXPECT_EQ(written(one),
            "00000003"
            "01"
            "00"
            "01"
            "0261"
            "00"
            "02"
            "0262"
            "00"
            "03");
  EXPECT_EQ(written(one), written(other));
  EXPECT_EQ(written(std::unordered_set<int16_t>{3, 1, 2}),
            "00000003"
            "000100020003");
  EXPECT_EQ(read_back(one), one);
  EXPECT_EQ((read_back(std::map<int32_t, std::set<string>>{{-1, {"x"}}, {5, {}}})),
            (std::map<int32_t, std::set<string>>{{-1, {"x"}}, {5, {}}}));
  EXPECT_EQ((described<std::map<string, std::vector<int64_t>>>()), "map<string, vector<int64>>");
}

TEST(Types, StructsAreTheirFields) {
  EXPECT_EQ(written(shop::Reading{"ab", 1.5}),
            "036162"
            "3FF8000000000000");
  EXPECT_EQ(read_back(shop::Reading{"ab", 1.5}), (shop::Reading{"ab", 1.5}));
  EXPECT_EQ(described<shop::Reading>(), "struct Reading{sensor: string, value: double}");
  EXPECT_EQ(read_back(shop::Plain{3, 4}), (shop::Plain{3, 4}));
  EXPECT_EQ(described<shop::Plain>(), "struct Plain{x: int32, y: int64}");
  EXPECT_EQ((read_back(std::tuple<int8_t, shop::Reading>{1, {"q", 2}})),
            (std::tuple<int8_t, shop::Reading>{1, {"q", 2}}));
}

TEST(Types, LocalStructsListTheirFieldsToo) {
  struct Local {
    int32_t a = 0;
    std::vector<string> b;
    WEIR_FIELDS(Local, a, b)
    bool operator==(const Local&) const = default;
  };
  EXPECT_EQ(read_back(Local{1, {"x", "y"}}), (Local{1, {"x", "y"}}));
}

TEST(Types, MoreFieldsThanATupleHoldsAreBytes) {
  EXPECT_EQ(written(shop::Wide{}).substr(0, 12),
            "0000001A"
            "0102");
  shop::Wide value;
  value.f26 = -1;
  EXPECT_EQ(read_back(value), value);
  EXPECT_EQ(Serializer<shop::Wide>::describe().field_names.size(), 26u);
}

TEST(Types, UserTypesAreLengthPrefixed) {
  EXPECT_EQ(written(shop::Money{7}),
            "00000008"
            "0000000000000007");
  EXPECT_EQ(read_back(std::vector<shop::Money>{{7}, {8}}), (std::vector<shop::Money>{{7}, {8}}));
  EXPECT_EQ(described<shop::Money>(), "user type Money version 2");
  EXPECT_EQ(Serializer<shop::Money>::hash({9}), 9);
  // The user's reader must consume all bytes; the leftover is an error.
  const string nine("\0\0\0\x09\0\0\0\0\0\0\0\x07\xFF", 13);
  BinaryReader in(nine);
  shop::Money money;
  Serializer<shop::Money>::read(in, money);
  EXPECT_FALSE(in.ok());
}

TEST(Types, TypeWithoutSerializerIsNotSerializable) {
  static_assert(!Serializable<shop::Nothing>);
  static_assert(!Serializable<std::vector<shop::Nothing>>);
  static_assert(!Serializable<std::map<string, shop::Nothing>>);
  static_assert(!Serializable<shop::Derived>,
                "a derived struct would be stored without its own fields");
  static_assert(!Serializable<int*>);
  static_assert(!SerializableKey<std::set<int32_t>>);
}

TEST(Types, AbsentValueReplacesTheOneBefore) {
  std::optional<int32_t> value = 5;
  BinaryReader in(std::string_view("\0\0\0\0", 4));
  Serializer<std::optional<int32_t>>::read(in, value);
  EXPECT_TRUE(in.ok());
  EXPECT_EQ(value, std::nullopt);
}

TEST(Types, ImpossibleContentsAreRefused) {
  const auto refused = [](auto type, std::string_view bytes) {
    decltype(type) value{};
    BinaryReader in(bytes);
    Serializer<decltype(type)>::read(in, value);
    return !in.ok();
  };
  EXPECT_TRUE(refused(std::vector<int64_t>(), {"\x7F\xFF\xFF\xFF\0\0\0\0\0\0\0\0", 12}));
  EXPECT_TRUE(refused(std::vector<std::monostate>(), {"\x7F\xFF\xFF\xFF\0\0\0\0", 8}));
  EXPECT_TRUE(refused(std::optional<int8_t>(), {"\0\0\0\2\1\1", 6}));
  EXPECT_TRUE(refused(std::variant<int8_t>(), {"\0\0\0\1\0\0\0\1\1", 9}));
  EXPECT_TRUE(refused(std::array<int8_t, 2>(), {"\0\0\0\1\1", 5}));
  EXPECT_TRUE(refused(std::set<int8_t>(), {"\0\0\0\2\1\1", 6}));
  EXPECT_TRUE(refused(std::map<int8_t, int8_t>(), {"\0\0\0\1\1\1", 6}));
  EXPECT_TRUE(refused(std::map<int8_t, int8_t>(), {"\0\0\0\2\1\0\1\1\0\1", 10}));
}

}  // namespace
}  // namespace weir
