#include "weir/format/protobuf_format.h"

#include <gtest/gtest.h>

#include <map>

#include "click.pb.h"
#include "weir/weir.h"

namespace {

using shop::Click;
using weir::ProtobufFormat;

std::string bytes_of(const Click& click) {
  std::string bytes;
  EXPECT_EQ(ProtobufFormat<Click>().serialize(click, bytes).to_string(), "OK");
  return bytes;
}

Click click() {
  Click click;
  click.set_page("home");
  (*click.mutable_scores())["a"] = 1.5;
  click.add_places()->set_city("Oslo");
  return click;
}

TEST(ProtobufFormat, ReadsWhatItWrote) {
  const std::string bytes = bytes_of(click());
  EXPECT_EQ(bytes, click().SerializeAsString());
  const auto read = ProtobufFormat<Click>().deserialize(bytes);
  ASSERT_TRUE(read.ok()) << read.status().to_string();
  EXPECT_EQ(read->SerializeAsString(), bytes);
  EXPECT_EQ(read->count(), 1);  // its default value
}

TEST(ProtobufFormat, KeepsFieldsThatItDoesNotKnow) {
  shop::LaterClick later;
  later.set_page("home");
  later.set_referrer("search");
  const auto read = ProtobufFormat<Click>().deserialize(later.SerializeAsString());
  ASSERT_TRUE(read.ok()) << read.status().to_string();
  shop::LaterClick again;
  ASSERT_TRUE(again.ParseFromString(bytes_of(*read)));
  EXPECT_EQ(again.referrer(), "search");
}

TEST(ProtobufFormat, MalformedBytesAreNamed) {
  const auto damaged = ProtobufFormat<Click>().deserialize("\x0a\x7fno");
  EXPECT_EQ(damaged.status().message(),
            "these 4 bytes are no message shop.Click: they are damaged, or of another format");
  const auto incomplete = ProtobufFormat<Click>().deserialize("");
  EXPECT_EQ(incomplete.status().message(),
            "a message shop.Click lacks fields that are required: page");
  std::string bytes;
  EXPECT_FALSE(ProtobufFormat<Click>().serialize(Click(), bytes).ok());
  EXPECT_EQ(bytes, "");
}

TEST(ProtobufFormat, MessagesAreRecordsAndState) {
  weir::StreamExecutionEnvironment env;
  weir::CollectSink<Click> sink;
  const weir::GeneratorSource<Click> clicks(60, [](int64_t i) {
    Click click;
    click.set_page("page " + std::to_string(i % 3));
    return click;
  });
  env.set_parallelism(2);
  env.from_source(clicks, weir::no_watermarks(), "clicks")
      .key_by([](const Click& click) { return click.page(); })
      .reduce([](const Click& a, const Click& b) {
        Click sum = a;
        sum.set_count(a.count() + b.count());
        return sum;
      })
      .sink_to(sink);
  const auto result = env.run("clicks");
  ASSERT_TRUE(result.ok()) << result.status().to_string();
  std::map<std::string, int64_t> highest;
  for (const Click& click : sink.records())
    highest[click.page()] = std::max(highest[click.page()], click.count());
  EXPECT_EQ(highest,
            (std::map<std::string, int64_t>{{"page 0", 20}, {"page 1", 20}, {"page 2", 20}}));
}

TEST(ProtobufFormat, StateKeepsTheBytes) {
  weir::BinaryWriter out;
  weir::Serializer<Click>::write(out, click());
  weir::BinaryReader in(out.buffer());
  Click read;
  weir::Serializer<Click>::read(in, read);
  EXPECT_TRUE(in.end("a click").ok());
  EXPECT_EQ(read.SerializeAsString(), click().SerializeAsString());
  EXPECT_EQ(weir::Serializer<Click>::describe().to_string(),
            "user type protobuf shop.Click version 0");
  static_assert(!weir::SerializableKey<Click>);
}

}  // namespace
