#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>

#include "fs/memory/memory_file_system.h"
#include "sim_world.h"

namespace weir::sim {

enum class DiskKind {
  kLocal,  ///< a machine's disk: create() makes the file at once; closed files survive a power loss
  kHdfs,   ///< over WebHDFS: the first bytes make the file; an interrupted upload leaves a shorter
           ///< file that looks closed
};

/// File faults. Probabilities are per operation.
struct FileFaults {
  double fail_read = 0;         ///< open, read, stat and list return UNAVAILABLE
  double fail_before = 0;       ///< a mutation returns UNAVAILABLE and had no effect
  double fail_after = 0;        ///< a mutation returns UNAVAILABLE but took effect
  double torn_append = 0;       ///< append fails; a prefix of the file's bytes is stored and stays
  double cut_close = 0;         ///< close fails; a prefix of the file's bytes is stored
  MonotonicTime outage_gap{0};  ///< mean time between outages; 0: never
  MonotonicTime outage_max = std::chrono::seconds(10);
};

/// Stored files, which outlive processes. Processes access them through SimFileSystem; the world
/// and the checkers use raw().
class SimDisk {
 public:
  SimDisk(SimWorld& world, std::string name, DiskKind kind);

  const std::string& name() const { return name_; }
  /// Its host in the network. For kHdfs only: a local disk is on the host of the process.
  const std::string& host() const { return name_; }
  DiskKind kind() const { return kind_; }
  FileFaults& faults() { return faults_; }
  /// The stored files, for setup and checks: no faults, no delays, not traced.
  MemoryFileSystem& raw() { return *raw_; }

  void stop_faults();
  /// Number of failed operations so far, without kills.
  int64_t faults_injected() const { return faults_injected_; }
  /// Grows with each operation that may have changed a file.
  int64_t mutations() const { return mutations_; }
  /// Simulates a full disk or an exhausted quota: create and append return RESOURCE_EXHAUSTED.
  void set_full(bool full) { full_ = full; }
  /// Flips one bit of a stored file. Returns false if it is empty or does not exist.
  bool flip_bit(const std::string& path);
  /// Saves and restores the files under a directory, as path and bytes. No process may be alive.
  using Image = std::map<std::string, std::string>;
  Image image(const std::string& directory) const;
  void restore(const std::string& directory, const Image& image);
  /// The machine loses power: files that were not closed successfully are lost or torn. Kill its
  /// processes first. For kLocal only: the model has no power loss of a whole HDFS.
  void lose_power();

 private:
  friend class SimFileSystem;
  friend class SimWritableFile;

  enum class Trouble {
    kNone,
    kReadOnly,  ///< HDFS safe mode
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
