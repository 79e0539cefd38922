#include "fs/hdfs/rpc/rpc_connection.h"

#include <algorithm>

#include "base/status_macros.h"
#include "base/strings.h"
#include "fs/hdfs/rpc/delimited.h"

namespace weir {
namespace {

constexpr size_t kFrameBytesMax = 128 << 20;  // the server's own limit
constexpr size_t kReadBytes = 64 << 10;
/// A thread that waits for the reading one looks again after this time, in case that one has left.
constexpr std::chrono::milliseconds kSlice{500};

}  // namespace

StatusOr<std::shared_ptr<RpcConnection>> RpcConnection::open(std::unique_ptr<TcpClient> transport,
                                                             const RpcIdentity& identity,
                                                             bool authenticated, Now now) {
  std::shared_ptr<RpcConnection> connection(
      new RpcConnection(std::move(transport), identity, std::move(now)));
  std::string opening = authenticated ? "" : connection_header(false);
  opening += connection_context(identity.client_id, identity.user, identity.protocol);
  WEIR_RETURN_IF_ERROR(connection->send(opening, std::chrono::seconds(10)));
  return connection;
}

Status RpcConnection::send(std::string_view bytes, std::chrono::milliseconds timeout) {
  std::lock_guard lock(write_mutex_);
  return transport_->write(bytes, timeout);
}

bool RpcConnection::broken() {
  std::lock_guard lock(mutex_);
  return broken_;
}

bool RpcConnection::closed_while_idle() {
  {
    std::lock_guard lock(mutex_);
    if (broken_) return true;
    if (reading_ || !waiters_.empty()) return false;
    reading_ = true;
  }
  read_some(std::chrono::milliseconds(0));
  std::lock_guard lock(mutex_);
  reading_ = false;
  return broken_;
}

RpcReply RpcConnection::call(const RpcCall& call, std::chrono::milliseconds timeout) {
  RpcReply failure;
  failure.outcome = RpcReply::Outcome::kNotSent;
  if (closed_while_idle()) {
    std::lock_guard lock(mutex_);
    if (fatal_.outcome == RpcReply::Outcome::kRefused) return fatal_;
    failure.problem = problem_;
    return failure;
  }
  Waiter me;
  const auto id = static_cast<uint32_t>(call.id);
  {
    std::lock_guard lock(mutex_);
    waiters_[id] = &me;
  }
  const MonotonicTime deadline = now_() + timeout;
  // Counts as unknown, although the server can hardly have the whole frame.
  if (const Status sent = send(frame_of(call), timeout); !sent.ok())
    break_off(std::string(sent.message()));

  while (true) {
    bool read = false;
    const MonotonicTime left = deadline - now_();
    {
      std::lock_guard lock(mutex_);
      if (me.done) break;
      if (left <= MonotonicTime(0)) {
        waiters_.erase(id);
      } else if (!reading_) {
        read = reading_ = true;
      }
    }
    if (left <= MonotonicTime(0)) {
      break_off(cat("it gave no answer within ", timeout.count(), " ms"));
      failure.outcome = RpcReply::Outcome::kUnknown;
      failure.problem = cat("no answer within ", timeout.count(), " ms");
      return failure;
    }
    const auto slice = std::min(kSlice, std::chrono::ceil<std::chrono::milliseconds>(left));
    if (!read) {
      me.wakeup.wait(slice);
      continue;
    }
    read_some(slice);
    std::lock_guard lock(mutex_);
    reading_ = false;
    // Another thread has to read from now on.
    if (me.done && !waiters_.empty()) waiters_.begin()->second->wakeup.wake();
  }
  return std::move(me.reply);
}

std::string RpcConnection::frame_of(const RpcCall& call) const {
  return call_frame({client_id_, call.id, call.retry_count}, call.method, call.request);
}

void RpcConnection::read_some(std::chrono::milliseconds timeout) {
  const size_t had = input_.size();
  // A frame that has begun says how much is missing.
  const size_t wanted =
      had < 4 ? kReadBytes
              : std::min<size_t>(read_be32(input_.data()) + 4 + kReadBytes, kFrameBytesMax) -
                    std::min<size_t>(had, read_be32(input_.data()) + 4);
  input_.resize(had + std::min<size_t>(wanted, 1 << 20));
  size_t got = 0;
  bool end = false;
  Status status =
      transport_->read_into(input_.data() + had, input_.size() - had, timeout, &got, &end);
  input_.resize(had + got);
  if (status.ok()) status = deliver_frames();
  if (!status.ok()) break_off(std::string(status.message()));
  if (end) break_off("the server closed the connection");
}

Status RpcConnection::deliver_frames() {
  size_t begin = 0;
  while (input_.size() - begin >= 4) {
    const size_t size = read_be32(input_.data() + begin);
    if (const auto old = explain_foreign_answer(std::string_view(input_).substr(begin)))
      return unavailable(*old);
    if (size > kFrameBytesMax)
      return unavailable(cat("it announced an answer of ", size, " bytes: is it a NameNode?"));
    if (input_.size() - begin - 4 < size) break;
    deliver(std::string_view(input_).substr(begin + 4, size));
    begin += 4 + size;
  }
  input_.erase(0, begin);
  return {};
}

void RpcConnection::deliver(std::string_view frame) {
  uint32_t id = 0;
  bool fatal = false;
  RpcReply reply = parse_reply(frame, &id, &fatal);
  std::lock_guard lock(mutex_);
  if (fatal) {  // for all calls; the server closes next
    fatal_ = reply;
    broken_ = true;
    for (auto& [other, waiter] : waiters_) {
      waiter->reply = reply;
      waiter->done = true;
      waiter->wakeup.wake();
    }
    waiters_.clear();
    return;
  }
  const auto found = waiters_.find(id);
  if (found == waiters_.end()) return;  // its caller has given up
  found->second->reply = std::move(reply);
  found->second->done = true;
  found->second->wakeup.wake();
  waiters_.erase(found);
}

void RpcConnection::break_off(const std::string& problem) {
  std::lock_guard lock(mutex_);
  if (!broken_) problem_ = problem;
  broken_ = true;
  for (auto& [id, waiter] : waiters_) {
    waiter->reply.outcome = RpcReply::Outcome::kUnknown;
    waiter->reply.problem = problem;
    waiter->done = true;
    waiter->wakeup.wake();
  }
  waiters_.clear();
}

}  // namespace weir
