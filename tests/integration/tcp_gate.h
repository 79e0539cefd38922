#pragma once

#include <atomic>
#include <condition_variable>
#include <list>
#include <mutex>
#include <thread>

namespace weir {

/// Stands between clients and a server on this host, and can keep what passes from passing. Listens
/// on 127.0.0.1, on a free port. Thread: any.
class TcpGate {
 public:
  explicit TcpGate(int server_port);
  ~TcpGate();
  TcpGate(const TcpGate&) = delete;
  TcpGate& operator=(const TcpGate&) = delete;

  int port() const { return port_; }
  /// From now on nothing passes; connections stand, and new ones are taken.
  void shut();
  /// What was held back passes. Shut and opened again: nothing was lost.
  void open();
  /// Breaks the connections there are; new ones are taken.
  void break_connections();
  /// The `count`-th reply from now does not pass: its connection breaks instead.
  void break_after_next_reply_is_due(int count);
  /// Breaks every connection there is and will be.
  void refuse();

 private:
  struct Pipe {
    int client = -1;
    int server = -1;
    std::thread thread;
    std::atomic<bool> broken{false};
  };
  void accept_loop();
  void pump(Pipe& pipe);
  bool pass(Pipe& pipe, int from, int to, bool reply);

  const int server_port_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<bool> ended_{false};
  std::atomic<bool> shut_{false};
  std::atomic<bool> refusing_{false};
  std::atomic<int> replies_until_break_{0};
  std::mutex mutex_;
  std::list<Pipe> pipes_;  ///< guarded by mutex_; entries stay
  std::thread accepter_;
};

}  // namespace weir
