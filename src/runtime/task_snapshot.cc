#include "runtime/task_snapshot.h"

#include <xxhash.h>

#include <algorithm>

#include "base/bug_switch.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "checkpoint/data_file.h"
#include "checkpoint/in_flight_list.h"
#include "checkpoint/keyed_layers.h"
#include "checkpoint/keyed_stream.h"
#include "checkpoint/operator_stream.h"
#include "checkpoint/protocol/paths.h"
#include "fs/file_system.h"
#include "runtime/incremental_base.h"
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
        reference_(options.incremental != nullptr ? shared_reference(name_) : name_),
        hash_(XXH3_createState()) {
    XXH3_64bits_reset(hash_);
  }
  ~DataFileWriter() { XXH3_freeState(hash_); }
  DataFileWriter(const DataFileWriter&) = delete;
  DataFileWriter& operator=(const DataFileWriter&) = delete;

  /// As the checkpoint refers to it.
  const std::string& reference() const { return reference_; }
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
    return std::vector<DataFile>{{reference_, length_, XXH3_64bits_digest(hash_), kDataBlockBytes}};
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
  const std::string reference_;
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
      : PieceWriter(file, id, options, options.inline_threshold) {}
  PieceWriter(DataFileWriter& file, CheckpointId id, const SnapshotWriteOptions& options,
              int64_t inline_threshold)
      : file_(file), id_(id), options_(options), inline_threshold_(inline_threshold) {}

  Status append(std::string_view bytes) {
    WEIR_RETURN_IF_ERROR(check_wanted(id_, options_));
    length_ += static_cast<int64_t>(bytes.size());
    if (in_file_) return file_.append(bytes);
    buffer_ += bytes;
    if (static_cast<int64_t>(buffer_.size()) <= inline_threshold_) return {};
    in_file_ = true;
    begin_ = file_.length();
    Status appended = file_.append(buffer_);
    buffer_ = std::string();
    return appended;
  }
  StateStream finish() {
    if (in_file_) return FileSegment{file_.reference(), begin_, length_};
    return InlineBytes{std::move(buffer_)};
  }
  int64_t length() const { return length_; }

 private:
  DataFileWriter& file_;
  const CheckpointId id_;
  const SnapshotWriteOptions& options_;
  const int64_t inline_threshold_;
  std::string buffer_;
  bool in_file_ = false;
  int64_t begin_ = 0;
  int64_t length_ = 0;
};

/// Writes the keyed states of one checkpoint: in full, or as layers above what an older one wrote.
class KeyedWriter {
 public:
  KeyedWriter(DataFileWriter& file, CheckpointId id, const SnapshotWriteOptions& options)
      : file_(file), id_(id), options_(options) {}

  StatusOr<KeyedStateHandle> write(const OperatorSnapshot& op, int subtask, LargestValue* largest) {
    IncrementalBase::State state;
    WEIR_RETURN_IF_ERROR(call_user_code(op.label, [&]() -> Status {
      const IncrementalBase::State* base = base_of(op, subtask);
      auto written = base == nullptr ? write_full(*op.keyed, largest)
                                     : write_layers(*op.keyed, *base, largest);
      if (!written.ok()) return written.status();
      state = *std::move(written);
      return {};
    }));
    KeyedStateHandle handle = state.handle;
    if (options_.incremental != nullptr) {
      state.epoch = op.keyed->epoch();
      taken_.states.emplace(std::pair(op.id, subtask), std::move(state));
    }
    return handle;
  }
  int64_t bytes() const { return bytes_; }

  /// Adds the files of older checkpoints that the states refer to. `files` has the new one, if any.
  Status add_older_files(std::vector<DataFile>* files) {
    for (const DataFile& file : *files) taken_.files.emplace(file.name, file);
    Status status;
    for (const auto& [key, state] : taken_.states) {
      for_each_stream(state.handle, [&](const StateStream& stream) {
        const auto* segment = std::get_if<FileSegment>(&stream);
        if (segment == nullptr || taken_.files.contains(segment->file)) return;
        for (const auto& [id, base] : bases_) {
          const auto file = base == nullptr ? std::map<std::string, DataFile>::const_iterator()
                                            : base->files.find(segment->file);
          if (base == nullptr || file == base->files.end()) continue;
          taken_.files.insert(*file);
          files->push_back(file->second);
          return;
        }
        status =
            internal_error(cat("checkpoint ", id_, " refers to the unknown file ", segment->file));
      });
    }
    return status;
  }
  IncrementalBase::Checkpoint take() { return std::move(taken_); }

 private:
  /// Null: the state has to be written in full.
  const IncrementalBase::State* base_of(const OperatorSnapshot& op, int subtask) {
    if (options_.incremental == nullptr || options_.full || options_.savepoint != nullptr ||
        op.base == 0 || op.keyed->base() == 0)
      return nullptr;
    // The tasks may have been notified of different checkpoints so far.
    auto [base, is_new] = bases_.try_emplace(op.base);
    if (is_new) base->second = options_.incremental->find(op.base);
    if (base->second == nullptr) return nullptr;
    const auto found = base->second->states.find({op.id, subtask});
    if (found == base->second->states.end()) return nullptr;
    if (found->second.epoch != op.keyed->base() &&
        !bug_enabled(Bug::kChangesSinceFailedCheckpointLost))
      return nullptr;
    // A small state is inside `_metadata`, and costs less than its layers.
    bool any_inline = false;
    for_each_stream(found->second.handle, [&](const StateStream& stream) {
      any_inline |= std::holds_alternative<InlineBytes>(stream);
    });
    return any_inline ? nullptr : &found->second;
  }

  StatusOr<IncrementalBase::State> write_full(const KeyedStateSnapshot& keyed,
                                              LargestValue* largest) {
    PieceWriter piece(file_, id_, options_);
    KeyedStateHandle handle;
    handle.range = keyed.range();
    WEIR_RETURN_IF_ERROR(write_keyed_state(
        keyed, [&](std::string_view bytes) { return piece.append(bytes); }, &handle.offsets,
        largest, options_.compression));
    bytes_ += piece.length();
    handle.stream = piece.finish();
    return IncrementalBase::State{0, std::move(handle), 0};
  }

  StatusOr<IncrementalBase::State> write_layers(const KeyedStateSnapshot& keyed,
                                                const IncrementalBase::State& base,
                                                LargestValue* largest) {
    std::vector<KeyedStateHandle> layers = layers_of(base.handle);
    WEIR_ASSIGN_OR_RETURN(const Rewrites rewrites, plan_rewrites(layers, base.credit));
    std::vector<bool> others = rewrites.groups;
    others.flip();
    supersede(layers, rewrites.groups);
    WEIR_ASSIGN_OR_RETURN(auto rewritten, write_layer(keyed, rewrites.groups, false, largest));
    WEIR_ASSIGN_OR_RETURN(auto changed, write_layer(keyed, others, true, largest));
    const int64_t changed_bytes = changed ? stream_length(changed->stream) : 0;
    if (rewritten) {
      layers.insert(std::find_if(layers.begin(), layers.end(),
                                 [](const auto& layer) { return layer.changes; }),
                    *std::move(rewritten));
    }
    if (changed) layers.push_back(*std::move(changed));
    const int64_t credit = next_credit(layers, rewrites.credit, changed_bytes);
    return IncrementalBase::State{0, handle_of(std::move(layers)), credit};
  }

  /// Nothing if there is nothing to write.
  StatusOr<std::optional<KeyedStateHandle>> write_layer(const KeyedStateSnapshot& keyed,
                                                        const std::vector<bool>& groups,
                                                        bool changes, LargestValue* largest) {
    std::optional<KeyedStateHandle> layer;
    if (std::find(groups.begin(), groups.end(), true) == groups.end()) return layer;
    PieceWriter piece(file_, id_, options_, /*inline_threshold=*/0);
    KeyedStateHandle written;
    written.range = keyed.range();
    written.changes = changes;
    WEIR_RETURN_IF_ERROR(write_keyed_layer(
        keyed, groups, changes, [&](std::string_view bytes) { return piece.append(bytes); },
        &written.offsets, largest, options_.compression));
    if (piece.length() == 0) return layer;
    bytes_ += piece.length();
    written.stream = piece.finish();
    layer = std::move(written);
    return layer;
  }

  DataFileWriter& file_;
  const CheckpointId id_;
  const SnapshotWriteOptions& options_;
  std::map<CheckpointId, std::shared_ptr<const IncrementalBase::Checkpoint>> bases_;
  IncrementalBase::Checkpoint taken_;
  int64_t bytes_ = 0;
};

/// Adds lists that other subtasks do not have: of records in flight.
void add_lists(const OperatorLists& lists, OperatorStateDescription* description) {
  for (const auto& [name, list] : lists) {
    const bool known =
        std::any_of(description->lists.begin(), description->lists.end(),
                    [&name = name](const ListStateInfo& each) { return each.name == name; });
    if (!known) description->lists.push_back({name, list.mode, list.element});
  }
}

/// Including what earlier checkpoints have written of it.
int64_t bytes_of(const SubtaskState& state) {
  int64_t bytes = state.operator_state ? stream_length(state.operator_state->stream) : 0;
  if (state.keyed_state) {
    for_each_stream(*state.keyed_state,
                    [&](const StateStream& stream) { bytes += stream_length(stream); });
  }
  return bytes;
}

int64_t bytes_in_flight(const OperatorLists& lists) {
  int64_t bytes = 0;
  for (const auto& [name, list] : lists) {
    if (!in_flight_list(name)) continue;
    for (const std::string& element : list.elements) bytes += std::ssize(element);
  }
  return bytes;
}

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
  KeyedWriter writer(file, id, options);
  for (TaskSnapshot& task : snapshots) {
    for (const auto& work : task.before_ack) {
      WEIR_RETURN_IF_ERROR(check_wanted(id, options));
      if (bug_enabled(Bug::kAckBeforeDurable)) continue;
      WEIR_RETURN_IF_ERROR(work());
    }
    TaskCheckpointFigures& figures = result.tasks.emplace_back(std::move(task.figures));
    for (OperatorSnapshot& op : task.operators) {
      OperatorSubtaskState written{op.id, task.subtask, {}};
      const auto described =
          std::find_if(result.descriptions.begin(), result.descriptions.end(),
                       [&](const auto& description) { return description.operator_id == op.id; });
      if (described != result.descriptions.end()) {
        add_lists(op.lists, &*described);
      } else if (op.keyed || !op.lists.empty()) {
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
        figures.in_flight_bytes += bytes_in_flight(op.lists);
      }
      if (op.keyed) {
        LargestValue largest;
        auto keyed = writer.write(op, task.subtask, &largest);
        if (!keyed.ok()) return keyed.status();
        if (options.large_values != nullptr) options.large_values->look(op.uid, largest);
        written.state.keyed_state = *std::move(keyed);
        op.keyed.reset();  // returns its pages before the next one is written
      }
      figures.state_bytes.push_back(bytes_of(written.state));
      result.states.push_back(std::move(written));
    }
  }
  WEIR_ASSIGN_OR_RETURN(result.files, file.close());
  result.bytes += writer.bytes();
  if (options.incremental != nullptr) {
    WEIR_RETURN_IF_ERROR(writer.add_older_files(&result.files));
    options.incremental->add(id, writer.take());
  }
  return result;
}

}  // namespace weir
