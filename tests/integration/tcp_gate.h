#pragma once

#include <atomic>
#include <condition_variable>
#include <list>
#include <mutex>
#include <thread>

namespace weir {

/// A proxy between clients and a server on this host that can hold back traffic. Listens on
/// 127.0.0.1, on a free port. Thread: any.
class TcpGate {
 public:
  explicit TcpGate(int server_port);
  ~TcpGate();
  TcpGate(const TcpGate&) = delete;
  TcpGate& operator=(const TcpGate&) = delete;

  int port() const { return port_; }
  /// Holds back all traffic from now on; connections stay open, and new ones are accepted.
  void shut();
  /// Passes the held traffic on. Nothing is lost between shut() and open().
  void open();
  /// Breaks the existing connections; new ones are accepted.
  void break_connections();
  /// Drops the `count`-th reply from now, and breaks its connection instead.
  void break_after_next_reply_is_due(int count);
  /// Breaks all existing and future connections.
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
  std::list<Pipe> pipes_;  ///< guarded by mutex_; entries are never removed
  std::thread accepter_;
};

}  // namespace weir
