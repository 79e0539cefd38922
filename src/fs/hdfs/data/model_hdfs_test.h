#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/strings.h"
#include "fs/hdfs/data/data_node_dialer.h"
#include "fs/hdfs/data/packet.h"
#include "fs/hdfs/rpc/model_namenode_test.h"
#include "fs/hdfs/rpc/namenode_client.h"

/// A NameNode and DataNodes in memory, in the thread of the client: one file, and faults.

namespace weir {

struct ModelReplica {
  std::string bytes;
  uint64_t stamp = 0;
  bool finalized = false;
  bool synced = false;
};

struct ModelNode {
  std::string host;
  bool alive = true;
  bool hangs = false;            ///< takes everything and answers nothing
  int packets_until_death = -1;  ///< -1: never
  int damages_reads = 0;         ///< of so many streams it sends one bit wrong
  std::map<uint64_t, ModelReplica> replicas;
};

class ModelHdfs {
 public:
  explicit ModelHdfs(int nodes, int replication) : replication_(replication) {
    for (int i = 0; i < nodes; ++i) nodes_[cat("dn", i)].host = cat("dn", i);
  }

  ModelNode& node(int i) { return nodes_.at(cat("dn", i)); }
  MonotonicTime now() const { return now_; }
  std::vector<std::string>& calls() { return calls_; }
  const std::vector<hadoop::ExtendedBlock>& blocks() const { return blocks_; }
  bool gone = false;  ///< the file was removed
  int not_yet = 0;    ///< so many answers to complete() are "false"
  bool closed = false;

  std::shared_ptr<NameNodeClient> namenode() {
    NameNodeClientOptions options;
    options.retry = {.attempts_max = 4, .first_contact_attempts_max = 2};
    options.sleep = [this](std::chrono::milliseconds time) { now_ += time; };
    options.now = [this] { return now_; };
    options.namenodes = {{"nn", 8020}};
    options.connect = [this](const NameNodeAddress&) {
      return RpcConnection::open(std::make_unique<ModelRpcConnection>(
                                     0, [this](const ArrivedCall& call) { return serve(call); },
                                     [this](std::chrono::milliseconds time) { now_ += time; }),
                                 {std::string(16, 'c'), "bob"}, false, [this] { return now_; });
    };
    return std::make_shared<NameNodeClient>(std::move(options));
  }
  DataNodeDialer dialer();

  /// The file's bytes, from the replicas that count for the NameNode. Nodes that have died since
  /// count too, because nobody copies blocks here.
  std::string content() {
    std::string bytes;
    for (const auto& block : blocks_) {
      const ModelReplica* found = nullptr;
      for (auto& [host, node] : nodes_) {
        const auto replica = node.replicas.find(block.blockid());
        if (replica != node.replicas.end() && replica->second.stamp == block.generationstamp() &&
            replica->second.finalized)
          found = &replica->second;
      }
      if (found == nullptr) return cat("(block ", block.blockid(), " has no replica)");
      if (found->bytes.size() != block.numbytes())
        return cat("(block ", block.blockid(), " has ", found->bytes.size(),
                   " bytes, and the NameNode says ", block.numbytes(), ")");
      bytes += found->bytes;
    }
    return bytes;
  }
  int replicas_of(size_t block) {
    int count = 0;
    for (auto& [host, node] : nodes_) {
      const auto replica = node.replicas.find(blocks_[block].blockid());
      count += node.alive && replica != node.replicas.end() && replica->second.finalized &&
               replica->second.stamp == blocks_[block].generationstamp();
    }
    return count;
  }

 private:
  friend class ModelDataConnection;

  void locate(const hadoop::ExtendedBlock& block, const std::vector<std::string>& hosts,
              hadoop::LocatedBlock* located) {
    *located->mutable_b() = block;
    located->set_offset(0);
    located->set_corrupt(false);
    auto* token = located->mutable_blocktoken();
    token->set_identifier("");
    token->set_password("");
    token->set_kind("");
    token->set_service("");
    for (const std::string& host : hosts) {
      auto* id = located->add_locs()->mutable_id();
      id->set_ipaddr(host);
      id->set_hostname(host);
      id->set_datanodeuuid("uuid-" + host);
      id->set_xferport(9866);
      id->set_infoport(1);
      id->set_ipcport(2);
      located->add_storagetypes(hadoop::DISK);
      located->add_storageids("storage-" + host);
    }
  }

  ModelAnswer serve(const ArrivedCall& call) {
    calls_.push_back(call.method);
    const auto answered = [](const google::protobuf::MessageLite& message) {
      ModelAnswer answer;
      answer.body = message.SerializeAsString();
      return answer;
    };
    if (gone) return refusal("java.io.FileNotFoundException", "inode 7 has no open files");
    if (call.method == "addBlock") {
      hadoop::AddBlockRequest request;
      request.ParseFromString(call.request);
      if (request.has_previous() != !blocks_.empty())
        return refusal("java.io.IOException", "previous does not fit");
      if (request.has_previous()) blocks_.back() = request.previous();
      std::set<std::string> excluded;
      for (const auto& node : request.excludenodes()) excluded.insert(node.id().hostname());
      std::vector<std::string> hosts;
      for (auto& [host, node] : nodes_) {
        if (!excluded.contains(host) && static_cast<int>(hosts.size()) < replication_)
          hosts.push_back(host);
      }
      if (hosts.empty())
        return refusal("java.io.IOException",
                       "File could only be written to 0 of the 1 minReplication nodes");
      hadoop::ExtendedBlock block;
      block.set_poolid("pool");
      block.set_blockid(next_block_++);
      block.set_generationstamp(1000);
      blocks_.push_back(block);
      hadoop::AddBlockResponse response;
      locate(block, hosts, response.mutable_block());
      return answered(response);
    }
    if (call.method == "abandonBlock") {
      hadoop::AbandonBlockRequest request;
      request.ParseFromString(call.request);
      if (blocks_.empty() || blocks_.back().blockid() != request.b().blockid())
        return refusal("java.io.IOException", "not the last block");
      blocks_.pop_back();
      return answered(hadoop::Nothing());
    }
    if (call.method == "updateBlockForPipeline") {
      hadoop::UpdateBlockForPipelineRequest request;
      request.ParseFromString(call.request);
      hadoop::UpdateBlockForPipelineResponse response;
      hadoop::ExtendedBlock block = request.block();
      block.set_generationstamp(++next_stamp_);
      locate(block, {}, response.mutable_block());
      return answered(response);
    }
    if (call.method == "updatePipeline") {
      hadoop::UpdatePipelineRequest request;
      request.ParseFromString(call.request);
      if (request.newnodes_size() == 0 || request.newnodes_size() != request.storageids_size())
        return refusal("java.io.IOException", "nodes and storages do not fit");
      blocks_.back().set_generationstamp(request.newblock().generationstamp());
      return answered(hadoop::Nothing());
    }
    if (call.method == "getBlockLocations") {
      hadoop::GetBlockLocationsResponse response;
      auto* locations = response.mutable_locations();
      uint64_t offset = 0;
      for (const auto& block : blocks_) {
        std::vector<std::string> hosts;
        for (auto& [host, node] : nodes_) {
          if (node.replicas.contains(block.blockid())) hosts.push_back(host);
        }
        locate(block, hosts, locations->add_blocks());
        locations->mutable_blocks(locations->blocks_size() - 1)->set_offset(offset);
        offset += block.numbytes();
      }
      locations->set_filelength(offset);
      locations->set_underconstruction(false);
      locations->set_islastblockcomplete(true);
      return answered(response);
    }
    if (call.method == "complete") {
      hadoop::CompleteRequest request;
      request.ParseFromString(call.request);
      if (request.has_last()) blocks_.back() = request.last();
      closed = not_yet == 0;
      if (not_yet > 0) --not_yet;
      hadoop::CompleteResponse response;
      response.set_result(closed);
      return answered(response);
    }
    return refusal("java.io.IOException", "the model does not know " + call.method);
  }

  const int replication_;
  std::map<std::string, ModelNode> nodes_;
  std::vector<hadoop::ExtendedBlock> blocks_;
  std::vector<std::string> calls_;
  uint64_t next_block_ = 1;
  uint64_t next_stamp_ = 2000;
  MonotonicTime now_{0};
};

/// A connection to the first DataNode of a pipeline, or to the one that is read.
class ModelDataConnection final : public TcpClient {
 public:
  ModelDataConnection(ModelHdfs& hdfs, std::string host) : hdfs_(hdfs), host_(std::move(host)) {}

  Status read(size_t max, std::chrono::milliseconds timeout, std::string* bytes,
              bool* end) override {
    bytes->assign(output_, 0, max);
    output_.erase(0, bytes->size());
    *end = bytes->empty() && closed();
    if (bytes->empty() && !*end) hdfs_.now_ += timeout;
    return {};
  }
  Status write(std::string_view bytes, std::chrono::milliseconds) override {
    if (closed()) return unavailable("broken pipe");
    if (hdfs_.nodes_.at(host_).hangs) return {};
    input_ += bytes;
    while (!closed() && (nodes_.empty() ? take_request() : take_packet())) {}
    return {};
  }

 private:
  bool closed() const { return closed_ || !hdfs_.nodes_.at(host_).alive; }

  bool take_request() {
    if (input_.size() < 4) return false;
    const size_t size = delimited_size(std::string_view(input_).substr(3));
    if (size == 0 || size == SIZE_MAX || input_.size() < 3 + size) return false;
    std::string_view rest = std::string_view(input_).substr(3);
    const char operation = input_[2];
    const bool done = operation == 80 ? begin_write(rest) : serve_read(rest);
    input_.erase(0, 3 + size);
    return done;
  }

  bool begin_write(std::string_view rest) {
    hadoop::OpWriteBlock op;
    if (!take_delimited(&rest, &op)) return false;
    block_ = op.header().baseheader().block().blockid();
    const bool is_new = op.stage() == hadoop::OpWriteBlock::PIPELINE_SETUP_CREATE;
    std::vector<std::string> hosts{host_};
    for (const auto& target : op.targets()) hosts.push_back(target.id().hostname());
    hadoop::BlockOpResponse answer;
    answer.set_status(hadoop::DATA_SUCCESS);
    for (const std::string& host : hosts) {
      ModelNode& node = hdfs_.nodes_.at(host);
      if (!node.alive) {
        answer.set_status(hadoop::DATA_ERROR);
        if (host != host_) answer.set_firstbadlink(host + ":9866");
        break;
      }
      ModelReplica& replica = node.replicas[block_];
      if (is_new) replica = {};
      if (!is_new &&
          (replica.stamp != op.header().baseheader().block().generationstamp() ||
           replica.bytes.size() < op.minbytesrcvd() || replica.bytes.size() > op.maxbytesrcvd())) {
        answer.set_status(hadoop::DATA_ERROR);
        answer.set_message("the replica does not fit");
        break;
      }
      replica.stamp = op.latestgenerationstamp();
      if (op.stage() == hadoop::OpWriteBlock::PIPELINE_CLOSE_RECOVERY) replica.finalized = true;
    }
    append_delimited(answer, &output_);
    if (answer.status() != hadoop::DATA_SUCCESS) closed_ = true;
    nodes_ = hosts;
    return true;
  }

  bool take_packet() {
    if (input_.size() < kPacketPrefixBytes) return false;
    const auto header_bytes = packet_header_bytes(input_);
    const size_t size = 2 + *header_bytes + read_be32(input_.data()) + 0;
    if (input_.size() < size) return false;
    const auto packet = parse_packet_header(
        input_, std::string_view(input_).substr(kPacketPrefixBytes, *header_bytes));
    hadoop::PacketHeader header;
    header.ParseFromString(input_.substr(kPacketPrefixBytes, *header_bytes));
    const std::string data = input_.substr(size - packet->data_bytes, packet->data_bytes);
    hadoop::PipelineAck ack;
    ack.set_seqno(header.seqno());
    for (const std::string& host : nodes_) {
      ModelNode& node = hdfs_.nodes_.at(host);
      if (node.packets_until_death == 0) node.alive = false;
      else if (node.packets_until_death > 0) --node.packets_until_death;
      if (node.hangs) {
        input_.erase(0, size);
        return true;
      }
      if (!node.alive) {
        ack.add_reply(hadoop::DATA_ERROR);
        ack.set_seqno(-2);
        break;
      }
      ModelReplica& replica = node.replicas[block_];
      replica.bytes.resize(static_cast<size_t>(packet->offset));
      replica.bytes += data;
      if (packet->last_in_block) replica.finalized = true;
      if (header.syncblock()) replica.synced = true;
      ack.add_reply(hadoop::DATA_SUCCESS);
    }
    input_.erase(0, size);
    if (!hdfs_.nodes_.at(host_).alive) return true;
    append_delimited(ack, &output_);
    return true;
  }

  bool serve_read(std::string_view rest) {
    hadoop::OpReadBlock op;
    if (!take_delimited(&rest, &op)) return false;
    ModelNode& node = hdfs_.nodes_.at(host_);
    const auto replica = node.replicas.find(op.header().baseheader().block().blockid());
    hadoop::BlockOpResponse answer;
    if (replica == node.replicas.end()) {
      answer.set_status(hadoop::DATA_ERROR);
      append_delimited(answer, &output_);
      closed_ = true;
      return true;
    }
    const auto begin = static_cast<int64_t>(op.offset() / kChunkBytes * kChunkBytes);
    answer.set_status(hadoop::DATA_SUCCESS);
    auto* info = answer.mutable_readopchecksuminfo();
    info->mutable_checksum()->set_type(hadoop::CHECKSUM_CRC32C);
    info->mutable_checksum()->set_bytesperchecksum(kChunkBytes);
    info->set_chunkoffset(static_cast<uint64_t>(begin));
    append_delimited(answer, &output_);
    const std::string& bytes = replica->second.bytes;
    const auto end =
        std::min<int64_t>(static_cast<int64_t>((op.offset() + op.len() + kChunkBytes - 1) /
                                               kChunkBytes * kChunkBytes),
                          static_cast<int64_t>(bytes.size()));
    int64_t sequence = 0;
    for (int64_t at = begin; at < end; at += 2048) {
      OutgoingPacket packet(2048);
      packet.reset(at);
      packet.append(std::string_view(bytes).substr(
          static_cast<size_t>(at), static_cast<size_t>(std::min<int64_t>(2048, end - at))));
      packet.seal();
      output_ += packet.encode(sequence++, false, false);
    }
    if (node.damages_reads > 0) {
      --node.damages_reads;
      output_.back() ^= 1;
    }
    OutgoingPacket last(kChunkBytes);
    last.reset(end);
    output_ += last.encode(sequence, true, false);
    return true;
  }

  ModelHdfs& hdfs_;
  const std::string host_;
  std::vector<std::string> nodes_;
  uint64_t block_ = 0;
  std::string input_;
  std::string output_;
  bool closed_ = false;
};

inline DataNodeDialer ModelHdfs::dialer() {
  DataNodeDialer dialer;
  dialer.connect = [this](const std::string& host, int,
                          std::chrono::milliseconds) -> StatusOr<std::unique_ptr<TcpClient>> {
    if (!nodes_.at(host).alive) return unavailable(cat("cannot connect to ", host));
    return std::unique_ptr<TcpClient>(std::make_unique<ModelDataConnection>(*this, host));
  };
  return dialer;
}

}  // namespace weir
