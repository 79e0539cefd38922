#include "fs/s3/s3_signature.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

constexpr char kEmptySha[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

std::string signature_of(const std::string& authorization) {
  return authorization.substr(authorization.find("Signature=") + 10);
}

// The examples of Amazon's documentation of Signature Version 4 for S3.
struct AmazonExample : testing::Test {
  const S3Credentials credentials{"AKIAIOSFODNN7EXAMPLE",
                                  "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"};
  const S3SigningScope scope{"20130524T000000Z", "us-east-1"};

  S3SignedParts get(std::string path, S3Parameters query, S3Parameters more = {}) const {
    S3SignedParts parts{"GET", std::move(path), std::move(query), std::move(more), kEmptySha};
    parts.headers.emplace_back("host", "examplebucket.s3.amazonaws.com");
    parts.headers.emplace_back("x-amz-content-sha256", kEmptySha);
    parts.headers.emplace_back("x-amz-date", scope.date);
    return parts;
  }
  std::string sign(const S3SignedParts& parts) const {
    return s3_authorization(parts, scope, credentials);
  }
};

TEST_F(AmazonExample, GetObjectOfARange) {
  EXPECT_EQ(sign(get("/test.txt", {}, {{"range", "bytes=0-9"}})),
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
            "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,"
            "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

TEST_F(AmazonExample, PutObject) {
  const std::string sha = sha256_hex("Welcome to Amazon S3.");
  EXPECT_EQ(sha, "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072");
  const S3SignedParts parts{"PUT",
                            "/" + s3_encode("test$file.text", true),
                            {},
                            {{"date", "Fri, 24 May 2013 00:00:00 GMT"},
                             {"host", "examplebucket.s3.amazonaws.com"},
                             {"x-amz-content-sha256", sha},
                             {"x-amz-date", scope.date},
                             {"x-amz-storage-class", "REDUCED_REDUNDANCY"}},
                            sha};
  EXPECT_EQ(signature_of(sign(parts)),
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
}

TEST_F(AmazonExample, GetBucketLifecycle) {
  EXPECT_EQ(signature_of(sign(get("/", {{"lifecycle", ""}}))),
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
}

TEST_F(AmazonExample, ListObjects) {
  EXPECT_EQ(signature_of(sign(get("/", {{"prefix", "J"}, {"max-keys", "2"}}))),
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

// Cases of Amazon's test suite for Signature Version 4.
struct SuiteCase {
  const char* name;
  const char* method;
  S3Parameters query;
  S3Parameters headers;
  const char* signature;
};

TEST(S3Signature, AgreesWithAmazonsTestSuite) {
  const S3Credentials credentials{"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"};
  const S3SigningScope scope{"20150830T123600Z", "us-east-1", "service"};
  const SuiteCase cases[] = {
      {"get-vanilla",
       "GET",
       {},
       {},
       "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
      {"get-vanilla-query-order-key-case",
       "GET",
       {{"Param2", "value2"}, {"Param1", "value1"}},
       {},
       "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
      {"get-header-value-trim",
       "GET",
       {},
       {{"my-header1", "   value1  "}, {"my-header2", " \"a   b   c\" "}},
       "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"},
      {"post-vanilla",
       "POST",
       {},
       {},
       "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
  };
  for (const SuiteCase& each : cases) {
    S3SignedParts parts{each.method, "/", each.query, each.headers, kEmptySha};
    parts.headers.emplace_back("host", "example.amazonaws.com");
    parts.headers.emplace_back("x-amz-date", scope.date);
    EXPECT_EQ(signature_of(s3_authorization(parts, scope, credentials)), each.signature)
        << each.name;
  }
}

TEST(S3Signature, EncodesAllButUnreservedCharacters) {
  EXPECT_EQ(s3_encode("a/b c+d~é%", true), "a/b%20c%2Bd~%C3%A9%25");
  EXPECT_EQ(s3_encode("a/b", false), "a%2Fb");
  EXPECT_EQ(s3_query({{"uploads", ""}, {"prefix", "a&b"}}), "prefix=a%26b&uploads=");
}

TEST(S3Signature, WritesAndReadsTimes) {
  EXPECT_EQ(amz_date(0), "19700101T000000Z");
  EXPECT_EQ(amz_date(1369353600123), "20130524T000000Z");
  EXPECT_EQ(parse_iso_time("2013-05-24T00:00:00Z"), 1369353600000);
  EXPECT_EQ(parse_iso_time("2013-05-24T00:00:00.000Z"), 1369353600000);
  EXPECT_EQ(parse_http_time("Fri, 24 May 2013 00:00:00 GMT"), 1369353600000);
  EXPECT_EQ(parse_http_time("Fri, 24 Xay 2013 00:00:00 GMT"), -1);
  EXPECT_EQ(parse_http_time(""), -1);
  for (const char* bad : {"", "2013-05-24", "2013-13-24T00:00:00Z", "2013-05-32T00:00:00Z",
                          "x013-05-24T00:00:00Z", "2013-05-24T00:00:00"})
    EXPECT_EQ(parse_iso_time(bad), -1) << bad;
}

}  // namespace
}  // namespace weir
