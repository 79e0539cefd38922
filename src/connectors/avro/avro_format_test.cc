#include "weir/format/avro_format.h"

#include <gtest/gtest.h>

#include <limits>
#include <set>
#include <unordered_set>

#include "connectors/avro/test_records.h"

namespace weir {
namespace {

using namespace avro_test;

template <class T>
struct One {
  T x{};
  WEIR_FIELDS(One, x)
};

std::string bytes(std::initializer_list<int> values) {
  std::string out;
  for (const int value : values) out += static_cast<char>(value);
  return out;
}

TEST(AvroFormat, WritesTheBytesOfFastavro) {
  Everything e = everything();
  EXPECT_EQ(to_avro(e), golden("everything").bytes);
  e.one_of = Inner{5, {}};
  EXPECT_EQ(to_avro(e), golden("inner").bytes);
  e.one_of = std::monostate();
  e.maybe.reset();
  e.scores.clear();
  e.inners.clear();
  EXPECT_EQ(to_avro(e), golden("nothing").bytes);
  EXPECT_EQ(to_avro(Node{1, {{2, {{3, {}}}}}}), golden("node").bytes);
  EXPECT_EQ(to_avro(std::string("a text")), golden("string").bytes);
}

TEST(AvroFormat, ReadsTheBytesOfFastavro) {
  Everything e = everything();
  const auto read = from_avro<Everything>(golden("everything").bytes);
  ASSERT_TRUE(read.ok()) << read.status().to_string();
  EXPECT_EQ(*read, e);
  e.one_of = std::monostate();
  e.maybe.reset();
  e.scores.clear();
  e.inners.clear();
  const auto nothing = from_avro<Everything>(golden("nothing").bytes);
  ASSERT_TRUE(nothing.ok()) << nothing.status().to_string();
  EXPECT_EQ(*nothing, e);
  const auto node = from_avro<Node>(golden("node").bytes);
  ASSERT_TRUE(node.ok()) << node.status().to_string();
  EXPECT_EQ(*node, (Node{1, {{2, {{3, {}}}}}}));
}

TEST(AvroFormat, MakesTheSchemaOfAStruct) {
  EXPECT_EQ(*avro_schema<Everything>("shop"), golden("everything").schema);
  EXPECT_EQ(*avro_schema<Node>(), golden("node").schema);
  struct Renamed {
    int64_t count = 0;
    std::chrono::sys_time<std::chrono::nanoseconds> at;
    WEIR_FIELDS(Renamed, WEIR_FORMERLY(count, total, sum), at)
  };
  EXPECT_EQ(*avro_schema<Renamed>(),
            R"({"type":"record","name":"Renamed","fields":[{"name":"count","type":"long",)"
            R"("aliases":["total","sum"]},{"name":"at","type":{"type":"long",)"
            R"("logicalType":"timestamp-nanos"}}]})");
}

/// The fields of Everything that a program of another version writes, and more.
struct Other {
  std::chrono::sys_time<std::chrono::milliseconds> at;
  int64_t count = 0;
  double number = 0;
  std::string name;
  Color color = Color::kRed;
  std::optional<double> maybe;
  std::optional<std::vector<std::optional<int32_t>>> list;
  std::optional<int32_t> added = 3;
  WEIR_FIELDS(Other, at, count, number, WEIR_FORMERLY(name, title), color, maybe, list, added)
};

TEST(AvroFormat, ResolvesTheSchemaOfTheWriter) {
  const Golden other = golden("other");
  const auto read = from_schema<Other>(other.schema, other.bytes);
  ASSERT_TRUE(read.ok()) << read.status().to_string();
  EXPECT_EQ(read->at.time_since_epoch(), 1700000000123ms);
  EXPECT_EQ(read->count, 12);
  EXPECT_EQ(read->number, 0.25);
  EXPECT_EQ(read->name, "Ole");
  EXPECT_EQ(read->color, Color::kGreen);
  EXPECT_EQ(read->maybe, 1099511627776.0);
  EXPECT_EQ(read->list, (std::vector<std::optional<int32_t>>{1, std::nullopt, 3}));
  EXPECT_EQ(read->added, 3);  // the schema lacks it
}

TEST(AvroFormat, MissingFieldsAreRefusedOrKeepTheirDefaults) {
  const Golden node = golden("node");
  struct Wider {
    int64_t value = 0;
    int32_t weight = 9;
    WEIR_FIELDS(Wider, value, weight)
  };
  EXPECT_EQ(from_schema<Wider>(node.schema, node.bytes).status().message(),
            "the schema Node has no field 'weight', which is no std::optional; make it one, give "
            "its former name with WEIR_FORMERLY, or set AvroOptions::allow_missing_fields");
  const auto read = from_schema<Wider>(node.schema, node.bytes, true);
  ASSERT_TRUE(read.ok()) << read.status().to_string();
  EXPECT_EQ(read->value, 1);
  EXPECT_EQ(read->weight, 9);
}

TEST(AvroFormat, NullNeedsAnOptional) {
  EXPECT_EQ(problem_of<One<int>>(R"(["null", "int"])", bytes({0})),
            "field 'x': it is null, and the field is no std::optional");
  EXPECT_EQ(problem_of<One<int>>(R"(["null", "int"])", bytes({2, 8})), "");
  const std::string schema =
      R"({"type":"record","name":"R","fields":[{"name":"x","type":["null","int"]}]})";
  const auto kept = from_schema<One<int>>(schema, bytes({0}), true);
  ASSERT_TRUE(kept.ok()) << kept.status().to_string();
  EXPECT_EQ(kept->x, 0);
}

TEST(AvroFormat, TypesThatDoNotFitAreNamed) {
  EXPECT_EQ(problem_of<One<int>>(R"("string")", ""),
            "field 'x': the schema has string, and the program an integer");
  EXPECT_EQ(problem_of<One<float>>(R"("double")", ""),
            "field 'x': the schema has double, and the program a float");
  EXPECT_EQ(problem_of<One<std::vector<Inner>>>(R"({"type": "array", "items": {"type": "record",
                "name": "I", "fields": [{"name": "a", "type": "bytes"},
                {"name": "b", "type": {"type": "array", "items": "float"}}]}})",
                                                ""),
            "field 'x.a': the schema has bytes, and the program an integer");
  EXPECT_EQ(problem_of<One<std::vector<uint8_t>>>(
                R"({"type": "bytes", "logicalType": "decimal", "precision": 4})", ""),
            "field 'x': the schema has a decimal, which has no type in C++; leave the field out of "
            "the struct, and it is skipped");
  EXPECT_EQ(problem_of<One<std::chrono::sys_seconds>>(
                R"({"type": "long", "logicalType": "time-micros"})", ""),
            "field 'x': the schema has long (time-micros), and the program a point in time");
  EXPECT_EQ(problem_of<One<uint8_t>>(R"("long")", bytes({0x80, 0x04})),
            "field 'x': expected an integer from 0 to 255, found 256");
  EXPECT_EQ(problem_of<One<int64_t>>(R"("int")", bytes({0x80, 0x80, 0x80, 0x80, 0x10})),
            "field 'x': 2147483648 is no int of 32 bits, as which the schema has it");
  EXPECT_EQ((problem_of<One<std::variant<int, bool>>>(R"("string")", "")),
            "field 'x': the schema has string, and the program a std::variant, none of whose "
            "alternatives fits");
}

TEST(AvroFormat, TimesAreConvertedBetweenUnits) {
  using Seconds = One<std::chrono::sys_seconds>;
  const std::string millis =
      R"({"type":"record","name":"R","fields":[{"name":"x","type":{"type":"long",)"
      R"("logicalType":"timestamp-millis"}}]})";
  const auto before = from_schema<Seconds>(millis, bytes({0x01}));  // -1 ms
  ASSERT_TRUE(before.ok()) << before.status().to_string();
  EXPECT_EQ(before->x.time_since_epoch(), -1s);  // rounded down
  EXPECT_EQ(to_avro(Seconds{std::chrono::sys_seconds(2s)}, {.schema = millis}),
            bytes({0xa0, 0x1f}));
  using Nanos = One<std::chrono::sys_time<std::chrono::nanoseconds>>;
  EXPECT_EQ(AvroFormat<Nanos>({.schema = millis}).check().to_string(), "OK");  // it can be read
  EXPECT_EQ(to_avro(Nanos(), {.schema = millis}),
            "field 'x': the schema has long (timestamp-millis), and the program a point in time, "
            "whose unit is finer");
  const std::string far = bytes({0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01});
  EXPECT_EQ(from_schema<Nanos>(millis, far).status().message(),
            "field 'x': the time 9223372036854775807 of the message is outside of the field's "
            "range");
}

TEST(AvroFormat, WritesByAGivenSchema) {
  const std::string schema = R"({"type":"record","name":"Told","namespace":"x","fields":[)"
                             R"({"name":"note","type":["null","string"],"default":null},)"
                             R"({"name":"x","type":["string","null","long"]}]})";
  EXPECT_EQ(to_avro(One<int>{4}, {.schema = schema}), bytes({0, 4, 8}));
  EXPECT_EQ(to_avro(One<std::optional<std::string>>{"a"}, {.schema = schema}),
            bytes({0, 0, 2, 'a'}));
  EXPECT_EQ(to_avro(One<std::optional<std::string>>{}, {.schema = schema}), bytes({0, 2}));
  EXPECT_EQ(to_avro(One<bool>{}, {.schema = schema}),
            "field 'x': the schema has union of string, null, long, and the program a bool, which "
            "fits none of its branches");
  EXPECT_EQ(to_avro(Inner(), {.schema = schema}),
            "the schema x.Told has no field 'a' of the struct Inner");
  EXPECT_EQ(to_avro(One<int>(), {.schema = golden("node").schema}),
            "the schema Node has no field 'x' of the struct One");
  struct NodeValue {
    int64_t value = 0;
    WEIR_FIELDS(NodeValue, value)
  };
  EXPECT_EQ(to_avro(NodeValue(), {.schema = golden("node").schema}),
            "the struct NodeValue has no field 'children', which the schema Node has and which "
            "cannot be null");
  const std::string narrow = R"({"type":"record","name":"R","fields":[{"name":"x","type":"int"}]})";
  EXPECT_EQ(to_avro(One<int64_t>{1}, {.schema = narrow}), bytes({2}));
  EXPECT_EQ(to_avro(One<int64_t>{int64_t{1} << 31}, {.schema = narrow}),
            "field 'x': 2147483648 is more than an int of Avro holds");
}

TEST(AvroFormat, ValuesThatAvroCannotHoldAreNotWritten) {
  EXPECT_EQ(to_avro(One<std::string>{"\xff"}),
            "field 'x': the text is not UTF-8, and a string of Avro holds no other bytes; "
            "std::vector<uint8_t> does");
  EXPECT_EQ(to_avro(One<uint64_t>{UINT64_MAX}),
            "field 'x': 18446744073709551615 is more than a long of Avro holds");
  EXPECT_EQ(to_avro(One<std::vector<Color>>{{Color::kRed, Color{7}}}),
            "field 'x[1]': AvroEnum names no symbol for the value 7");
}

TEST(AvroFormat, ContainersAndNumbersReadWhatTheyWrote) {
  const auto same = [](const auto& value) {
    const auto read = from_avro<std::remove_cvref_t<decltype(value)>>(to_avro(value));
    return read.ok() && read->x == value.x;
  };
  EXPECT_TRUE(same(One<std::vector<bool>>{{true, false, true}}));
  EXPECT_TRUE(same(One<std::set<std::string>>{{"a", "b"}}));
  EXPECT_TRUE(same(One<std::unordered_set<int>>{{1, 2, 3}}));
  EXPECT_TRUE((same(One<std::unordered_map<std::string, std::vector<int>>>{{{"k", {1}}}})));
  EXPECT_TRUE(same(One<uint32_t>{UINT32_MAX}));
  EXPECT_TRUE(same(One<int64_t>{INT64_MIN}));
  EXPECT_TRUE(same(One<float>{std::numeric_limits<float>::infinity()}));
  EXPECT_TRUE(same(One<std::vector<std::byte>>{{std::byte{1}}}));
  EXPECT_EQ(from_avro<One<std::set<int>>>(bytes({4, 2, 2, 0})).status().message(),
            "field 'x[1]': a set has the same element twice");
}

TEST(AvroFormat, TypesWithoutASchemaAreRefusedBeforeTheJob) {
  const auto problem = [](const auto& format) { return std::string(format.check().message()); };
  EXPECT_EQ(problem(AvroFormat<One<std::optional<std::optional<int>>>>()),
            "field 'x': Avro has no union of unions, so a std::optional of a std::optional has no "
            "schema; give the inner one a std::monostate for null");
  EXPECT_EQ(problem(AvroFormat<One<std::variant<int, int16_t>>>()),
            "this is no Avro schema: a union has the type int twice");
  EXPECT_EQ(problem(AvroFormat<Inner>({.schema = "{"})),
            "this is no Avro schema: its text is no JSON");
  EXPECT_EQ(problem(AvroFormat<Inner>({.schema = R"("string")"})),
            "the schema has string, and the program the struct Inner");
  EXPECT_EQ(problem(AvroFormat<Everything>()), "");
}

TEST(AvroSchema, TextsThatAreNoSchemaAreNamed) {
  const auto problem = [](const std::string& schema) {
    return std::string(AvroFormat<Inner>({.schema = schema}).check().message());
  };
  EXPECT_EQ(problem(R"({"type": "record", "name": "A", "fields": [{"name": "x", "type": "B"}]})"),
            "this is no Avro schema: it uses the type 'B', which it does not define before");
  EXPECT_EQ(problem(R"(["null", ["int"]])"),
            "this is no Avro schema: a union is a branch of a union");
  EXPECT_EQ(problem(R"({"type": "fixed", "name": "F", "size": -1})"),
            "this is no Avro schema: the fixed F has no size, or none below 1 GiB");
  EXPECT_EQ(problem(R"({"type": "enum", "name": "E", "symbols": []})"),
            "this is no Avro schema: the enum E has no symbols");
  EXPECT_EQ(problem("7"),
            "this is no Avro schema: a type is a name, a list, or an object with a 'type'");
  std::string deep = "\"int\"";
  for (int i = 0; i < 100; ++i) deep = R"({"type": "array", "items": )" + deep + "}";
  EXPECT_EQ(problem(deep), "this is no Avro schema: types are nested deeper than 64");
  EXPECT_EQ(problem(std::string(2000000, '[')).substr(0, 50),
            "this is no Avro schema: its text has 2000000 bytes");
  EXPECT_EQ(problem(std::string(100000, '[')), "this is no Avro schema: its text is no JSON");
}

}  // namespace
}  // namespace weir
