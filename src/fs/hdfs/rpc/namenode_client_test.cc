#include "fs/hdfs/rpc/namenode_client.h"

#include <gtest/gtest.h>

#include <thread>

#include "fs/hdfs/rpc/model_namenode_test.h"

namespace weir {
namespace {

const std::string kPath = "/a/b";

class NameNodeClientTest : public testing::Test {
 protected:
  NameNodeClient& client(int namenodes, std::deque<ModelAnswer> answers) {
    answers_ = std::move(answers);
    NameNodeClientOptions options;
    options.retry = {.attempts_max = 4, .first_contact_attempts_max = 2};
    options.sleep = [this](std::chrono::milliseconds time) {
      waits_ms_.push_back(time.count());
      now_ += time;
    };
    options.now = [this] { return now_; };
    for (int i = 0; i < namenodes; ++i) options.namenodes.push_back({cat("nn", i + 1), 8020});
    options.origin = "the test";
    options.user = "bob";
    options.answer_timeout = std::chrono::seconds(10);
    options.connect = [this](const NameNodeAddress& address) { return connect(address); };
    client_ = std::make_unique<NameNodeClient>(std::move(options));
    return *client_;
  }

  StatusOr<std::shared_ptr<RpcConnection>> connect(const NameNodeAddress& address) {
    ++dials_;
    if (unreachable_.contains(address.host)) return unavailable("refused");
    const int number = address.host.back() - '0';
    auto model = std::make_unique<ModelRpcConnection>(
        number,
        [this](const ArrivedCall& call) {
          calls_.push_back(call);
          if (answers_.empty()) return refusal("a.IOException", "no answer is left");
          ModelAnswer answer = answers_.front();
          answers_.pop_front();
          return answer;
        },
        [this](std::chrono::milliseconds time) { now_ += time; });
    last_ = model.get();
    return RpcConnection::open(std::move(model), {std::string(16, 'c'), "bob"}, false,
                               [this] { return now_; });
  }

  NameNodeClient::Answer mkdirs() {
    hadoop::MkdirsRequest request;
    request.set_src(kPath);
    request.mutable_masked()->set_perm(0750);
    request.set_createparent(true);
    hadoop::MkdirsResponse response;
    auto answer = client_->call({"mkdirs", "make the directory", kPath}, request, &response);
    result_ = response.result();
    return answer;
  }
  static ModelAnswer yes() {
    ModelAnswer answer;
    answer.body = "\x08\x01";
    return answer;
  }
  static ModelAnswer lost() {
    ModelAnswer answer;
    answer.lost = true;
    return answer;
  }
  static ModelAnswer standby() { return refusal("org.apache.hadoop.ipc.StandbyException"); }

  MonotonicTime now_{0};
  std::deque<ModelAnswer> answers_;
  std::vector<ArrivedCall> calls_;
  std::vector<int64_t> waits_ms_;
  std::set<std::string> unreachable_;
  ModelRpcConnection* last_ = nullptr;
  int dials_ = 0;
  bool result_ = false;
  std::unique_ptr<NameNodeClient> client_;
};

TEST_F(NameNodeClientTest, CallIsSentOnceAndAnswered) {
  client(1, {yes(), yes()});
  EXPECT_EQ(mkdirs().status.to_string(), "OK");
  EXPECT_TRUE(result_);
  EXPECT_EQ(mkdirs().status.to_string(), "OK");
  ASSERT_EQ(calls_.size(), 2u);
  EXPECT_EQ(dials_, 1);
  EXPECT_EQ(calls_[0].method, "mkdirs");
  EXPECT_EQ(calls_[0].client_id, std::string(16, 'c'));
  EXPECT_EQ(calls_[0].retry_count, 0);
  EXPECT_NE(calls_[0].id, calls_[1].id);
}

TEST_F(NameNodeClientTest, StandbyIsLeftForTheOtherNameNodeWithTheSameIds) {
  client(2, {standby(), yes(), yes()});
  EXPECT_EQ(mkdirs().status.to_string(), "OK");
  ASSERT_EQ(calls_.size(), 2u);
  EXPECT_EQ(calls_[0].namenode, 1);
  EXPECT_EQ(calls_[1].namenode, 2);
  EXPECT_EQ(calls_[1].id, calls_[0].id);
  EXPECT_EQ(calls_[1].retry_count, 1);
  EXPECT_TRUE(waits_ms_.empty());
  // It stays with the one that answered.
  EXPECT_EQ(mkdirs().status.to_string(), "OK");
  EXPECT_EQ(calls_[2].namenode, 2);
}

TEST_F(NameNodeClientTest, LostAnswerIsAskedForAgainWithTheSameIds) {
  client(1, {lost(), yes()});
  const auto answer = mkdirs();
  EXPECT_EQ(answer.status.to_string(), "OK");
  EXPECT_TRUE(answer.earlier_unknown);
  ASSERT_EQ(calls_.size(), 2u);
  EXPECT_EQ(calls_[1].id, calls_[0].id);
  EXPECT_EQ(calls_[1].retry_count, 1);
  EXPECT_EQ(dials_, 2);
}

TEST_F(NameNodeClientTest, SilentNameNodeIsLeftAfterTheTimeout) {
  ModelAnswer mute;
  mute.mute = true;
  client(2, {mute, yes()});
  const auto answer = mkdirs();
  EXPECT_EQ(answer.status.to_string(), "OK");
  EXPECT_TRUE(answer.earlier_unknown);
  EXPECT_EQ(now_, std::chrono::seconds(10));
  EXPECT_EQ(calls_[1].namenode, 2);
  EXPECT_EQ(calls_[1].id, calls_[0].id);
}

TEST_F(NameNodeClientTest, ConnectionThatTheServerClosedWhileIdleIsReplacedAtOnce) {
  client(1, {yes(), yes()});
  EXPECT_TRUE(mkdirs().status.ok());
  last_->close_from_the_other_side();
  const auto answer = mkdirs();
  EXPECT_EQ(answer.status.to_string(), "OK");
  EXPECT_FALSE(answer.earlier_unknown);
  EXPECT_EQ(calls_[1].retry_count, 0);
  EXPECT_EQ(dials_, 2);
  EXPECT_TRUE(waits_ms_.empty());
}

TEST_F(NameNodeClientTest, FinalRefusalsAreNotRepeated) {
  const std::pair<std::string, StatusCode> kCases[] = {
      {"java.io.FileNotFoundException", StatusCode::kNotFound},
      {"org.apache.hadoop.fs.FileAlreadyExistsException", StatusCode::kAlreadyExists},
      {"org.apache.hadoop.fs.ParentNotDirectoryException", StatusCode::kFailedPrecondition},
      {"org.apache.hadoop.fs.PathIsNotEmptyDirectoryException", StatusCode::kFailedPrecondition},
      {"org.apache.hadoop.security.AccessControlException", StatusCode::kPermissionDenied},
      {"org.apache.hadoop.hdfs.protocol.NSQuotaExceededException", StatusCode::kResourceExhausted},
      {"org.apache.hadoop.hdfs.protocol.DSQuotaExceededException", StatusCode::kResourceExhausted},
      {"org.apache.hadoop.fs.InvalidPathException", StatusCode::kInvalidArgument},
      {"org.apache.hadoop.hdfs.server.namenode.LeaseExpiredException", StatusCode::kUnavailable},
  };
  for (const auto& [exception, code] : kCases) {
    calls_.clear();
    client(1, {refusal(exception)});
    const auto answer = mkdirs();
    EXPECT_EQ(answer.status.code(), code) << answer.status.to_string();
    EXPECT_NE(answer.status.message().find("cannot make the directory /a/b on HDFS: nn1:8020"),
              std::string_view::npos)
        << answer.status.to_string();
    EXPECT_EQ(answer.status.message().find("a.b.C"), std::string_view::npos);
    EXPECT_EQ(calls_.size(), 1u) << exception;
  }
}

TEST_F(NameNodeClientTest, SafeModeIsWaitedForWithGrowingPauses) {
  const auto safe = refusal("org.apache.hadoop.ipc.RetriableException",
                            "NameNode still not started, Name node is in safe mode");
  client(1, {safe, safe, yes()});
  EXPECT_EQ(mkdirs().status.to_string(), "OK");
  EXPECT_EQ(waits_ms_, (std::vector<int64_t>{200, 400}));
}

TEST_F(NameNodeClientTest, NoAttemptBeginsAfterTheLast) {
  client(2, std::deque<ModelAnswer>(20, standby()));
  const auto answer = mkdirs();
  EXPECT_EQ(answer.status.code(), StatusCode::kUnavailable);
  EXPECT_NE(answer.status.message().find("haadmin"), std::string_view::npos)
      << answer.status.to_string();
  EXPECT_EQ(calls_.size(), 8u);  // 4 rounds of both
  EXPECT_EQ(waits_ms_, (std::vector<int64_t>{200, 400, 800}));
}

TEST_F(NameNodeClientTest, AddressThatNeverAnsweredIsGivenUpSooner) {
  unreachable_ = {"nn1"};
  client(1, {});
  const auto answer = mkdirs();
  EXPECT_EQ(answer.status.code(), StatusCode::kUnavailable);
  EXPECT_NE(answer.status.message().find("no NameNode is reachable at nn1:8020 (refused), an "
                                         "address from the test"),
            std::string_view::npos)
      << answer.status.to_string();
  EXPECT_FALSE(answer.earlier_unknown);
  EXPECT_EQ(dials_, 2);
}

TEST_F(NameNodeClientTest, ServerThatWantsKerberosIsNotAskedAgain) {
  ModelAnswer answer =
      refusal("org.apache.hadoop.security.AccessControlException",
              "SIMPLE authentication is not enabled.  Available:[TOKEN, KERBEROS]");
  answer.fatal = true;
  client(2, {answer});
  const auto refused = mkdirs();
  EXPECT_EQ(refused.status.code(), StatusCode::kPermissionDenied) << refused.status.to_string();
  EXPECT_NE(refused.status.message().find("Kerberos"), std::string_view::npos);
  EXPECT_EQ(calls_.size(), 1u);
}

TEST_F(NameNodeClientTest, UnreadableAnswerIsAFailure) {
  ModelAnswer nonsense;
  nonsense.body = "\xFF\xFF\xFF";
  client(1, {nonsense});
  EXPECT_EQ(mkdirs().status.code(), StatusCode::kUnavailable);
}

/// Answers only when both calls are there, and then the second first.
class CrossingServer final : public TcpClient {
 public:
  Status read(size_t, std::chrono::milliseconds, std::string* bytes, bool* end) override {
    std::lock_guard lock(mutex_);
    *end = false;
    bytes->clear();
    if (ids_.size() == 2) bytes->assign(answer(1) + answer(0));
    if (ids_.size() == 2) ids_.clear();
    return {};
  }
  Status write(std::string_view bytes, std::chrono::milliseconds) override {
    std::lock_guard lock(mutex_);
    std::string_view frame = bytes;
    if (frame.starts_with("hrpc")) return {};
    frame.remove_prefix(4);
    hadoop::RpcRequestHeader header;
    EXPECT_TRUE(take_delimited(&frame, &header));
    ids_.push_back(header.callid());
    return {};
  }

 private:
  std::string answer(size_t which) const {
    hadoop::RpcResponseHeader header;
    header.set_callid(static_cast<uint32_t>(ids_[which]));
    header.set_status(hadoop::RpcResponseHeader::SUCCESS);
    std::string body, frame;
    append_delimited(header, &body);
    const std::string text = cat("answer to ", ids_[which]);
    append_length(text.size(), &body);
    append_be32(static_cast<uint32_t>(body.size() + text.size()), &frame);
    return frame + body + text;
  }
  std::mutex mutex_;
  std::vector<int32_t> ids_;
};

TEST(RpcConnectionTest, AnswersReachTheirCallersInAnyOrder) {
  const auto connection =
      RpcConnection::open(std::make_unique<CrossingServer>(), {std::string(16, 'c'), "bob"}, false,
                          [] { return MonotonicTime(0); });
  ASSERT_TRUE(connection.ok());
  for (int round = 0; round < 200; ++round) {
    RpcReply first, second;
    std::thread other([&] {
      first = (*connection)
                  ->call({.id = 2 * round, .method = "m", .request = ""}, std::chrono::seconds(5));
    });
    second =
        (*connection)
            ->call({.id = 2 * round + 1, .method = "m", .request = ""}, std::chrono::seconds(5));
    other.join();
    ASSERT_EQ(first.body, cat("answer to ", 2 * round)) << first.problem;
    ASSERT_EQ(second.body, cat("answer to ", 2 * round + 1)) << second.problem;
  }
}

}  // namespace
}  // namespace weir
