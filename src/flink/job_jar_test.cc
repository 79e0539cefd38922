#include "flink/job_jar.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

/// An empty archive.
const std::string kEmptyJar = std::string("PK\x05\x06", 4) + std::string(18, '\0');

std::string made(std::string_view jar, const JarEntries& entries) {
  auto result = add_to_jar(jar, entries);
  EXPECT_TRUE(result.ok()) << result.status().message();
  return result.ok() ? *result : std::string();
}

TEST(JobJar, HasTheBridgesEntriesAndTheAddedOnes) {
  std::string big(300'000, 'x');
  for (size_t i = 0; i < big.size(); i += 7) big[i] = static_cast<char>(i);
  const std::string bridge = made(kEmptyJar, {{"META-INF/MANIFEST.MF", "Manifest-Version: 1.0\n"},
                                              {"weir/flink/JobMain.class", big}});
  const auto entries = read_jar(made(bridge, {{"weir/plan.json", "{}"},
                                              {"weir/native/flights", std::string("\0\x7f"
                                                                                  "ELF",
                                                                                  5)}}));
  ASSERT_TRUE(entries.ok()) << entries.status().message();
  const JarEntries expected = {{"META-INF/MANIFEST.MF", "Manifest-Version: 1.0\n"},
                               {"weir/flink/JobMain.class", big},
                               {"weir/plan.json", "{}"},
                               {"weir/native/flights", std::string("\0\x7f"
                                                                   "ELF",
                                                                   5)}};
  EXPECT_EQ(*entries, expected);
}

TEST(JobJar, EntryOfTheSameNameIsReplaced) {
  const std::string once = made(kEmptyJar, {{"weir/plan.json", "old"}, {"a", "1"}});
  const auto entries = read_jar(made(once, {{"weir/plan.json", "new"}}));
  ASSERT_TRUE(entries.ok());
  EXPECT_EQ(*entries, (JarEntries{{"weir/plan.json", "new"}, {"a", "1"}}));
}

TEST(JobJar, IsCompressed) {
  EXPECT_LT(made(kEmptyJar, {{"zeros", std::string(1 << 20, '\0')}}).size(), 10'000u);
}

TEST(JobJar, SameInputGivesTheSameBytes) {
  const JarEntries entries = {{"a", "1"}, {"b", "2"}};
  EXPECT_EQ(made(made(kEmptyJar, entries), {{"c", "3"}}),
            made(made(kEmptyJar, entries), {{"c", "3"}}));
}

TEST(JobJar, InvalidJarIsRefused) {
  EXPECT_EQ(add_to_jar("this is text", {}).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(add_to_jar("", {}).status().code(), StatusCode::kInvalidArgument);
  const std::string jar = made(kEmptyJar, {{"a", std::string(1000, 'x')}});
  EXPECT_EQ(read_jar(jar.substr(0, jar.size() - 5)).status().code(), StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace weir
