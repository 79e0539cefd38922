#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "weir/status.h"

namespace weir {

/// A place that stores files.
///
/// *Persistent* means: any process can read all of it after the writing process was killed. If the
/// implementation guarantees it (see `Durability`), also after the machine lost power.
///
/// The engine relies only on these guarantees. One conformance suite checks them on every
/// implementation:
///   1. create() with kExclusive makes the file or fails with ALREADY_EXISTS. Of two callers one
///      wins. Some file systems make the file only when its bytes are sent (HDFS over HTTP). There
///      append() or close() fails for the caller that lost.
///   2. Bytes appended before a successful close() are persistent, and no later reader sees fewer
///      of them. If the writer never closed the file, its length may be anything up to the appended
///      bytes: never trust it.
///   3. publish() is atomic: at the target a reader sees the whole file or nothing. It never
///      replaces: if the target exists, it fails with ALREADY_EXISTS. After discard() no publish()
///      takes effect, even one that a server executes late.
///   4. After remove() returns OK, or NOT_FOUND, the path is free.
///   5. list() of a directory that does not change is complete.
///
/// Every mutation has three outcomes: done (OK), not done (any other code), and unknown.
/// Implementations resolve an unknown outcome by reading back before they return. If that fails
/// too, they return UNAVAILABLE. Then the caller must treat the outcome as unknown, and never
/// delete a file that might be referenced.
///
/// Paths are the part of a URI after the authority: absolute, '/'-separated, without a trailing '/'
/// (except "/"). All methods block. Thread: any for a FileSystem; a file object belongs to one
/// thread at a time.
///
/// Codes: NOT_FOUND, ALREADY_EXISTS, PERMISSION_DENIED, RESOURCE_EXHAUSTED (quota, disk full),
/// UNAVAILABLE (try later), FAILED_PRECONDITION (a directory that is not empty, or a file where a
/// directory is needed or the reverse), DATA_LOSS, INVALID_ARGUMENT. Messages name the path.

/// A file during writing. Destruction without close() abandons it: its bytes may or may not be
/// stored.
class WritableFile {
 public:
  virtual ~WritableFile() = default;
  /// Appends bytes. After a failure the content is unknown; close the file or abandon it.
  virtual Status append(std::string_view bytes) = 0;
  /// Makes all appended bytes persistent and closes the file, even if it fails. After a failure the
  /// content is unknown.
  virtual Status close() = 0;
};

class ReadableFile {
 public:
  virtual ~ReadableFile() = default;
  /// Reads up to `length` bytes at `offset` and replaces `out` with them. Returns fewer only at the
  /// end of the file.
  virtual Status read_at(int64_t offset, int64_t length, std::string* out) = 0;
  virtual int64_t size() const = 0;
  /// True if a writer has the file open, as far as the file system knows. Then size() is the part
  /// that is readable so far.
  virtual StatusOr<bool> being_written() { return false; }
};

struct FileInfo {
  std::string path;
  bool is_directory = false;
  int64_t size = 0;         ///< bytes; 0 for directories
  int64_t modified_ms = 0;  ///< milliseconds since 1970, by the file system's clock
  int64_t file_id = 0;      ///< the inode: a rename keeps it, and another file of the same name has
                            ///< another one; 0: not available
  std::string_view special = {};  ///< "a pipe", "a socket" or "a device", whose content can be read
                                  ///< only once; empty for other files
};

enum class Durability {
  kProcess,  ///< survives the writer; may be lost in a power loss (WebHDFS has no sync call)
  kPower,    ///< survives a power loss
};

/// The two names of a file that is written out of sight and published later. The writer chooses
/// both before the first byte, so they can be part of a checkpoint before the bytes are stored:
/// with them any process can publish the file after a restore.
struct StagedFile {
  std::string staged;  ///< a path that belongs to this writer alone
  std::string target;  ///< the path where the file appears
};

enum class CreateMode {
  kExclusive,  ///< ALREADY_EXISTS if the path exists
  kReplace,    ///< the old content is lost at once; not atomic
};

class FileSystem {
 public:
  virtual ~FileSystem() = default;

  /// Makes an empty file and missing parent directories.
  virtual StatusOr<std::unique_ptr<WritableFile>> create(const std::string& path,
                                                         CreateMode mode) = 0;
  /// Opens a file for reading. NOT_FOUND if it does not exist.
  virtual StatusOr<std::unique_ptr<ReadableFile>> open(const std::string& path) = 0;
  /// Describes a file or directory. NOT_FOUND if it does not exist.
  virtual StatusOr<FileInfo> stat(const std::string& path) = 0;
  /// Returns the entries of a directory, sorted by path. NOT_FOUND if it does not exist.
  virtual StatusOr<std::vector<FileInfo>> list(const std::string& path) = 0;
  /// Makes a directory and its parents. OK if it exists.
  virtual Status make_directories(const std::string& path) = 0;
  /// Moves a file in one atomic step. Never replaces: ALREADY_EXISTS if the target exists.
  /// NOT_FOUND if the source or the target's parent does not exist. Object stores cannot do it and
  /// return UNIMPLEMENTED; stage() and publish() work on every file system.
  virtual Status rename(const std::string& from, const std::string& to) = 0;
  /// Removes a file or an empty directory, and what unfinished writers have stored for the path.
  /// NOT_FOUND if it does not exist.
  virtual Status remove(const std::string& path) = 0;
  /// Removes a file, or a directory with its content. OK if it does not exist.
  virtual Status remove_all(const std::string& path) = 0;
  virtual Durability durability() const = 0;

  // Recoverable writing. By default a staged file is the hidden file `staged`, which a rename
  // publishes. An object store keeps it as an upload that is completed by publish().

  /// Begins a file that appears at its target only by publish(). After a successful close() it is
  /// persistent, and any process can publish it. `mode` says what happens if `staged` exists.
  virtual StatusOr<std::unique_ptr<WritableFile>> stage(const StagedFile& file, CreateMode mode) {
    return create(file.staged, mode);
  }
  /// The size in bytes of a staged file. NOT_FOUND: it was never closed, or it was published or
  /// discarded.
  virtual StatusOr<int64_t> staged_size(const StagedFile& file) {
    auto info = stat(file.staged);
    if (!info.ok()) return info.status();
    return info->size;
  }
  /// See guarantee 3. NOT_FOUND as for staged_size(), or if the target's parent does not exist.
  virtual Status publish(const StagedFile& file) { return rename(file.staged, file.target); }
  /// Removes a staged file. NOT_FOUND if there is none.
  virtual Status discard(const StagedFile& file) { return remove(file.staged); }
  /// True: a staged file belongs to its target from its first byte, and `staged` occupies no path.
  /// False: only publish() uses `target`, which may be chosen after the file was written.
  virtual bool stages_at_target() const { return false; }
  /// The paths at or below a directory that have unfinished or unpublished writes which list() does
  /// not show. remove() ends them.
  virtual StatusOr<std::vector<std::string>> unfinished(const std::string& directory) {
    (void)directory;
    return std::vector<std::string>();
  }
};

/// A URI split at its authority. "hdfs://nn:8020/a/b" is {"hdfs", "nn:8020", "/a/b"}; "/a" and "a"
/// are {"file", "", absolute path}.
struct FileUri {
  std::string scheme;
  std::string authority;
  std::string path;

  std::string to_string() const;
};

/// A file system and a path on it. Copyable; copies share the file system.
struct FileLocation {
  std::shared_ptr<FileSystem> fs;
  std::string path;
  std::string uri;  ///< for messages

  FileLocation child(std::string_view name) const;
};

/// Finds the file system for a URI's scheme and authority. Each process has one, passed to
/// constructors.
class FileSystemRegistry {
 public:
  virtual ~FileSystemRegistry() = default;
  virtual StatusOr<FileLocation> resolve(const std::string& uri) = 0;
};

/// Makes the file system of an authority: "bucket" for "own://bucket/a", "" for "own:///a". Called
/// once for each authority. Thread: any. See StreamExecutionEnvironment::register_file_system().
using FileSystemFactory =
    std::function<StatusOr<std::shared_ptr<FileSystem>>(const std::string& authority)>;

}  // namespace weir
