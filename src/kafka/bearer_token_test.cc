#include "kafka/bearer_token.h"

#include <gtest/gtest.h>

#include <cstdio>

#include "kafka/base64.h"

namespace weir::kafka {
namespace {

TEST(BearerToken, UnsecuredTokenHasTheClaimsOfTheConfiguration) {
  const auto token = make_unsecured_token(
      "principalClaimName=azp principal=admin scopeClaimName=roles scope=a,b lifeSeconds=600 "
      "extension_traceId=123",
      1'000'000);
  ASSERT_TRUE(token.ok());
  EXPECT_EQ(token->expires_ms, 1'600'000);
  EXPECT_EQ(token->principal, "admin");
  EXPECT_EQ(token->extensions.at("traceId"), "123");
  const size_t dot = token->value.find('.');
  EXPECT_EQ(from_base64url(token->value.substr(0, dot)), R"({"alg":"none"})");
  const std::string payload = token->value.substr(dot + 1, token->value.size() - dot - 2);
  EXPECT_EQ(from_base64url(payload),
            R"({"azp":"admin","exp":1600.0,"iat":1000.0,"roles":["a","b"]})");
  EXPECT_EQ(bearer_message({"abc", 0, "", {{"k", "v"}}}),
            "n,,\x01"
            "auth=Bearer abc\x01"
            "k=v\x01\x01");
}

TEST(BearerToken, RefusesConfigurationsInASentence) {
  for (const char* config :
       {"", "scope=x", "principal=", "principal=a lifeSeconds=0",
        "principal=a lifeSeconds=9999999999999", "principal=a b=c", "principal=a nothing"}) {
    const auto token = make_unsecured_token(config, 0);
    EXPECT_EQ(token.status().code(), StatusCode::kInvalidArgument) << config;
  }
}

TEST(BearerToken, ReadsAnswersOfTokenEndpoints) {
  auto token = read_token_answer(R"({"access_token":"opaque","expires_in":10})", 5'000);
  ASSERT_TRUE(token.ok());
  EXPECT_EQ(token->value, "opaque");
  EXPECT_EQ(token->expires_ms, 15'000);
  // The token's own claims decide.
  const std::string jwt = "e30." + to_base64url(R"({"sub":"me","exp":70})") + ".sig";
  token = read_token_answer(R"({"access_token":")" + jwt + R"(","expires_in":10})", 5'000);
  ASSERT_TRUE(token.ok());
  EXPECT_EQ(token->expires_ms, 70'000);
  EXPECT_EQ(token->principal, "me");
  for (const char* answer :
       {"", "[]", "{}", "nonsense", R"({"access_token":7})", R"({"access_token":""})",
        R"({"access_token":"x","expires_in":-1e300})"}) {
    EXPECT_EQ(read_token_answer(answer, 5'000).status().code(), StatusCode::kPermissionDenied)
        << answer;
  }
}

TEST(BearerToken, ClaimsOfAnySizeDoNotOverflow) {
  BearerToken token;
  token.value = "e30." + to_base64url(R"({"exp":1e300,"sub":""})") + ".";
  EXPECT_TRUE(read_claims(token));
  EXPECT_EQ(token.expires_ms, 4'000'000'000'000'000);
  for (const char* other : {"", "a.b", "a.b.c", "e30.W10.", "..", "e30.=.x"}) {
    token.value = other;
    EXPECT_FALSE(read_claims(token)) << other;
  }
}

detail::KafkaProperties oidc(const std::string& url) {
  return {{"sasl.mechanisms", "OAUTHBEARER"},
          {"sasl.oauthbearer.method", "oidc"},
          {"sasl.oauthbearer.token.endpoint.url", url}};
}

TEST(TokenSource, RefusesPropertiesInASentence) {
  EXPECT_EQ(*TokenSource::from({{"sasl.mechanisms", "PLAIN"}}), nullptr);
  const auto refused = [](const detail::KafkaProperties& properties, const char* part) {
    const auto source = TokenSource::from(properties);
    EXPECT_EQ(source.status().code(), StatusCode::kInvalidArgument);
    EXPECT_NE(source.status().message().find(part), std::string::npos) << source.status().message();
  };
  refused({{"sasl.mechanism", "OAUTHBEARER"}}, "sasl.oauthbearer.method=oidc");
  refused(oidc(""), "must begin with https:// or file:///");
  refused(oidc("https://tokens"), "'sasl.oauthbearer.client.id'");
  auto odd = oidc("file:///token");
  odd["sasl.oauthbearer.extensions"] = "novalue";
  refused(odd, "NAME=VALUE");
}

TEST(TokenSource, ReadsAFileAndKeepsItsToken) {
  const std::string path = testing::TempDir() + "weir-bearer-token-test";
  std::remove(path.c_str());
  const auto source = *TokenSource::from(oidc("file://" + path));
  EXPECT_EQ(source->token().status().code(), StatusCode::kPermissionDenied);
  const std::string old = "e30." + to_base64url(R"({"sub":"me","exp":70})") + ".sig";
  const std::string fresh = "e30." + to_base64url(R"({"sub":"me","exp":4e9})") + ".sig";
  const auto write = [&](const std::string& text) {
    FILE* file = std::fopen(path.c_str(), "w");
    std::fputs(text.c_str(), file);
    std::fclose(file);
  };
  write(old);
  EXPECT_NE(source->token().status().message().find("has expired"), std::string::npos);
  write("no token\n");
  EXPECT_EQ(source->token().status().code(), StatusCode::kPermissionDenied);
  write(fresh + "\n");
  ASSERT_TRUE(source->token().ok());
  EXPECT_EQ(source->token()->value, fresh);
  write(old);
  EXPECT_EQ(source->token()->value, fresh);
  EXPECT_EQ((*TokenSource::from(oidc("file://" + path)))->token()->value, fresh);
}

}  // namespace
}  // namespace weir::kafka
