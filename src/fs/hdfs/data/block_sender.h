#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fs/hdfs/data/block_pipeline.h"
#include "fs/hdfs/data/packet_window.h"
#include "fs/hdfs/rpc/namenode_client.h"

namespace weir {
namespace hadoop {
class DatanodeInfo;
class LocatedBlock;
}  // namespace hadoop

struct BlockSenderOptions {
  int64_t block_bytes = 128 << 20;  ///< a multiple of kChunkBytes
  size_t packet_bytes = 126 * kChunkBytes;
  size_t window_packets = 64;  ///< kept for sending again: 4 MiB
  bool sync = true;            ///< the DataNodes write each block to disk when it ends
  std::chrono::milliseconds silence{60'000};
};

/// Writes the blocks of one open file. When DataNodes fail, a block that is still wholly in memory
/// goes to others from its start; a longer one goes on with the nodes that are left, which keep
/// what they have acknowledged (pipeline recovery of DataStreamer.java, Hadoop 3.4.2). The NameNode
/// makes the missing copies afterwards. Thread: one at a time.
class BlockSender {
 public:
  struct File {
    std::string path;
    uint64_t id = 0;          ///< the inode
    std::string client_name;  ///< the holder of the lease
  };

  BlockSender(std::shared_ptr<NameNodeClient> namenode, const DataNodeDialer& dialer, File file,
              const BlockSenderOptions& options);
  ~BlockSender();

  /// After a failure nothing more can be sent.
  Status append(std::string_view bytes);
  /// Ends the last block: all bytes are on all of its DataNodes.
  Status finish();
  /// The last block that ended; null if the file is empty.
  const hadoop::LocatedBlock* last() const { return previous_.get(); }

 private:
  void queue_filled_packet();
  Status end_block();
  /// Sends and receives until a packet may be added, or, with `whole`, until the block has ended.
  /// Replaces pipelines that fail.
  Status pump(bool whole);
  /// The same on an open pipeline. False: it failed.
  bool exchange(bool whole);
  bool await_acknowledgement(std::chrono::milliseconds timeout, bool* got);
  /// Opens a pipeline for the block, and decides which.
  Status open_pipeline();
  Status open_new_block(bool* opened);
  Status continue_block(bool* opened);
  Status abandon_block();
  void remove_node(int node);
  void exclude(int node);
  void note_fault(PipelineFault fault);
  Status fenced(const Status& reason) const;

  const std::shared_ptr<NameNodeClient> namenode_;
  const DataNodeDialer dialer_;
  const File file_;
  const BlockSenderOptions options_;

  PacketWindow window_;
  std::unique_ptr<OutgoingPacket> filling_;
  int64_t block_end_ = 0;                           ///< bytes of the block that are in packets
  std::unique_ptr<hadoop::LocatedBlock> block_;     ///< null before the first packet
  std::unique_ptr<hadoop::LocatedBlock> previous_;  ///< with its final length
  std::vector<std::unique_ptr<hadoop::DatanodeInfo>> excluded_;  ///< for the rest of the file

  std::unique_ptr<BlockPipeline> pipeline_;
  int64_t pipeline_first_ = 0;  ///< the index of the packet with sequence 0
  int64_t sent_ = 0;            ///< packets of the block
  bool ending_ = false;         ///< the packet that ends the block was sent
  bool ended_ = false;
  int faults_ = 0;     ///< since the last acknowledgement
  int bad_node_ = -1;  ///< of the block, to be left out of its next pipeline
  Status last_fault_;
  std::optional<HdfsAttempts> attempts_;  ///< likewise
};

}  // namespace weir
