#pragma once

#include <memory>

#include "platform/platform.h"
#include "runtime/data_frame.h"

namespace weir {

/// The attempt that takes the incoming data connections. Thread: any.
class DataReceiver {
 public:
  virtual ~DataReceiver() = default;
  virtual AttemptId attempt() const = 0;
  /// OK: has moved the connection away, and what comes on it goes to the endpoint. Otherwise the
  /// sentence is what the peer is told. Must not call the server or send anything.
  virtual StatusOr<Endpoint> take(const DataHello& hello,
                                  std::unique_ptr<Connection>& connection) = 0;
  /// The connection from this worker was taken: it may be answered now.
  virtual void taken(int from) = 0;
};

/// Where the other workers of the job reach this process with their records, for as long as the
/// process lives. A connection begins with a hello that names its attempt: it is handed to that
/// attempt, waits for it if it is not deployed here yet, and is refused if it is over. Outlives
/// every attempt. Thread: any.
class DataServer {
 public:
  /// Listens; port 0: any free one. Fails as Transport::listen does.
  static StatusOr<std::unique_ptr<DataServer>> listen(Platform& platform, const Address& address);
  ~DataServer();
  DataServer(const DataServer&) = delete;
  DataServer& operator=(const DataServer&) = delete;

  int port() const { return listener_->port(); }

  /// From now on connections of receiver->attempt() go to it, and older ones are refused. One at a
  /// time.
  void attach(DataReceiver* receiver);
  /// `receiver` gets nothing any more.
  void detach(DataReceiver* receiver);

 private:
  class Reception;

  explicit DataServer(std::shared_ptr<Reception> reception) : reception_(std::move(reception)) {}

  std::shared_ptr<Reception>
      reception_;  ///< shared with the callbacks of connections that are not destroyed yet
  std::unique_ptr<Listener> listener_;
};

}  // namespace weir
