#include "fs/hdfs/data/block_pipeline.h"

#include "base/strings.h"
#include "fs/hdfs/data/packet.h"
#include "fs/hdfs/data/transfer_request.h"
#include "fs/hdfs/rpc/hadoop.pb.h"

namespace weir {
namespace {

constexpr std::chrono::seconds kPatiencePerNode{5};

hadoop::OpWriteBlock message_of(const BlockPipeline::Request& request) {
  const hadoop::LocatedBlock& block = request.block;
  hadoop::OpWriteBlock op;
  auto* header = op.mutable_header();
  *header->mutable_baseheader()->mutable_block() = block.b();
  *header->mutable_baseheader()->mutable_token() = block.blocktoken();
  header->set_clientname(request.client_name);
  for (int i = 1; i < block.locs_size(); ++i) *op.add_targets() = block.locs(i);
  switch (request.purpose) {
    case BlockPipeline::Purpose::kNew:
      op.set_stage(hadoop::OpWriteBlock::PIPELINE_SETUP_CREATE);
      break;
    case BlockPipeline::Purpose::kContinue:
      op.set_stage(hadoop::OpWriteBlock::PIPELINE_SETUP_STREAMING_RECOVERY);
      break;
    case BlockPipeline::Purpose::kFinalize:
      op.set_stage(hadoop::OpWriteBlock::PIPELINE_CLOSE_RECOVERY);
      break;
  }
  op.set_pipelinesize(static_cast<uint32_t>(block.locs_size()));
  op.set_minbytesrcvd(static_cast<uint64_t>(request.acknowledged));
  op.set_maxbytesrcvd(static_cast<uint64_t>(request.sent));
  op.set_latestgenerationstamp(request.purpose == BlockPipeline::Purpose::kNew
                                   ? block.b().generationstamp()
                                   : request.new_stamp);
  op.mutable_requestedchecksum()->set_type(hadoop::CHECKSUM_CRC32C);
  op.mutable_requestedchecksum()->set_bytesperchecksum(kChunkBytes);
  for (int i = 0; i < block.storagetypes_size() && i < block.locs_size(); ++i) {
    if (i == 0) op.set_storagetype(block.storagetypes(i));
    else op.add_targetstoragetypes(block.storagetypes(i));
  }
  for (int i = 0; i < block.storageids_size() && i < block.locs_size(); ++i) {
    if (i == 0) op.set_storageid(block.storageids(i));
    else op.add_targetstorageids(block.storageids(i));
  }
  return op;
}

/// The position of the node that an answer blames; the first one if it names none.
int blamed(const std::string& link, const hadoop::LocatedBlock& block) {
  for (int i = 0; i < block.locs_size(); ++i) {
    const hadoop::DatanodeId& id = block.locs(i).id();
    if (link == cat(id.ipaddr(), ":", id.xferport()) ||
        link == cat(id.hostname(), ":", id.xferport()))
      return i;
  }
  return 0;
}

}  // namespace

std::unique_ptr<BlockPipeline> BlockPipeline::open(const DataNodeDialer& dialer,
                                                   std::chrono::milliseconds silence,
                                                   const Request& request, PipelineFault* fault) {
  const hadoop::LocatedBlock& block = request.block;
  if (block.locs_size() == 0) {
    *fault = {unavailable("the NameNode named no DataNode for the block"), -1, false};
    return nullptr;
  }
  const hadoop::DatanodeId& first = block.locs(0).id();
  const std::string address = dialer.address(first);
  auto stream = dialer.dial(first, block.blocktoken(), silence);
  if (!stream.ok()) {
    *fault = {stream.status(), 0, true};
    return nullptr;
  }
  hadoop::BlockOpResponse answer;
  Status status = (*stream)->write(transfer_request(kWriteBlock, message_of(request)));
  // A node that waits for the next one reports it when its own patience ends, which is so much
  // shorter for each node behind it.
  const auto patience = silence + kPatiencePerNode * block.locs_size();
  bool got = false;
  if (status.ok()) status = (*stream)->poll_message(patience, &answer, &got);
  if (status.ok() && !got) status = unavailable(cat("it was silent for ", patience.count(), " ms"));
  if (!status.ok()) {
    *fault = {status.with_context(cat("the DataNode ", address)), 0, false};
    return nullptr;
  }
  if (answer.status() != hadoop::DATA_SUCCESS) {
    const int node = blamed(answer.firstbadlink(), block);
    *fault = {unavailable(cat(
                  "the DataNode ", address, " cannot take the block: ", transfer_problem(answer),
                  node == 0 ? "" : cat("; it cannot use ", dialer.address(block.locs(node).id())))),
              node, true};
    return nullptr;
  }
  return std::unique_ptr<BlockPipeline>(
      new BlockPipeline(*std::move(stream), block.locs_size(), address));
}

bool BlockPipeline::send(std::string_view packet) {
  const Status sent = stream_->write(packet);
  return sent.ok() || fail({sent.with_context(cat("the DataNode ", first_)), 0, false});
}

bool BlockPipeline::receive(std::chrono::milliseconds timeout, int64_t* sequence) {
  *sequence = -1;
  hadoop::PipelineAck ack;
  bool got = false;
  const Status received = stream_->poll_message(timeout, &ack, &got);
  if (!received.ok()) return fail({received.with_context(cat("the DataNode ", first_)), 0, false});
  if (!got) return true;
  // A failing node shows in its reply; the sequence means nothing then.
  for (int i = 0; i < ack.reply_size(); ++i) {
    if (ack.reply(i) == hadoop::DATA_SUCCESS) continue;
    return fail({unavailable(cat("DataNode ", i + 1, " of ", nodes_, ", after ", first_,
                                 ", reports ", transfer_status_name(ack.reply(i)))),
                 i, true});
  }
  if (ack.seqno() != expected_ || ack.reply_size() != nodes_)
    return fail(
        {unavailable(cat("the DataNode ", first_, " acknowledged packet ", ack.seqno(), " for ",
                         ack.reply_size(), " nodes instead of ", expected_, " for ", nodes_)),
         0, false});
  ++expected_;
  *sequence = ack.seqno();
  return true;
}

std::chrono::milliseconds BlockPipeline::patience(std::chrono::milliseconds silence) const {
  return silence + kPatiencePerNode * nodes_;
}

void BlockPipeline::abandon(std::chrono::milliseconds waited) {
  // Nothing tells which node hangs. If it is the first, the next pipeline cannot be opened; if not,
  // the last is as likely as any, and is then the last again.
  fail({unavailable(cat("no DataNode of the pipeline from ", first_, " acknowledged anything for ",
                        waited.count(), " ms")),
        nodes_ - 1, false});
}

}  // namespace weir
