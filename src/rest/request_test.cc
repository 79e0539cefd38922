#include "rest/request.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

TEST(RestRules, ATokenIsNeededByAllIfThereIsOne) {
  RestRules rules;
  rules.token = "secret";
  RestRequest request;
  EXPECT_FALSE(check_may_change(rules, request).ok());
  request.authorization = "Bearer secreT";
  EXPECT_FALSE(check_may_change(rules, request).ok());
  request.authorization = "secret";
  EXPECT_FALSE(check_may_change(rules, request).ok());
  request.authorization = "Bearer secret";
  request.from_loopback = false;
  EXPECT_TRUE(check_may_change(rules, request).ok());
}

TEST(RestRules, ForeignNamesAndPagesAreRefused) {
  const RestRules rules{{"flink.example.com"}, ""};
  const auto accepted = [&](const std::string& host, const std::string& origin = "") {
    RestRequest request;
    request.host = host;
    request.origin = origin;
    return check_sender(rules, request).ok();
  };
  for (const char* host : {"localhost", "LOCALHOST:1", "127.0.0.1:8081", "10.1.2.3", "[::1]:8081",
                           "flink.example.com:80", ""})
    EXPECT_TRUE(accepted(host)) << host;
  for (const char* host : {"evil.example.com", "localhost.evil.com:8081", "127.0.0.1.evil.com",
                           "flink.example.com.evil.com", "[evil]:8081", ":8081"})
    EXPECT_FALSE(accepted(host)) << host;
  EXPECT_TRUE(accepted("localhost:8081", "http://localhost:8081"));
  EXPECT_FALSE(accepted("localhost:8081", "http://localhost:9999"));
  EXPECT_FALSE(accepted("localhost:8081", "http://evil.example.com"));
  EXPECT_FALSE(accepted("localhost:8081", "null"));
}

TEST(RestRules, AGetThatCancelsComesFromAPageOfThisServer) {
  RestRequest request;
  request.host = "localhost:8081";
  EXPECT_FALSE(check_same_page(request).ok());
  request.referer = "http://evil.example.com/";
  EXPECT_FALSE(check_same_page(request).ok());
  request.referer = "http://localhost:8081/#/job";
  EXPECT_TRUE(check_same_page(request).ok());
  request.fetch_site = "cross-site";
  EXPECT_FALSE(check_same_page(request).ok());
  request.fetch_site = "same-origin";
  EXPECT_TRUE(check_same_page(request).ok());
}

}  // namespace
}  // namespace weir
