#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "fs/hdfs/data/data_node_dialer.h"

namespace weir {
namespace hadoop {
class LocatedBlock;
}

/// The failure of a pipeline, and the node that seems to have caused it.
struct PipelineFault {
  Status status;
  int node = -1;         ///< position in the pipeline; -1: not known
  bool certain = false;  ///< a node said so; else it is a guess
};

/// A chain of DataNodes that store one block: packets go to the first, which passes them on, and
/// acknowledgements of all come back (WRITE_BLOCK; Sender.java, DataXceiver.java and
/// PipelineAck.java of Hadoop 3.4.2). Thread: one at a time.
class BlockPipeline {
 public:
  enum class Purpose {
    kNew,       ///< the block has no bytes yet
    kContinue,  ///< another pipeline failed; the nodes have the acknowledged bytes
    kFinalize,  ///< the same, and all bytes are acknowledged: there will be no packets
  };
  struct Request {
    const hadoop::LocatedBlock& block;  ///< the nodes, in order, and the token
    Purpose purpose = Purpose::kNew;
    uint64_t new_stamp = 0;  ///< the generation from now on, unless the block is new
    int64_t acknowledged = 0;
    int64_t sent = 0;
    const std::string& client_name;
  };

  /// Null: see `*fault`.
  static std::unique_ptr<BlockPipeline> open(const DataNodeDialer& dialer,
                                             std::chrono::milliseconds silence,
                                             const Request& request, PipelineFault* fault);

  /// Sends the bytes of a packet. False: see fault().
  bool send(std::string_view packet);
  /// Waits for an acknowledgement at most for `timeout`. False: see fault(). `*sequence` is that of
  /// the packet, or -1 if nothing came.
  bool receive(std::chrono::milliseconds timeout, int64_t* sequence);
  /// How long acknowledgements may stay out, if a node may be silent for `silence`.
  std::chrono::milliseconds patience(std::chrono::milliseconds silence) const;
  /// To be called when they stay out longer.
  void abandon(std::chrono::milliseconds waited);
  const PipelineFault& fault() const { return fault_; }

 private:
  BlockPipeline(std::unique_ptr<MessageStream> stream, int nodes, std::string first)
      : stream_(std::move(stream)), nodes_(nodes), first_(std::move(first)) {}
  bool fail(PipelineFault fault) {
    fault_ = std::move(fault);
    return false;
  }

  const std::unique_ptr<MessageStream> stream_;
  const int nodes_;
  const std::string first_;  ///< the first node's address
  int64_t expected_ = 0;     ///< the sequence of the next acknowledgement
  PipelineFault fault_;
};

}  // namespace weir
