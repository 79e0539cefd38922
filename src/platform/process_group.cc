#include "platform/process_group.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <xxhash.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <mutex>
#include <sstream>
#include <thread>

#include "base/strings.h"

namespace weir {
namespace {

using Time = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kLongLife{2000};
constexpr milliseconds kFirstPause{100};
constexpr milliseconds kLastPause{5000};
constexpr milliseconds kLook{100};  ///< interval of checks where a child's end is not announced:
                                    ///< old kernels, and sandboxes without pidfd_open

struct Child {
  pid_t pid = -1;  ///< -1: not running
  int fd = -1;     ///< becomes readable when the child ends; -1: not supported by the system
  Time::time_point since;
  Time::time_point start_at;
  milliseconds pause{0};
};

/// Runs between fork and exec, so it may only make system calls. exec closes all other descriptors
/// except the standard streams.
void keep_only(const std::vector<int>& inherited) {
  constexpr unsigned kFirst = STDERR_FILENO + 1;
#ifdef SYS_close_range
  const bool marked = syscall(SYS_close_range, kFirst, ~0U, CLOSE_RANGE_CLOEXEC) == 0;
#else
  const bool marked = false;
#endif
  if (!marked) {  // an old kernel, or a sandbox without the call
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    const int end = static_cast<int>(std::min<rlim_t>(limit.rlim_cur, 1 << 16));
    for (int fd = kFirst; fd < end; ++fd) fcntl(fd, F_SETFD, FD_CLOEXEC);
  }
  for (const int fd : inherited) fcntl(fd, F_SETFD, 0);
}

std::string describe(int status) {
  if (WIFSIGNALED(status))
    return cat("was ended by signal ", WTERMSIG(status), " (", strsignal(WTERMSIG(status)), ")");
  return cat("ended with exit code ", WEXITSTATUS(status));
}

std::string id_of(XXH64_hash_t digest) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(digest));
  return text;
}

class Group final : public ProcessGroup {
 public:
  explicit Group(Options options)
      : options_(std::move(options)), wake_fd_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
    children_.resize(static_cast<size_t>(options_.count));
  }
  ~Group() override {
    finish(0);
    close(wake_fd_);
  }

  Status begin() {
    arguments_.push_back("/proc/self/exe");
    if (const auto own = own_command_line(); !own.empty()) arguments_[0] = own[0];
    arguments_.insert(arguments_.end(), options_.arguments.begin(), options_.arguments.end());
    for (Child& child : children_) {
      const Status status = spawn(child);
      if (!status.ok()) return status;
    }
    thread_ = std::thread([this] { run(); });
    return {};
  }

  void finish(int patience) override {
    if (!thread_.joinable()) return;
    finishing_ = true;
    wake();
    const auto deadline = Time::now() + milliseconds(patience);
    while (running() && Time::now() < deadline) std::this_thread::sleep_for(milliseconds(5));
    send_all(SIGTERM);
    const auto kill_at = Time::now() + milliseconds(1000);
    while (running() && Time::now() < kill_at) std::this_thread::sleep_for(milliseconds(5));
    send_all(SIGKILL);
    while (running()) std::this_thread::sleep_for(milliseconds(1));
    done_ = true;
    wake();
    thread_.join();
  }

  std::vector<int> pids() const override {
    std::lock_guard lock(mutex_);
    std::vector<int> pids;
    for (const Child& child : children_) {
      if (child.pid > 0) pids.push_back(child.pid);
    }
    return pids;
  }

 private:
  Status spawn(Child& child) {
    std::vector<char*> arguments;
    for (std::string& argument : arguments_) arguments.push_back(argument.data());
    arguments.push_back(nullptr);
    const pid_t parent = getpid();
    const pid_t pid = fork();
    if (pid < 0) return unavailable(cat("cannot start a worker process: ", std::strerror(errno)));
    if (pid == 0) {
      // Only system calls that are safe between fork and exec.
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      if (getppid() != parent) _exit(1);
      sigset_t none;
      sigemptyset(&none);
      sigprocmask(SIG_SETMASK, &none, nullptr);
      keep_only(options_.inherited);
      setpgid(0, 0);  // a terminal's interrupt goes to the coordinator, which ends the job
      execv("/proc/self/exe", arguments.data());
      _exit(127);
    }
    std::lock_guard lock(mutex_);
    child.pid = pid;
    child.fd = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
    child.since = Time::now();
    return {};
  }

  void run() {
    while (!done_) {
      std::vector<pollfd> fds = {{wake_fd_, POLLIN, 0}};
      auto next = Time::time_point::max();
      for (Child& child : children_) {
        if (child.pid > 0 && child.fd < 0) {
          next = std::min(next, Time::now() + kLook);
        } else if (child.pid > 0) {
          fds.push_back({child.fd, POLLIN, 0});
        } else if (!finishing_) {
          next = std::min(next, child.start_at);
        }
      }
      int timeout = -1;
      if (next != Time::time_point::max()) {
        timeout = std::max<int>(
            0, static_cast<int>(std::chrono::ceil<milliseconds>(next - Time::now()).count()));
      }
      poll(fds.data(), fds.size(), timeout);
      uint64_t count = 0;
      [[maybe_unused]] const ssize_t drained = read(wake_fd_, &count, sizeof count);
      for (Child& child : children_) tend(child);
    }
  }

  void tend(Child& child) {
    if (child.pid > 0) {
      int status = 0;
      if (waitpid(child.pid, &status, WNOHANG) != child.pid) return;
      const auto lived = Time::now() - child.since;
      if (!finishing_ && options_.report)
        options_.report(
            cat("worker process ", child.pid, ' ', describe(status), "; it is started again"));
      {
        std::lock_guard lock(mutex_);
        if (child.fd >= 0) close(child.fd);
        child.pid = child.fd = -1;
      }
      child.pause = lived >= kLongLife
                        ? milliseconds(0)
                        : std::min(std::max(child.pause * 2, kFirstPause), kLastPause);
      child.start_at = Time::now() + child.pause;
    }
    if (child.pid < 0 && !finishing_ && Time::now() >= child.start_at && !spawn(child).ok()) {
      child.start_at = Time::now() + kLastPause;
    }
  }

  bool running() const {
    std::lock_guard lock(mutex_);
    return std::any_of(children_.begin(), children_.end(),
                       [](const Child& child) { return child.pid > 0; });
  }
  void send_all(int signal) {
    std::lock_guard lock(mutex_);
    for (const Child& child : children_) {
      if (child.pid > 0) kill(child.pid, signal);
    }
  }
  void wake() {
    const uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = write(wake_fd_, &one, sizeof one);
  }

  const Options options_;
  const int wake_fd_;
  std::vector<std::string> arguments_;
  std::atomic<bool> finishing_{false};
  std::atomic<bool> done_{false};
  mutable std::mutex mutex_;
  std::vector<Child> children_;  ///< pid and fd guarded by mutex_; the rest belongs to the thread
  std::thread thread_;
};

}  // namespace

std::vector<std::string> own_command_line() {
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  std::vector<std::string> arguments;
  for (size_t begin = 0; begin < bytes.size();) {
    const size_t end = bytes.find('\0', begin);
    arguments.push_back(bytes.substr(begin, end - begin));
    begin = end == std::string::npos ? bytes.size() : end + 1;
  }
  return arguments;
}

std::string executable_id(std::string_view bytes) {
  return bytes.empty() ? "" : id_of(XXH3_64bits(bytes.data(), bytes.size()));
}

std::string own_executable_id() {
  std::ifstream file("/proc/self/exe", std::ios::binary);
  XXH3_state_t* const state = XXH3_createState();
  XXH3_64bits_reset(state);
  std::vector<char> buffer(1 << 20);
  bool any = false;
  while (file.read(buffer.data(), static_cast<std::streamsize>(buffer.size())) ||
         file.gcount() > 0) {
    XXH3_64bits_update(state, buffer.data(), static_cast<size_t>(file.gcount()));
    any = true;
  }
  const XXH64_hash_t digest = XXH3_64bits_digest(state);
  XXH3_freeState(state);
  return any ? id_of(digest) : "";
}

StatusOr<std::unique_ptr<ProcessGroup>> ProcessGroup::start(Options options) {
  auto group = std::make_unique<Group>(std::move(options));
  if (Status status = group->begin(); !status.ok()) return status;
  return std::unique_ptr<ProcessGroup>(std::move(group));
}

}  // namespace weir
