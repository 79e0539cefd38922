#include "runtime/task_restore.h"

#include <algorithm>

#include "base/bug_switch.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "checkpoint/keyed_stream.h"
#include "checkpoint/operator_stream.h"

namespace weir {
namespace {

/// Reads the streams of one checkpoint; opens each data file once.
class StateReader {
 public:
  StateReader(FileLocation directory, FileSystemRegistry& files, LocalCopies* local)
      : directory_(std::move(directory)), files_(files), local_(local) {}

  StatusOr<ReadAt> open(const StateStream& stream) {
    if (const auto* bytes = std::get_if<InlineBytes>(&stream)) {
      return ReadAt([bytes](int64_t offset, int64_t length, std::string* into) -> Status {
        if (offset < 0 || length < 0 || offset + length > static_cast<int64_t>(bytes->bytes.size())) {
          return data_loss(cat("a piece of state inside _metadata has ", bytes->bytes.size(), " bytes; ", length, " at ", offset,
                               " were asked for"));
        }
        into->assign(bytes->bytes, static_cast<size_t>(offset), static_cast<size_t>(length));
        return {};
      });
    }
    const auto& segment = std::get<FileSegment>(stream);
    WEIR_ASSIGN_OR_RETURN(ReadableFile * file, file_of(segment.file));
    return ReadAt([segment, file](int64_t offset, int64_t length, std::string* into) -> Status {
      if (offset < 0 || length < 0 || offset + length > segment.length) {
        return data_loss(cat("a segment of state file ", segment.file, " has ", segment.length, " bytes; ", length, " at ", offset,
                             " were asked for"));
      }
      WEIR_RETURN_IF_ERROR(file->read_at(segment.offset + offset, length, into));
      if (static_cast<int64_t>(into->size()) != length) {
        return data_loss(cat("state file ", segment.file, " ends before byte ", segment.offset + offset + length));
      }
      return {};
    });
  }

 private:
  StatusOr<ReadableFile*> file_of(const std::string& name) {
    auto& file = open_[name];
    if (!file && local_ != nullptr) file = local_->open(name);
    if (!file) {
      FileLocation location = directory_.child(name);
      if (name.find('/') != std::string::npos) {
        WEIR_ASSIGN_OR_RETURN(location, files_.resolve(name));
      }
      WEIR_ASSIGN_OR_RETURN(file, location.fs->open(location.path));
    }
    return file.get();
  }

  const FileLocation directory_;
  FileSystemRegistry& files_;
  LocalCopies* const local_;
  std::map<std::string, std::unique_ptr<ReadableFile>> open_;
};

/// The type of a list as it was written: by the sidecar, or else as far as the stream's header tells it.
StatusOr<TypeDescription> list_type(const OperatorStateHandle& handle, const std::string& list, const OperatorStateDescription* known,
                                    const ReadAt& read) {
  if (known != nullptr) {
    for (const ListStateInfo& info : known->lists) {
      if (info.name == list) return info.element;
    }
  }
  WEIR_ASSIGN_OR_RETURN(const OperatorStreamHeader header, read_operator_header(handle, read));
  for (const ListStateInfo& info : header.lists) {
    if (info.name == list) return info.element;
  }
  return data_loss(cat("list state '", list, "' is named in _metadata but not in its stream"));
}

StatusOr<OperatorLists> read_lists(const SubtaskRestore& restore, const OperatorStateDescription* known, StateReader& reader) {
  OperatorLists lists;
  for (const ListStateSelection& selection : restore.lists) {
    WEIR_ASSIGN_OR_RETURN(const ReadAt read, reader.open(selection.handle->stream));
    ListStateContent& content = lists[selection.list];
    content.mode = selection.mode;
    WEIR_ASSIGN_OR_RETURN(content.element, list_type(*selection.handle, selection.list, known, read));
    WEIR_ASSIGN_OR_RETURN(std::vector<std::string> elements,
                          read_list_elements(*selection.handle, selection.list, selection.elements, read));
    std::move(elements.begin(), elements.end(), std::back_inserter(content.elements));
  }
  return lists;
}

Status restore_keyed(const SubtaskRestore& restore, const OperatorStateDescription* known, bool ignore_unclaimed, StateReader& reader,
                     KeyedState& state) {
  std::optional<KeyedStreamHeader> types;
  if (known != nullptr && known->key_type) types = KeyedStreamHeader{*known->key_type, known->keyed_states};
  for (const KeyedStateSelection& selection : restore.keyed) {
    WEIR_ASSIGN_OR_RETURN(const ReadAt read, reader.open(selection.handle->stream));
    WEIR_RETURN_IF_ERROR(
        restore_keyed_state(*selection.handle, selection.groups, read, types ? &*types : nullptr, ignore_unclaimed, state));
  }
  return {};
}

/// Null: nothing in the checkpoint.
const SubtaskRestore* find_restore(const TaskStart& start, const OperatorId& id, int subtask) {
  const OperatorRestore* found = start.plan->find(id);
  return found != nullptr && found->found ? &found->subtasks[static_cast<size_t>(subtask)] : nullptr;
}

/// Null: nothing is known but what the streams tell.
const OperatorStateDescription* find_types(const TaskStart& start, const OperatorId& id) {
  return start.sidecar != nullptr ? start.sidecar->find(id) : nullptr;
}

}  // namespace

Status open_and_restore(OperatorChain& chain, const TaskStart& start, FileSystemRegistry& files) {
  if (start.plan == nullptr) {
    WEIR_RETURN_IF_ERROR(chain.open({}));
    if (SourceOperator* source = chain.source()) source->add_splits(start.splits);
    return chain.restored();
  }
  WEIR_ASSIGN_OR_RETURN(FileLocation directory, files.resolve(start.directory));
  StateReader reader(std::move(directory), files, start.local);
  const int subtask = chain.host(0).subtask();
  std::vector<const SubtaskRestore*> restores;
  std::vector<OperatorLists> lists;
  for (size_t i = 0; i < chain.size(); ++i) {
    const JobOperator& description = chain.host(i).description();
    restores.push_back(find_restore(start, description.id, subtask));
    lists.emplace_back();
    if (restores.back() == nullptr) continue;
    auto read = read_lists(*restores.back(), find_types(start, description.id), reader);
    if (!read.ok()) return read.status().with_context(operator_label(description, subtask));
    lists.back() = *std::move(read);
  }
  WEIR_RETURN_IF_ERROR(chain.open(std::move(lists)));
  if (SourceOperator* source = chain.source(); source != nullptr && restores[0] == nullptr) source->add_splits(start.splits);
  for (size_t i = 0; i < chain.size(); ++i) {
    const JobOperator& description = chain.host(i).description();
    const std::string label = operator_label(description, subtask);
    if (restores[i] == nullptr || restores[i]->keyed.empty()) continue;
    KeyedState* state = chain.host(i).op().keyed_state();
    if (state == nullptr) {
      if (start.ignore_unclaimed_state) continue;
      return failed_precondition(cat(label, " has keyed state in the checkpoint but keeps none now; give it another uid, or set "
                                            "execution.state-recovery.ignore-unclaimed-state to drop that state"));
    }
    WEIR_RETURN_IF_ERROR(
        restore_keyed(*restores[i], find_types(start, description.id), start.ignore_unclaimed_state, reader, *state).with_context(label));
  }
  return chain.restored();
}

StatusOr<OperatorLists> restored_lists(const OperatorId& id, int subtask, const TaskStart& start, FileSystemRegistry& files) {
  const SubtaskRestore* restore = start.plan != nullptr ? find_restore(start, id, subtask) : nullptr;
  if (restore == nullptr) return OperatorLists();
  WEIR_ASSIGN_OR_RETURN(FileLocation directory, files.resolve(start.directory));
  StateReader reader(std::move(directory), files, start.local);
  return read_lists(*restore, find_types(start, id), reader);
}

}  // namespace weir
