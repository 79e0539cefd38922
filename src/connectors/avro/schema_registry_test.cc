#include "connectors/avro/schema_registry.h"

#include <gtest/gtest.h>

#include <deque>

namespace weir {
namespace {

using Outcome = HttpReply::Outcome;

HttpAnswer answer(int status, std::string body) {
  HttpAnswer made;
  made.outcome = Outcome::kAnswered;
  made.status = status;
  made.body = std::move(body);
  return made;
}
HttpAnswer unreachable() {
  HttpAnswer made;
  made.outcome = Outcome::kNotSent;
  made.problem = "connection refused";
  return made;
}

/// Gives answers in their order, and records the requests.
class ScriptedHttp final : public HttpClient {
 public:
  std::vector<HttpAnswer> run(const std::vector<HttpRequest>& requests) override {
    std::vector<HttpAnswer> out;
    for (const HttpRequest& request : requests) {
      asked.push_back(request.method + " " + request.url + (request.body ? " " : "") +
                      (request.body ? *request.body : ""));
      for (const auto& [name, value] : request.headers) {
        if (name == "Authorization") asked.back() += " " + value;
      }
      out.push_back(answers.empty() ? unreachable() : answers.front());
      if (!answers.empty()) answers.pop_front();
    }
    return out;
  }
  std::deque<HttpAnswer> answers;
  std::vector<std::string> asked;
};

struct Registry {
  explicit Registry(AvroOptions options = {.registry_url = "http://r:8081/"},
                    std::initializer_list<HttpAnswer> answers = {})
      : client(options, http) {
    http->answers.assign(answers);
  }
  std::shared_ptr<ScriptedHttp> http = std::make_shared<ScriptedHttp>();
  SchemaRegistry client;
};

const AvroOptions kUrl{.registry_url = "http://r:8081/"};

template <class T>
std::string problem_of(const StatusOr<T>& result) {
  return result.status().to_string();
}

TEST(SchemaRegistry, AsksOnceForASchema) {
  Registry r(kUrl, {answer(200, R"({"schema": "\"string\""})")});
  for (int i = 0; i < 2; ++i) {
    const auto schema = r.client.schema_of(7);
    ASSERT_TRUE(schema.ok()) << schema.status().to_string();
    EXPECT_EQ((*schema)->root().kind, AvroSchema::Kind::kString);
  }
  EXPECT_EQ(r.http->asked, std::vector<std::string>{"GET http://r:8081/schemas/ids/7"});
}

TEST(SchemaRegistry, AnUnknownSchemaIsAskedForAgain) {
  Registry r(kUrl, {answer(404, R"({"error_code": 40403, "message": "Schema 9 not found"})"),
                    answer(200, R"({"schema": "\"int\""})")});
  EXPECT_EQ(problem_of(r.client.schema_of(9)),
            "INVALID_ARGUMENT: the schema registry at http://r:8081 has no schema 9 (HTTP 404): "
            "Schema 9 not found");
  EXPECT_TRUE(r.client.schema_of(9).ok());
}

TEST(SchemaRegistry, RegistersOnceAndLooksUp) {
  Registry r(kUrl, {answer(200, R"({"id": 3})"), answer(200, R"({"id": 4, "version": 1})")});
  EXPECT_EQ(*r.client.id_of("a b-value", "\"int\"", true), 3);
  EXPECT_EQ(*r.client.id_of("a b-value", "\"int\"", true), 3);
  EXPECT_EQ(*r.client.id_of("c-value", "\"int\"", false), 4);
  EXPECT_EQ(r.http->asked,
            (std::vector<std::string>{
                R"(POST http://r:8081/subjects/a%20b-value/versions {"schema":"\"int\""})",
                R"(POST http://r:8081/subjects/c-value {"schema":"\"int\""})"}));
}

TEST(SchemaRegistry, CompatibilityIsExplained) {
  Registry r(kUrl, {answer(409, R"({"message": "incompatible: READER_FIELD_MISSING"})"),
                    answer(200, R"({"is_compatible": false, "messages": ["field x"]})"),
                    answer(200, R"({"is_compatible": true})"), answer(404, "{}")});
  EXPECT_EQ(problem_of(r.client.id_of("s", "\"int\"", true)),
            "FAILED_PRECONDITION: cannot register the schema under the subject 's' at "
            "http://r:8081: the subject's rule of compatibility does not allow it: incompatible: "
            "READER_FIELD_MISSING");
  EXPECT_EQ(r.client.check_compatible("s", "\"int\"").to_string(),
            "FAILED_PRECONDITION: the schema registry at http://r:8081 would refuse the schema of "
            "the records: it is not compatible with the subject 's': field x; make new fields "
            "std::optional, or change the subject's rule");
  EXPECT_TRUE(r.client.check_compatible("s", "\"int\"").ok());
  EXPECT_TRUE(r.client.check_compatible("s", "\"int\"").ok());  // a new subject
}

TEST(SchemaRegistry, TheNextOneIsAskedIfOneFails) {
  Registry r({.registry_url = "http://a, b:1"},
             {unreachable(), answer(200, R"({"schema": "\"int\""})"), unreachable(),
              answer(503, R"({"message": "no leader"})")});
  EXPECT_TRUE(r.client.schema_of(1).ok());
  EXPECT_EQ(problem_of(r.client.schema_of(2)),
            "UNAVAILABLE: cannot get the schema 2: no schema registry answers (http://b:1: HTTP "
            "503: no leader); check AvroOptions::registry_url, and that it runs");
  EXPECT_EQ(r.http->asked[1], "GET http://b:1/schemas/ids/1");
}

TEST(SchemaRegistry, CredentialsAreSentAndNotShown) {
  Registry basic({.registry_url = "https://r", .registry_user = "u:1", .registry_password = "p/@"},
                 {answer(401, R"({"message": "no"})")});
  EXPECT_EQ(basic.client.check().to_string(),
            "PERMISSION_DENIED: cannot reach the schema registry: the schema registry at https://r "
            "refuses the user, the password or the token (HTTP 401): no");
  EXPECT_EQ(basic.http->asked[0], "GET https://u%3a1:p%2f%40@r/schemas/types");
  Registry bearer({.registry_url = "https://r", .registry_token = "t"},
                  {answer(200, R"(["AVRO"])")});
  EXPECT_TRUE(bearer.client.check().ok());
  EXPECT_EQ(bearer.http->asked[0], "GET https://r/schemas/types Bearer t");
}

TEST(SchemaRegistry, StrangeAnswersAreRefused) {
  for (const char* body :
       {R"({"schema": 7})", R"({"schema": "{"})", R"({"schema": "x", "schemaType": "PROTOBUF"})",
        R"({"schema": "\"int\"", "references": [1]})"}) {
    Registry r(kUrl, {answer(200, body)});
    const auto schema = r.client.schema_of(1);
    EXPECT_EQ(schema.status().code(), StatusCode::kInvalidArgument) << body;
    EXPECT_FALSE(schema.status().message().empty());
  }
  for (const char* body :
       {"", "{", R"({"id": "7"})", R"({"id": -1})", R"({"id": 99999999999})", R"({"id": 1.5})"}) {
    Registry r(kUrl, {answer(200, body)});
    EXPECT_EQ(r.client.id_of("s", "\"int\"", true).status().code(), StatusCode::kFailedPrecondition)
        << body;
  }
  Registry page(kUrl, {answer(302, "<html>\n\x01moved")});
  EXPECT_EQ(page.client.check().to_string(),
            "FAILED_PRECONDITION: AvroOptions::registry_url: what answers at http://r:8081 is no "
            "schema registry (HTTP 302): <html>  moved");
  EXPECT_EQ(Registry({.registry_url = " , "}).client.check().to_string(),
            "INVALID_ARGUMENT: AvroOptions::registry_url names no schema registry");
}

// A message must not count as malformed because a proxy answers in place of the registry.
TEST(SchemaRegistry, WhatIsNoRegistrySaysNothingAboutAMessage) {
  const std::vector<HttpAnswer> strange = {
      answer(302, ""),
      answer(404, "<html>no such page</html>"),
      answer(404, R"({"error_code": 404, "message": "HTTP 404 Not Found"})"),
      answer(200, "<html>maintenance</html>"),
      answer(200, "{"),
      answer(200, "[]"),
      answer(200, "7"),
      answer(200, "{}"),
      answer(200, R"({"id": 1})"),
  };
  for (const HttpAnswer& each : strange) {
    Registry r(kUrl, {each});
    const std::string problem = problem_of(r.client.schema_of(7));
    EXPECT_TRUE(
        problem.starts_with("UNAVAILABLE: cannot get the schema 7: what answers at "
                            "http://r:8081 is no schema registry (HTTP "))
        << problem;
  }
  for (const HttpAnswer& each :
       {answer(200, "hello"), answer(200, "null"), answer(404, "<html>")}) {
    Registry r(kUrl, {each});
    EXPECT_EQ(r.client.check().code(), StatusCode::kFailedPrecondition) << each.body;
  }
  Registry old(kUrl, {answer(404, R"({"error_code": 404, "message": "HTTP 404 Not Found"})")});
  EXPECT_TRUE(old.client.check().ok());
}

}  // namespace
}  // namespace weir
