#include "rest/page_files.h"

#include <gtest/gtest.h>

#include <string>

namespace weir::rest {
namespace {

std::optional<RestReply> get(const std::string& path, const std::string& method = "GET",
                             const std::string& known = "") {
  RestRequest request;
  request.method = method;
  request.path = path;
  request.if_none_match = known;
  return page_file(request);
}

TEST(PageFiles, TheRootLeadsToThePage) {
  for (const char* path : {"/", "/weir"}) {
    const auto reply = get(path);
    ASSERT_TRUE(reply) << path;
    EXPECT_EQ(reply->status, 302);
    EXPECT_EQ(reply->location, "weir/") << "relative, for proxies that add a prefix";
  }
}

TEST(PageFiles, ThePageHasTheFilesThatItNames) {
  const auto page = get("/weir/");
  ASSERT_TRUE(page);
  EXPECT_EQ(page->content_type, "text/html; charset=UTF-8");
  for (const char* name : {"page.js", "page.css"}) {
    EXPECT_NE(page->body.find(name), std::string::npos) << name;
    const auto file = get(std::string("/weir/") + name);
    ASSERT_TRUE(file) << name;
    EXPECT_GT(file->body.size(), 1000u) << name;
  }
}

TEST(PageFiles, RunsNoScriptButItsOwn) {
  const auto page = get("/weir/");
  ASSERT_TRUE(page);
  EXPECT_NE(page->content_security_policy.find("default-src 'none'; script-src 'self'"),
            std::string::npos);
  EXPECT_EQ(page->content_security_policy.find("unsafe"), std::string::npos);
  EXPECT_EQ(page->body.find("style="), std::string::npos);
  EXPECT_EQ(page->body.find("<script>"), std::string::npos);
  EXPECT_EQ(page->body.find("http://www.w3.org"), page->body.find("http:"))
      << "only a namespace: the page works offline";
}

TEST(PageFiles, IsSmall) {
  size_t bytes = 0;
  for (const PageAsset& asset : page_assets()) bytes += asset.content.size();
  EXPECT_LT(bytes, 200'000u);
}

TEST(PageFiles, SendsAFileOnceToABrowserThatKeepsIt) {
  const auto first = get("/weir/page.js");
  ASSERT_TRUE(first);
  const auto again = get("/weir/page.js", "GET", first->etag);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->status, 304);
  EXPECT_TRUE(again->body.empty());
  EXPECT_NE(get("/weir/page.css")->etag, first->etag);
}

TEST(PageFiles, LeavesOtherRequestsToOthers) {
  for (const char* path :
       {"/weir/status", "/weir/../page.js", "/weir/main.js", "/jobs", "/page.js"})
    EXPECT_FALSE(get(path)) << path;
  EXPECT_FALSE(get("/weir/", "POST"));
}

}  // namespace
}  // namespace weir::rest
