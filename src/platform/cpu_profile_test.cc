#include "platform/cpu_profile.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "platform/elf_symbols.h"

namespace weir {
namespace {

std::atomic<uint64_t> result{0};

/// Not exported: only the symbol table knows its name.
[[gnu::noinline]] void spend_cpu_time(std::chrono::milliseconds time) {
  const auto end = std::chrono::steady_clock::now() + time;
  uint64_t number = 1;
  while (std::chrono::steady_clock::now() < end) {
    for (int i = 0; i < 1000; ++i) number = number * 6364136223846793005u + 1;
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
  if (!cpu_profile().empty()) EXPECT_EQ(cpu_profile(), "");
}

TEST(CpuProfile, FindsWhereTheTimeWasSpentOnEveryThread) {
  begin_recording();
  std::atomic<bool> end{false};
  std::thread other([&end] {
    ::pthread_setname_np(::pthread_self(), "spender");
    while (!end) spend_cpu_time(std::chrono::milliseconds(10));
  });
  spend_cpu_time(std::chrono::milliseconds(500));
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
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(300);
  while (std::chrono::steady_clock::now() < end) {
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
