#include "platform/process_group.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <mutex>
#include <set>
#include <thread>

#include "base/strings.h"
#include "platform/memory_file.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

// The children run this program; each runs one of these, which are not tests.

/// Writes its open descriptors to a file, and waits to be killed.
TEST(DISABLED_Child, ListsItsDescriptors) {
  const char* target = std::getenv("WEIR_TEST_TARGET");
  ASSERT_NE(target, nullptr);
  std::string text;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;  // fails for the descriptor of this iteration
    const std::string leads_to = std::filesystem::read_symlink(entry.path(), gone).string();
    if (leads_to.find("/fd") == std::string::npos) text += entry.path().filename().string() + "\n";
  }
  std::ofstream(cat(target, ".tmp")) << text;
  std::filesystem::rename(cat(target, ".tmp"), target);
  ::pause();
}

TEST(DISABLED_Child, Ends) { std::_Exit(3); }

TEST(DISABLED_Child, Waits) { ::pause(); }

std::vector<std::string> to_run(const std::string& child) {
  return {"--gtest_also_run_disabled_tests", cat("--gtest_filter=DISABLED_Child.", child)};
}

/// Collects the lines that a group reports.
class Reports {
 public:
  std::function<void(const std::string&)> sink() {
    return [this](const std::string& line) {
      std::lock_guard lock(mutex_);
      lines_.push_back(line);
      came_.notify_all();
    };
  }
  bool await(size_t count) {
    std::unique_lock lock(mutex_);
    return came_.wait_for(lock, 20s, [&] { return lines_.size() >= count; });
  }
  std::string first() {
    std::lock_guard lock(mutex_);
    return lines_.empty() ? "" : lines_[0];
  }

 private:
  std::mutex mutex_;
  std::condition_variable came_;
  std::vector<std::string> lines_;
};

/// From now on these system calls fail for this thread and the threads that it starts.
void forget_calls(std::initializer_list<int> numbers) {
  std::vector<sock_filter> program = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0)};  // the call's number
  for (const int number : numbers) {
    program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<uint32_t>(number), 0, 1));
    program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM));
  }
  program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  const sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
  ASSERT_EQ(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
  ASSERT_EQ(::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter), 0);
  ASSERT_LT(::syscall(SYS_pidfd_open, ::getpid(), 0), 0);
}

void expect_that_the_dead_are_reaped_and_started_again() {
  Reports reports;
  auto group = ProcessGroup::start(
      {.count = 1, .arguments = to_run("Ends"), .inherited = {}, .report = reports.sink()});
  ASSERT_TRUE(group.ok()) << group.status().to_string();
  ASSERT_TRUE(reports.await(2)) << "a child that has ended is not noticed";
  EXPECT_NE(reports.first().find("ended with exit code 3; it is started again"), std::string::npos)
      << reports.first();
}

std::set<int> descriptors_of_a_child(const std::vector<int>& inherited) {
  std::string directory = (std::filesystem::temp_directory_path() / "weir-group-XXXXXX").string();
  EXPECT_NE(::mkdtemp(directory.data()), nullptr);
  const std::string target = directory + "/descriptors";
  ::setenv("WEIR_TEST_TARGET", target.c_str(), 1);
  std::set<int> found;
  {
    auto group = ProcessGroup::start({.count = 1,
                                      .arguments = to_run("ListsItsDescriptors"),
                                      .inherited = inherited,
                                      .report = {}});
    EXPECT_TRUE(group.ok());
    const auto deadline = std::chrono::steady_clock::now() + 20s;
    while (!std::filesystem::exists(target) && std::chrono::steady_clock::now() < deadline)
      std::this_thread::sleep_for(5ms);
    std::ifstream file(target);
    found = {std::istream_iterator<int>(file), {}};
  }
  ::unsetenv("WEIR_TEST_TARGET");
  std::filesystem::remove_all(directory);
  return found;
}

void expect_that_children_have_what_they_are_given() {
  // Without O_CLOEXEC, as some libraries open files.
  const UniqueFd careless(::open("/dev/null", O_RDONLY));
  const UniqueFd given = memory_file("a secret").value();
  EXPECT_EQ(descriptors_of_a_child({given.get()}), (std::set<int>{0, 1, 2, given.get()}));
  EXPECT_EQ(descriptors_of_a_child({}), (std::set<int>{0, 1, 2}));
}

TEST(MemoryFile, OnlyItsOwnerMayReadIt) {
  const UniqueFd file = memory_file("a secret").value();
  struct stat made{};
  ASSERT_EQ(::fstat(file.get(), &made), 0);
  EXPECT_EQ(made.st_mode & 07777, 0400u);
  std::ifstream in(path_of_descriptor(file.get()));
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(in), {}), "a secret");
  EXPECT_NE(::fcntl(file.get(), F_GETFD) & FD_CLOEXEC, 0);
}

TEST(ProcessGroup, DeadChildrenAreReapedAndRestarted) {
  expect_that_the_dead_are_reaped_and_started_again();
}

TEST(ProcessGroup, ChildrenInheritOnlyTheGivenDescriptors) {
  expect_that_children_have_what_they_are_given();
}

TEST(ProcessGroup, WorksOnAnOldKernelAndInASandbox) {
  std::thread([] {
    forget_calls({SYS_pidfd_open, SYS_close_range});
    expect_that_the_dead_are_reaped_and_started_again();
    expect_that_children_have_what_they_are_given();
  }).join();
}

/// A terminal sends its interrupt to a whole process group.
TEST(ProcessGroup, InterruptOfTheTerminalDoesNotReachChildren) {
  auto group = ProcessGroup::start(
      {.count = 1, .arguments = to_run("Waits"), .inherited = {}, .report = {}});
  ASSERT_TRUE(group.ok());
  const std::vector<int> pids = (*group)->pids();
  ASSERT_EQ(pids.size(), 1u);
  const auto deadline = std::chrono::steady_clock::now() + 20s;
  while (::getpgid(pids[0]) == ::getpgrp() && std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(1ms);
  EXPECT_EQ(::getpgid(pids[0]), pids[0]);
}

TEST(ProcessGroup, FinishEndsThemAll) {
  auto group = ProcessGroup::start(
      {.count = 2, .arguments = to_run("Waits"), .inherited = {}, .report = {}});
  ASSERT_TRUE(group.ok());
  const std::vector<int> pids = (*group)->pids();
  ASSERT_EQ(pids.size(), 2u);
  (*group)->finish(0);
  for (const int pid : pids) EXPECT_NE(::kill(pid, 0), 0);
  EXPECT_TRUE((*group)->pids().empty());
}

}  // namespace
}  // namespace weir
