#include "platform/crash_report.h"

#include <execinfo.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cstring>
#include <iterator>

namespace weir {
namespace {

constexpr int kFrames = 64;

struct Fatal {
  int number;
  const char* name;
};
constexpr Fatal kFatal[] = {{SIGSEGV, "11 (SIGSEGV)"}, {SIGBUS, "7 (SIGBUS)"}, {SIGFPE, "8 (SIGFPE)"}, {SIGILL, "4 (SIGILL)"}, {SIGABRT, "6 (SIGABRT)"}};

// A handler reaches nothing but these.
const char* g_what = "the process";
alignas(16) char g_stack[64 * 1024];

void print(const char* text) { [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, text, std::strlen(text)); }

void on_signal(int number) {
  print("weir: ");
  print(g_what);
  print(" was ended by signal ");
  for (const Fatal& fatal : kFatal) {
    if (fatal.number == number) print(fatal.name);
  }
  print("\n");
  void* frames[kFrames];
  backtrace_symbols_fd(frames, backtrace(frames, kFrames), STDERR_FILENO);
  // SA_RESETHAND has put back what ends the process; a fault would come again by itself, abort() and kill() would not.
  raise(number);
}

}  // namespace

void report_crashes(const char* what) {
  g_what = what;
  void* warm[1];
  backtrace(warm, 1);  // the first call takes memory and loads a library, which a handler must not
  stack_t stack{};
  stack.ss_sp = g_stack;
  stack.ss_size = sizeof g_stack;
  sigaltstack(&stack, nullptr);
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_ONSTACK | SA_RESETHAND;
  for (const Fatal& fatal : kFatal) sigaction(fatal.number, &action, nullptr);
}

void end_with_parent() { prctl(PR_SET_PDEATHSIG, SIGKILL); }

}  // namespace weir
