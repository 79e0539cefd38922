#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "flink/chain_driver.h"
#include "flink/chain_metrics.h"
#include "flink/hosted_restore.h"
#include "flink/hosted_snapshot.h"
#include "flink/weir_snapshot.h"

namespace weir {

/// One subtask of one vertex, driven by calls from a Flink operator (docs/formats/flink_host.md):
/// bytes in, bytes out, no I/O of its own. Thread: one.
class ChainHost {
 public:
  struct Options {
    bool ignore_unclaimed_state = false;
    double copy_reserve = 0;
    size_t max_record_bytes = kDefaultMaxRecordBytes;
    std::string from = {};  ///< the weir snapshot that the job started from, or empty
  };
  /// `graph` and `world` outlive it.
  ChainHost(const JobGraph& graph, Options options, ChainWorld& world);
  ~ChainHost();

  /// Carries out one call. `request` excludes its length prefix. The reply, with its length, is
  /// valid until the next call. Errors in the request or the chain are in the reply.
  std::string_view handle(std::string_view request);
  /// True after CLOSE.
  bool closed() const { return state_ == State::kClosed; }
  /// As CLOSE, for an unexpected end.
  void close();
  /// Number of blocking pieces of work that have not returned.
  int under_way() const { return services_.under_way(); }

 private:
  enum class State { kNew, kOpened, kRunning, kDead, kClosed };

  std::string_view carry_out(ChainCall call, std::string_view body);
  Status check_order(ChainCall call) const;
  StatusOr<std::string_view> dispatch(ChainCall call, std::string_view body);
  Status open(std::string_view body);
  Status check(const OpenRequest& request) const;
  Status open_chain(const OpenRequest& request);
  Status restore_group(std::string_view body);
  Status ready();
  StatusOr<uint8_t> drive(ChainCall call, std::string_view body);
  StatusOr<std::string_view> snapshot(int64_t id);
  StatusOr<std::string_view> snapshot_chunk(int64_t id);
  void snapshot_drop(int64_t id);
  void aborted(int64_t id);
  void settle();
  std::string name() const;

  const JobGraph& graph_;
  const Options options_;
  ChainWorld& world_;
  ChainServices services_;
  ReplyWriter reply_;
  State state_ = State::kNew;
  Status failure_;  ///< kDead: the reason

  // Set by OPEN.
  const JobVertex* vertex_ = nullptr;
  SubtaskPlace place_;
  CheckpointId base_ = 0;                 ///< own ids of checkpoints are Flink's and this
  std::optional<HostedRestore> restore_;  ///< until READY
  std::optional<ChainSnapshot> from_;     ///< until READY
  std::vector<std::string> splits_;       ///< until READY
  std::unique_ptr<FramePacker> packer_;
  std::vector<std::unique_ptr<Output>> outputs_;  ///< by edge that leaves the vertex
  FiberPool fibers_;
  SuspendableCall call_{fibers_};
  std::unique_ptr<OperatorChain> chain_;
  std::unique_ptr<ChainDriver> driver_;
  ChainMetrics metrics_;
  /// By Flink's id: those not yet fully sent.
  std::map<int64_t, std::shared_ptr<HostedSnapshot>> snapshots_;
};

}  // namespace weir
