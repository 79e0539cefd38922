#include "checkpoint/flink_types.h"

#include <gtest/gtest.h>

#include "types/compatibility.h"
#include "weir/types/types.h"

namespace weir {
namespace {

struct Reading {
  std::string sensor;
  double value = 0;
  WEIR_FIELDS(Reading, sensor, value)
};
enum class Color : int8_t { kRed };

template <class T>
std::string snapshot_of() {
  BinaryWriter out;
  put_serializer_snapshot(out, Serializer<T>::describe());
  return out.take();
}
/// Reads the bytes, and formats the result.
std::string read(std::string_view bytes) {
  BinaryReader in(bytes);
  const auto type = get_serializer_snapshot(in);
  if (!type.ok()) return std::string(type.status().message());
  EXPECT_TRUE(type.value().flink_only);
  EXPECT_EQ(in.remaining(), 0u);
  return type.value().to_string();
}
std::string utf(std::string_view text) {
  BinaryWriter out;
  out.put_utf(text);
  return out.take();
}

TEST(FlinkTypes, WritesLongAsFlinkDoes) {
  EXPECT_EQ(
      snapshot_of<int64_t>(),
      std::string("\0\0\0\2", 4) +
          utf("org.apache.flink.api.common.typeutils.base.LongSerializer$LongSerializerSnapshot") +
          std::string("\0\0\0\3", 4));
}

TEST(FlinkTypes, TupleNamesItsClassAndItsFields) {
  const std::string nested = snapshot_of<std::string>().substr(4) + snapshot_of<double>().substr(4);
  EXPECT_EQ(snapshot_of<Reading>(),
            std::string("\0\0\0\2", 4) +
                utf("org.apache.flink.api.java.typeutils.runtime.TupleSerializerSnapshot") +
                std::string("\0\0\0\3\0\x0D\xE7\4\0\0\0\2", 12) +
                utf("org.apache.flink.api.java.tuple.Tuple2") +
                std::string("\0\x14\x57\xFD\0\0\0\1\0\0\0\2", 12) + nested);
}

TEST(FlinkTypes, TypesRoundTripAsFlinkSeesThem) {
  EXPECT_EQ(read(snapshot_of<uint16_t>()), "int16");
  EXPECT_EQ(read(snapshot_of<int8_t>()), "int8");
  EXPECT_EQ(read(snapshot_of<bool>()), "bool");
  EXPECT_EQ(read(snapshot_of<float>()), "float");
  EXPECT_EQ(read(snapshot_of<uint32_t>()), "int32");
  EXPECT_EQ(read(snapshot_of<Color>()), "int8");
  EXPECT_EQ(read(snapshot_of<std::chrono::milliseconds>()), "int64");
  EXPECT_EQ(read(snapshot_of<std::vector<std::byte>>()), "bytes");
  EXPECT_EQ(read(snapshot_of<Reading>()), "tuple<string, double>");
  EXPECT_EQ((read(snapshot_of<std::map<std::string, std::set<Reading>>>())),
            "map<string, vector<tuple<string, double>>>");
  EXPECT_EQ((read(snapshot_of<std::variant<int8_t, Reading>>())), "tuple<int32, bytes>");
  EXPECT_EQ(read(snapshot_of<std::optional<int64_t>>()), "vector<int64>");
  EXPECT_EQ(read(snapshot_of<std::monostate>()), "bytes");
}

TEST(FlinkTypes, TimersAndNamespacesRoundTrip) {
  TypeDescription window;
  window.kind = TypeKind::kTimeWindow;
  TypeDescription timer;
  timer.kind = TypeKind::kTuple;
  timer.name = kTimerTuple;
  timer.children = {Serializer<std::string>::describe(), window};
  BinaryWriter out;
  put_serializer_snapshot(out, timer);
  BinaryReader in(out.buffer());
  const auto type = get_serializer_snapshot(in);
  ASSERT_TRUE(type.ok()) << type.status().to_string();
  EXPECT_EQ(type.value().name, kTimerTuple);
  EXPECT_EQ(type.value().children, timer.children);
}

TEST(FlinkTypes, RefusesAnUnknownClassByName) {
  const std::string bytes =
      std::string("\0\0\0\2", 4) + utf("org.example.KryoSnapshot") + std::string("\0\0\0\1", 4);
  BinaryReader in(bytes);
  const auto type = get_serializer_snapshot(in);
  EXPECT_EQ(type.status().code(), StatusCode::kFailedPrecondition);
  EXPECT_NE(type.status().message().find("'org.example.KryoSnapshot'"), std::string_view::npos);
}

TEST(FlinkTypes, ReadsOldSimpleSnapshots) {
  const std::string name =
      "org.apache.flink.api.common.typeutils.base.IntSerializer$IntSerializerSnapshot";
  EXPECT_EQ(
      read(std::string("\0\0\0\2", 4) + utf(name) + std::string("\0\0\0\2", 4) + utf("something")),
      "int32");
}

TEST(FlinkTypes, RefusesDamagedSnapshots) {
  const std::string whole = snapshot_of<std::map<std::string, std::vector<Reading>>>();
  for (size_t length = 0; length < whole.size(); ++length) {
    BinaryReader in(std::string_view(whole).substr(0, length));
    EXPECT_FALSE(get_serializer_snapshot(in).ok()) << length;
  }
}

TEST(FlinkTypes, RefusesEndlessNesting) {
  std::string bytes("\0\0\0\2", 4);
  for (int i = 0; i < 100000; ++i) {
    bytes += utf("org.apache.flink.api.common.typeutils.base.ListSerializerSnapshot") +
             std::string("\0\0\0\3\0\x0D\xE7\4\0\0\0\1\0\x14\x57\xFD\0\0\0\1\0\0\0\1", 24);
  }
  BinaryReader in(bytes);
  EXPECT_EQ(get_serializer_snapshot(in).status().code(), StatusCode::kDataLoss);
}

}  // namespace
}  // namespace weir
