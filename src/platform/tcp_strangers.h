#pragma once

#include <map>
#include <set>
#include <string>

#include "platform/event_loop.h"
#include "platform/refusal_log.h"
#include "platform/tcp_options.h"

namespace weir {

class TcpLink;

/// Accepted links whose peers have proven nothing yet. Limits their number, and the log lines about
/// those that fail. Thread: the acceptor's. The loop outlives it.
class TcpStrangers final : public EventLoop::Handler,
                           public std::enable_shared_from_this<TcpStrangers> {
 public:
  TcpStrangers(EventLoop& acceptor, const TcpOptions& options)
      : acceptor_(acceptor), options_(options) {}

  /// Adds a link from `host`. If there are too many now, ends the oldest of that host, or of all.
  void enter(EventLoop::HandlerId id, const std::string& host, TcpLink& link);
  void leave(EventLoop::HandlerId id);
  /// Logs the line, or only counts it.
  void log(std::string line);

  void on_events(uint32_t) override {}
  void on_deadline() override;
  void on_stop() override;

 private:
  struct Stranger {
    std::string host;
    TcpLink* link = nullptr;
  };
  void end(EventLoop::HandlerId id, const char* why);
  void write(const std::vector<std::string>& lines);

  EventLoop& acceptor_;
  const TcpOptions options_;
  std::map<EventLoop::HandlerId, Stranger> strangers_;  ///< ids grow, so the oldest comes first
  std::map<std::string, std::set<EventLoop::HandlerId>> of_host_;
  RefusalLog log_;
  EventLoop::HandlerId id_ = 0;  ///< 0: not yet added to the loop
};

}  // namespace weir
