#include "sim_file_system.h"

#include "base/status_macros.h"
#include "base/strings.h"
#include "fs/file_path.h"
#include "sim_network.h"

namespace weir::sim {

/// Passes bytes to the store in pieces, so that a prefix is stored at any moment, as in a page
/// cache or on a DataNode.
class SimWritableFile : public WritableFile {
 public:
  /// `stored` may be null. Then the first stored bytes make the file.
  SimWritableFile(SimFileSystem view, std::string path, std::unique_ptr<WritableFile> stored)
      : view_(std::move(view)), path_(std::move(path)), stored_(std::move(stored)) {}

  Status append(std::string_view bytes) override {
    if (closed_) return failed_precondition(cat("append to ", path_, ", which is closed"));
    auto draw = view_.draw(SimFileSystem::Kind::kWrite, "append", path_);
    if (draw.fate == SimFileSystem::Fate::kRefused) {
      failed_ = true;
      return draw.answer;
    }
    pending_ += bytes;
    const bool torn = failed_ || view_.disk_.random_.chance(view_.disk_.faults().torn_append);
    const Status stored =
        torn || draw.fate != SimFileSystem::Fate::kGood ? store_some() : store_lazily();
    view_.world_.note("appended", path_, hash_bytes(bytes));
    switch (draw.fate) {
      case SimFileSystem::Fate::kKillBefore:
      case SimFileSystem::Fate::kKillAfter:
        view_.world_.kill(*view_.life_, cat("in append of ", path_));
        return view_.killed("append", path_);
      case SimFileSystem::Fate::kFailBefore:
      case SimFileSystem::Fate::kFailAfter:
        failed_ = true;
        return unavailable(cat("append to ", path_,
                               ": the connection broke (simulated); try again with another file"));
      default: break;
    }
    if (!stored.ok() || torn) failed_ = true;
    if (!stored.ok()) return stored;
    if (torn) return unavailable(cat("append to ", path_, ": the upload was cut (simulated)"));
    return view_.answer({}, "append", path_);
  }

  Status close() override {
    if (closed_) return failed_precondition(cat(path_, " is closed twice"));
    closed_ = true;
    auto draw = view_.draw(SimFileSystem::Kind::kMutation, "close", path_);
    if (draw.fate == SimFileSystem::Fate::kRefused) return draw.answer;
    const bool cut = failed_ || view_.disk_.random_.chance(view_.disk_.faults().cut_close);
    if (cut || draw.fate == SimFileSystem::Fate::kKillBefore ||
        draw.fate == SimFileSystem::Fate::kFailBefore) {
      const Status stored = store_some();
      if (draw.fate == SimFileSystem::Fate::kKillBefore ||
          draw.fate == SimFileSystem::Fate::kKillAfter) {
        view_.world_.kill(*view_.life_, cat("in close of ", path_));
        return view_.killed("close", path_);
      }
      if (!stored.ok()) return stored;
      return unavailable(cat("close of ", path_,
                             ": the upload was cut (simulated); what the file holds is not known"));
    }
    Status status = store(pending_.size());
    // An empty file does not exist yet if bytes make it.
    if (status.ok() && stored_ == nullptr) status = make();
    if (status.ok()) {
      status = stored_->close();
      view_.disk_.unclosed_.erase(path_);
    }
    view_.world_.note("closed", path_, static_cast<uint64_t>(status.code()));
    if (draw.fate == SimFileSystem::Fate::kKillAfter) {
      view_.world_.kill(*view_.life_, cat("after close of ", path_));
      return view_.killed("close", path_);
    }
    if (status.ok() && draw.fate == SimFileSystem::Fate::kFailAfter) {
      return unavailable(
          cat("close of ", path_, ": the answer was lost (simulated); the outcome is not known"));
    }
    return view_.answer(status, "close", path_);
  }

 private:
  Status make() {
    auto file = view_.disk_.raw().create(path_, CreateMode::kExclusive);
    if (!file.ok()) return file.status();
    stored_ = std::move(file).value();
    view_.disk_.unclosed_.insert(path_);
    return {};
  }
  /// Stores the first `count` pending bytes.
  Status store(size_t count) {
    if (count == 0) return {};
    if (stored_ == nullptr) WEIR_RETURN_IF_ERROR(make());
    WEIR_RETURN_IF_ERROR(stored_->append(std::string_view(pending_).substr(0, count)));
    pending_.erase(0, count);
    return {};
  }

  /// After a fault a file ends at any byte, or was never made.
  Status store_some() {
    SimRandom& random = view_.disk_.random_;
    if (stored_ == nullptr && random.chance(0.5)) return {};
    if (stored_ == nullptr) WEIR_RETURN_IF_ERROR(make());
    return store(random.below(pending_.size() + 1));
  }
  /// Without a fault, stores none, some or all of the pending bytes.
  Status store_lazily() {
    SimRandom& random = view_.disk_.random_;
    switch (random.below(3)) {
      case 0: return {};
      case 1: return store(random.below(pending_.size() + 1));
      default: return store(pending_.size());
    }
  }

  SimFileSystem view_;
  const std::string path_;
  std::unique_ptr<WritableFile> stored_;
  std::string pending_;
  bool closed_ = false;
  bool failed_ = false;
};

class SimReadableFile : public ReadableFile {
 public:
  SimReadableFile(SimFileSystem view, std::string path, std::unique_ptr<ReadableFile> stored)
      : view_(std::move(view)), path_(std::move(path)), stored_(std::move(stored)) {}

  Status read_at(int64_t offset, int64_t length, std::string* out) override {
    out->clear();
    auto draw = view_.draw(SimFileSystem::Kind::kRead, "read", path_);
    WEIR_RETURN_IF_ERROR(view_.refuse(draw, "read", path_));
    const Status status = stored_->read_at(offset, length, out);
    return view_.answer(status, "read", path_);
  }
  int64_t size() const override { return stored_->size(); }

 private:
  SimFileSystem view_;
  const std::string path_;
  std::unique_ptr<ReadableFile> stored_;
};

Status SimFileSystem::killed(const char* operation, const std::string& path) const {
  return unavailable(cat(operation, " of ", path, ": the process was killed (simulated)"));
}

SimFileSystem::Draw SimFileSystem::draw(Kind kind, const char* operation, const std::string& path) {
  const bool makes_directory = operation == std::string_view("mkdirs");
  world_.at_operation(*life_, makes_directory ? Operation::kMakeDirectory : Operation::kFile);
  if (!life_->alive) return {Fate::kRefused, killed(operation, path)};
  Draw drawn = draw_fate(kind, operation, path);
  disk_.mutations_ += kind != Kind::kRead;
  if (drawn.fate == Fate::kRefused || drawn.fate == Fate::kFailBefore ||
      drawn.fate == Fate::kFailAfter)
    ++disk_.faults_injected_;
  return drawn;
}

Status SimFileSystem::answer(Status status, const char* operation, const std::string& path) {
  world_.at_operation(*life_, Operation::kFile);
  return life_->alive ? status : killed(operation, path);
}

SimFileSystem::Draw SimFileSystem::draw_fate(Kind kind, const char* operation,
                                             const std::string& path) {
  world_.note(operation, cat(life_->name, ' ', disk_.name(), path),
              static_cast<uint64_t>(life_->file_operations));
  const int64_t number = life_->file_operations++;
  if (number == life_->kill_at_operation ||
      disk_.random_.chance(world_.faults().kill_at_file_operation)) {
    return {disk_.random_.chance(0.5) ? Fate::kKillBefore : Fate::kKillAfter, {}};
  }
  const SimDisk::Trouble trouble = disk_.trouble_now();
  if (trouble == SimDisk::Trouble::kDown) {
    return {Fate::kRefused,
            unavailable(cat(operation, " of ", path,
                            ": the file system is down (simulated); try again later"))};
  }
  if (trouble == SimDisk::Trouble::kReadOnly && kind != Kind::kRead) {
    return {Fate::kRefused,
            unavailable(cat(operation, " of ", path,
                            ": the name node is in safe mode (simulated); try again later"))};
  }
  if (trouble == SimDisk::Trouble::kFull && kind == Kind::kWrite) {
    return {Fate::kRefused, resource_exhausted(cat(operation, " of ", path,
                                                   ": no space is left (simulated); free some"))};
  }
  if (disk_.kind() == DiskKind::kHdfs) {
    const SimNetwork& network = world_.network();
    if (!network.reaches(life_->host, disk_.host())) {
      return {Fate::kRefused,
              unavailable(cat(operation, " of ", path,
                              ": the file system does not answer (simulated); try again later"))};
    }
    // The request arrives and is applied, but the answer is lost.
    if (!network.reaches(disk_.host(), life_->host))
      return {kind == Kind::kRead ? Fate::kFailBefore : Fate::kFailAfter, {}};
  }
  const FileFaults& faults = disk_.faults();
  if (kind == Kind::kRead)
    return {disk_.random_.chance(faults.fail_read) ? Fate::kFailBefore : Fate::kGood, {}};
  if (disk_.random_.chance(faults.fail_before)) return {Fate::kFailBefore, {}};
  if (disk_.random_.chance(faults.fail_after)) return {Fate::kFailAfter, {}};
  return {};
}

Status SimFileSystem::refuse(Draw& draw, const char* operation, const std::string& path) {
  switch (draw.fate) {
    case Fate::kRefused: return draw.answer;
    case Fate::kKillBefore:
    case Fate::kKillAfter:
      world_.kill(*life_, cat("in ", operation, " of ", path));
      return killed(operation, path);
    case Fate::kFailBefore:
      return unavailable(cat(operation, " of ", path, ": no answer (simulated); try again later"));
    default: return {};
  }
}

Status SimFileSystem::mutate(Kind kind, const char* operation, const std::string& path,
                             const std::function<Status()>& apply) {
  Draw fate = draw(kind, operation, path);
  if (fate.fate == Fate::kKillBefore && disk_.random_.chance(world_.faults().late_effect)) {
    // The request left the machine before the process died.
    world_.at(world_.now() + disk_.random_.delay(std::chrono::seconds(5)), nullptr,
              [this_world = &world_, disk = &disk_, operation, path, apply] {
                const Status status = apply();
                ++disk->mutations_;
                this_world->note("late effect", cat(operation, ' ', path),
                                 static_cast<uint64_t>(status.code()));
              });
  }
  if (fate.fate == Fate::kRefused || fate.fate == Fate::kKillBefore ||
      fate.fate == Fate::kFailBefore) {
    return refuse(fate, operation, path);
  }
  const Status status = apply();
  world_.note("result", operation, static_cast<uint64_t>(status.code()));
  if (fate.fate == Fate::kKillAfter) {
    world_.kill(*life_, cat("after ", operation, " of ", path));
    return killed(operation, path);
  }
  if (fate.fate == Fate::kFailAfter) {
    // The real clients then read back to learn the outcome. Here that fails as well.
    return unavailable(cat(operation, " of ", path,
                           ": the answer was lost (simulated); the outcome is not known"));
  }
  return answer(status, operation, path);
}

StatusOr<std::unique_ptr<WritableFile>> SimFileSystem::create(const std::string& path,
                                                              CreateMode mode) {
  WEIR_RETURN_IF_ERROR(check_file_path(path));
  // Shared with an effect that may come late. In that case nobody writes to the file.
  auto stored = std::make_shared<std::unique_ptr<WritableFile>>();
  const bool made_by_bytes = disk_.kind() == DiskKind::kHdfs && mode == CreateMode::kExclusive;
  const auto apply = [disk = &disk_, path, mode, made_by_bytes, stored]() -> Status {
    if (made_by_bytes) {
      if (disk->raw().stat(path).ok())
        return already_exists(cat("cannot create ", path, ": it exists"));
      return disk->raw().make_directories(parent_path(path));
    }
    auto file = disk->raw().create(path, mode);
    if (!file.ok()) return file.status();
    *stored = std::move(file).value();
    disk->unclosed_.insert(path);
    return {};
  };
  WEIR_RETURN_IF_ERROR(mutate(Kind::kWrite, "create", path, apply));
  return std::unique_ptr<WritableFile>(
      std::make_unique<SimWritableFile>(*this, path, std::move(*stored)));
}

StatusOr<std::unique_ptr<ReadableFile>> SimFileSystem::open(const std::string& path) {
  WEIR_RETURN_IF_ERROR(check_file_path(path));
  Draw fate = draw(Kind::kRead, "open", path);
  WEIR_RETURN_IF_ERROR(refuse(fate, "open", path));
  WEIR_ASSIGN_OR_RETURN(auto file, disk_.raw().open(path));
  WEIR_RETURN_IF_ERROR(answer({}, "open", path));
  return std::unique_ptr<ReadableFile>(
      std::make_unique<SimReadableFile>(*this, path, std::move(file)));
}

StatusOr<FileInfo> SimFileSystem::stat(const std::string& path) {
  Draw fate = draw(Kind::kRead, "stat", path);
  WEIR_RETURN_IF_ERROR(refuse(fate, "stat", path));
  auto info = disk_.raw().stat(path);
  WEIR_RETURN_IF_ERROR(answer({}, "stat", path));
  return info;
}

StatusOr<std::vector<FileInfo>> SimFileSystem::list(const std::string& path) {
  Draw fate = draw(Kind::kRead, "list", path);
  WEIR_RETURN_IF_ERROR(refuse(fate, "list", path));
  auto infos = disk_.raw().list(path);
  WEIR_RETURN_IF_ERROR(answer({}, "list", path));
  return infos;
}

Status SimFileSystem::make_directories(const std::string& path) {
  return mutate(Kind::kMutation, "mkdirs", path,
                [disk = &disk_, path] { return disk->raw().make_directories(path); });
}

Status SimFileSystem::rename(const std::string& from, const std::string& to) {
  WEIR_RETURN_IF_ERROR(check_rename_paths(from, to));
  return mutate(Kind::kMutation, "rename", from, [disk = &disk_, from, to] {
    const Status status = disk->raw().rename(from, to);
    if (status.ok() && disk->unclosed_.erase(from) != 0) disk->unclosed_.insert(to);
    return status;
  });
}

Status SimFileSystem::remove(const std::string& path) {
  return mutate(Kind::kMutation, "remove", path,
                [disk = &disk_, path] { return disk->raw().remove(path); });
}

Status SimFileSystem::remove_all(const std::string& path) {
  return mutate(Kind::kMutation, "remove_all", path,
                [disk = &disk_, path] { return disk->raw().remove_all(path); });
}

}  // namespace weir::sim
