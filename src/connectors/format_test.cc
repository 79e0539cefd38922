#include <gtest/gtest.h>

#include "weir/format/binary_format.h"
#include "weir/format/csv_format.h"
#include "weir/format/string_format.h"

namespace weir {
namespace {

struct Reading {
  std::string name;
  std::optional<double> value;
  WEIR_FIELDS(Reading, name, value)
  bool operator==(const Reading&) const = default;
};

template <class Schema, class T>
void comes_back(Schema schema, const T& record, std::string_view bytes) {
  // As a connector uses it: one of each for a subtask.
  const auto write = serialization_schema_factory<T>(schema)();
  const auto read = deserialization_schema_factory<T>(schema)();
  std::string out = "before";
  ASSERT_TRUE(write->serialize(record, out).ok());
  EXPECT_EQ(out, "before" + std::string(bytes));
  const auto back = read->deserialize(bytes);
  ASSERT_TRUE(back.ok()) << back.status().to_string();
  EXPECT_EQ(*back, record);
}

TEST(Format, StringsAndBytesAreTheMessage) {
  using std::string_literals::operator""s;
  comes_back(SimpleStringSchema(), "a\0\xff\n"s, std::string_view("a\0\xff\n", 4));
  comes_back(SimpleStringSchema(), ""s, "");
  comes_back(BytesFormat(), std::vector<uint8_t>{0, 255}, std::string_view("\0\xff", 2));
}

TEST(Format, CsvIsOneRow) {
  comes_back(CsvFormat<Reading>(), Reading{"a,\"b\"\n", 0.5}, "\"a,\"\"b\"\"\n\",0.5");
  comes_back(CsvFormat<Reading>({.separator = ';'}), Reading{"", std::nullopt}, "\"\";");
  CsvFormat<Reading> format;
  for (const char* bad : {"", "a", "a,b", "a,1,2", "\"a"}) {
    const auto read = format.deserialize(bad);
    ASSERT_FALSE(read.ok()) << bad;
    EXPECT_EQ(read.status().code(), StatusCode::kInvalidArgument);
  }
  EXPECT_EQ(format.deserialize("a,b").status().message(),
            "'b' in column 'value' is not of the type asked for");
  EXPECT_EQ(*format.deserialize("a,1"), (Reading{"a", 1}));
  EXPECT_FALSE(CsvFormat<Reading>({.time_format = "%Q"}).check().ok());
}

TEST(Format, BinaryIsTheBytesOfTheSerializer) {
  comes_back(BinaryFormat<int32_t>(), 258, std::string_view("\0\0\1\2", 4));
  BinaryFormat<Reading> format;
  std::string out;
  ASSERT_TRUE(format.serialize({"a", 1}, out).ok());
  EXPECT_EQ(*format.deserialize(out), (Reading{"a", 1}));
  for (size_t length = 0; length < out.size(); ++length) {
    const auto read = format.deserialize(std::string_view(out).substr(0, length));
    ASSERT_FALSE(read.ok()) << length;
    EXPECT_EQ(read.status().code(), StatusCode::kInvalidArgument);
  }
  EXPECT_FALSE(format.deserialize(out + "x").ok());
}

}  // namespace
}  // namespace weir
