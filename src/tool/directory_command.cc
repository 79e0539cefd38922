// What lies in a checkpoint directory or a directory of savepoints.

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/ids.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "checkpoint/protocol/paths.h"
#include "checkpoint/savepoint.h"
#include "checkpoint/shared_files.h"
#include "checkpoint/storage.h"
#include "config/value_text.h"
#include "platform/real_clock.h"
#include "tool/commands.h"
#include "tool/value_text.h"

namespace weir::tool {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kSavepointPrefix = "savepoint-";
/// A checkpoint that is being taken looks the same as one that was left over.
constexpr const char* kLeftOverAfter = "1 d";

std::string_view last_part(std::string_view path) { return path.substr(path.rfind('/') + 1); }

/// The size of the files in a directory, and when the newest was changed.
struct Content {
  int64_t bytes = 0;
  int64_t modified_ms = 0;
};
StatusOr<Content> content_of(const FileLocation& directory) {
  Content content;
  WEIR_ASSIGN_OR_RETURN(const FileInfo own, directory.fs->stat(directory.path));
  content.modified_ms = own.modified_ms;
  WEIR_ASSIGN_OR_RETURN(const auto entries, directory.fs->list(directory.path));
  for (const FileInfo& entry : entries) {
    content.bytes += entry.size;
    content.modified_ms = std::max(content.modified_ms, entry.modified_ms);
  }
  return content;
}

class Listing {
 public:
  Listing(FileLocation root, int64_t now_ms, int64_t left_over_after_ms, bool removes)
      : root_(std::move(root)),
        now_ms_(now_ms),
        left_over_after_ms_(left_over_after_ms),
        removes_(removes) {}

  Status run() {
    WEIR_ASSIGN_OR_RETURN(auto entries, root_.fs->list(root_.path));
    std::sort(entries.begin(), entries.end(),
              [](const FileInfo& a, const FileInfo& b) { return a.path < b.path; });
    for (const FileInfo& entry : entries) {
      const std::string name(last_part(entry.path));
      if (!entry.is_directory) continue;
      if (name.starts_with(kSavepointPrefix)) WEIR_RETURN_IF_ERROR(savepoint(name));
      else if (Id128::from_hex(name).ok()) WEIR_RETURN_IF_ERROR(job(name));
    }
    return {};
  }
  const Json& rows() const { return rows_; }

 private:
  Status job(const std::string& name) {
    const FileLocation job = root_.child(name);
    WEIR_ASSIGN_OR_RETURN(const CheckpointInventory inventory, list_checkpoints(job));
    for (const CheckpointId id : inventory.completed)
      WEIR_RETURN_IF_ERROR(add(job.child(checkpoint_directory_name(id)), name, "checkpoint", {}));
    for (const CheckpointId id : inventory.orphans) {
      // The highest number stays used.
      std::function<Status()> remove;
      if (id != inventory.highest) {
        remove = [job, id] { return discard_unfinished(job, id, DirectoryAfterwards::kRemoved); };
      }
      WEIR_RETURN_IF_ERROR(
          add(job.child(checkpoint_directory_name(id)), name, "unfinished checkpoint", remove));
    }
    WEIR_ASSIGN_OR_RETURN(const auto unreferenced, unreferenced_shared_files(job));
    for (const FileInfo& file : unreferenced) {
      const std::string file_name(last_part(file.path));
      WEIR_RETURN_IF_ERROR(
          add_row(job.child(kSharedDirectory).child(file_name).uri, name, "file of no checkpoint",
                  {file.size, file.modified_ms},
                  [job, file_name] { return release_shared_files(job, {file_name}); }));
    }
    return {};
  }
  Status savepoint(const std::string& name) {
    const FileLocation directory = root_.child(name);
    const auto metadata = directory.fs->stat(directory.child(kMetadataFile).path);
    if (metadata.ok()) return add(directory, "", "savepoint", {});
    if (metadata.status().code() != StatusCode::kNotFound) return metadata.status();
    return add(directory, "", "unfinished savepoint",
               [directory] { return discard_unfinished_savepoint(directory); });
  }
  /// `remove`: null if it must stay.
  Status add(const FileLocation& directory, const std::string& job, const char* what,
             const std::function<Status()>& remove) {
    const auto content = content_of(directory);
    if (content.status().code() == StatusCode::kNotFound) return {};  // removed in the meantime
    if (!content.ok()) return content.status();
    return add_row(directory.uri, job, what, *content, remove);
  }
  Status add_row(const std::string& uri, const std::string& job, const char* what,
                 const Content& content, const std::function<Status()>& remove) {
    const int64_t age_ms = now_ms_ - content.modified_ms;
    const bool left_over = remove != nullptr && age_ms >= left_over_after_ms_;
    if (left_over && removes_) WEIR_RETURN_IF_ERROR(remove());
    rows_.push_back({{"path", uri},
                     {"job", job},
                     {"what", what},
                     {"bytes", content.bytes},
                     {"age_ms", age_ms},
                     {"left_over", left_over},
                     {"removed", left_over && removes_}});
    return {};
  }

  const FileLocation root_;
  const int64_t now_ms_;
  const int64_t left_over_after_ms_;
  const bool removes_;
  Json rows_ = Json::array();
};

std::string age_text(int64_t ms) {
  const int64_t minutes = ms / 60000;
  if (minutes < 60) return cat(minutes, " min");
  if (minutes < 48 * 60) return cat(minutes / 60, " h");
  return cat(minutes / (24 * 60), " d");
}

std::string text_of(const Json& rows, bool clean, bool removes) {
  std::string text;
  int left_over = 0;
  for (const Json& row : rows) {
    if (row["left_over"].get<bool>()) ++left_over;
    text += cat(row["path"].get<std::string>(), "  ", row["what"].get<std::string>(), "  ",
                size_text(row["bytes"].get<int64_t>()), "  ",
                age_text(row["age_ms"].get<int64_t>()), " old",
                row["removed"].get<bool>()     ? "  removed"
                : row["left_over"].get<bool>() ? "  left over"
                                               : "",
                "\n");
  }
  if (clean && !removes)
    text += cat("nothing was removed: --clean --yes removes the ", left_over, " left over\n");
  return text;
}

}  // namespace

int list_directory(const Arguments& arguments, FileSystemRegistry& files) {
  const auto older = parse_duration(arguments.option("older-than", kLeftOverAfter));
  if (!older.ok()) return report(older.status().with_context("--older-than"));
  const auto root = files.resolve(arguments.operands[0]);
  if (!root.ok()) return report(root.status());
  const bool clean = arguments.has("clean");
  const bool removes = clean && arguments.has("yes");
  Listing listing(*root, RealClock().wall_ms(),
                  std::chrono::duration_cast<std::chrono::milliseconds>(*older).count(), removes);
  const Status status = listing.run();
  print(arguments.has("json") ? listing.rows().dump(2) + "\n"
                              : text_of(listing.rows(), clean, removes));
  return status.ok() ? kDone : report(status);
}

}  // namespace weir::tool
