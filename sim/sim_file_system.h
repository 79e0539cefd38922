#pragma once

#include <functional>

#include "fs/file_system.h"
#include "sim_disk.h"

namespace weir::sim {

/// One process's view of a SimDisk. Makes operations fail and kills the process within an
/// operation. After the process died, every operation returns UNAVAILABLE and has no effect.
class SimFileSystem : public FileSystem {
 public:
  SimFileSystem(SimWorld& world, SimDisk& disk, std::shared_ptr<Life> life)
      : world_(world), disk_(disk), life_(std::move(life)) {}

  StatusOr<std::unique_ptr<WritableFile>> create(const std::string& path, CreateMode mode) override;
  StatusOr<std::unique_ptr<ReadableFile>> open(const std::string& path) override;
  StatusOr<FileInfo> stat(const std::string& path) override;
  StatusOr<std::vector<FileInfo>> list(const std::string& path) override;
  Status make_directories(const std::string& path) override;
  Status rename(const std::string& from, const std::string& to) override;
  Status remove(const std::string& path) override;
  Status remove_all(const std::string& path) override;
  Durability durability() const override {
    return disk_.kind() == DiskKind::kLocal ? Durability::kPower : Durability::kProcess;
  }

 private:
  friend class SimWritableFile;
  friend class SimReadableFile;

  /// The outcome of an operation, drawn when it begins.
  enum class Fate {
    kRefused,  ///< the process is dead or the store unavailable: see Draw::answer
    kKillBefore,
    kFailBefore,
    kGood,
    kFailAfter,
    kKillAfter,
  };
  struct Draw {
    Fate fate = Fate::kGood;
    Status answer;
  };
  enum class Kind { kRead, kMutation, kWrite };  // kWrite: a mutation that needs space

  Draw draw(Kind kind, const char* operation, const std::string& path);
  /// Delivers the answer of an operation that was not refused.
  Status answer(Status status, const char* operation, const std::string& path);
  Draw draw_fate(Kind kind, const char* operation, const std::string& path);
  Status killed(const char* operation, const std::string& path) const;
  /// Ends an operation before it has an effect: a read, or the first part of a mutation.
  Status refuse(Draw& draw, const char* operation, const std::string& path);
  /// Runs `apply` according to the drawn fate, perhaps later and after the return.
  Status mutate(Kind kind, const char* operation, const std::string& path,
                const std::function<Status()>& apply);

  SimWorld& world_;
  SimDisk& disk_;
  const std::shared_ptr<Life> life_;
};

}  // namespace weir::sim
