#include "platform/process_signals.h"

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cstdint>
#include <initializer_list>

#include "weir/detail/base/check.h"

namespace weir {
namespace {

sigset_t set_of(std::initializer_list<int> numbers) {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : numbers) sigaddset(&signals, number);
  return signals;
}

sigset_t waited_for() { return set_of({SIGINT, SIGTERM, SIGUSR1}); }

void let_next_one_end_the_process() {
  // A shell starts background jobs with SIGINT ignored.
  for (const int number : {SIGINT, SIGTERM}) signal(number, SIG_DFL);
  const sigset_t leaving = set_of({SIGINT, SIGTERM});
  pthread_sigmask(SIG_UNBLOCK, &leaving, nullptr);
}

}  // namespace

ProcessSignals::ProcessSignals() {
  const sigset_t signals = waited_for();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
  signal_fd_ = signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
  event_fd_ = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  WEIR_CHECK(signal_fd_ >= 0 && event_fd_ >= 0);
}

ProcessSignals::~ProcessSignals() {
  close(signal_fd_);
  close(event_fd_);
  const sigset_t signals = waited_for();
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
}

ProcessSignals::Event ProcessSignals::wait(std::chrono::milliseconds timeout) {
  pollfd fds[2] = {{signal_fd_, POLLIN, 0}, {event_fd_, POLLIN, 0}};
  if (poll(fds, 2, static_cast<int>(timeout.count())) <= 0) return Event::kTimeout;
  if (fds[0].revents & POLLIN) {
    signalfd_siginfo info;
    if (read(signal_fd_, &info, sizeof info) == sizeof info) {
      if (info.ssi_signo == SIGUSR1) return Event::kCancel;
      let_next_one_end_the_process();
      return Event::kLeave;
    }
  }
  if (fds[1].revents & POLLIN) {
    uint64_t count = 0;
    [[maybe_unused]] const ssize_t drained = read(event_fd_, &count, sizeof count);
    return Event::kNotified;
  }
  return Event::kTimeout;
}

void ProcessSignals::notify() {
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(event_fd_, &one, sizeof one);
}

}  // namespace weir
