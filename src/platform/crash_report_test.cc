#include "platform/crash_report.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <cstdio>
#include <cstdlib>
#include <thread>

namespace weir {
namespace {

struct Subject final : CrashSubject {
  const char* crash_label() const override { return "operator 'o'"; }
};

int deeper(int depth) {
  volatile char room[4096] = {};
  room[depth % 4096] = 1;
  return depth < 0 ? 0 : deeper(depth + 1) + room[0];
}

class CrashReport : public testing::Test {
 protected:
  void SetUp() override { testing::FLAGS_gtest_death_test_style = "threadsafe"; }
  const Subject subject_;
};

TEST_F(CrashReport, NamesTheSignalAndTheOperator) {
  const auto crash = [this] {
    report_crashes("the test");
    const CrashScope scope(subject_);
    raise(SIGSEGV);
  };
  EXPECT_EXIT(
      crash(), testing::KilledBySignal(SIGSEGV),
      "weir: the test was ended by signal 11 \\(SIGSEGV\\), in operator 'o'\n.*weir_platform_test");
}

TEST_F(CrashReport, OutsideOfUserCodeNamesNoOperator) {
  const auto crash = [] {
    report_crashes("the test");
    std::abort();
  };
  EXPECT_EXIT(crash(), testing::KilledBySignal(SIGABRT),
              "weir: the test was ended by signal 6 \\(SIGABRT\\)\n");
}

TEST_F(CrashReport, StackOverflowOfAThreadIsReported) {
  const auto crash = [this] {
    report_crashes("the test");
    std::thread([this] {
      const SignalStack stack;
      const CrashScope scope(subject_);
      std::printf("%d", deeper(0));
    }).join();
  };
  EXPECT_EXIT(crash(), testing::KilledBySignal(SIGSEGV),
              "ended by signal 11 \\(SIGSEGV\\), in operator 'o'");
}

TEST_F(CrashReport, ExitInUserCodeIsAFailure) {
  const auto leave = [this](int code) {
    report_crashes("the test");
    const CrashScope scope(subject_);
    std::exit(code);
  };
  EXPECT_EXIT(leave(0), testing::ExitedWithCode(1),
              "ended by a call of exit\\(0\\), in operator 'o'");
  EXPECT_EXIT(leave(7), testing::ExitedWithCode(7),
              "ended by a call of exit\\(7\\), in operator 'o'");
}

TEST_F(CrashReport, ExitElsewhereIsLeftAlone) {
  const auto leave = [] {
    report_crashes("the test");
    std::exit(0);
  };
  EXPECT_EXIT(leave(), testing::ExitedWithCode(0), "^$");
}

TEST_F(CrashReport, MessengerForwardsTheReportBeforeTheProcessEnds) {
  const auto crash = [this] {
    report_crashes("the test");
    std::unique_ptr<CrashMessenger> messenger;
    messenger = CrashMessenger::start([&](std::string report) {
      std::fprintf(stderr, "passed on: %zu bytes of %s",
                   report.size() > 100 ? size_t{100} : report.size(),
                   report.substr(0, report.find('\n')).c_str());
      messenger->delivered();
    });
    const CrashScope scope(subject_);
    std::abort();
  };
  EXPECT_EXIT(crash(), testing::KilledBySignal(SIGABRT),
              "passed on: 100 bytes of weir: the test was ended by signal 6 \\(SIGABRT\\), in "
              "operator 'o'");
}

TEST_F(CrashReport, UnusedMessengerEnds) {
  bool notified = false;
  CrashMessenger::start([&](std::string) { notified = true; }).reset();
  EXPECT_FALSE(notified);
}

TEST_F(CrashReport, HandlerOfTheProgramIsKept) {
  const auto crash = [] {
    signal(SIGFPE, [](int) { _Exit(9); });
    report_crashes("the test");
    raise(SIGFPE);
  };
  EXPECT_EXIT(crash(), testing::ExitedWithCode(9), "^$");
}

}  // namespace
}  // namespace weir
