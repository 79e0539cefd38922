#pragma once

#include <memory>

#include "platform/platform.h"
#include "runtime/data_frame.h"

namespace weir {

/// An attempt that takes incoming data connections. Thread: any.
class DataReceiver {
 public:
  virtual ~DataReceiver() = default;
  virtual AttemptId attempt() const = 0;
  /// OK: the connection has been moved away, and its frames go to the returned endpoint. Otherwise
  /// the peer gets the status's message. Must not call the server or send anything.
  virtual StatusOr<Endpoint> take(const DataHello& hello,
                                  std::unique_ptr<Connection>& connection) = 0;
  /// The connection from this worker was taken, and may be answered now.
  virtual void taken(int from) = 0;
};

/// Accepts the data connections of the job's other workers, as long as the process lives. A
/// connection begins with a hello that names its attempt. The server hands it to that attempt,
/// keeps it waiting if the attempt is not deployed here yet, or refuses it if the attempt is over.
/// Outlives every attempt. Thread: any.
class DataServer {
 public:
  /// Listens on `address`; port 0 means any free port. Fails as Transport::listen does.
  static StatusOr<std::unique_ptr<DataServer>> listen(Platform& platform, const Address& address);
  ~DataServer();
  DataServer(const DataServer&) = delete;
  DataServer& operator=(const DataServer&) = delete;

  int port() const { return listener_->port(); }

  /// Hands over connections of receiver->attempt() from now on, and refuses those of older
  /// attempts. One receiver at a time.
  void attach(DataReceiver* receiver);
  /// `receiver` is not called any more.
  void detach(DataReceiver* receiver);

 private:
  class Reception;

  explicit DataServer(std::shared_ptr<Reception> reception) : reception_(std::move(reception)) {}

  std::shared_ptr<Reception>
      reception_;  ///< shared with the callbacks of connections that are not destroyed yet
  std::unique_ptr<Listener> listener_;
};

}  // namespace weir
