#include "fs/hdfs/data/block_sender.h"

#include <algorithm>

#include "base/log.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "fs/hdfs/rpc/hadoop.pb.h"

namespace weir {
namespace {

constexpr std::chrono::milliseconds kNoWait{0};

/// Somebody else has removed, replaced or closed the file: the lease is gone.
bool is_fenced(const NameNodeClient::Answer& answer) {
  return answer.refusal == Refusal::kNotFound || answer.exception == "LeaseExpiredException";
}

}  // namespace

BlockSender::BlockSender(std::shared_ptr<NameNodeClient> namenode, const DataNodeDialer& dialer,
                         File file, const BlockSenderOptions& options)
    : namenode_(std::move(namenode)),
      dialer_(dialer),
      file_(std::move(file)),
      options_(options),
      window_(options.packet_bytes, options.window_packets) {}

BlockSender::~BlockSender() = default;

Status BlockSender::append(std::string_view bytes) {
  while (!bytes.empty()) {
    if (!filling_) {
      if (window_.full()) WEIR_RETURN_IF_ERROR(pump(false));
      filling_ = window_.take(block_end_);
    }
    const auto room = static_cast<size_t>(options_.block_bytes - filling_->end());
    bytes.remove_prefix(filling_->append(bytes.substr(0, room)));
    if (filling_->full() || filling_->end() == options_.block_bytes) {
      queue_filled_packet();
      WEIR_RETURN_IF_ERROR(block_end_ == options_.block_bytes ? end_block() : pump(false));
    }
  }
  return {};
}

void BlockSender::queue_filled_packet() {
  filling_->seal();
  block_end_ = filling_->end();
  window_.push(std::move(filling_));
}

Status BlockSender::finish() {
  if (filling_ && filling_->size() > 0) queue_filled_packet();
  return block_end_ > 0 ? end_block() : Status();
}

Status BlockSender::end_block() {
  WEIR_RETURN_IF_ERROR(pump(true));
  block_->mutable_b()->set_numbytes(static_cast<uint64_t>(block_end_));
  previous_ = std::move(block_);
  pipeline_.reset();
  window_.clear();
  filling_.reset();
  block_end_ = sent_ = pipeline_first_ = 0;
  ending_ = ended_ = false;
  return {};
}

Status BlockSender::pump(bool whole) {
  while (true) {
    if (!pipeline_) WEIR_RETURN_IF_ERROR(open_pipeline());
    if (ended_ || exchange(whole)) return {};
    note_fault(pipeline_->fault());
    pipeline_.reset();
  }
}

bool BlockSender::exchange(bool whole) {
  while (true) {
    for (; sent_ < window_.count(); ++sent_) {
      if (!pipeline_->send(window_.at(sent_).encode(sent_ - pipeline_first_, false, false)))
        return false;
      bool got = true;
      while (got) {
        if (!await_acknowledgement(kNoWait, &got)) return false;
      }
    }
    const bool all_acknowledged = window_.acknowledged() == window_.count();
    if (whole && all_acknowledged && !ending_) {
      // It follows only now, so that a fault from here on is known not to concern data.
      OutgoingPacket end(kChunkBytes);
      end.reset(block_end_);
      ending_ = true;
      if (!pipeline_->send(end.encode(sent_ - pipeline_first_, true, options_.sync))) return false;
    }
    if (whole ? ended_ : !window_.full()) return true;
    bool got = false;
    const auto patience = pipeline_->patience(options_.silence);
    if (!await_acknowledgement(patience, &got)) return false;
    if (!got) {
      pipeline_->abandon(patience);
      return false;
    }
  }
}

bool BlockSender::await_acknowledgement(std::chrono::milliseconds timeout, bool* got) {
  int64_t sequence = -1;
  if (!pipeline_->receive(timeout, &sequence)) return false;
  *got = sequence >= 0;
  if (!*got) return true;
  faults_ = 0;
  attempts_.reset();
  if (window_.acknowledged() < window_.count()) window_.acknowledge();
  else ended_ = true;
  return true;
}

void BlockSender::exclude(int node) {
  if (node < 0 || node >= block_->locs_size()) return;
  excluded_.push_back(std::make_unique<hadoop::DatanodeInfo>(block_->locs(node)));
}

void BlockSender::note_fault(PipelineFault fault) {
  // Between two packets nothing was at stake: the nodes only lost patience, and all may go on.
  const bool idle = window_.acknowledged() == sent_ && !ending_ && !fault.certain && faults_ == 0;
  ++faults_;
  WEIR_LOG(kWarning) << "HDFS: writing " << file_.path << " goes on without "
                     << (idle || fault.node < 0 || fault.node >= block_->locs_size()
                             ? std::string("the connection")
                             : dialer_.address(block_->locs(fault.node).id()))
                     << ": " << fault.status.message();
  last_fault_ = fault.status;
  if (idle) return;
  exclude(fault.node);
  bad_node_ = fault.node;
}

Status BlockSender::open_pipeline() {
  while (true) {
    if (!attempts_) attempts_.emplace(namenode_->options());
    // The first ones need no wait: there are other nodes.
    if (faults_ > 2 && !attempts_->another(namenode_->options().retry.attempts_max, last_fault_)) {
      return unavailable(cat("cannot write ", file_.path, " on HDFS: ", last_fault_.message(),
                             ", after ", faults_,
                             " failures in a row; hdfs dfsadmin -report shows which DataNodes are "
                             "alive"));
    }
    bool opened = false;
    if (block_ && !window_.holds_the_whole_block()) {
      WEIR_RETURN_IF_ERROR(continue_block(&opened));
    } else {
      if (block_) WEIR_RETURN_IF_ERROR(abandon_block());
      WEIR_RETURN_IF_ERROR(open_new_block(&opened));
    }
    if (opened) return {};
  }
}

Status BlockSender::abandon_block() {
  hadoop::AbandonBlockRequest request;
  *request.mutable_b() = block_->b();
  request.set_src(file_.path);
  request.set_holder(file_.client_name);
  request.set_fileid(file_.id);
  hadoop::Nothing nothing;
  const auto answer = namenode_->call({"abandonBlock", "write", file_.path}, request, &nothing);
  block_.reset();
  bad_node_ = -1;
  ending_ = false;
  sent_ = pipeline_first_ = 0;
  window_.forget_acknowledgements();
  return is_fenced(answer) ? fenced(answer.status) : answer.status;
}

Status BlockSender::open_new_block(bool* opened) {
  hadoop::AddBlockRequest request;
  request.set_src(file_.path);
  request.set_clientname(file_.client_name);
  if (previous_) *request.mutable_previous() = previous_->b();
  for (const auto& node : excluded_) *request.add_excludenodes() = *node;
  request.set_fileid(file_.id);
  hadoop::AddBlockResponse response;
  NameNodeClient::Call call{"addBlock", "write", file_.path};
  if (!excluded_.empty()) call.not_repeated_after = Refusal::kNoDataNode;
  const auto answer = namenode_->call(call, request, &response);
  if (is_fenced(answer)) return fenced(answer.status);
  if (answer.refusal == Refusal::kNoDataNode && !excluded_.empty()) {
    excluded_.clear();  // there may be no other DataNode
    last_fault_ = answer.status;
    ++faults_;
    return {};
  }
  WEIR_RETURN_IF_ERROR(answer.status);
  block_ = std::make_unique<hadoop::LocatedBlock>(std::move(*response.mutable_block()));
  PipelineFault fault;
  pipeline_ = BlockPipeline::open(dialer_, options_.silence,
                                  {.block = *block_, .client_name = file_.client_name}, &fault);
  *opened = pipeline_ != nullptr;
  if (!*opened) note_fault(std::move(fault));
  return {};
}

Status BlockSender::continue_block(bool* opened) {
  if (bad_node_ >= 0) {
    remove_node(bad_node_);
    bad_node_ = -1;
  }
  if (block_->locs_size() == 0) {
    return unavailable(cat("cannot write ", file_.path,
                           " on HDFS: no DataNode of its block is left that has the first ",
                           window_.acknowledged_bytes(), " bytes: ", last_fault_.message()));
  }
  hadoop::UpdateBlockForPipelineRequest request;
  *request.mutable_block() = block_->b();
  request.set_clientname(file_.client_name);
  hadoop::UpdateBlockForPipelineResponse response;
  auto answer =
      namenode_->call({"updateBlockForPipeline", "write", file_.path}, request, &response);
  if (is_fenced(answer)) return fenced(answer.status);
  WEIR_RETURN_IF_ERROR(answer.status);
  const uint64_t new_stamp = response.block().b().generationstamp();
  *block_->mutable_blocktoken() = response.block().blocktoken();

  PipelineFault fault;
  auto pipeline = BlockPipeline::open(
      dialer_, options_.silence,
      {.block = *block_,
       .purpose = ending_ ? BlockPipeline::Purpose::kFinalize : BlockPipeline::Purpose::kContinue,
       .new_stamp = new_stamp,
       .acknowledged = window_.acknowledged_bytes(),
       .sent = block_end_,  // a node may have more than any pipeline has acknowledged
       .client_name = file_.client_name},
      &fault);
  if (!pipeline) {
    note_fault(std::move(fault));
    return {};
  }
  hadoop::UpdatePipelineRequest update;
  update.set_clientname(file_.client_name);
  *update.mutable_oldblock() = block_->b();
  update.mutable_oldblock()->set_numbytes(static_cast<uint64_t>(window_.acknowledged_bytes()));
  *update.mutable_newblock() = update.oldblock();
  update.mutable_newblock()->set_generationstamp(new_stamp);
  for (const auto& node : block_->locs()) *update.add_newnodes() = node.id();
  for (const auto& id : block_->storageids()) update.add_storageids(id);
  hadoop::Nothing nothing;
  answer = namenode_->call({"updatePipeline", "write", file_.path}, update, &nothing);
  if (is_fenced(answer)) return fenced(answer.status);
  WEIR_RETURN_IF_ERROR(answer.status);
  block_->mutable_b()->set_generationstamp(new_stamp);
  pipeline_first_ = sent_ = window_.acknowledged();
  *opened = true;
  ended_ = ending_;  // the nodes have finalized the block
  if (!ended_) pipeline_ = std::move(pipeline);
  return {};
}

void BlockSender::remove_node(int node) {
  if (node < block_->storagetypes_size())
    block_->mutable_storagetypes()->erase(block_->storagetypes().begin() + node);
  if (node < block_->storageids_size())
    block_->mutable_storageids()->erase(block_->storageids().begin() + node);
  if (node < block_->locs_size()) block_->mutable_locs()->DeleteSubrange(node, 1);
}

Status BlockSender::fenced(const Status& reason) const {
  return data_loss(cat(file_.path,
                       " on HDFS was removed, replaced or closed by someone else while it was "
                       "written: ",
                       reason.message()));
}

}  // namespace weir
