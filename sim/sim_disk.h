#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>

#include "fs/memory/memory_file_system.h"
#include "sim_world.h"

namespace weir::sim {

enum class DiskKind {
  kLocal,  ///< a machine's disk: create() makes the file at once; survives power loss once closed
  kHdfs,   ///< over WebHDFS: the file is made when bytes are sent; an upload that is cut leaves a
           ///< shorter file that looks closed
};

/// What can go wrong with files. Probabilities are per operation.
struct FileFaults {
  double fail_read = 0;    ///< open, read, stat, list answer UNAVAILABLE
  double fail_before = 0;  ///< a mutation answers UNAVAILABLE and has not happened
  double fail_after = 0;   ///< a mutation answers UNAVAILABLE and has happened
  double torn_append = 0;  ///< append fails; some prefix of the file's bytes is there, and stays
  double cut_close = 0;    ///< close fails; some prefix is there
  MonotonicTime outage_gap{0};  ///< windows of trouble come about so often; 0: never
  MonotonicTime outage_max = std::chrono::seconds(10);
};

/// Stored files, which outlive processes. What processes see of it is SimFileSystem; the world and
/// checkers use raw().
class SimDisk {
 public:
  SimDisk(SimWorld& world, std::string name, DiskKind kind);

  const std::string& name() const { return name_; }
  /// Where it is, for the network: kHdfs only; a local disk is wherever the process is.
  const std::string& host() const { return name_; }
  DiskKind kind() const { return kind_; }
  FileFaults& faults() { return faults_; }
  /// The files as they are: no faults, no delays, not noted. For setting up and for checking.
  MemoryFileSystem& raw() { return *raw_; }

  void stop_faults();
  /// How many operations have gone wrong so far, kills left aside.
  int64_t faults_injected() const { return faults_injected_; }
  /// Grows with each operation that may have changed something.
  int64_t mutations() const { return mutations_; }
  /// A disk that is full, or a quota that is used up: create and append answer RESOURCE_EXHAUSTED.
  void set_full(bool full) { full_ = full; }
  /// Turns over one bit of a stored file; false if it is empty or not there.
  bool flip_bit(const std::string& path);
  /// What lies below a directory: path and bytes; and back again. With no process alive.
  using Image = std::map<std::string, std::string>;
  Image image(const std::string& directory) const;
  void restore(const std::string& directory, const Image& image);
  /// The machine loses power: what no successful close() has made persistent is lost or torn. Kill
  /// its processes first. kLocal only: the model has no power loss of a whole HDFS.
  void lose_power();

 private:
  friend class SimFileSystem;
  friend class SimWritableFile;

  enum class Trouble {
    kNone,
    kReadOnly,  ///< safe mode
    kDown,
    kFull,
  };
  Trouble trouble_now();

  SimWorld& world_;
  const std::string name_;
  const DiskKind kind_;
  SimRandom random_;
  FileFaults faults_;
  bool full_ = false;
  int64_t faults_injected_ = 0;
  int64_t mutations_ = 0;
  Trouble window_ = Trouble::kNone;
  MonotonicTime window_begin_{0};
  MonotonicTime window_end_{0};
  std::set<std::string> unclosed_;
  std::shared_ptr<MemoryFileSystem> raw_;
};

}  // namespace weir::sim
