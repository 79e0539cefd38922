#include "fs/hdfs/rpc/rpc_authentication.h"

#include <gtest/gtest.h>

#include <deque>
#include <vector>

#include "fs/hdfs/rpc/delimited.h"
#include "fs/hdfs/rpc/hadoop.pb.h"
#include "fs/hdfs/rpc/rpc_frames.h"

namespace weir {
namespace {

using Sasl = hadoop::RpcSasl;

/// Two rounds, and then each byte is turned over.
class TurningMechanism final : public SaslMechanism {
 public:
  explicit TurningMechanism(bool wraps) : wraps_(wraps) {}
  StatusOr<std::string> answer(std::string_view challenge) override {
    return "answer to " + std::string(challenge);
  }
  Status finish(std::string_view token) override {
    return token == "proof" ? Status() : permission_denied("no proof");
  }
  bool wraps() const override { return wraps_; }
  StatusOr<std::string> wrap(std::string_view bytes) override { return turned(bytes); }
  StatusOr<std::string> unwrap(std::string_view token) override { return turned(token); }
  static std::string turned(std::string_view bytes) {
    std::string out(bytes);
    for (char& c : out) c = static_cast<char>(~c);
    return out;
  }

 private:
  const bool wraps_;
};

std::string frame_of(const Sasl& message) {
  hadoop::RpcResponseHeader header;
  header.set_callid(static_cast<uint32_t>(-33));
  header.set_status(hadoop::RpcResponseHeader::SUCCESS);
  std::string body, frame;
  append_delimited(header, &body);
  append_delimited(message, &body);
  append_be32(static_cast<uint32_t>(body.size()), &frame);
  return frame + body;
}

std::string refusal_frame(const std::string& exception) {
  hadoop::RpcResponseHeader header;
  header.set_callid(static_cast<uint32_t>(-33));
  header.set_status(hadoop::RpcResponseHeader::FATAL);
  header.set_exceptionclassname(exception);
  header.set_errormsg("why");
  std::string body, frame;
  append_delimited(header, &body);
  append_be32(static_cast<uint32_t>(body.size()), &frame);
  return frame + body;
}

/// The messages that a server received, and its answer to each.
struct Script {
  std::deque<std::string> answers;
  std::string opening;
  std::vector<Sasl> received;
  std::string after;  ///< bytes that are not frames of SASL
};

class ScriptedServer final : public TcpClient {
 public:
  explicit ScriptedServer(Script& script) : script_(script) {}
  Status read(size_t max, std::chrono::milliseconds, std::string* bytes, bool* end) override {
    *bytes = output_.substr(0, max);
    output_.erase(0, bytes->size());
    *end = bytes->empty() && script_.answers.empty();
    return {};
  }
  Status write(std::string_view bytes, std::chrono::milliseconds) override {
    if (script_.opening.empty()) {
      script_.opening = bytes.substr(0, 7);
      bytes.remove_prefix(7);
    }
    while (bytes.size() >= 4) {
      const size_t size = read_be32(bytes.data());
      std::string_view frame = bytes.substr(4, size);
      hadoop::RpcRequestHeader header;
      Sasl message;
      if (!take_delimited(&frame, &header) || header.callid() != -33 ||
          !take_delimited(&frame, &message)) {
        script_.after += bytes;
        return {};
      }
      script_.received.push_back(message);
      bytes.remove_prefix(4 + size);
      if (script_.answers.empty()) continue;
      output_ += script_.answers.front();
      script_.answers.pop_front();
    }
    return {};
  }

 private:
  Script& script_;
  std::string output_;
};

class RpcAuthenticationTest : public testing::Test {
 protected:
  StatusOr<std::unique_ptr<TcpClient>> run(std::deque<std::string> answers, bool wraps = false,
                                           bool simple_allowed = false, bool has_token = false) {
    script_ = {};
    script_.answers = std::move(answers);
    RpcAuthentication authentication;
    authentication.simple_allowed = simple_allowed;
    if (has_token) {
      authentication.token = [wraps](const std::string& uri) -> RpcAuthentication::Mechanism {
        EXPECT_EQ(uri, "hdfs/a-stranger");
        return std::unique_ptr<SaslMechanism>(std::make_unique<TurningMechanism>(wraps));
      };
    }
    authentication.kerberos =
        [wraps](const std::string& host) -> StatusOr<std::unique_ptr<SaslMechanism>> {
      EXPECT_EQ(host, "nn1");
      return std::unique_ptr<SaslMechanism>(std::make_unique<TurningMechanism>(wraps));
    };
    auto authenticated = authenticate_rpc(std::make_unique<ScriptedServer>(script_), authentication,
                                          "nn1", std::chrono::seconds(1));
    if (!authenticated.ok()) return authenticated.status();
    login_ = authenticated->login;
    return std::move(authenticated->transport);
  }
  static std::string offer(const std::vector<std::string>& methods) {
    Sasl message;
    message.set_state(Sasl::NEGOTIATE);
    for (const std::string& method : methods) {
      auto* auth = message.add_auths();
      auth->set_method(method);
      auth->set_mechanism(method == "KERBEROS" ? "GSSAPI" : "");
      auth->set_protocol("hdfs");
      auth->set_serverid("a-stranger");
      auth->set_challenge("c");
    }
    return frame_of(message);
  }
  static std::string step(Sasl::State state, const std::string& token) {
    Sasl message;
    message.set_state(state);
    message.set_token(token);
    return frame_of(message);
  }

  Script script_;
  RpcLogin login_ = RpcLogin::kSimple;
};

TEST_F(RpcAuthenticationTest, KerberosIsChosenAndProvenInRounds) {
  const auto connection = run({offer({"TOKEN", "KERBEROS"}), step(Sasl::CHALLENGE, "one"),
                               step(Sasl::CHALLENGE, "two"), step(Sasl::SUCCESS, "proof")});
  ASSERT_TRUE(connection.ok()) << connection.status().to_string();
  EXPECT_EQ(login_, RpcLogin::kKerberos);
  EXPECT_EQ(script_.opening, connection_header(true));
  ASSERT_EQ(script_.received.size(), 4u);
  EXPECT_EQ(script_.received[0].state(), Sasl::NEGOTIATE);
  EXPECT_EQ(script_.received[1].state(), Sasl::INITIATE);
  ASSERT_EQ(script_.received[1].auths_size(), 1);
  EXPECT_EQ(script_.received[1].auths(0).method(), "KERBEROS");
  EXPECT_FALSE(script_.received[1].auths(0).has_challenge());
  EXPECT_EQ(script_.received[1].token(), "answer to ");
  EXPECT_EQ(script_.received[2].state(), Sasl::RESPONSE);
  EXPECT_EQ(script_.received[3].token(), "answer to two");
  ASSERT_TRUE((*connection)->write("plain", std::chrono::seconds(1)).ok());
  EXPECT_EQ(script_.after, "plain");
}

TEST_F(RpcAuthenticationTest, TokenIsPreferredAndAnswersTheChallengeInTheOffer) {
  ASSERT_TRUE(
      run({offer({"KERBEROS", "TOKEN"}), step(Sasl::SUCCESS, "proof")}, false, false, true).ok());
  EXPECT_EQ(login_, RpcLogin::kToken);
  ASSERT_EQ(script_.received.size(), 2u);
  EXPECT_EQ(script_.received[1].auths(0).method(), "TOKEN");
  EXPECT_EQ(script_.received[1].token(), "answer to c");
}

TEST_F(RpcAuthenticationTest, ServerWithoutTokensGetsKerberos) {
  ASSERT_TRUE(run({offer({"KERBEROS"}), step(Sasl::SUCCESS, "proof")}, false, false, true).ok());
  EXPECT_EQ(login_, RpcLogin::kKerberos);
}

TEST_F(RpcAuthenticationTest, ProtectedBytesTravelInMessages) {
  const auto connection = run({offer({"KERBEROS"}), step(Sasl::SUCCESS, "proof"),
                               step(Sasl::WRAP, TurningMechanism::turned("its ")) +
                                   step(Sasl::WRAP, TurningMechanism::turned("answer"))},
                              true);
  ASSERT_TRUE(connection.ok()) << connection.status().to_string();
  ASSERT_TRUE((*connection)->write("a frame", std::chrono::seconds(1)).ok());
  EXPECT_EQ(script_.received.back().state(), Sasl::WRAP);
  EXPECT_EQ(script_.received.back().token(), TurningMechanism::turned("a frame"));
  std::string bytes;
  bool end = false;
  ASSERT_TRUE((*connection)->read(100, std::chrono::seconds(1), &bytes, &end).ok());
  EXPECT_EQ(bytes, "its answer");
}

TEST_F(RpcAuthenticationTest, BytesWithoutProtectionAreRefused) {
  const auto connection =
      run({offer({"KERBEROS"}), step(Sasl::SUCCESS, "proof"), step(Sasl::CHALLENGE, "x")}, true);
  ASSERT_TRUE(connection.ok());
  ASSERT_TRUE((*connection)->write("a frame", std::chrono::seconds(1)).ok());
  std::string bytes;
  bool end = false;
  EXPECT_EQ((*connection)->read(100, std::chrono::seconds(1), &bytes, &end).code(),
            StatusCode::kPermissionDenied);
}

TEST_F(RpcAuthenticationTest, ServerWithoutKerberosIsRefusedUnlessThatIsAllowed) {
  const auto refused = run({offer({"TOKEN", "SIMPLE"})});
  EXPECT_EQ(refused.status().code(), StatusCode::kPermissionDenied);
  EXPECT_NE(refused.status().message().find("ipc.client.fallback-to-simple-auth-allowed"),
            std::string_view::npos);
  const auto allowed = run({offer({"TOKEN", "SIMPLE"})}, false, true);
  ASSERT_TRUE(allowed.ok()) << allowed.status().to_string();
  EXPECT_EQ(login_, RpcLogin::kSimple);
  EXPECT_EQ(script_.received.back().auths(0).method(), "SIMPLE");
  ASSERT_TRUE(run({offer({"SIMPLE", "KERBEROS"}), step(Sasl::SUCCESS, "proof")}, false, true).ok());
  EXPECT_EQ(script_.received.back().auths(0).method(), "KERBEROS");
}

TEST_F(RpcAuthenticationTest, ServerThatProvesNothingIsRefused) {
  EXPECT_EQ(run({offer({"KERBEROS"}), step(Sasl::SUCCESS, "")}).status().code(),
            StatusCode::kPermissionDenied);
}

TEST_F(RpcAuthenticationTest, RefusalsAreFinalUnlessTheServerCannotJudge) {
  const std::pair<std::string, StatusCode> kCases[] = {
      {"org.apache.hadoop.security.token.SecretManager$InvalidToken",
       StatusCode::kPermissionDenied},
      {"org.apache.hadoop.ipc.StandbyException", StatusCode::kUnavailable},
      {"org.apache.hadoop.ipc.RetriableException", StatusCode::kUnavailable}};
  for (const auto& [exception, code] : kCases)
    EXPECT_EQ(run({offer({"KERBEROS"}), refusal_frame(exception)}).status().code(), code);
}

TEST_F(RpcAuthenticationTest, OtherServersAndSilenceAreUnavailable) {
  EXPECT_NE(run({"HTTP/1.1 404 Not Found\r\n"}).status().message().find("it speaks HTTP"),
            std::string_view::npos);
  for (const std::deque<std::string>& answers :
       {std::deque<std::string>{}, {std::string("\x7F\0\0\0", 4)}, {std::string("\0\0\0\1x", 5)}})
    EXPECT_EQ(run(answers).status().code(), StatusCode::kUnavailable);
}

}  // namespace
}  // namespace weir
