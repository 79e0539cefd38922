#include "fs/probe.h"

#include "base/strings.h"

namespace weir {
namespace {

Status explained(const Status& status, const FileLocation& dir, std::string_view step) {
  return status.with_context(
      cat("the directory ", dir.uri, " cannot be used, because ", step, " failed"));
}

}  // namespace

Status probe_directory(const FileLocation& dir, std::string_view unique) {
  FileSystem& fs = *dir.fs;
  const FileLocation file = dir.child(cat(kProbePrefix, unique));
  const std::string bytes = cat("weir was here to see whether it may be (", unique, ")\n");

  if (const Status made = fs.make_directories(dir.path); !made.ok())
    return explained(made, dir, "making it");
  // Left by a killed probe of the same name.
  const Status cleared = fs.remove(file.path);
  if (!cleared.ok() && cleared.code() != StatusCode::kNotFound)
    return explained(cleared, dir, "removing an old test file");

  if (const Status written = publish_file(fs, file.path, bytes, "new"); !written.ok()) {
    (void)fs.remove(file.path + ".new.tmp");
    return explained(written, dir, "writing a test file");
  }
  // Some object stores ignore the condition that makes a publication exclusive.
  const Status again = fs.stages_at_target()
                           ? publish_file(fs, file.path, cat(bytes, "again\n"), "again")
                           : already_exists("a rename never replaces");
  const auto read = read_file(fs, file.path);
  const Status removed = fs.remove(file.path);
  if (again.ok()) {
    return failed_precondition(cat("the directory ", dir.uri,
                                   " cannot be used, because the second of two files published "
                                   "as ",
                                   file.path,
                                   " replaced the first one: with such storage two processes could "
                                   "complete the same checkpoint"));
  }
  if (again.code() != StatusCode::kAlreadyExists)
    return explained(again, dir, "publishing a test file a second time");
  if (!read.ok()) return explained(read.status(), dir, "reading back a test file");
  if (*read != bytes) {
    return data_loss(cat("the directory ", dir.uri,
                         " cannot be used, because a test file came back with ", read->size(),
                         " other bytes than the ", bytes.size(),
                         " that were written: does something else write ", file.path, "?"));
  }
  if (!removed.ok()) {
    return explained(removed, dir, "deleting a test file")
        .with_context("old checkpoints could not be removed");
  }
  if (const auto left = fs.stat(file.path); left.ok()) {
    return failed_precondition(cat("the directory ", dir.uri, " cannot be used, because ",
                                   file.path, " is still there after it was deleted"));
  }
  return {};
}

}  // namespace weir
