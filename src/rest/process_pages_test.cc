#include "rest/process_pages.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <vector>

namespace weir::rest {
namespace {

using Json = nlohmann::json;

RestReply shown(const std::vector<std::string>& path, const std::string& text) {
  const auto page = process_page(path);
  EXPECT_TRUE(page.has_value());
  return page_reply(*page, text, 77);
}

TEST(ProcessPages, TheLogIsPlainText) {
  for (const auto& path : {std::vector<std::string>{"log"}, {"logs", "weir.log"}}) {
    const RestReply reply = shown(path, "a\nb\n");
    EXPECT_EQ(reply.body, "a\nb\n");
    EXPECT_TRUE(reply.content_type.starts_with("text/plain"));
  }
  EXPECT_NE(shown({"log"}, "").body, "");
}

TEST(ProcessPages, TheListOfLogsHasItsSize) {
  const Json list = Json::parse(shown({"logs"}, "12345").body)["logs"];
  ASSERT_EQ(list.size(), 1u);
  EXPECT_EQ(list[0]["name"], "weir.log");
  EXPECT_EQ(list[0]["size"], 5);
  EXPECT_EQ(list[0]["mtime"], 77);
}

TEST(ProcessPages, EachThreadIsAnEntry) {
  const Json threads = Json::parse(
      shown({"thread-dump"}, "\"a \"b\"\" Id=1 WAITING\nnonsense\n").body)["threadInfos"];
  ASSERT_EQ(threads.size(), 2u);
  EXPECT_EQ(threads[0]["threadName"], "a \"b\"");
  EXPECT_EQ(threads[0]["stringifiedThreadInfo"], "\"a \"b\"\" Id=1 WAITING\n\n");
  EXPECT_EQ(threads[1]["threadName"], "");
}

TEST(ProcessPages, NoOtherFileCanBeRead) {
  for (const auto& path : {std::vector<std::string>{},
                           {"logs", "other.log"},
                           {"logs", "..", "weir.log"},
                           {"logs", "../weir.log"},
                           {"log", "x"}})
    EXPECT_FALSE(process_page(path).has_value());
}

}  // namespace
}  // namespace weir::rest
