#include "platform/process_text.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <unistd.h>

#include <cstdio>

#include "base/log.h"
#include "base/recent_log.h"
#include "platform/unique_fd.h"

namespace weir {
namespace {

TEST(ProcessText, NamesTheThreadsOfThisProcess) {
  char name[16] = "";
  ASSERT_EQ(::pthread_getname_np(::pthread_self(), name, sizeof name), 0);
  ASSERT_EQ(::pthread_setname_np(::pthread_self(), "a (b) \"c"), 0);
  const std::string threads = own_process_text(ProcessText::kThreads);
  ::pthread_setname_np(::pthread_self(), name);
  EXPECT_NE(threads.find("\"a (b) \"c\" Id="), std::string::npos) << threads;
  EXPECT_NE(threads.find("RUNNABLE cpu="), std::string::npos) << threads;
  EXPECT_EQ(threads.back(), '\n');
}

TEST(ProcessText, TheNewestLinesOfTheLogAreKept) {
  const LogSink ignore = [](LogLevel, std::string_view) {};
  set_log_sink(ignore);
  WEIR_LOG(kInfo) << "before";
  keep_recent_log(300);
  for (int i = 0; i < 1000; ++i) WEIR_LOG(kWarning) << "line " << i;
  WEIR_LOG(kDebug) << "not logged";
  const std::string log = own_process_text(ProcessText::kLog);
  keep_recent_log(0);
  set_log_sink(nullptr);
  EXPECT_LE(log.size(), 300u);
  EXPECT_GT(log.size(), 200u);
  EXPECT_TRUE(log.ends_with(" WARN  line 999\n")) << log;
  EXPECT_EQ(log.find("line 1\n"), std::string::npos);
}

TEST(ProcessText, StandardOutputIsShownOnlyIfItIsAFile) {
  std::fflush(stdout);
  const UniqueFd saved(::dup(STDOUT_FILENO));
  const auto shown_with = [&](int fd) {
    ::dup2(fd, STDOUT_FILENO);
    const std::string text = own_process_text(ProcessText::kStandardOutput);
    ::dup2(saved.get(), STDOUT_FILENO);
    return text;
  };
  std::FILE* file = std::tmpfile();
  ASSERT_NE(file, nullptr);
  const std::string text(kMaxTextBytes, 'x');
  std::fputs(text.c_str(), file);
  std::fputs("the end", file);
  std::fflush(file);
  const std::string end = shown_with(::fileno(file));
  std::fclose(file);
  EXPECT_EQ(end.size(), static_cast<size_t>(kMaxTextBytes));
  EXPECT_TRUE(end.ends_with("xthe end"));
  int pipe_ends[2];
  ASSERT_EQ(::pipe(pipe_ends), 0);
  const UniqueFd reader(pipe_ends[0]);
  const UniqueFd writer(pipe_ends[1]);
  EXPECT_EQ(shown_with(writer.get()), "");
}

}  // namespace
}  // namespace weir
