#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "graph/job_graph.h"
#include "platform/transport.h"
#include "runtime/data_server.h"
#include "runtime/remote_channel.h"

namespace weir {

/// Says which worker runs which part of the job in one attempt: shard i runs subtask i of every
/// vertex that has one. Workers are numbered from 0. By default this process runs everything.
struct Placement {
  static constexpr int kElsewhere = -1;  ///< a worker that no channel leads to or comes from
  std::vector<int> worker_of_shard;      ///< empty: every shard is this process's
  std::vector<Address> data_addresses;   ///< by worker: where its DataServer listens; workers with
                                         ///< the highest numbers may be left out
  int own = 0;                           ///< this process

  int worker_of(int shard) const {
    return worker_of_shard.empty() ? own : worker_of_shard[static_cast<size_t>(shard)];
  }
};

/// FAILED_PRECONDITION names the operators that would exchange records between processes, but whose
/// record type has no Serializer.
Status check_can_be_distributed(const JobGraph& graph);

/// INVALID_ARGUMENT: no JobExecution can be made with this placement, which another process sent.
/// `reachable`: this process has a DataServer.
Status check_placement(const JobGraph& graph, const Placement& placement, bool reachable);

/// All data connections of one worker in one attempt: one to each worker that it sends records to,
/// which it dials, and one from each worker that sends records to it. Each attempt makes its own,
/// so nothing of an older attempt can arrive. Thread: the worker's, unless stated otherwise.
class Exchange final : private DataReceiver {
 public:
  struct Options {
    AttemptId attempt = 0;
    size_t channel_capacity = 16;  ///< maximum number of elements in flight on an incoming channel
  };
  /// `server` is needed if other workers send records. All arguments outlive the exchange.
  Exchange(const JobGraph& graph, Placement placement, Options options, Transport& transport,
           DataServer* server);
  ~Exchange() override;

  /// Call before connect(). `id`: the index of the channel in the ExecutionGraph. `wake` is called
  /// on any thread.
  std::shared_ptr<ChannelWriter> make_writer(uint32_t id, int to_worker,
                                             const std::string& from_operator,
                                             std::shared_ptr<const RecordCodec> codec,
                                             std::function<void()> wake);
  std::shared_ptr<ChannelReader> make_reader(uint32_t id, int from_worker,
                                             std::shared_ptr<const RecordCodec> codec,
                                             std::function<void()> wake);

  /// Dials the other workers. `on_connected` is called once, on any thread, possibly within
  /// connect(): with OK when every channel can be used, or with the reason why not. `on_broken` is
  /// called at most once, on any thread, after on_connected got OK: with the reason why the attempt
  /// cannot continue.
  void connect(std::function<void(Status)> on_connected, std::function<void(Status)> on_broken);
  /// Stops reporting breaks; a call in progress may still end. Frames still arrive.
  void silence();
  /// Ends all connections. After it returns, nothing is called any more. Must not be called within
  /// a callback. Stop the shards first: the ends of the channels must not be used afterwards.
  void close();

 private:
  class Outgoing;
  class Incoming;

  AttemptId attempt() const override { return options_.attempt; }
  StatusOr<Endpoint> take(const DataHello& hello, std::unique_ptr<Connection>& connection) override;
  void taken(int from) override;
  /// Counts one more connection as ready. Thread: any.
  void one_ready();
  /// Thread: any.
  void fail(Status reason);
  /// Calls on_connected, and then on_broken if a connection broke meanwhile: never the second
  /// before the first has returned.
  void notify_connected(std::unique_lock<std::mutex> lock, Status status);
  std::string peer_name(int worker) const;
  Outgoing& outgoing_to(int worker);
  Incoming& incoming_from(int worker);

  const JobGraph& graph_;
  const Placement placement_;
  const Options options_;
  Transport& transport_;
  DataServer* const server_;
  std::vector<std::unique_ptr<Outgoing>> outgoing_;  ///< by worker; null: it gets nothing
  std::vector<std::unique_ptr<Incoming>> incoming_;  ///< by worker; null: it sends nothing

  std::mutex mutex_;
  // guarded by mutex_
  enum class Notified { kNo, kPending, kConnected, kClosed } notified_ = Notified::kNo;
  size_t not_ready_ = 0;
  Status broken_meanwhile_;
  std::function<void(Status)> on_connected_;
  std::function<void(Status)> on_broken_;
};

}  // namespace weir
