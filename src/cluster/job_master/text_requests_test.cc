#include "cluster/job_master/text_requests.h"

#include <gtest/gtest.h>

#include <vector>

#include "cluster/testing/master_fixture.h"
#include "platform/scheduler.h"

namespace weir::cluster_tests {
namespace {

using std::chrono::seconds;

class TextRequestsTest : public testing::Test {
 protected:
  int64_t begin(int64_t session, MonotonicTime now = seconds(0)) {
    return requests_
        .begin(session, now,
               [this](const StatusOr<std::string>& text) {
                 outcomes_.push_back(text.ok() ? *text : text.status().to_string());
               })
        .value();
  }

  TextRequests requests_;
  std::vector<std::string> outcomes_;
};

TEST_F(TextRequestsTest, AnAnswerEndsItsRequestOnce) {
  const int64_t first = begin(7);
  const int64_t second = begin(7);
  requests_.answer(7, second, "b");
  requests_.answer(7, second, "again");
  requests_.answer(7, first, "a");
  EXPECT_EQ(outcomes_, (std::vector<std::string>{"b", "a"}));
}

TEST_F(TextRequestsTest, AnotherWorkerCannotAnswer) {
  const int64_t request = begin(7);
  requests_.answer(8, request, "a lie");
  requests_.answer(7, request + 1, "unknown");
  EXPECT_TRUE(outcomes_.empty());
}

TEST_F(TextRequestsTest, TheLossOfAWorkerEndsItsRequestsOnly) {
  begin(7);
  const int64_t other = begin(8);
  requests_.lose(7);
  ASSERT_EQ(outcomes_.size(), 1u);
  EXPECT_NE(outcomes_[0].find("was lost"), std::string::npos);
  requests_.answer(8, other, "b");
  EXPECT_EQ(outcomes_.back(), "b");
}

TEST_F(TextRequestsTest, OverdueRequestsEnd) {
  EXPECT_EQ(requests_.poll(seconds(0)), Actor::kIdle);
  begin(7, seconds(1));
  begin(7, seconds(3));
  EXPECT_EQ(requests_.poll(seconds(5)), seconds(6));
  EXPECT_TRUE(outcomes_.empty());
  EXPECT_EQ(requests_.poll(seconds(6)), seconds(8));
  ASSERT_EQ(outcomes_.size(), 1u);
  EXPECT_NE(outcomes_[0].find("not answered for 5000 ms"), std::string::npos) << outcomes_[0];
  EXPECT_EQ(requests_.poll(seconds(8)), Actor::kIdle);
}

TEST_F(TextRequestsTest, TheNumberOfOpenRequestsIsBounded) {
  for (size_t i = 0; i < TextRequests::kMaxOpen; ++i) begin(7);
  EXPECT_EQ(requests_.begin(7, seconds(0), [](const auto&) { FAIL(); }).status().code(),
            StatusCode::kResourceExhausted);
  requests_.lose(7);
  begin(7);
}

TEST_F(JobMasterTest, AsksAWorkerForItsLog) {
  make();
  FakeWorker a = worker("a");
  FakeWorker b = worker("b");
  std::vector<std::string> texts;
  const auto read = [&](const std::string& name) {
    master_->read_text(name, ProcessText::kThreads, [&](const StatusOr<std::string>& text) {
      texts.push_back(text.ok() ? *text : std::string(text.status().message()));
    });
    settle();
  };
  read("b");
  EXPECT_FALSE(a.take<RequestText>().has_value());
  const auto request = b.take<RequestText>();
  ASSERT_TRUE(request.has_value());
  EXPECT_EQ(request->what, ProcessText::kThreads);
  b.send(TextOfProcess{request->request, "threads of b"});
  settle();
  read("c");
  read("b");
  b.die();
  settle();
  read("a");
  pass(seconds(6), {&a});
  ASSERT_EQ(texts.size(), 4u);
  EXPECT_EQ(texts[0], "threads of b");
  EXPECT_EQ(texts[1], "there is no worker c");
  EXPECT_NE(texts[2].find("was lost"), std::string::npos) << texts[2];
  EXPECT_NE(texts[3].find("has not answered"), std::string::npos) << texts[3];
}

}  // namespace
}  // namespace weir::cluster_tests
