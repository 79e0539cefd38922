#include "runtime/task_snapshot.h"

#include <xxhash.h>

#include <algorithm>

#include "base/bug_switch.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "checkpoint/data_file.h"
#include "checkpoint/keyed_stream.h"
#include "checkpoint/operator_stream.h"
#include "fs/file_system.h"
#include "runtime/large_values.h"
#include "runtime/local_copies.h"
#include "runtime/user_code.h"

namespace weir {
namespace {

/// One process's data file for one checkpoint. It is created when the first piece is too large to
/// be inline.
class DataFileWriter {
 public:
  static constexpr std::string_view kOfSavepoint = "cannot write a file of the savepoint";

  DataFileWriter(FileSystem& fs, std::string directory, std::string name, CheckpointId id,
                 const SnapshotWriteOptions& options)
      : fs_(fs),
        directory_(std::move(directory)),
        name_(std::move(name)),
        id_(id),
        options_(options),
        hash_(XXH3_createState()) {
    XXH3_64bits_reset(hash_);
  }
  ~DataFileWriter() { XXH3_freeState(hash_); }
  DataFileWriter(const DataFileWriter&) = delete;
  DataFileWriter& operator=(const DataFileWriter&) = delete;

  const std::string& name() const { return name_; }
  int64_t length() const { return length_; }

  Status append(std::string_view bytes) {
    if (!file_) {
      WEIR_ASSIGN_OR_RETURN(file_,
                            fs_.create(join_path(directory_, name_), CreateMode::kExclusive));
      if (options_.savepoint != nullptr) {
        const FileLocation& savepoint = *options_.savepoint;
        WEIR_ASSIGN_OR_RETURN(
            copy_, savepoint.fs->create(savepoint.child(name_).path, CreateMode::kExclusive));
      }
      if (options_.local != nullptr) file_ = options_.local->copying(id_, name_, std::move(file_));
    }
    blocks_.add(bytes);
    return write(bytes);
  }

  /// Returns the written file, which is now persistent; nothing if nothing was written.
  StatusOr<std::vector<DataFile>> close() {
    if (!file_) return std::vector<DataFile>();
    WEIR_RETURN_IF_ERROR(write(blocks_.trailer()));
    if (!bug_enabled(Bug::kMetadataBeforeData)) WEIR_RETURN_IF_ERROR(file_->close());
    if (copy_) WEIR_RETURN_IF_ERROR(copy_->close().with_context(kOfSavepoint));
    return std::vector<DataFile>{{name_, length_, XXH3_64bits_digest(hash_), kDataBlockBytes}};
  }

 private:
  Status write(std::string_view bytes) {
    XXH3_64bits_update(hash_, bytes.data(), bytes.size());
    length_ += static_cast<int64_t>(bytes.size());
    WEIR_RETURN_IF_ERROR(file_->append(bytes));
    return copy_ ? copy_->append(bytes).with_context(kOfSavepoint) : Status();
  }

  FileSystem& fs_;
  const std::string directory_;
  const std::string name_;
  const CheckpointId id_;
  const SnapshotWriteOptions& options_;
  XXH3_state_t* const hash_;
  BlockChecksums blocks_;
  std::unique_ptr<WritableFile> file_;
  std::unique_ptr<WritableFile> copy_;  // for the savepoint, or null
  int64_t length_ = 0;
};

Status check_wanted(CheckpointId id, const SnapshotWriteOptions& options) {
  if (!options.canceled || !options.canceled()) return {};
  return cancelled(cat("checkpoint ", id, " was given up while its state was being written"));
}

/// Writes one piece of state: to memory up to the threshold, then to the data file.
class PieceWriter {
 public:
  PieceWriter(DataFileWriter& file, CheckpointId id, const SnapshotWriteOptions& options)
      : file_(file), id_(id), options_(options) {}

  Status append(std::string_view bytes) {
    WEIR_RETURN_IF_ERROR(check_wanted(id_, options_));
    length_ += static_cast<int64_t>(bytes.size());
    if (in_file_) return file_.append(bytes);
    buffer_ += bytes;
    if (static_cast<int64_t>(buffer_.size()) <= options_.inline_threshold) return {};
    in_file_ = true;
    begin_ = file_.length();
    Status appended = file_.append(buffer_);
    buffer_ = std::string();
    return appended;
  }
  StateStream finish() {
    if (in_file_) return FileSegment{file_.name(), begin_, length_};
    return InlineBytes{std::move(buffer_)};
  }
  int64_t length() const { return length_; }

 private:
  DataFileWriter& file_;
  const CheckpointId id_;
  const SnapshotWriteOptions& options_;
  std::string buffer_;
  bool in_file_ = false;
  int64_t begin_ = 0;
  int64_t length_ = 0;
};

}  // namespace

OperatorStateDescription describe(const OperatorSnapshot& op) {
  OperatorStateDescription description;
  description.operator_id = op.id;
  description.uid = op.uid;
  if (op.keyed) {
    description.key_type = op.keyed->key_type();
    description.keyed_states = op.keyed->states();
  }
  for (const auto& [name, list] : op.lists)
    description.lists.push_back({name, list.mode, list.element});
  return description;
}

StatusOr<SnapshotWriteResult> write_snapshots(FileSystem& fs, const std::string& directory,
                                              const std::string& file_name,
                                              const SnapshotWriteOptions& options,
                                              std::vector<TaskSnapshot> snapshots) {
  SnapshotWriteResult result;
  const CheckpointId id = snapshots.empty() ? 0 : snapshots[0].id;
  DataFileWriter file(fs, directory, file_name, id, options);
  for (TaskSnapshot& task : snapshots) {
    for (const auto& work : task.before_ack) {
      WEIR_RETURN_IF_ERROR(check_wanted(id, options));
      if (bug_enabled(Bug::kAckBeforeDurable)) continue;
      WEIR_RETURN_IF_ERROR(work());
    }
    for (OperatorSnapshot& op : task.operators) {
      OperatorSubtaskState written{op.id, task.subtask, {}};
      const bool described =
          std::any_of(result.descriptions.begin(), result.descriptions.end(),
                      [&](const auto& description) { return description.operator_id == op.id; });
      if (!described && (op.keyed || !op.lists.empty())) {
        WEIR_RETURN_IF_ERROR(call_user_code(op.label, [&] {
          result.descriptions.push_back(describe(op));
          return Status();
        }));
      }
      if (!op.lists.empty()) {
        PieceWriter piece(file, id, options);
        OperatorStateHandle handle;
        WEIR_RETURN_IF_ERROR(write_operator_state(
            op.lists, [&](std::string_view bytes) { return piece.append(bytes); }, &handle.lists));
        result.bytes += piece.length();
        handle.stream = piece.finish();
        written.state.operator_state = std::move(handle);
      }
      if (op.keyed) {
        PieceWriter piece(file, id, options);
        KeyedStateHandle handle;
        handle.range = op.keyed->range();
        LargestValue largest;
        WEIR_RETURN_IF_ERROR(call_user_code(op.label, [&] {
          return write_keyed_state(
              *op.keyed, [&](std::string_view bytes) { return piece.append(bytes); },
              &handle.offsets, &largest);
        }));
        if (options.large_values != nullptr) options.large_values->look(op.uid, largest);
        result.bytes += piece.length();
        handle.stream = piece.finish();
        written.state.keyed_state = std::move(handle);
        op.keyed.reset();  // returns its pages before the next one is written
      }
      result.states.push_back(std::move(written));
    }
  }
  WEIR_ASSIGN_OR_RETURN(result.files, file.close());
  return result;
}

}  // namespace weir
