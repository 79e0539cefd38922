#include "platform/tcp_strangers.h"

#include "base/log.h"
#include "platform/tcp_link.h"

namespace weir {

void TcpStrangers::enter(EventLoop::HandlerId id, const std::string& host, TcpLink& link) {
  strangers_[id] = {host, &link};
  auto& of_host = of_host_[host];
  of_host.insert(id);
  if (of_host.size() > options_.max_strangers_of_a_host) {
    end(*of_host.begin(), "too many connections of this host were open that had proven nothing");
  } else if (strangers_.size() > options_.max_strangers) {
    end(strangers_.begin()->first, "too many connections were open that had proven nothing");
  }
}

void TcpStrangers::leave(EventLoop::HandlerId id) {
  const auto found = strangers_.find(id);
  if (found == strangers_.end()) return;
  const auto of_host = of_host_.find(found->second.host);
  of_host->second.erase(id);
  if (of_host->second.empty()) of_host_.erase(of_host);
  strangers_.erase(found);
}

void TcpStrangers::end(EventLoop::HandlerId id, const char* why) {
  strangers_.at(id).link->fail(unavailable(why));
}

void TcpStrangers::log(std::string line) {
  if (id_ == 0) id_ = acceptor_.add(shared_from_this());
  write(log_.add(std::move(line), acceptor_.now()));
}

void TcpStrangers::on_deadline() { write(log_.look(acceptor_.now())); }

void TcpStrangers::on_stop() {
  write(log_.rest());
  if (id_ != 0) acceptor_.remove(std::exchange(id_, 0));
}

void TcpStrangers::write(const std::vector<std::string>& lines) {
  for (const std::string& line : lines) WEIR_LOG(kWarning) << line;
  acceptor_.set_deadline(id_, log_.due());
}

}  // namespace weir
