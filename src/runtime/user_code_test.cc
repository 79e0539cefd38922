#include "runtime/user_code.h"

#include <gtest/gtest.h>
#include <pthread.h>

#include <new>
#include <stdexcept>
#include <thread>

namespace weir {
namespace {

struct NoStdException {};

std::string message_of(const std::function<Status()>& call) {
  return std::string(call_user_code("operator 'o'", call).message());
}

TEST(UserCode, ExceptionBecomesAStatusWithItsName) {
  EXPECT_EQ(message_of([]() -> Status { throw std::runtime_error("no luck"); }),
            "operator 'o' threw: no luck");
  EXPECT_EQ(message_of([]() -> Status { throw 7; }),
            "operator 'o' threw an object of type int, which is not a std::exception");
  EXPECT_EQ(message_of([]() -> Status { throw NoStdException(); }),
            "operator 'o' threw an object of type weir::(anonymous namespace)::NoStdException, "
            "which is not a std::exception");
  EXPECT_EQ(message_of([]() -> Status { throw std::bad_alloc(); }),
            "operator 'o' ran out of memory (std::bad_alloc)");
  EXPECT_EQ(call_user_code("x", []() -> Status { throw 1; }).code(), StatusCode::kAborted);
}

TEST(UserCode, FailureGetsItsNameAndKeepsItsCode) {
  const StatusOr<int> failed =
      call_user_code("operator 'o'", []() -> StatusOr<int> { return unavailable("later"); });
  EXPECT_EQ(failed.status().message(), "operator 'o': later");
  EXPECT_EQ(failed.status().code(), StatusCode::kUnavailable);
  EXPECT_EQ(*call_user_code("operator 'o'", []() -> StatusOr<int> { return 5; }), 5);
}

TEST(UserCode, EndOfAThreadIsNotAnException) {
  bool caught = false;
  std::thread thread([&] {
    (void)call_user_code("operator 'o'", []() -> Status { pthread_exit(nullptr); });
    caught = true;
  });
  thread.join();
  EXPECT_FALSE(caught);
}

TEST(UserCode, CrashReportNamesTheRunningCode) {
  const auto label = [] {
    const CrashSubject* const subject = detail::crash_subject.load();
    return subject == nullptr ? std::string() : std::string(subject->crash_label());
  };
  std::string outer, inner, outer_again;
  (void)call_user_code("outer", [&] {
    outer = label();
    (void)call_user_code("inner", [&] {
      inner = label();
      return Status();
    });
    outer_again = label();
    return Status();
  });
  EXPECT_EQ(outer + inner + outer_again + label(), "outerinnerouter");
}

}  // namespace
}  // namespace weir
