#include "flink/chain_host.h"

#include "base/bug_switch.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "runtime/user_code.h"

namespace weir {
namespace {

constexpr MonotonicTime kCloseTime = std::chrono::seconds(3);

/// Writes what leaves the chain along an edge into the reply. When the reply is full, the call
/// waits for the next one.
class PackedOutput final : public Output {
 public:
  PackedOutput(FramePacker& packer, size_t edge, const ReplyWriter& reply,
               const std::unique_ptr<OperatorChain>& chain, size_t max_record_bytes,
               std::function<void(Status)> fail)
      : packer_(packer),
        edge_(edge),
        reply_(reply),
        chain_(chain),
        max_record_bytes_(max_record_bytes),
        fail_(std::move(fail)) {}
  void emit(Batch& batch) override {
    if (!chain_->wait_until([this] { return reply_.bytes() < ChainDriver::kFullReply; }))
      return batch.clear();
    if (const Status status = packer_.check(edge_, batch, max_record_bytes_); !status.ok()) {
      fail_(status.with_context(chain_->current().label()));
      return batch.clear();
    }
    packer_.emit(edge_, batch);
  }

 private:
  FramePacker& packer_;
  const size_t edge_;
  const ReplyWriter& reply_;
  const std::unique_ptr<OperatorChain>& chain_;
  const size_t max_record_bytes_;
  const std::function<void(Status)> fail_;
};

}  // namespace

ChainHost::ChainHost(const JobGraph& graph, Options options, ChainWorld& world)
    : graph_(graph), options_(std::move(options)), world_(world), services_(world) {}

ChainHost::~ChainHost() {
  call_.abandon();
  for (const auto& [id, snapshot] : snapshots_) snapshot->drop();
}

std::string ChainHost::name() const {
  return vertex_ == nullptr
             ? std::string("a chain")
             : cat(vertex_->name, " (", place_.subtask + 1, "/", place_.parallelism, ")");
}

std::string_view ChainHost::handle(std::string_view request) {
  reply_.begin();
  if (request.empty()) return carry_out(ChainCall{0}, {});
  const auto call = static_cast<ChainCall>(request[0]);
  if (call == ChainCall::kClose) {
    settle();
    close();
    return reply_.answer();
  }
  return carry_out(call, request.substr(1));
}

std::string_view ChainHost::carry_out(ChainCall call, std::string_view body) {
  if (state_ == State::kClosed)
    return reply_.fail(internal_error(cat(name_of(call), " was called after CLOSE")));
  if (state_ == State::kDead) return reply_.fail(failure_);
  Status status = check_order(call);
  if (status.ok()) {
    try {
      auto reply = dispatch(call, body);
      if (reply.ok() && (!driver_ || driver_->failure().ok())) return *reply;
      status = reply.ok() ? driver_->failure() : reply.status();
    } catch (...) {
      status = status_of_current_exception(chain_ ? chain_->current().label() : name());
    }
  }
  state_ = State::kDead;
  failure_ = status.with_context(name());
  return reply_.fail(failure_);
}

Status ChainHost::check_order(ChainCall call) const {
  const auto wrong = [&](std::string_view why) {
    return internal_error(cat(name_of(call), " was called ", why));
  };
  if (call < ChainCall::kOpen || call > ChainCall::kCommit)
    return wrong("which this executable does not know");
  if (call == ChainCall::kOpen) return state_ == State::kNew ? Status() : wrong("a second time");
  if (state_ == State::kNew) return wrong("before OPEN");
  const bool restoring = call == ChainCall::kRestoreGroup || call == ChainCall::kReady;
  if (restoring) return state_ == State::kOpened ? Status() : wrong("after READY");
  if (state_ == State::kOpened) return wrong("before READY");
  const bool rest_of_snapshot =
      call == ChainCall::kSnapshotChunk || call == ChainCall::kSnapshotDrop;
  if (call == ChainCall::kResume)
    return driver_->busy() ? Status() : wrong("and there is nothing to go on with");
  if (driver_->busy() && !rest_of_snapshot)
    return wrong("before the call that said `more` was resumed");
  return {};
}

StatusOr<std::string_view> ChainHost::dispatch(ChainCall call, std::string_view body) {
  std::optional<CrashScope> scope;
  if (chain_) scope.emplace(*chain_);
  if (moves_records(call)) {
    WEIR_ASSIGN_OR_RETURN(const uint8_t flags, drive(call, body));
    metrics_.report(*chain_, reply_);
    return reply_.finish(flags, driver_->wake_at());
  }
  if (state_ == State::kRunning) services_.run_continuations();
  int64_t id = 0;
  if (call >= ChainCall::kSnapshot && call <= ChainCall::kAborted) {
    WEIR_ASSIGN_OR_RETURN(id, decode_number(call, body));
  }
  switch (call) {
    case ChainCall::kOpen: WEIR_RETURN_IF_ERROR(open(body)); break;
    case ChainCall::kRestoreGroup: WEIR_RETURN_IF_ERROR(restore_group(body)); break;
    case ChainCall::kReady:
      WEIR_RETURN_IF_ERROR(decode_nothing(call, body));
      WEIR_RETURN_IF_ERROR(ready());
      break;
    case ChainCall::kSnapshot: return snapshot(id);
    case ChainCall::kSnapshotChunk: return snapshot_chunk(id);
    case ChainCall::kSnapshotDrop: snapshot_drop(id); break;
    case ChainCall::kAborted: aborted(id); break;
    default: break;
  }
  return reply_.answer();
}

StatusOr<uint8_t> ChainHost::drive(ChainCall call, std::string_view body) {
  if (call == ChainCall::kProcess) return driver_->process(body);
  int64_t number = 0;
  if (call == ChainCall::kWatermark || call == ChainCall::kCompleted) {
    WEIR_ASSIGN_OR_RETURN(number, decode_number(call, body));
  } else {
    WEIR_RETURN_IF_ERROR(decode_nothing(call, body));
  }
  if (vertex_->is_source != (call == ChainCall::kPoll) && call != ChainCall::kResume &&
      call != ChainCall::kCompleted && call != ChainCall::kCommit) {
    return internal_error(cat(name_of(call), " was called of '", vertex_->name, "', which is ",
                              vertex_->is_source ? "a source" : "none"));
  }
  switch (call) {
    case ChainCall::kWatermark: return driver_->watermark(number);
    case ChainCall::kTimer: return driver_->timer();
    case ChainCall::kPoll: return driver_->poll();
    case ChainCall::kBarrier: return driver_->barrier();
    case ChainCall::kCompleted: return driver_->completed(base_ + number);
    case ChainCall::kCommit: return driver_->commit_without_checkpoint();
    case ChainCall::kFinish: return driver_->finish();
    default: return driver_->resume();
  }
}

Status ChainHost::open(std::string_view body) {
  WEIR_ASSIGN_OR_RETURN(const OpenRequest request, decode_open(body));
  WEIR_RETURN_IF_ERROR(check(request));
  vertex_ = &graph_.vertices[request.vertex];
  place_.subtask = request.subtask;
  place_.parallelism = request.parallelism;
  place_.max_parallelism = request.max_parallelism;
  place_.attempt_nonce = world_.nonce();
  place_.copy_reserve = options_.copy_reserve;
  place_.max_record_bytes = options_.max_record_bytes;
  WEIR_RETURN_IF_ERROR(open_chain(request));
  state_ = State::kOpened;
  return {};
}

Status ChainHost::check(const OpenRequest& request) const {
  if (request.fingerprint != graph_.fingerprint) {
    return failed_precondition(cat(
        "the executable in the jar describes another job (fingerprint ",
        graph_.fingerprint.to_hex(), ") than the plan was made of (", request.fingerprint.to_hex(),
        "): its graph must depend on nothing but its arguments; make the jar anew"));
  }
  if (request.vertex >= static_cast<int>(graph_.vertices.size())) {
    return failed_precondition(cat("the plan has a vertex ", request.vertex, ", and the job only ",
                                   graph_.vertices.size(), "; make the jar anew"));
  }
  const JobVertex& vertex = graph_.vertices[request.vertex];
  if (request.max_parallelism != vertex.max_parallelism) {
    return failed_precondition(cat("'", vertex.name, "' has the max parallelism ",
                                   vertex.max_parallelism, ", and Flink runs it with ",
                                   request.max_parallelism,
                                   "; leave pipeline.max-parallelism to the job"));
  }
  return {};
}

Status ChainHost::open_chain(const OpenRequest& request) {
  restore_.emplace(*vertex_, options_.ignore_unclaimed_state);
  if (request.start != ChainStart::kFromFlink || !bug_enabled(Bug::kHostedStateNotRestored)) {
    for (const std::string_view element : request.elements)
      WEIR_RETURN_IF_ERROR(restore_->add_element(element));
  }
  splits_ = restore_->take_splits();
  std::vector<OperatorLists> lists = restore_->take_lists();
  if (request.start == ChainStart::kFromFlink) {
    place_.restored_checkpoint = restore_->checkpoint().value_or(request.restored);
    base_ = place_.restored_checkpoint - request.restored;
  } else if (request.start == ChainStart::kFromWeir && !vertex_->is_source) {
    if (options_.from.empty())
      return failed_precondition(
          "the chain is to start from a snapshot of weir's, and weir.flink.from names none");
    auto from = ChainSnapshot::load(options_.from, graph_, request.vertex, request.parallelism,
                                    options_.ignore_unclaimed_state, world_.files());
    if (!from.ok()) return from.status().with_context(cat("snapshot ", options_.from));
    from_ = *std::move(from);
    base_ = place_.restored_checkpoint = from_->checkpoint_id();
  }
  WEIR_ASSIGN_OR_RETURN(
      packer_, FramePacker::create(graph_, request.vertex, request.build, world_.clock(), reply_));
  const auto fail = [this](Status status) {
    if (driver_) driver_->fail(std::move(status));
  };
  std::vector<ChainExit> exits;
  for (const JobEdge& edge : graph_.edges) {
    if (edge.from != request.vertex) continue;
    outputs_.push_back(std::make_unique<PackedOutput>(*packer_, outputs_.size(), reply_, chain_,
                                                      options_.max_record_bytes, fail));
    exits.push_back({sender_of(*vertex_, edge), edge.output, outputs_.back().get()});
  }
  chain_ = std::make_unique<OperatorChain>(*vertex_, place_, services_, fail, exits, call_);
  const KeyGroupRange range =
      key_groups_of_subtask(place_.subtask, place_.parallelism, place_.max_parallelism);
  driver_ = std::make_unique<ChainDriver>(
      ChainDriver::Input{graph_, request.vertex, range, place_.max_parallelism, request.build},
      *chain_, call_, *packer_, reply_, services_, world_);
  return from_ ? Status() : chain_->open(std::move(lists));
}

Status ChainHost::restore_group(std::string_view body) {
  WEIR_ASSIGN_OR_RETURN(const GroupPiece piece, decode_group_piece(body));
  if (from_)
    return internal_error("Flink has state for a chain that is to start from a snapshot of weir's");
  if (bug_enabled(Bug::kHostedStateNotRestored)) return {};
  return restore_->add_group_piece(
      piece, *chain_,
      key_groups_of_subtask(place_.subtask, place_.parallelism, place_.max_parallelism));
}

Status ChainHost::ready() {
  if (restore_->within_group())
    return internal_error("READY was called before the last piece of a key group's state");
  restore_.reset();
  if (from_) {
    WEIR_RETURN_IF_ERROR(open_and_restore(*chain_, from_->task_start(), world_.files()));
    from_.reset();
  } else {
    if (!splits_.empty()) WEIR_RETURN_IF_ERROR(add_splits(*chain_, std::move(splits_)));
    WEIR_RETURN_IF_ERROR(chain_->restored());
  }
  state_ = State::kRunning;
  return {};
}

StatusOr<std::string_view> ChainHost::snapshot(int64_t id) {
  if (vertex_->is_source) driver_->wait_until_accepting();
  WEIR_RETURN_IF_ERROR(driver_->failure());
  WEIR_ASSIGN_OR_RETURN(TaskSnapshot taken, chain_->snapshot(base_ + id));
  WEIR_ASSIGN_OR_RETURN(const std::shared_ptr<HostedSnapshot> snapshot,
                        HostedSnapshot::begin(std::move(taken), vertex_->is_source,
                                              [this](std::function<void()> work) {
                                                world_.run_blocking(executors::kSnapshots,
                                                                    std::move(work));
                                              }));
  if (snapshot->has_rest()) snapshots_[id] = snapshot;
  return reply_.answer([&](BinaryWriter& out) {
    for (const auto* elements : {&snapshot->split_elements(), &snapshot->union_elements(),
                                 &snapshot->broadcast_elements()}) {
      out.put_u32(static_cast<uint32_t>(elements->size()));
      for (const std::string& element : *elements) out.put_bytes(element);
    }
    out.put_u8(snapshot->has_rest() ? 1 : 0);
  });
}

StatusOr<std::string_view> ChainHost::snapshot_chunk(int64_t id) {
  const auto found = snapshots_.find(id);
  if (found == snapshots_.end())
    return internal_error(
        cat("SNAPSHOT_CHUNK was called for checkpoint ", id, ", of which there is no rest"));
  const std::string_view reply =
      reply_.answer([&](BinaryWriter& out) { found->second->put_chunk(out); });
  if (found->second->drained()) snapshots_.erase(found);
  return reply;
}

void ChainHost::snapshot_drop(int64_t id) {
  const auto found = snapshots_.find(id);
  if (found == snapshots_.end()) return;
  found->second->drop();
  snapshots_.erase(found);
}

void ChainHost::aborted(int64_t id) {
  snapshot_drop(id);
  chain_->checkpoint_aborted(base_ + id);
}

void ChainHost::settle() {
  if (state_ != State::kRunning || call_.suspended()) return;
  const CrashScope scope(*chain_);
  try {
    driver_->settle(kCloseTime);
  } catch (...) {
    WEIR_LOG(kWarning) << status_of_current_exception(name()).message()
                       << " (before it was closed; ignored)";
  }
}

void ChainHost::close() {
  if (state_ == State::kClosed) return;
  state_ = State::kClosed;
  for (const auto& [id, snapshot] : snapshots_) snapshot->drop();
  snapshots_.clear();
  call_.abandon();
  if (!chain_) return;
  if (const Status status = chain_->close(); !status.ok()) {
    WEIR_LOG(kWarning) << status.message() << " (while it was closed; ignored)";
  }
}

}  // namespace weir
