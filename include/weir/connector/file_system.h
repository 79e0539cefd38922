#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "weir/status.h"

namespace weir {

/// A place that stores files, as the engine needs it.
///
/// *Persistent* means: readable in full, by any process, after the process that wrote it was
/// killed, and — where the implementation can promise it, see `Durability` — after the machine lost
/// power.
///
/// The engine relies on these guarantees and no others; one conformance suite checks them on every
/// implementation:
///   1. create() with kExclusive makes the file or fails with ALREADY_EXISTS; of two callers one
///      wins. Where the file is made only when its bytes are sent (HDFS over HTTP), a caller that
///      lost the race learns it from append() or close().
///   2. Bytes appended before a successful close() are persistent, and no reader sees less of them
///      afterwards. A file whose writer never closed it may exist in any length up to what was
///      appended: never trust it.
///   3. rename() is atomic: a reader sees the old name or the new one, the whole file or nothing.
///      It never replaces: if the target exists it fails with ALREADY_EXISTS and nothing changes.
///   4. After remove() returns OK, or NOT_FOUND, the path is free.
///   5. list() of a directory that does not change is complete.
///
/// Every mutation has three outcomes: done (OK), not done (any other code), and unknown.
/// Implementations resolve unknown outcomes by reading back before they return. If that fails too
/// they return UNAVAILABLE, and the caller must treat the outcome as unknown (never delete a file
/// that might be referenced).
///
/// Paths are the part of a URI after the authority: absolute, '/'-separated, without a trailing '/'
/// (but for "/"). Thread: all methods may be called from any thread; they block. A file object
/// belongs to one thread at a time. Codes: NOT_FOUND, ALREADY_EXISTS, PERMISSION_DENIED,
/// RESOURCE_EXHAUSTED (quota, disk full), UNAVAILABLE (try later), FAILED_PRECONDITION (a directory
/// that is not empty, a file where a directory is needed or the other way round), DATA_LOSS,
/// INVALID_ARGUMENT. Messages name the path.

/// A file being written. Destroying it without close() abandons it: the bytes may or may not be
/// there.
class WritableFile {
 public:
  virtual ~WritableFile() = default;
  virtual Status append(std::string_view bytes) = 0;
  /// Makes all appended bytes persistent. After a failure the content is unknown. Closes the file
  /// in any case.
  virtual Status close() = 0;
};

class ReadableFile {
 public:
  virtual ~ReadableFile() = default;
  /// Reads up to `length` bytes at `offset` into `out` (replaced). Fewer only at the end of the
  /// file.
  virtual Status read_at(int64_t offset, int64_t length, std::string* out) = 0;
  virtual int64_t size() const = 0;
  /// True if a writer has the file open, as far as the file system can tell; size() is then the
  /// readable part so far.
  virtual StatusOr<bool> being_written() { return false; }
};

struct FileInfo {
  std::string path;
  bool is_directory = false;
  int64_t size = 0;         ///< bytes; 0 for directories
  int64_t modified_ms = 0;  ///< since the epoch, by the file system's clock
  int64_t file_id = 0;      ///< the inode: a rename keeps it, another file of the same name has
                            ///< another; 0: not available
  std::string_view special = {};  ///< "a pipe", "a socket", "a device": its content cannot be read
                                  ///< twice; empty for other files
};

enum class Durability {
  kProcess,  ///< survives the writer; may be lost when machines lose power (WebHDFS has no sync
             ///< call)
  kPower,    ///< survives power loss
};

enum class CreateMode {
  kExclusive,  ///< ALREADY_EXISTS if the path exists
  kReplace,    ///< the old content is gone at once; not atomic
};

class FileSystem {
 public:
  virtual ~FileSystem() = default;

  /// Makes an empty file, and missing parent directories.
  virtual StatusOr<std::unique_ptr<WritableFile>> create(const std::string& path,
                                                         CreateMode mode) = 0;
  virtual StatusOr<std::unique_ptr<ReadableFile>> open(const std::string& path) = 0;
  virtual StatusOr<FileInfo> stat(const std::string& path) = 0;
  /// The entries of a directory, sorted by path. NOT_FOUND if there is none.
  virtual StatusOr<std::vector<FileInfo>> list(const std::string& path) = 0;
  /// With its parents; OK if it exists already.
  virtual Status make_directories(const std::string& path) = 0;
  /// See guarantee 3. The target's parent must exist: NOT_FOUND if it, or the source, does not.
  virtual Status rename(const std::string& from, const std::string& to) = 0;
  /// A file or an empty directory. NOT_FOUND if nothing was there.
  virtual Status remove(const std::string& path) = 0;
  /// Removes a file, or a directory with its content. OK if nothing was there.
  virtual Status remove_all(const std::string& path) = 0;
  virtual Durability durability() const = 0;
};

/// A URI split at its authority: "hdfs://nn:8020/a/b" is {"hdfs", "nn:8020", "/a/b"}; "/a" and "a"
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

/// Finds the file system for a URI's scheme and authority. One per process; passed down by
/// constructor.
class FileSystemRegistry {
 public:
  virtual ~FileSystemRegistry() = default;
  virtual StatusOr<FileLocation> resolve(const std::string& uri) = 0;
};

/// Makes the file system of an authority: "bucket" of "own://bucket/a", "" of "own:///a". Called
/// once for each authority, on any thread. See StreamExecutionEnvironment::register_file_system().
using FileSystemFactory =
    std::function<StatusOr<std::shared_ptr<FileSystem>>(const std::string& authority)>;

}  // namespace weir
