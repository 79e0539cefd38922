#include "fs/s3/s3_credentials.h"

#include <gtest/gtest.h>

#include <map>

#include "base/strings.h"

namespace weir {
namespace {

/// Answers as the endpoints of Amazon do, which only exist on its machines.
class Endpoints final : public HttpClient {
 public:
  std::vector<HttpAnswer> run(const std::vector<HttpRequest>& requests) override {
    const HttpRequest& request = requests.at(0);
    asked.push_back(cat(request.method, " ", request.url));
    for (const auto& [name, value] : request.headers) asked.back() += cat(" ", name, "=", value);
    const auto found = answers.find(cat(request.method, " ", request.url));
    HttpAnswer answer;
    if (found == answers.end()) return {answer};
    answer.outcome = HttpReply::Outcome::kAnswered;
    answer.status = found->second.first;
    answer.body = found->second.second;
    return {answer};
  }
  std::map<std::string, std::pair<int, std::string>> answers;
  std::vector<std::string> asked;
};

struct S3CredentialChainTest : testing::Test {
  static std::string json(const std::string& key, const std::string& end) {
    return cat("{\"AccessKeyId\":\"", key, "\",\"SecretAccessKey\":\"s\",\"Token\":\"t\",",
               "\"Expiration\":\"", end, "\"}");
  }
  S3CredentialChain chain() {
    const auto in = [](const std::map<std::string, std::string>& map) {
      return [&map](std::string_view name) -> std::optional<std::string> {
        const auto found = map.find(std::string(name));
        if (found == map.end()) return std::nullopt;
        return found->second;
      };
    };
    return {{.config = in(config),
             .environment = in(environment),
             .read_file = [this](const std::string& path) -> StatusOr<std::string> {
               const auto found = stored.find(path);
               if (found == stored.end()) return not_found("no " + path);
               return found->second;
             },
             .wall_ms = [this] { return now_ms; },
             .region = "eu-west-1"},
            http};
  }

  std::map<std::string, std::string> config, environment, stored;
  int64_t now_ms = parse_iso_time("2026-11-29T20:00:00Z");
  const std::shared_ptr<Endpoints> http = std::make_shared<Endpoints>();
};

TEST_F(S3CredentialChainTest, TakesTheFirstSourceThatIsSetUp) {
  stored["/home/.aws/credentials"] =
      "# mine\n[default]\naws_access_key_id=profile\naws_secret_access_key=s\n[x]\n";
  environment["HOME"] = "/home";
  environment["AWS_EC2_METADATA_DISABLED"] = "true";
  auto sources = chain();
  EXPECT_EQ(sources.current()->access_key, "profile");
  environment["AWS_ACCESS_KEY_ID"] = "environment";
  environment["AWS_SECRET_ACCESS_KEY"] = "s";
  EXPECT_EQ(chain().current()->access_key, "environment");
  config = {{"s3.access-key", "config"}, {"s3.secret-key", "s"}, {"s3.session-token", "t"}};
  EXPECT_EQ(chain().current()->session_token, "t");
  EXPECT_EQ(sources.current()->access_key, "profile") << "they do not end";
  config.erase("s3.access-key");
  EXPECT_EQ(chain().current().status().code(), StatusCode::kFailedPrecondition);
  EXPECT_TRUE(http->asked.empty());
}

TEST_F(S3CredentialChainTest, RenewsTheRoleOfTheMachineBeforeItEnds) {
  const std::string base = "http://169.254.169.254/latest/";
  const std::string roles = base + "meta-data/iam/security-credentials/";
  http->answers["PUT " + base + "api/token"] = {200, "TOKEN"};
  http->answers["GET " + roles] = {200, "role\n"};
  http->answers["GET " + roles + "role"] = {200, json("one", "2026-11-29T21:00:00Z")};
  auto sources = chain();
  ASSERT_TRUE(sources.current().ok()) << sources.current().status().to_string();
  EXPECT_EQ(http->asked.at(2), "GET " + roles + "role x-aws-ec2-metadata-token=TOKEN");
  now_ms += 54 * 60 * 1000;
  EXPECT_EQ(sources.current()->access_key, "one");
  EXPECT_EQ(http->asked.size(), 3u);
  http->answers["GET " + roles + "role"] = {200, json("two", "2026-11-29T22:00:00Z")};
  now_ms += 60 * 1000;
  EXPECT_EQ(sources.current()->access_key, "two");
  // It cannot be renewed: the old ones are used as long as they last.
  http->answers.erase("GET " + roles);
  now_ms += 59 * 60 * 1000;
  EXPECT_EQ(sources.current()->access_key, "two");
  now_ms += 10 * 60 * 1000;
  EXPECT_EQ(sources.current().status().code(), StatusCode::kUnavailable);
}

TEST_F(S3CredentialChainTest, ExchangesAWebIdentityWithoutShowingIt) {
  stored["/token"] = "jwt\n";
  environment = {{"AWS_WEB_IDENTITY_TOKEN_FILE", "/token"},
                 {"AWS_ROLE_ARN", "arn:aws:iam::1:role/r"}};
  const std::string sts = "POST https://sts.eu-west-1.amazonaws.com/";
  http->answers[sts] = {403,
                        "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message>"
                        "</Error></ErrorResponse>"};
  const Status denied = chain().current().status();
  EXPECT_EQ(denied.code(), StatusCode::kPermissionDenied);
  EXPECT_NE(denied.to_string().find("AccessDenied"), std::string::npos) << denied.to_string();
  EXPECT_EQ(denied.to_string().find("jwt"), std::string::npos);
  http->answers[sts] = {
      200,
      "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>"
      "<AccessKeyId>web</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t"
      "</SessionToken><Expiration>2026-11-29T21:00:00Z</Expiration></Credentials>"
      "</AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>"};
  EXPECT_EQ(chain().current()->access_key, "web");
}

TEST_F(S3CredentialChainTest, AsksTheContainersEndpoint) {
  environment = {{"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1/creds"},
                 {"AWS_CONTAINER_AUTHORIZATION_TOKEN", "bearer"}};
  http->answers["GET http://127.0.0.1/creds"] = {200, json("pod", "2026-11-29T21:00:00Z")};
  EXPECT_EQ(chain().current()->access_key, "pod");
  EXPECT_EQ(http->asked.at(0), "GET http://127.0.0.1/creds authorization=bearer");
}

TEST_F(S3CredentialChainTest, RefusesHostileAnswers) {
  for (const char* body :
       {"", "{", "[]", "{\"AccessKeyId\":1,\"SecretAccessKey\":\"s\"}",
        "{\"AccessKeyId\":\"a\",\"SecretAccessKey\":\"s\",\"Expiration\":\"x\"}"})
    EXPECT_EQ(parse_credentials_json(body).status().code(), StatusCode::kDataLoss) << body;
  EXPECT_TRUE(parse_aws_profile("[\n]\n=\n[default\na", "default").empty());
}

TEST_F(S3CredentialChainTest, SaysWhatToSetIfThereAreNone) {
  const Status status = chain().current().status();
  EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition);
  EXPECT_NE(status.to_string().find("s3.access-key"), std::string::npos);
}

}  // namespace
}  // namespace weir
