#include <algorithm>
#include <set>

#include "base/bug_switch.h"
#include "base/log.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "connectors/part_names.h"
#include "fs/file_system_registry.h"
#include "weir/detail/connector/part_writer.h"

namespace weir::detail {
namespace {

constexpr std::string_view kProbePrefix = ".part-probe-";
constexpr int kProbesMax = 10;
/// The end of an orphan's name of which only the unfinished writes go: the file there, if any, is a
/// result.
constexpr char kUnfinished = '/';

std::string_view base_name(std::string_view path) { return path.substr(path.rfind('/') + 1); }

StatusOr<std::vector<PartCommittable>> decode_all(const std::vector<std::string>& committables) {
  std::vector<PartCommittable> decoded;
  for (const std::string& bytes : committables) {
    WEIR_ASSIGN_OR_RETURN(decoded.emplace_back(), PartCommittable::decode(bytes));
  }
  return decoded;
}

/// Commits by publishing staged files. Removes a visible part file only if it belongs to a
/// checkpoint that the job has discarded.
class PartCommitter final : public Committer {
 public:
  PartCommitter(std::string uri, FileSystemRegistry& files) : uri_(std::move(uri)), files_(files) {}

  Status commit(const std::vector<std::string>& committables) override {
    WEIR_ASSIGN_OR_RETURN(const auto parts, decode_all(committables));
    WEIR_ASSIGN_OR_RETURN(const FileLocation directory, files_.resolve(uri_));
    std::set<std::string> buckets;  // that exist
    for (const PartCommittable& part : parts) {
      if (!part.hidden.empty()) WEIR_RETURN_IF_ERROR(commit_part(directory, part, buckets));
    }
    return {};
  }

  // Names differ from those of all other attempts, so no name ever refers to another file.
  StatusOr<std::vector<std::string>> find_orphans(const SinkStart& start) override {
    std::vector<std::string> found;
    if (bug_enabled(Bug::kOrphansKept)) return found;
    WEIR_ASSIGN_OR_RETURN(const auto parts, decode_all(start.pending));
    std::set<std::string> needed;
    std::set<uint32_t> runs = {run_hash(start.uid, start.run_nonce)};
    for (const PartCommittable& part : parts) {
      needed.insert(part.hidden);
      needed.insert(path_of(part));
      if (start.continues_run) runs.insert(part.run);
    }
    WEIR_ASSIGN_OR_RETURN(const FileLocation directory, files_.resolve(uri_));
    uid_ = start.uid;
    restored_checkpoint_ = start.restored_checkpoint;
    int taken_back = 0;
    int of_others = 0;
    const auto take = [&](const std::string& bucket, const std::string& name) {
      if (const auto hidden = parse_hidden_name(name)) {
        if (hidden->sink != sink_hash(start.uid)) return;
        const bool own = hidden->run && runs.contains(*hidden->run);
        of_others += !own;
        if (!own || needed.contains(name)) return;
      } else if (const auto part = parse_part_name(name)) {
        if (!runs.contains(part->run) || part->checkpoint_id <= start.restored_checkpoint) return;
        ++taken_back;
      } else {
        return;
      }
      found.push_back(bucket + name);
    };
    WEIR_RETURN_IF_ERROR(for_each_file(directory, "", 0, take));
    WEIR_ASSIGN_OR_RETURN(const auto unfinished, directory.fs->unfinished(directory.path));
    for (const std::string& path : unfinished) {
      const std::string relative = path.substr(std::min(path.size(), directory.path.size() + 1));
      const auto part = parse_part_name(base_name(path));
      if (part && runs.contains(part->run) && !needed.contains(relative))
        found.push_back(relative + kUnfinished);
    }
    if (of_others > 0) {
      WEIR_LOG(kWarning) << uri_ << " has unfinished files (" << of_others
                         << ") of another run of this sink: if that run still goes on, both write "
                            "their results here; stop one of them, or give it another directory";
    }
    if (taken_back > 0) {
      WEIR_LOG(kWarning) << uri_ << ": takes back " << taken_back
                         << " part files of checkpoints after " << start.restored_checkpoint
                         << ", from which the job goes on: what they held is produced again";
    }
    return found;
  }

  Status remove_orphans(const std::vector<std::string>& names) override {
    WEIR_ASSIGN_OR_RETURN(const FileLocation directory, files_.resolve(uri_));
    WEIR_RETURN_IF_ERROR(remove(directory, names));
    // An earlier start may have committed some of them since they were found. It can commit none of
    // them now, because the staged files are gone.
    std::set<Attempt> attempts;
    for (std::string name : names) {
      if (name.ends_with(kUnfinished)) name.pop_back();
      if (const auto hidden = parse_hidden_name(name))
        attempts.emplace(*hidden->run, run_hash(uid_, hidden->attempt));
      else if (const auto part = parse_part_name(base_name(name)))
        attempts.emplace(part->run, part->attempt);
    }
    if (attempts.empty() || bug_enabled(Bug::kCommitDuringRemovalKept)) return {};
    std::vector<std::string> committed;
    WEIR_RETURN_IF_ERROR(
        for_each_file(directory, "", 0, [&](const std::string& bucket, const std::string& name) {
          const auto part = parse_part_name(name);
          if (part && attempts.contains({part->run, part->attempt}) &&
              part->checkpoint_id > restored_checkpoint_)
            committed.push_back(bucket + name);
        }));
    return remove(directory, committed);
  }

 private:
  /// <run> and <attempt> of part names.
  using Attempt = std::pair<uint32_t, uint32_t>;

  static Status remove(const FileLocation& directory, const std::vector<std::string>& names) {
    for (std::string name : names) {
      const bool unfinished = name.ends_with(kUnfinished);
      if (unfinished) name.pop_back();
      const std::string path = directory.child(name).path;
      const Status removed =
          unfinished ? directory.fs->discard({path, path}) : directory.fs->remove(path);
      if (!removed.ok() && removed.code() != StatusCode::kNotFound) return removed;
    }
    return {};
  }
  /// Within the directory of the sink.
  static std::string path_of(const PartCommittable& part) {
    return part.bucket.empty() ? part.part : cat(part.bucket, '/', part.part);
  }

  /// Calls `take(bucket, name)` for each file of the directory and of its buckets. `bucket` is
  /// empty or ends with '/'.
  template <class Take>
  static Status for_each_file(const FileLocation& directory, const std::string& bucket, int depth,
                              const Take& take) {
    auto entries = directory.fs->list(directory.path);
    if (entries.status().code() == StatusCode::kNotFound) return {};
    if (!entries.ok()) return entries.status();
    for (const FileInfo& entry : *entries) {
      const std::string name(base_name(entry.path));
      if (!entry.is_directory) {
        take(bucket, name);
      } else if (depth < kMaxBucketDepth && check_bucket(name).ok() &&
                 !bug_enabled(Bug::kBucketsNotSearched)) {
        WEIR_RETURN_IF_ERROR(
            for_each_file(directory.child(name), cat(bucket, name, '/'), depth + 1, take));
      }
    }
    return {};
  }

  static Status commit_part(const FileLocation& directory, const PartCommittable& part,
                            std::set<std::string>& buckets) {
    FileSystem& fs = *directory.fs;
    const FileLocation hidden = directory.child(part.hidden);
    const FileLocation bucket = part.bucket.empty() ? directory : directory.child(part.bucket);
    const FileLocation target = bucket.child(part.part);
    const StagedFile file{hidden.path, target.path};
    const auto staged = fs.staged_size(file);
    if (staged.ok()) {
      if (*staged != part.length) return wrong_length(hidden, *staged, part.length);
      if (!part.bucket.empty() && !fs.stages_at_target() && buckets.insert(part.bucket).second)
        WEIR_RETURN_IF_ERROR(fs.make_directories(bucket.path));
      Status published = fs.publish(file);
      if (published.code() == StatusCode::kAlreadyExists) {
        return failed_precondition(cat(
            "cannot commit ", hidden.uri, ": ", target.uri,
            " exists already and was not made from it; does another job write to this directory? "
            "Move the file away, and start again from the checkpoint"));
      }
      return published;
    }
    if (staged.status().code() != StatusCode::kNotFound) return staged.status();
    const auto committed = fs.stat(target.path);
    if (committed.ok() && bug_enabled(Bug::kCommitNotIdempotent)) return copy_part(bucket, part);
    if (committed.ok())
      return committed->size == part.length ? Status()
                                            : wrong_length(target, committed->size, part.length);
    if (committed.status().code() != StatusCode::kNotFound) return committed.status();
    return failed_precondition(cat(
        "cannot commit ", target.uri, ": neither it nor ", hidden.uri,
        " exists. Somebody removed output of a completed checkpoint; restore from an earlier one"));
  }

  /// The bug of Bug::kCommitNotIdempotent.
  static Status copy_part(const FileLocation& directory, const PartCommittable& part) {
    PartName name = parse_part_name(part.part).value();
    ++name.attempt;
    WEIR_ASSIGN_OR_RETURN(const std::string bytes,
                          read_file(*directory.fs, directory.child(part.part).path));
    return write_file(*directory.fs, directory.child(to_string(name)).path, bytes);
  }

  static Status wrong_length(const FileLocation& file, int64_t found, int64_t expected) {
    return failed_precondition(cat(file.uri, " has ", found, " bytes, but ", expected,
                                   " were written for a completed checkpoint; it was damaged or "
                                   "changed. Restore from an earlier checkpoint"));
  }

  const std::string uri_;
  FileSystemRegistry& files_;
  // The start that looks for orphans.
  std::string uid_;
  int64_t restored_checkpoint_ = -1;
};

}  // namespace

std::unique_ptr<Committer> make_part_committer(std::string directory_uri,
                                               FileSystemRegistry& files) {
  return std::make_unique<PartCommitter>(std::move(directory_uri), files);
}

Status probe_part_directory(const std::string& directory_uri, FileSystemRegistry& files) {
  const auto probe = [&]() -> Status {
    WEIR_ASSIGN_OR_RETURN(const FileLocation directory, files.resolve(directory_uri));
    WEIR_RETURN_IF_ERROR(directory.fs->make_directories(directory.path));
    // An existing file of this name belongs to a killed process, or to another probe at the same
    // time. Removing it does not disturb that probe, which only checks that it may write.
    Status made;
    int number = 0;
    for (int attempt = 0; attempt < kProbesMax; ++attempt) {
      const std::string path = directory.child(cat(kProbePrefix, number)).path;
      made = write_file(*directory.fs, path, "x");
      if (!made.ok() && made.code() != StatusCode::kAlreadyExists &&
          made.code() != StatusCode::kNotFound)
        break;
      Status removed = directory.fs->remove(path);
      const bool gone = removed.ok() || removed.code() == StatusCode::kNotFound;
      if (made.ok()) return gone ? Status() : removed;
      if (!gone && removed.code() != StatusCode::kPermissionDenied) return removed;
      if (!gone) ++number;  // it belongs to another user, and stays
    }
    return made;
  };
  return probe().with_context(cat("cannot write results to ", directory_uri));
}

}  // namespace weir::detail
