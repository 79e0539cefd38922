#include "platform/cpu_profile.h"

#include <gtest/gtest.h>
#include <pthread.h>

#include <atomic>
#include <chrono>
#include <ctime>
#include <thread>

#include "platform/elf_symbols.h"

namespace weir {
namespace {

std::atomic<uint64_t> result{0};

std::chrono::nanoseconds cpu_time_of_thread() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

/// Spends this thread's time, however long that takes. Not exported: only the symbol table has it.
[[gnu::noinline]] void spend_cpu_time(std::chrono::milliseconds time) {
  const auto end = cpu_time_of_thread() + time;
  uint64_t number = 1;
  while (cpu_time_of_thread() < end) {
    for (int i = 0; i < 100'000; ++i) number = number * 6364136223846793005u + 1;
  }
  result = number;
}

/// The samples of all stacks that contain the text.
int samples_with(const std::string& profile, const std::string& text) {
  int samples = 0;
  for (size_t begin = 0; begin < profile.size();) {
    const size_t end = profile.find('\n', begin);
    const std::string line = profile.substr(begin, end - begin);
    if (line.find(text) != std::string::npos)
      samples += std::stoi(line.substr(line.rfind(' ') + 1));
    begin = end + 1;
  }
  return samples;
}

/// Tests share the recording of the process.
void begin_recording() {
  if (cpu_profile().empty()) return;
  EXPECT_EQ(cpu_profile(), "");
}

TEST(CpuProfile, FindsWhereTheTimeWasSpentOnEveryThread) {
  begin_recording();
  std::atomic<bool> spent{false};
  std::atomic<bool> end{false};
  std::thread other([&] {
    ::pthread_setname_np(::pthread_self(), "spender");
    spend_cpu_time(std::chrono::milliseconds(200));
    spent = true;
    while (!end) std::this_thread::yield();
  });
  spend_cpu_time(std::chrono::milliseconds(200));
  while (!spent) std::this_thread::yield();
  const std::string profile = cpu_profile();  // while the thread still has a name
  end = true;
  other.join();
  EXPECT_GT(samples_with(profile, "spend_cpu_time"), 10) << profile;
  EXPECT_GT(samples_with(profile, "spender;"), 0) << profile;
  EXPECT_GT(samples_with(profile, "main;"), 0) << "stacks begin at the outermost\n" << profile;
}

TEST(CpuProfile, TheNextCallAfterAResultBeginsAnew) {
  begin_recording();
  spend_cpu_time(std::chrono::milliseconds(100));
  EXPECT_NE(cpu_profile(), "");
  EXPECT_EQ(cpu_profile(), "") << "a new recording";
  EXPECT_EQ(samples_with(cpu_profile(), "spend_cpu_time"), 0);
}

TEST(CpuProfile, LeavesSystemCallsAndExceptionsAlone) {
  begin_recording();
  int caught = 0;
  const auto end = cpu_time_of_thread() + std::chrono::milliseconds(300);
  while (cpu_time_of_thread() < end) {
    try {
      throw std::to_string(caught);
    } catch (const std::string&) { ++caught; }
  }
  EXPECT_GT(caught, 1000);
  EXPECT_NE(cpu_profile(), "");
}

TEST(ElfSymbols, KnowTheFunctionsOfThisProgram) {
  const ElfSymbols symbols = ElfSymbols::read("/proc/self/exe");
  EXPECT_GT(symbols.size(), 100u);
  EXPECT_EQ(symbols.name_at(0), "");
  EXPECT_EQ(symbols.name_at(UINT64_MAX), "");
}

TEST(ElfSymbols, OtherFilesHaveNone) {
  EXPECT_EQ(ElfSymbols::read("/no/such/file").size(), 0u);
  EXPECT_EQ(ElfSymbols::read("/proc/self/status").size(), 0u);
  EXPECT_EQ(ElfSymbols::read("/dev/null").size(), 0u);
}

}  // namespace
}  // namespace weir
