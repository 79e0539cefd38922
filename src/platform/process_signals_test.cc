#include "platform/process_signals.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <cstdlib>

namespace weir {
namespace {

using namespace std::chrono_literals;
using Event = ProcessSignals::Event;

/// Runs in its own process, because a signal would end the test.
void expect_events(int first, Event event) {
  ProcessSignals signals;
  if (signals.wait(0ms) != Event::kTimeout) std::_Exit(1);
  signals.notify();
  if (signals.wait(1000ms) != Event::kNotified) std::_Exit(2);
  ::kill(::getpid(), first);
  if (signals.wait(1000ms) != event) std::_Exit(3);
}

TEST(ProcessSignals, FirstSignalAsksToLeaveAndTheNextEndsTheProcess) {
  for (const int first : {SIGTERM, SIGINT}) {
    for (const int second : {SIGTERM, SIGINT}) {
      EXPECT_EXIT(
          {
            expect_events(first, Event::kLeave);
            ::kill(::getpid(), second);
            std::_Exit(4);
          },
          testing::KilledBySignal(second), "");
    }
  }
}

TEST(ProcessSignals, SecondSignalEndsTheProcessEvenIfTheParentIgnoredIt) {
  EXPECT_EXIT(
      {
        ::signal(SIGINT, SIG_IGN);
        expect_events(SIGINT, Event::kLeave);
        ::kill(::getpid(), SIGINT);
        std::_Exit(4);
      },
      testing::KilledBySignal(SIGINT), "");
}

TEST(ProcessSignals, CancelMayRepeatAndLeavesTheOtherSignalsAlone) {
  EXPECT_EXIT(
      {
        expect_events(SIGUSR1, Event::kCancel);
        ProcessSignals signals;
        ::kill(::getpid(), SIGUSR1);
        if (signals.wait(1000ms) != Event::kCancel) std::_Exit(5);
        ::kill(::getpid(), SIGTERM);
        std::_Exit(signals.wait(1000ms) == Event::kLeave ? 0 : 6);
      },
      testing::ExitedWithCode(0), "");
}

}  // namespace
}  // namespace weir
