#include <algorithm>

#include "base/status_macros.h"
#include "base/strings.h"
#include "checkpoint/protocol/paths.h"
#include "checkpoint/publication.h"
#include "checkpoint/savepoint.h"
#include "offline/operator_writer.h"
#include "offline/savepoint_snapshot.h"
#include "platform/real_random.h"

namespace weir {
namespace {

/// An operator of the new snapshot, before it is written.
struct PlannedOperator {
  OperatorIdentifier op;
  OperatorId id;
  const OperatorSnapshotState* existing = nullptr;
  const StateBootstrap* bootstrap = nullptr;  ///< null: the existing one is copied
  bool starts_with_existing = false;
};
using Plan = std::vector<PlannedOperator>;

Plan::iterator find_planned(Plan& plan, const OperatorId& id) {
  return std::find_if(plan.begin(), plan.end(), [&](const auto& each) { return each.id == id; });
}

StatusOr<FileLocation> new_directory(FileSystemRegistry& files, const std::string& path) {
  WEIR_ASSIGN_OR_RETURN(FileLocation directory, files.resolve(path));
  const auto there = directory.fs->list(directory.path);
  if (there.ok() && !there->empty())
    return failed_precondition(cat(directory.uri, " is not empty: name a new directory"));
  if (!there.ok() && there.status().code() != StatusCode::kNotFound) return there.status();
  WEIR_RETURN_IF_ERROR(directory.fs->make_directories(directory.path));
  return directory;
}

}  // namespace

/// One call of write().
class SavepointWriter::Writing {
 public:
  Writing(const SavepointWriter& writer, SnapshotReader* existing)
      : writer_(writer), existing_(existing) {}

  Status plan() {
    if (existing_ != nullptr) {
      const std::vector<std::string>& unread = existing_->snapshot().left_out;
      if (!unread.empty()) {
        return failed_precondition(cat(existing_->snapshot().directory.uri,
                                       " has state that weir cannot copy: ", unread.front()));
      }
      for (const OperatorSnapshotState& op : existing_->operators())
        plan_.push_back({OperatorIdentifier::for_uid_hash(op.id.to_hex()), op.id, &op});
    }
    for (const Change& change : writer_.changes_) WEIR_RETURN_IF_ERROR(apply(change));
    return {};
  }

  Status write(const FileLocation& directory) {
    RealRandom random;
    StateFile file(directory, data_file_name({0, random.next()}));
    CheckpointContent content;
    if (existing_ != nullptr) content.metadata.checkpoint_id = checkpoint_id();
    if (existing_ != nullptr && existing_->snapshot().sidecar) {
      content.sidecar = *existing_->snapshot().sidecar;
      content.sidecar.operators.clear();
    }
    for (const PlannedOperator& op : plan_) {
      WEIR_ASSIGN_OR_RETURN(WrittenOperator written, written_of(op, file));
      content.metadata.operators.push_back(std::move(written.state));
      content.sidecar.operators.push_back(std::move(written.types));
    }
    WEIR_ASSIGN_OR_RETURN(content.sidecar.files, file.close());
    CheckpointPublication publication =
        CheckpointPublication::of_savepoint(directory, std::move(content), random.next());
    return publish_savepoint(publication);
  }

 private:
  CheckpointId checkpoint_id() const { return existing_->snapshot().metadata->checkpoint_id; }

  StatusOr<Plan::iterator> planned(const OperatorIdentifier& op) {
    WEIR_ASSIGN_OR_RETURN(const OperatorId id, id_of(op));
    const auto found = find_planned(plan_, id);
    if (found != plan_.end()) return found;
    if (existing_ == nullptr) return not_found(cat("the savepoint has no ", label_of(op)));
    const auto in_existing = find_operator(*existing_, op);
    if (!in_existing.ok()) return in_existing.status();
    return not_found(cat("the ", label_of(op), " was removed or renamed before"));
  }

  Status apply(const Change& change) {
    WEIR_ASSIGN_OR_RETURN(const OperatorId id, id_of(change.op));
    if (change.kind == Change::Kind::kAdd) {
      if (const auto at = find_planned(plan_, id); at != plan_.end()) plan_.erase(at);
      plan_.push_back({change.op, id, nullptr, &change.bootstrap});
      return {};
    }
    WEIR_ASSIGN_OR_RETURN(const Plan::iterator at, planned(change.op));
    if (change.kind == Change::Kind::kRemove) {
      plan_.erase(at);
      return {};
    }
    if (change.kind == Change::Kind::kRename) return rename(*at, change);
    if (at->bootstrap != nullptr)
      return failed_precondition(cat("the ", label_of(change.op), " is changed twice"));
    at->op = change.op;
    at->bootstrap = &change.bootstrap;
    at->starts_with_existing = true;
    return {};
  }

  Status rename(PlannedOperator& op, const Change& change) {
    WEIR_ASSIGN_OR_RETURN(const OperatorId to, id_of(change.to));
    if (find_planned(plan_, to) != plan_.end()) {
      return failed_precondition(cat("the ", label_of(change.op), " cannot become the ",
                                     label_of(change.to), ": there is one already"));
    }
    op.op = change.to;
    op.id = to;
    return {};
  }

  StatusOr<WrittenOperator> written_of(const PlannedOperator& op, StateFile& file) {
    if (op.bootstrap == nullptr) {
      WEIR_ASSIGN_OR_RETURN(WrittenOperator copy, copy_operator(*existing_, *op.existing, file));
      if (op.id == op.existing->id) return copy;
      copy.state.id = copy.types.operator_id = op.id;
      copy.state.uid = copy.types.uid = op.op.is_hash() ? "" : op.op.text();
      return copy;
    }
    OperatorToMake make;
    make.label = label_of(op.op);
    make.id = op.id;
    if (!op.op.is_hash()) make.uid = op.op.text();
    make.bootstrap = op.bootstrap;
    if (op.starts_with_existing) make.start = op.existing;
    make.max_parallelism =
        op.existing != nullptr ? op.existing->max_parallelism : writer_.max_parallelism_;
    return make_operator(make, existing_, file);
  }

  const SavepointWriter& writer_;
  SnapshotReader* const existing_;
  Plan plan_;
};

SavepointWriter SavepointWriter::new_savepoint(int max_parallelism) {
  SavepointWriter writer;
  writer.max_parallelism_ = max_parallelism;
  return writer;
}

SavepointWriter SavepointWriter::from_existing(const SavepointReader& existing) {
  SavepointWriter writer;
  writer.existing_ = existing.snapshot_;
  const auto& operators = existing.snapshot_->reader.operators();
  if (!operators.empty()) writer.max_parallelism_ = operators.front().max_parallelism;
  return writer;
}

SavepointWriter& SavepointWriter::with_operator(OperatorIdentifier op, StateBootstrap bootstrap) {
  changes_.push_back({Change::Kind::kAdd, op, op, std::move(bootstrap)});
  return *this;
}
SavepointWriter& SavepointWriter::change_operator(OperatorIdentifier op, StateBootstrap bootstrap) {
  changes_.push_back({Change::Kind::kChange, op, op, std::move(bootstrap)});
  return *this;
}
SavepointWriter& SavepointWriter::remove_operator(OperatorIdentifier op) {
  changes_.push_back({Change::Kind::kRemove, op, op});
  return *this;
}
SavepointWriter& SavepointWriter::change_operator_identifier(OperatorIdentifier from,
                                                             OperatorIdentifier to) {
  changes_.push_back({Change::Kind::kRename, std::move(from), std::move(to)});
  return *this;
}

Status SavepointWriter::write(const std::string& path, const FileSystemSettings& settings) const {
  Writing writing(*this, existing_ ? &existing_->reader : nullptr);
  WEIR_RETURN_IF_ERROR(writing.plan());
  const std::unique_ptr<FileSystemRegistry> files = file_systems_of(settings);
  WEIR_ASSIGN_OR_RETURN(const FileLocation directory, new_directory(*files, path));
  try {
    Status status = writing.write(directory).with_context(cat("cannot write the savepoint ", path));
    if (!status.ok()) (void)discard_unfinished_savepoint(directory);
    return status;
  } catch (...) {  // of a function of the program
    (void)discard_unfinished_savepoint(directory);
    throw;
  }
}

}  // namespace weir
