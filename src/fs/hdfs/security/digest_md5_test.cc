#include "fs/hdfs/security/digest_md5.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

// The example of RFC 2831, section 4.
constexpr std::string_view kChallenge =
    "realm=\"elwood.innosoft.com\",nonce=\"OA6MG9tEQGm2hh\",qop=\"auth\",algorithm=md5-sess,"
    "charset=utf-8";
constexpr std::string_view kProof = "rspauth=ea40f60335c427b5527b84dbabcdfffd";

std::unique_ptr<SaslMechanism> chris(Protection protection = Protection::kAuthentication) {
  return digest_md5_mechanism({"chris", "secret", "imap/elwood.innosoft.com"}, {protection},
                              "OA6MHXh6VqTrRk");
}

TEST(DigestMd5Test, AnswerAndProofAreThoseOfTheRfc) {
  auto mechanism = chris();
  const auto answer = mechanism->answer(kChallenge);
  ASSERT_TRUE(answer.ok()) << answer.status().to_string();
  EXPECT_NE(answer->find("response=d388dad90d4bbd760a152321f2143af7"), std::string::npos)
      << *answer;
  EXPECT_NE(answer->find("username=\"chris\""), std::string::npos);
  EXPECT_NE(answer->find("nc=00000001"), std::string::npos);
  EXPECT_EQ(mechanism->finish(kProof).to_string(), "OK");
  EXPECT_FALSE(mechanism->wraps());
}

TEST(DigestMd5Test, ServerWithoutTheProofIsRefused) {
  auto mechanism = chris();
  EXPECT_FALSE(mechanism->finish(kProof).ok()) << "before the answer";
  ASSERT_TRUE(mechanism->answer(kChallenge).ok());
  EXPECT_EQ(mechanism->finish("").code(), StatusCode::kPermissionDenied);
  EXPECT_EQ(mechanism->finish("rspauth=ea40f60335c427b5527b84dbabcdfffc").code(),
            StatusCode::kPermissionDenied);
  EXPECT_FALSE(mechanism->answer(kChallenge).ok()) << "a second challenge";
}

TEST(DigestMd5Test, LevelThatTheServerDoesNotOfferIsRefused) {
  const auto answer = chris(Protection::kPrivacy)->answer(kChallenge);
  EXPECT_EQ(answer.status().code(), StatusCode::kPermissionDenied);
  EXPECT_NE(answer.status().message().find("dfs.data.transfer.protection"), std::string_view::npos);
}

TEST(DigestMd5Test, FirstLevelThatTheServerOffersIsChosen) {
  const auto answer_of = [](std::vector<Protection> accepted) {
    auto mechanism = digest_md5_mechanism({"u", "p", "/default"}, std::move(accepted), "n");
    const auto answer = mechanism->answer(
        "realm=\"default\",nonce=\"n\",qop=\"auth-int,auth-conf\",cipher=\"rc4\"");
    return answer.ok() ? *answer : std::string("none");
  };
  EXPECT_NE(answer_of({}).find(",qop=auth-int"), std::string::npos);
  EXPECT_NE(answer_of({Protection::kPrivacy, Protection::kIntegrity}).find(",qop=auth-conf"),
            std::string::npos);
  EXPECT_EQ(answer_of({Protection::kAuthentication}), "none");
}

TEST(DigestMd5Test, WrappedBytesAreNumberedAndChecked) {
  for (const Protection protection : {Protection::kIntegrity, Protection::kPrivacy}) {
    auto mechanism = chris(protection);
    ASSERT_TRUE(mechanism
                    ->answer("realm=\"0\",nonce=\"n\",qop=\"auth,auth-int,auth-conf\","
                             "cipher=\"3des,rc4,des\"")
                    .ok());
    EXPECT_TRUE(mechanism->wraps());
    const auto first = mechanism->wrap("hello"), second = mechanism->wrap("hello");
    ASSERT_TRUE(first.ok()) << first.status().to_string();
    EXPECT_EQ(first->size(), 5u + 10 + 6);
    EXPECT_EQ(first->substr(15), std::string("\x00\x01\x00\x00\x00\x00", 6));
    EXPECT_EQ(second->substr(15), std::string("\x00\x01\x00\x00\x00\x01", 6));
    EXPECT_NE(first->substr(0, 15), second->substr(0, 15));
    EXPECT_EQ(first->starts_with("hello"), protection == Protection::kIntegrity);
    // The other end would not send the bytes that this end has sent.
    EXPECT_EQ(mechanism->unwrap(*first).status().code(), StatusCode::kPermissionDenied);
    EXPECT_EQ(mechanism->unwrap("short").status().code(), StatusCode::kPermissionDenied);
  }
}

TEST(DigestMd5Test, NonsenseIsRefused) {
  for (const std::string_view challenge :
       {"", "=", ",,,", "realm=\"unterminated", "nonce", "qop=\"auth-int\""}) {
    auto mechanism = chris(Protection::kIntegrity);
    const auto answer = mechanism->answer(challenge);
    EXPECT_EQ(answer.ok(), challenge == "qop=\"auth-int\"") << challenge;
  }
}

}  // namespace
}  // namespace weir
