#include "platform/process_signals.h"

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cstdint>

#include "weir/detail/check.h"

namespace weir {
namespace {

sigset_t termination_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  return signals;
}

}  // namespace

ProcessSignals::ProcessSignals() {
  const sigset_t signals = termination_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
  signal_fd_ = signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
  event_fd_ = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  WEIR_CHECK(signal_fd_ >= 0 && event_fd_ >= 0);
}

ProcessSignals::~ProcessSignals() {
  close(signal_fd_);
  close(event_fd_);
  const sigset_t signals = termination_signals();
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
}

ProcessSignals::Event ProcessSignals::wait(std::chrono::milliseconds timeout) {
  pollfd fds[2] = {{signal_fd_, POLLIN, 0}, {event_fd_, POLLIN, 0}};
  if (poll(fds, 2, static_cast<int>(timeout.count())) <= 0) return Event::kTimeout;
  if (fds[0].revents & POLLIN) {
    signalfd_siginfo info;
    if (read(signal_fd_, &info, sizeof info) == sizeof info) {
      const sigset_t signals = termination_signals();
      pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);  // the next one ends the process
      return Event::kTerminate;
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
