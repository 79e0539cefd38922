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

/// Which worker runs which part of the job in one attempt: shard i runs subtask i of every vertex
/// that has one. Workers are numbered from 0. The default: all of it in this process.
struct Placement {
  static constexpr int kElsewhere = -1;  ///< with a worker that no channel leads to or comes from
  std::vector<int> worker_of_shard;      ///< empty: every shard is this process's
  std::vector<Address> data_addresses;  ///< by worker: where its DataServer listens; those with the
                                        ///< highest numbers may be left out
  int own = 0;                          ///< this process

  int worker_of(int shard) const {
    return worker_of_shard.empty() ? own : worker_of_shard[static_cast<size_t>(shard)];
  }
};

/// FAILED_PRECONDITION names the operators between which records would have to be sent that have no
/// Serializer.
Status check_can_be_distributed(const JobGraph& graph);

/// INVALID_ARGUMENT: a JobExecution cannot be made with this placement, which came from another
/// process. `reachable`: there is a DataServer.
Status check_placement(const JobGraph& graph, const Placement& placement, bool reachable);

/// All data connections of one worker in one attempt: one to each worker that it sends records to,
/// dialled by it, and one from each worker that it gets records from. They are made anew for each
/// attempt, so nothing of an older one can arrive. Thread: the worker's, unless said otherwise.
class Exchange final : private DataReceiver {
 public:
  struct Options {
    AttemptId attempt = 0;
    size_t channel_capacity = 16;  ///< elements that may be under way on an incoming channel
  };
  /// `server` is needed if records come from other workers. All arguments outlive the exchange.
  Exchange(const JobGraph& graph, Placement placement, Options options, Transport& transport,
           DataServer* server);
  ~Exchange() override;

  /// Before connect(). `id`: the index of the channel in the ExecutionGraph. `wake` is called on
  /// any thread.
  std::shared_ptr<ChannelWriter> make_writer(uint32_t id, int to_worker,
                                             const std::string& from_operator,
                                             std::shared_ptr<const RecordCodec> codec,
                                             std::function<void()> wake);
  std::shared_ptr<ChannelReader> make_reader(uint32_t id, int from_worker,
                                             std::shared_ptr<const RecordCodec> codec,
                                             std::function<void()> wake);

  /// Dials. `on_connected` is called once, on any thread, possibly within connect(): when every
  /// channel can be used, or with the reason why not. `on_broken` at most once, on any thread,
  /// after a good on_connected: with what makes it impossible to go on.
  void connect(std::function<void(Status)> on_connected, std::function<void(Status)> on_broken);
  /// Tells nobody of breaks any more; a call that is under way may still end. Frames go on coming.
  void silence();
  /// Ends all connections: when it has returned nothing is called any more. Not within a callback.
  /// The shards have stopped: the ends of the channels must not be used afterwards.
  void close();

 private:
  class Outgoing;
  class Incoming;

  AttemptId attempt() const override { return options_.attempt; }
  StatusOr<Endpoint> take(const DataHello& hello, std::unique_ptr<Connection>& connection) override;
  void taken(int from) override;
  /// One connection more is ready for use. Thread: any.
  void one_ready();
  /// Thread: any.
  void fail(Status reason);
  /// Calls on_connected, and on_broken if a break came meanwhile: never the second before the first
  /// has returned.
  void tell_connected(std::unique_lock<std::mutex> lock, Status status);
  std::string peer_name(int worker) const;
  Outgoing& outgoing_to(int worker);
  Incoming& incoming_from(int worker);

  const JobGraph& graph_;
  const Placement placement_;
  const Options options_;
  Transport& transport_;
  DataServer* const server_;
  std::vector<std::unique_ptr<Outgoing>> outgoing_;  ///< by worker; null: nothing is sent there
  std::vector<std::unique_ptr<Incoming>> incoming_;  ///< by worker; null: nothing comes from there

  std::mutex mutex_;
  // guarded by mutex_
  enum class Told { kNothing, kTelling, kConnected, kOver } told_ = Told::kNothing;
  size_t not_ready_ = 0;
  Status broken_meanwhile_;
  std::function<void(Status)> on_connected_;
  std::function<void(Status)> on_broken_;
};

}  // namespace weir
