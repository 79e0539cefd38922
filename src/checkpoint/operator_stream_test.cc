#include "checkpoint/operator_stream.h"

#include <gtest/gtest.h>

#include "weir/types/types.h"

namespace weir {
namespace {

struct List {
  ListStateMode mode;
  TypeDescription element;
  std::vector<std::string> elements;
};

struct Written {
  OperatorStateHandle handle;
  std::string bytes;
  int pieces = 0;
  ReadAt read() const {
    return
        [this](int64_t offset, int64_t length, std::string* memory) -> StatusOr<std::string_view> {
          if (offset < 0 || length < 0 || offset + length > static_cast<int64_t>(bytes.size()))
            return data_loss("beyond the end");
          memory->assign(bytes, static_cast<size_t>(offset), static_cast<size_t>(length));
          return std::string_view(*memory);
        };
  }
};
Written write(const std::map<std::string, List>& lists) {
  Written written;
  const Status status = write_operator_state(
      lists,
      [&](std::string_view bytes) {
        written.bytes += bytes;
        ++written.pieces;
        return Status();
      },
      &written.handle.lists);
  EXPECT_TRUE(status.ok()) << status.to_string();
  written.handle.stream = InlineBytes{written.bytes};
  return written;
}
const TypeDescription kBytes = Serializer<std::vector<uint8_t>>::describe();

TEST(OperatorStream, ListsRoundTrip) {
  const Written written =
      write({{"splits", {ListStateMode::kSplit, kBytes, {"one", "two", "three"}}},
             {"empty", {ListStateMode::kUnion, kBytes, {}}},
             {"all", {ListStateMode::kUnion, Serializer<int64_t>::describe(), {"12345678"}}}});
  const auto header = read_operator_header(written.handle, written.read());
  ASSERT_TRUE(header.ok()) << header.status().to_string();
  ASSERT_EQ(header->lists.size(), 3u);
  EXPECT_EQ(header->lists[0].name, "all");
  EXPECT_EQ(header->lists[0].mode, ListStateMode::kUnion);
  EXPECT_EQ(header->lists[0].element.to_string(), "int64");
  EXPECT_EQ(header->lists[2].mode, ListStateMode::kSplit);
  EXPECT_TRUE(written.handle.lists.at("empty").offsets.empty());
  EXPECT_EQ(read_list_elements(written.handle, "splits", {0, 2}, written.read()).value(),
            (std::vector<std::string>{"one", "three"}));
  EXPECT_EQ(read_list_elements(written.handle, "all", {0}, written.read()).value(),
            (std::vector<std::string>{"12345678"}));
}

TEST(OperatorStream, WritesManyElementsInPieces) {
  const Written written = write(
      {{"splits",
        {ListStateMode::kSplit, kBytes, std::vector<std::string>(5, std::string(40000, 'x'))}}});
  EXPECT_GE(written.pieces, 2);
  EXPECT_EQ(read_list_elements(written.handle, "splits", {4}, written.read()).value().at(0),
            std::string(40000, 'x'));
}

TEST(OperatorStream, BroadcastStatesFollowTheLists) {
  TypeDescription map;
  map.kind = TypeKind::kMap;
  map.children = {kBytes, Serializer<int64_t>::describe()};
  const Written written = write({{"a map", {ListStateMode::kBroadcast, map, {"of some bytes"}}},
                                 {"last", {ListStateMode::kSplit, kBytes, {"one", "two"}}}});
  const auto header = read_operator_header(written.handle, written.read());
  ASSERT_TRUE(header.ok()) << header.status().to_string();
  ASSERT_EQ(header->lists.size(), 2u);
  EXPECT_EQ(header->lists[0].name, "last");
  EXPECT_EQ(header->lists[1].name, "a map");
  EXPECT_EQ(header->lists[1].mode, ListStateMode::kBroadcast);
  EXPECT_EQ(header->lists[1].element.to_string(), "map<bytes, int64>");
  EXPECT_EQ(written.handle.lists.at("a map").mode, ListStateMode::kBroadcast);
  EXPECT_EQ(read_list_elements(written.handle, "a map", {0}, written.read()).value(),
            (std::vector<std::string>{"of some bytes"}));
  EXPECT_EQ(read_list_elements(written.handle, "last", {1}, written.read()).value(),
            (std::vector<std::string>{"two"}));
}

TEST(OperatorStream, RefusesOffsetsBeyondTheStream) {
  Written written = write({{"splits", {ListStateMode::kSplit, kBytes, {"one"}}}});
  written.handle.lists["splits"].offsets = {1 << 20};
  EXPECT_EQ(read_list_elements(written.handle, "splits", {0}, written.read()).status().code(),
            StatusCode::kDataLoss);
}

}  // namespace
}  // namespace weir
