#include <atomic>

#include "base/status_macros.h"
#include "base/strings.h"
#include "connectors/epoch_file.h"
#include "connectors/part_names.h"
#include "fs/file_system_registry.h"
#include "weir/detail/connector/part_writer.h"
#include "weir/types/bytes.h"

namespace weir::detail {
namespace {

constexpr char kRunState[] = "file-sink-run";

class PartWriterImpl final : public PartWriter {
 public:
  PartWriterImpl(std::string directory_uri, std::string header)
      : directory_uri_(std::move(directory_uri)), header_(std::move(header)) {}

  Status open(OperatorContext& context) override {
    context_ = &context;
    WEIR_ASSIGN_OR_RETURN(directory_, context.files().resolve(directory_uri_));
    TypeDescription run_type;
    run_type.kind = TypeKind::kInt64;
    WEIR_ASSIGN_OR_RETURN(
        const auto restored,
        context.operator_state().declare(kRunState, ListStateMode::kUnion, std::move(run_type)));
    run_ = run_hash(context.uid(), context.run_nonce());
    if (!restored.empty() && context.continues_run()) {
      BinaryReader in(restored.front());
      run_ = static_cast<uint32_t>(in.get_i64());
      WEIR_RETURN_IF_ERROR(in.status("a file sink's run"));
    }
    return {};
  }

  void flush() override {
    if (buffer_.empty()) return;
    if (!file_) {
      begin_file();
      buffer_.insert(0, header_);
    }
    length_ += static_cast<int64_t>(buffer_.size());
    std::string chunk;
    chunk.reserve(kChunkBytes + 4096);
    chunk.swap(buffer_);
    file_->append(std::move(chunk));
    drain(file_);
  }

  bool can_accept() override { return *bytes_in_flight_ < kMaxBytesInFlight; }

  std::vector<std::string> prepare_commit(SnapshotContext& context) override {
    flush();
    std::vector<std::string> committables;
    if (file_) {
      file_->end();
      drain(file_);
      closing_.push_back(std::move(file_));
      committables.push_back(PartCommittable{.run = run_,
                                             .hidden = to_string(hidden_),
                                             .part = to_string(part_name(context.checkpoint_id())),
                                             .length = length_}
                                 .encode());
    } else {
      committables.push_back(
          PartCommittable{.run = run_, .hidden = {}, .part = {}, .length = 0}.encode());
    }
    std::erase_if(closing_, [](const auto& file) { return file->persistent(); });
    // Also finishes files of earlier epochs: their checkpoint may have been aborted before its work
    // was done, and their committables are in this one.
    for (const auto& file : closing_) context.before_ack([file] { return file->finish(); });
    put_run(context);
    return committables;
  }

 private:
  void begin_file() {
    hidden_ = {.sink = sink_hash(context_->uid()),
               .run = run_,
               .subtask = context_->subtask(),
               .attempt = context_->attempt_nonce(),
               .number = next_file_++};
    length_ = 0;
    file_ = std::make_shared<EpochFile>(directory_.child(to_string(hidden_)), bytes_in_flight_);
  }

  PartName part_name(int64_t checkpoint_id) const {
    return {.subtask = context_->subtask(),
            .checkpoint_id = checkpoint_id,
            .run = run_,
            .attempt = run_hash(context_->uid(), context_->attempt_nonce())};
  }

  void drain(std::shared_ptr<EpochFile> file) {
    context_->run_blocking([this, file = std::move(file)]() -> std::function<void()> {
      Status status = file->drain();
      return [this, status = std::move(status)] {
        if (!status.ok())
          context_->fail(status.with_context(cat("cannot write to ", directory_uri_)));
      };
    });
  }

  /// If the job has no common run id, every subtask draws its own at a fresh start; after a restore
  /// all continue with subtask 0's.
  void put_run(SnapshotContext& context) {
    if (context_->subtask() != 0) return;
    BinaryWriter out;
    out.put_i64(run_);
    context.put_list(kRunState, {out.take()});
  }

  const std::string directory_uri_;
  const std::string header_;
  FileLocation directory_;
  OperatorContext* context_ = nullptr;
  const std::shared_ptr<std::atomic<int64_t>> bytes_in_flight_ =
      std::make_shared<std::atomic<int64_t>>(0);
  uint32_t run_ = 0;

  std::shared_ptr<EpochFile> file_;  ///< of the current epoch, from its first flush on
  HiddenName hidden_;
  int64_t length_ = 0;
  uint64_t next_file_ = 0;
  std::vector<std::shared_ptr<EpochFile>> closing_;
};

}  // namespace

std::unique_ptr<PartWriter> make_part_writer(std::string directory_uri, std::string header) {
  return std::make_unique<PartWriterImpl>(std::move(directory_uri), std::move(header));
}

}  // namespace weir::detail
