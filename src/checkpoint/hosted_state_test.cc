#include "checkpoint/hosted_state.h"

#include <gtest/gtest.h>

#include "checkpoint/sidecar_json.h"
#include "weir/types/types.h"

namespace weir {
namespace {

using namespace std::string_literals;

const OperatorId kCount = murmur3_128("count");
const OperatorId kSum = murmur3_128("sum");

std::string raw(const OperatorId& id) {
  return {reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()};
}

TEST(HostedGroup, IsATableFollowedByTheStates) {
  const std::vector<HostedGroupPart> parts = {{kCount, 0x01020304, "abc"}, {kSum, -1, "de"}};
  EXPECT_EQ(encode_hosted_group(parts), "\0\1\0\2"s + raw(kCount) + "\1\2\3\4\0\0\0\0\0\0\0\3"s +
                                            raw(kSum) + "\xFF\xFF\xFF\xFF\0\0\0\0\0\0\0\2"s +
                                            "abcde");
}

TEST(HostedGroup, RoundTrips) {
  const std::vector<HostedGroupPart> parts = {{kCount, 7, "abc"}, {kSum, 8, ""}};
  const std::string blob = encode_hosted_group(parts);
  const auto read = decode_hosted_group(blob);
  ASSERT_TRUE(read.ok()) << read.status().to_string();
  ASSERT_EQ(read->size(), 1u) << "a part without state is left out";
  EXPECT_EQ(read->at(0).operator_id, kCount);
  EXPECT_EQ(read->at(0).types, 7);
  EXPECT_EQ(read->at(0).state, "abc");
}

TEST(HostedGroup, IsEmptyForOperatorsWithoutState) {
  const std::vector<HostedGroupPart> parts = {{kCount, 7, ""}};
  EXPECT_EQ(encode_hosted_group(parts), "");
}

TEST(HostedGroup, IsRefusedWhenMalformed) {
  const std::vector<HostedGroupPart> parts = {{kCount, 7, "abc"}, {kSum, 8, "de"}};
  const std::string good = encode_hosted_group(parts);
  for (size_t length = 0; length < good.size(); ++length) {
    EXPECT_EQ(decode_hosted_group(good.substr(0, length)).status().code(), StatusCode::kDataLoss)
        << length;
  }
  EXPECT_EQ(decode_hosted_group(good + "x").status().code(), StatusCode::kDataLoss);
  const std::vector<HostedGroupPart> twice = {{kCount, 7, "abc"}, {kCount, 8, "de"}};
  EXPECT_EQ(decode_hosted_group(encode_hosted_group(twice)).status().code(), StatusCode::kDataLoss);
  std::string negative = good;
  negative[4 + 16 + 4] = '\xFF';
  EXPECT_EQ(decode_hosted_group(negative).status().code(), StatusCode::kDataLoss);
  std::string newer = good;
  newer[1] = 2;
  EXPECT_EQ(decode_hosted_group(newer).status().code(), StatusCode::kFailedPrecondition);
}

TEST(HostedElement, SplitIsItsBytes) {
  const std::string bytes = encode_hosted_element(HostedSplit{"a\0b"s});
  EXPECT_EQ(bytes, "\0a\0b"s);
  const auto read = decode_hosted_element(bytes);
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(std::get<HostedSplit>(*read), HostedSplit{"a\0b"s});
}

TEST(HostedElement, ListElementNamesItsOperatorAndType) {
  const HostedListElement element{kSum, "pending", ListStateMode::kUnion,
                                  Serializer<int64_t>::describe(), "\0\7"s};
  const std::string bytes = encode_hosted_element(element);
  EXPECT_EQ(bytes, "\1"s + raw(kSum) + "\0\7pending\1\0\0\0\x10{\"kind\":\"int64\"}\0\7"s);
  const auto read = decode_hosted_element(bytes);
  ASSERT_TRUE(read.ok()) << read.status().to_string();
  EXPECT_EQ(std::get<HostedListElement>(*read), element);
}

HostedHeader header() {
  TypeDescription nothing;
  HostedHeader header;
  header.checkpoint_id = 41;
  header.operators = {
      {kCount,
       "count",
       Serializer<std::string>::describe(),
       {{KeyedStateInfo::Kind::kValue, "n", nothing, Serializer<int64_t>::describe()}},
       {}}};
  return header;
}

TEST(HostedElement, HeaderIsJsonAsInTheSidecar) {
  const std::string json =
      R"({"operators":[{"id":")" + kCount.to_hex() +
      R"(","key":{"kind":"string"},"keyed":[{"kind":"value","name":"n","namespace":{"kind":"void"},"value":{"kind":"int64"}}],)" +
      R"("lists":[],"uid":"count"}]})";
  const std::string bytes = encode_hosted_element(header());
  EXPECT_EQ(bytes, "\2\0\0\0\0\0\0\0\x29\0\0\0"s + static_cast<char>(json.size()) + json);
  const auto read = decode_hosted_element(bytes);
  ASSERT_TRUE(read.ok()) << read.status().to_string();
  EXPECT_EQ(std::get<HostedHeader>(*read).checkpoint_id, 41);
  EXPECT_EQ(std::get<HostedHeader>(*read).operators, header().operators);
}

TEST(HostedElement, HeaderIsReferencedByTheHashOfItsText) {
  const Id128 hash = murmur3_128(operators_to_json(header().operators));
  const int32_t expected =
      static_cast<int32_t>(static_cast<uint32_t>(hash.bytes[0]) << 24 | hash.bytes[1] << 16 |
                           hash.bytes[2] << 8 | hash.bytes[3]);
  EXPECT_EQ(hosted_types(header().operators), expected);
  EXPECT_EQ(
      std::get<HostedHeader>(decode_hosted_element(encode_hosted_element(header())).value()).types,
      expected);
}

TEST(HostedElement, IsRefusedWhenMalformed) {
  for (const std::string& good :
       {encode_hosted_element(header()),
        encode_hosted_element(HostedListElement{kSum, "l", ListStateMode::kSplit,
                                                Serializer<int64_t>::describe(), ""})}) {
    for (size_t length = 0; length < good.size(); ++length) {
      EXPECT_EQ(decode_hosted_element(good.substr(0, length)).status().code(),
                StatusCode::kDataLoss)
          << length;
    }
  }
  EXPECT_EQ(decode_hosted_element(encode_hosted_element(header()) + "x").status().code(),
            StatusCode::kDataLoss);
  EXPECT_EQ(decode_hosted_element("\2\xFF\0\0\0\0\0\0\0\0\0\0\2{}"s).status().code(),
            StatusCode::kDataLoss);
  EXPECT_EQ(decode_hosted_element("\2\0\0\0\0\0\0\0\0\0\0\0\2[]"s).status().code(),
            StatusCode::kDataLoss);
  EXPECT_EQ(decode_hosted_element("\1"s + raw(kSum) + "\0\1l\3\0\0\0\x10{\"kind\":\"int64\"}"s)
                .status()
                .code(),
            StatusCode::kDataLoss);
  EXPECT_EQ(decode_hosted_element("\3later").status().code(), StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace weir
