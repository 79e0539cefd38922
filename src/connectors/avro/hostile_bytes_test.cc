// Messages that are damaged, or made to do harm.

#include <gtest/gtest.h>

#include <random>

#include "connectors/avro/test_records.h"

namespace weir {
namespace {

using namespace avro_test;

std::string bytes(std::initializer_list<int> values) {
  std::string out;
  for (const int value : values) out += static_cast<char>(value);
  return out;
}
std::string problem_of(const StatusOr<Node>& read) {
  EXPECT_NE(read.status().code(), StatusCode::kInternal);
  return std::string(read.status().message());
}

const std::string kMaxCount = bytes({0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01});
const std::string kLeast = bytes({0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01});

TEST(HostileAvro, ImpossibleCountsAreRefused) {
  EXPECT_EQ(problem_of(from_avro<Node>("\x02" + kMaxCount + "\x02")),
            "field 'children': a block of 9223372036854775807 elements, and 1 bytes follow");
  EXPECT_EQ(problem_of(from_avro<Node>("\x02" + kLeast + bytes({2, 0}))),
            "field 'children': a block of 9223372036854775808 elements, and 1 bytes follow");
  EXPECT_EQ(problem_of(from_avro<Node>("\x02" + bytes({1, 20, 0}))),
            "field 'children': a block of 10 bytes, and 1 follow");
  EXPECT_EQ(problem_of(from_avro<Node>("\x02" + bytes({1, 1, 0}))),
            "field 'children': a block of -1 bytes, and 1 follow");
  EXPECT_EQ(from_avro<std::string>(kMaxCount + "a").status().message(),
            "a value of 9223372036854775807 bytes, and 1 follow");
  EXPECT_EQ(from_avro<std::string>(kLeast + "a").status().message(), "a negative length");
}

TEST(HostileAvro, BlocksWithALengthAreReadAndSkipped) {
  const std::string two_children = bytes({2, 3, 8, 4, 0, 6, 0, 0});  // a count of -2, 4 bytes
  const auto read = from_avro<Node>(two_children);
  ASSERT_TRUE(read.ok()) << read.status().to_string();
  EXPECT_EQ(*read, (Node{1, {{2, {}}, {3, {}}}}));
  struct ValueOnly {
    int32_t value = 0;
    WEIR_FIELDS(ValueOnly, value)
  };
  const auto skipped = from_schema<ValueOnly>(golden("node").schema, two_children);
  ASSERT_TRUE(skipped.ok()) << skipped.status().to_string();
  EXPECT_EQ(skipped->value, 1);
}

TEST(HostileAvro, ElementsWithoutBytesAreBounded) {
  using Nulls = std::vector<std::monostate>;
  const auto few = from_avro<Nulls>(bytes({6, 0}));
  ASSERT_TRUE(few.ok()) << few.status().to_string();
  EXPECT_EQ(few->size(), 3U);
  EXPECT_EQ(from_avro<Nulls>(kMaxCount + bytes({0})).status().message(),
            "more than 65536 elements without bytes");
  std::string many;
  for (int i = 0; i < 3; ++i) many += bytes({0x80, 0x80, 0x04});  // blocks of 32,768
  EXPECT_EQ(from_avro<Nulls>(many + bytes({0})).status().message(),
            "more than 65536 elements without bytes");
}

// Each of these records has two of the one before it, and the innermost has nothing: reading 2^60
// of them takes for ever.
TEST(HostileAvro, RecordsWithoutBytesAreBounded) {
  std::string type = R"({"type": "record", "name": "R0", "fields": []})";
  for (int i = 1; i <= 60; ++i) {
    type = R"({"type": "record", "name": "R)" + std::to_string(i) +
           R"(", "fields": [{"name": "a", "type": )" + type + R"(}, {"name": "b", "type": "R)" +
           std::to_string(i - 1) + "\"}]}";
  }
  struct ValueOnly {
    int32_t value = 0;
    WEIR_FIELDS(ValueOnly, value)
  };
  const auto read = from_schema<ValueOnly>(
      R"({"type": "record", "name": "Top", "fields": [{"name": "value", "type": "int"}, )"
      R"({"name": "big", "type": )" +
          type + "}]}",
      bytes({2}));
  EXPECT_EQ(read.status().code(), StatusCode::kInvalidArgument);
  EXPECT_TRUE(read.status().message().ends_with("more than 65536 records without bytes"))
      << read.status().to_string().substr(0, 300);
}

TEST(HostileAvro, DeepRecordsAreRefused) {
  std::string deep;
  for (int i = 0; i < 100000; ++i) deep += bytes({2, 2});
  const auto read = from_avro<Node>(deep);
  EXPECT_EQ(read.status().code(), StatusCode::kInvalidArgument);
  EXPECT_TRUE(read.status().message().ends_with("records are nested deeper than 200 levels"));
  struct ValueOnly {
    int32_t value = 0;
    WEIR_FIELDS(ValueOnly, value)
  };
  EXPECT_TRUE(from_schema<ValueOnly>(golden("node").schema, deep)
                  .status()
                  .message()
                  .ends_with("records are nested deeper than 200 levels"));
}

TEST(HostileAvro, IntegersHaveAtMost64Bits) {
  const std::string ten(9, '\xff');
  EXPECT_EQ(from_avro<int64_t>(ten + "\x02").status().message(), "an integer of more than 64 bits");
  EXPECT_EQ(from_avro<int64_t>(ten).status().message(), "the message ends inside of an integer");
  EXPECT_EQ(from_avro<int64_t>(kLeast).value(), INT64_MIN);
}

TEST(HostileAvro, EveryCutIsRefused) {
  const std::string whole = golden("everything").bytes;
  for (size_t length = 0; length < whole.size(); ++length) {
    const auto read = from_avro<Everything>(std::string_view(whole).substr(0, length));
    EXPECT_EQ(read.status().code(), StatusCode::kInvalidArgument) << length;
    EXPECT_FALSE(read.status().message().empty());
  }
  EXPECT_EQ(from_avro<Everything>(whole + "x").status().message(), "1 bytes follow the record");
}

TEST(HostileAvro, BytesOutsideOfTheirRangeAreRefused) {
  EXPECT_EQ(from_avro<bool>(bytes({2})).status().message(), "a boolean that is neither 0 nor 1");
  EXPECT_EQ(from_avro<std::string>(bytes({2, 0xff})).status().message(),
            "a string that is not UTF-8");
  EXPECT_EQ(from_avro<Color>(bytes({4})).status().message(), "symbol 2 of an enum that has 2");
  EXPECT_EQ(from_avro<std::optional<int>>(bytes({4})).status().message(),
            "branch 2 of a union that has 2 of them");
  EXPECT_EQ(from_avro<std::optional<int>>(bytes({1})).status().message(),
            "branch -1 of a union that has 2 of them");
}

/// Changes some bytes of a message, cuts it, or repeats a part.
std::string mutated(const std::string& message, std::mt19937& random) {
  std::string out = message;
  for (unsigned changes = 1 + random() % 4; changes > 0 && !out.empty(); --changes) {
    const size_t at = random() % out.size();
    switch (random() % 5) {
      case 0: out[at] = static_cast<char>(random()); break;
      case 1: out[at] = static_cast<char>(0xff); break;
      case 2: out.resize(at); break;
      case 3: out.insert(at, kMaxCount.substr(random() % kMaxCount.size())); break;
      default: out.insert(at, out.substr(random() % out.size(), random() % 8)); break;
    }
  }
  return out;
}

template <class T>
size_t fuzz(AvroFormat<T> format, const std::string& message) {
  std::mt19937 random(7);
  size_t read_anyway = 0;
  constexpr int kRounds = 20000;
  for (int i = 0; i < kRounds; ++i) {
    const std::string bytes = mutated(message, random);
    const StatusOr<T> read = format.deserialize(bytes);
    if (read.ok()) {
      std::string again;  // what is read can be written
      EXPECT_EQ(format.serialize(*read, again).to_string(), "OK");
      ++read_anyway;
    } else {
      EXPECT_EQ(read.status().code(), StatusCode::kInvalidArgument);
      EXPECT_FALSE(read.status().message().empty());
    }
  }
  return read_anyway;
}

TEST(HostileAvro, NoMutationDoesHarm) {
  const size_t read = fuzz(AvroFormat<Everything>(), golden("everything").bytes);
  EXPECT_GT(read, 100U);
  EXPECT_LT(read, 15000U);
  EXPECT_GT(fuzz(AvroFormat<Node>(), golden("node").bytes), 100U);
}

}  // namespace
}  // namespace weir
