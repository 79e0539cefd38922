#include "platform/crash_report.h"

#include <execinfo.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <thread>

#include "platform/unique_fd.h"

namespace weir {
namespace {

constexpr int kFrames = 64;
constexpr size_t kSignalStackBytes = 128 * 1024;
constexpr int kPatienceMs = 2000;

struct Fatal {
  int number;
  const char* name;
};
constexpr Fatal kFatal[] = {{SIGSEGV, "11 (SIGSEGV)"},
                            {SIGBUS, "7 (SIGBUS)"},
                            {SIGFPE, "8 (SIGFPE)"},
                            {SIGILL, "4 (SIGILL)"},
                            {SIGABRT, "6 (SIGABRT)"}};

// A signal handler can reach only these.
std::atomic<const char*> g_what{nullptr};
std::atomic<pid_t> g_reporting_thread{0};  ///< the thread that has crashed; 0: none
int g_report = -1;  ///< a file in memory; -1: none, so the report goes directly to standard error
std::atomic<int> g_crashed{-1};    ///< wakes the messenger; -1: none
std::atomic<int> g_delivered{-1};  ///< the messenger's reply

void print_to(int fd, const char* text) {
  [[maybe_unused]] const ssize_t written = write(fd, text, std::strlen(text));
}

void copy_report_to_standard_error() {
  char buffer[1024];
  off_t at = 0;
  for (ssize_t count; (count = pread(g_report, buffer, sizeof buffer, at)) > 0; at += count) {
    [[maybe_unused]] const ssize_t written =
        write(STDERR_FILENO, buffer, static_cast<size_t>(count));
  }
}

void tell_messenger() {
  const int crashed = g_crashed.load(), delivered = g_delivered.load();
  if (crashed < 0 || delivered < 0) return;
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(crashed, &one, sizeof one);
  pollfd answer{delivered, POLLIN, 0};
  poll(&answer, 1, kPatienceMs);
}

/// Async-signal-safe, except for the name look-up in backtrace_symbols_fd, which allocates no
/// memory. `how` is for example "was ended by signal "; `detail` follows it.
void report(const char* how, const char* detail) {
  const CrashSubject* const subject = detail::crash_subject.load(std::memory_order_relaxed);
  const int out = g_report >= 0 ? g_report : STDERR_FILENO;
  print_to(out, "weir: ");
  print_to(out, g_what.load());
  print_to(out, how);
  print_to(out, detail);
  if (subject != nullptr) {
    print_to(out, ", in ");
    print_to(out, subject->crash_label());
  }
  print_to(out, "\n");
  void* frames[kFrames];
  backtrace_symbols_fd(frames, backtrace(frames, kFrames), out);
  if (g_report >= 0) copy_report_to_standard_error();
  if (subject != nullptr) tell_messenger();
}

/// False: this thread is already in a report. Does not return on a second thread, because the first
/// one ends the process.
bool begin_report() {
  pid_t none = 0;
  if (g_reporting_thread.compare_exchange_strong(none, gettid())) return true;
  if (none == gettid()) return false;
  while (true) pause();
}

void on_signal(int number) {
  if (begin_report()) {
    const char* name = "";
    for (const Fatal& fatal : kFatal) {
      if (fatal.number == number) name = fatal.name;
    }
    report(" was ended by signal ", name);
  }
  // Ends the process when the handler returns. A fault would recur by itself; abort() and kill()
  // would not.
  signal(number, SIG_DFL);
  raise(number);
}

/// exit() in user code would run the destructors of objects that other threads use, and an
/// unfinished job would get the exit code of a finished one.
void on_exit_call(int code, void*) {
  if (detail::crash_subject.load(std::memory_order_relaxed) == nullptr || !begin_report()) return;
  char text[32];
  std::snprintf(text, sizeof text, "exit(%d)", code);
  report(" was ended by a call of ", text);
  std::fflush(nullptr);
  _exit(code == 0 ? EXIT_FAILURE : code);
}

class Messenger final : public CrashMessenger {
 public:
  explicit Messenger(std::function<void(std::string)> send)
      : send_(std::move(send)),
        crashed_(eventfd(0, EFD_CLOEXEC)),
        delivered_(eventfd(0, EFD_CLOEXEC)),
        thread_([this] { run(); }) {
    g_delivered = delivered_.get();
    g_crashed = crashed_.get();
  }
  ~Messenger() override {
    g_crashed = g_delivered = -1;
    ending_ = true;
    ring(crashed_.get());
    thread_.join();
  }
  void delivered() override { ring(delivered_.get()); }

 private:
  static void ring(int fd) {
    const uint64_t one = 1;
    [[maybe_unused]] const ssize_t written = write(fd, &one, sizeof one);
  }
  void run() {
    uint64_t count = 0;
    while (read(crashed_.get(), &count, sizeof count) < 0 && errno == EINTR) {}
    if (ending_) return;
    std::string text;
    char buffer[1024];
    for (ssize_t got;
         (got = pread(g_report, buffer, sizeof buffer, static_cast<off_t>(text.size()))) > 0;)
      text.append(buffer, static_cast<size_t>(got));
    send_(std::move(text));
  }

  const std::function<void(std::string)> send_;
  const UniqueFd crashed_;
  const UniqueFd delivered_;
  std::atomic<bool> ending_{false};
  std::thread thread_;  // last: it uses the others from its start
};

}  // namespace

SignalStack::SignalStack() {
  stack_t known{};
  if (sigaltstack(nullptr, &known) == 0 && (known.ss_flags & SS_DISABLE) == 0) return;
  void* const memory =
      mmap(nullptr, kSignalStackBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return;
  memory_ = memory;
  stack_t stack{};
  stack.ss_sp = memory_;
  stack.ss_size = kSignalStackBytes;
  sigaltstack(&stack, nullptr);
}

SignalStack::~SignalStack() {
  if (memory_ == nullptr) return;
  stack_t none{};
  none.ss_flags = SS_DISABLE;
  sigaltstack(&none, nullptr);
  munmap(memory_, kSignalStackBytes);
}

void report_crashes(const char* what) {
  const char* nothing = nullptr;
  if (!g_what.compare_exchange_strong(nothing, what)) return;
  g_report = memfd_create("weir crash report", MFD_CLOEXEC);
  void* warm[1];
  // The first call allocates memory and loads a library, which a handler must not do.
  backtrace(warm, 1);
  static thread_local const SignalStack stack;
  on_exit(on_exit_call, nullptr);
  struct sigaction action{};
  action.sa_handler = on_signal;
  action.sa_flags = SA_ONSTACK;
  for (const Fatal& fatal : kFatal) {
    struct sigaction before{};
    if (sigaction(fatal.number, nullptr, &before) == 0 && before.sa_handler == SIG_DFL)
      sigaction(fatal.number, &action, nullptr);
  }
}

std::unique_ptr<CrashMessenger> CrashMessenger::start(
    std::function<void(std::string report)> send) {
  return std::make_unique<Messenger>(std::move(send));
}

void end_with_parent() { prctl(PR_SET_PDEATHSIG, SIGKILL); }

}  // namespace weir
