#include "tool/arguments.h"

#include <gtest/gtest.h>

namespace weir::tool {
namespace {

constexpr OptionSpec kOptions[] = {{"json"}, {"rest", "URL"}};

StatusOr<Arguments> parse(const std::vector<std::string>& words) {
  return parse_arguments(words, kOptions);
}

TEST(Arguments, AreReadInAnyOrder) {
  const Arguments found =
      parse({"a", "--rest", "http://x", "--json", "-D", "k=v", "-Dl=w", "--", "--b"}).value();
  EXPECT_EQ(found.operands, (std::vector<std::string>{"a", "--b"}));
  EXPECT_EQ(found.option("rest"), "http://x");
  EXPECT_TRUE(found.has("json"));
  EXPECT_EQ(found.settings, (std::vector<std::string>{"k=v", "l=w"}));
  EXPECT_EQ(parse({"--rest=http://y"})->option("rest"), "http://y");
}

TEST(Arguments, AreRefusedWithASentence) {
  EXPECT_EQ(parse({"--jason"}).status().message(), "unknown option --jason");
  EXPECT_EQ(parse({"--rest"}).status().message(), "--rest needs a value: --rest URL");
  EXPECT_EQ(parse({"--json=1"}).status().message(), "--json takes no value");
  EXPECT_EQ(parse({"-D"}).status().message(), "-D needs a setting: -D key=value");
}

}  // namespace
}  // namespace weir::tool
