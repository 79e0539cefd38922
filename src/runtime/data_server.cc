#include "runtime/data_server.h"

#include <algorithm>
#include <atomic>
#include <deque>
#include <mutex>

#include "base/strings.h"
#include "weir/detail/base/check.h"

namespace weir {
namespace {

/// Maximum number of connections that no attempt has taken. A job has only one for each of its
/// workers, so more than this come from strangers.
constexpr size_t kMaxNotTaken = 1024;

}  // namespace

/// The state of the server's connections. Callbacks share it.
class DataServer::Reception : public std::enable_shared_from_this<Reception> {
 public:
  explicit Reception(Platform& platform) : platform_(platform) {}

  Endpoint accept(std::unique_ptr<Connection> connection);
  void attach(DataReceiver* receiver);
  void detach(DataReceiver* receiver);
  void close();

 private:
  /// Silent (no hello yet) → waiting (for its attempt) → taken. Or refused: then the peer hangs up.
  enum class State { kSilent, kWaiting, kTaken, kRefused, kDropped };
  struct Incoming {
    // guarded by mutex_
    State state = State::kSilent;
    std::unique_ptr<Connection> connection;  ///< until it is taken
    DataHello hello;
    // set once, before `taken`; nothing else here is touched after that
    Endpoint endpoint;
    std::atomic<bool> taken{false};
  };

  void on_frame(const std::shared_ptr<Incoming>& incoming, std::string frame);
  void on_break(const std::shared_ptr<Incoming>& incoming, Status reason);
  /// Call with the lock. Returns true after handing the connection to its attempt. Otherwise leaves
  /// it waiting or refuses it.
  bool decide(Incoming& incoming);
  void refuse(Incoming& incoming, const Status& reason);
  /// Call with the lock. The connection is not needed any more.
  void drop(std::shared_ptr<Incoming> incoming);
  /// Call without the lock. A callback must not destroy a connection, so the I/O pool does it.
  void sweep_soon();

  Platform& platform_;
  std::mutex mutex_;
  // guarded by mutex_
  DataReceiver* receiver_ = nullptr;
  AttemptId newest_ = INT64_MIN;                     ///< the largest attempt that was ever attached
  std::deque<std::shared_ptr<Incoming>> not_taken_;  ///< oldest first
  std::vector<std::unique_ptr<Connection>> dropped_;  ///< to be destroyed
};

StatusOr<std::unique_ptr<DataServer>> DataServer::listen(Platform& platform,
                                                         const Address& address) {
  std::unique_ptr<DataServer> server(new DataServer(std::make_shared<Reception>(platform)));
  auto listener = platform.transport.listen(
      address, [reception = server->reception_](std::unique_ptr<Connection> connection) {
        return reception->accept(std::move(connection));
      });
  if (!listener.ok()) return listener.status();
  server->listener_ = std::move(*listener);
  return server;
}

DataServer::~DataServer() {
  listener_.reset();
  reception_->close();
}

void DataServer::attach(DataReceiver* receiver) { reception_->attach(receiver); }
void DataServer::detach(DataReceiver* receiver) { reception_->detach(receiver); }

Endpoint DataServer::Reception::accept(std::unique_ptr<Connection> connection) {
  auto incoming = std::make_shared<Incoming>();
  incoming->connection = std::move(connection);
  bool crowded;
  {
    std::lock_guard lock(mutex_);
    crowded = not_taken_.size() >= kMaxNotTaken;
    if (crowded) drop(not_taken_.front());
    not_taken_.push_back(incoming);
  }
  if (crowded) sweep_soon();
  Endpoint endpoint;
  endpoint.on_frame = [self = shared_from_this(), incoming](std::string frame) {
    self->on_frame(incoming, std::move(frame));
  };
  endpoint.on_break = [self = shared_from_this(), incoming](Status reason) {
    self->on_break(incoming, std::move(reason));
  };
  return endpoint;
}

void DataServer::Reception::on_frame(const std::shared_ptr<Incoming>& incoming, std::string frame) {
  if (!incoming->taken.load(std::memory_order_acquire)) {
    std::unique_lock lock(mutex_);
    if (incoming->state == State::kSilent) {
      auto hello = decode_hello(frame);
      if (!hello.ok()) {
        refuse(*incoming, hello.status());
        return;
      }
      incoming->hello = *hello;
      if (!decide(*incoming)) return;
      std::erase(not_taken_, incoming);
      DataReceiver* const receiver = receiver_;
      lock.unlock();
      receiver->taken(incoming->hello.from);
      return;
    }
    if (incoming->state == State::kWaiting)
      refuse(*incoming, data_loss("the data connection did not wait for the answer to its hello"));
    if (incoming->state != State::kTaken) return;
  }
  incoming->endpoint.on_frame(std::move(frame));
}

void DataServer::Reception::on_break(const std::shared_ptr<Incoming>& incoming, Status reason) {
  if (!incoming->taken.load(std::memory_order_acquire)) {
    std::unique_lock lock(mutex_);
    if (incoming->state == State::kDropped) return;
    if (incoming->state != State::kTaken) {
      drop(incoming);
      lock.unlock();
      sweep_soon();
      return;
    }
  }
  incoming->endpoint.on_break(std::move(reason));
}

bool DataServer::Reception::decide(Incoming& incoming) {
  const AttemptId attempt = incoming.hello.attempt;
  if (receiver_ != nullptr && attempt == receiver_->attempt()) {
    auto endpoint = receiver_->take(incoming.hello, incoming.connection);
    if (!endpoint.ok()) {
      refuse(incoming, endpoint.status());
      return false;
    }
    incoming.endpoint = std::move(*endpoint);
    incoming.state = State::kTaken;
    incoming.taken.store(true, std::memory_order_release);
    return true;
  }
  if (attempt <= newest_) {
    refuse(incoming,
           failed_precondition(
               cat("attempt ", attempt, " to run the job is over here; the newest is ", newest_)));
  } else {
    incoming.state = State::kWaiting;
  }
  return false;
}

void DataServer::Reception::refuse(Incoming& incoming, const Status& reason) {
  incoming.state = State::kRefused;
  incoming.connection->send(encode_refused(reason));
}

void DataServer::Reception::drop(std::shared_ptr<Incoming> incoming) {
  incoming->state = State::kDropped;
  dropped_.push_back(std::move(incoming->connection));
  std::erase(not_taken_, incoming);
}

void DataServer::Reception::sweep_soon() {
  platform_.scheduler.run_blocking(executors::kNetwork, [self = shared_from_this()] {
    std::vector<std::unique_ptr<Connection>> dropped;
    std::lock_guard lock(self->mutex_);
    dropped.swap(self->dropped_);
  });
}

void DataServer::Reception::attach(DataReceiver* receiver) {
  std::vector<int> taken;
  {
    std::lock_guard lock(mutex_);
    WEIR_CHECK(receiver_ == nullptr);
    receiver_ = receiver;
    newest_ = std::max(newest_, receiver->attempt());
    std::erase_if(not_taken_, [&](const std::shared_ptr<Incoming>& incoming) {
      if (incoming->state != State::kWaiting || !decide(*incoming)) return false;
      taken.push_back(incoming->hello.from);
      return true;
    });
  }
  for (const int from : taken) receiver->taken(from);
}

void DataServer::Reception::detach(DataReceiver* receiver) {
  std::lock_guard lock(mutex_);
  if (receiver_ == receiver) receiver_ = nullptr;
}

void DataServer::Reception::close() {
  std::vector<std::unique_ptr<Connection>> dropped;  // destroyed without the lock
  std::lock_guard lock(mutex_);
  WEIR_CHECK(receiver_ == nullptr);
  while (!not_taken_.empty()) drop(not_taken_.front());
  dropped.swap(dropped_);
}

}  // namespace weir
