#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "oracle.h"
#include "sim_disk.h"

namespace weir::sim {

/// Watches what lies on the disks of a job, from outside: reads the formats by itself.
class FileWatch {
 public:
  FileWatch(SimDisk& checkpoints, std::string job_directory, SimDisk& output,
            std::string output_directory);

  /// From now on only what is confirmed counts as complete: where coordinators contest a job, one
  /// that leads no longer may finish what nobody will ever use.
  void confirmed_only() { confirmed_only_ = true; }
  /// The newest complete checkpoint is this one, and stays until a newer one is.
  void confirm(int64_t id) { confirmed_ = id; }

  /// At any moment: complete checkpoints have all their files, do not change and do not come back;
  /// part files do not change, and do not vanish unless `may_take_back`. Say what is wrong.
  std::vector<std::string> look(bool may_take_back);
  /// When the job has finished without faults: nothing lies about that nobody needs.
  /// `late_effects`: but for what a killed process's last request may have made after the next one
  /// had looked. `calm_start`: nothing went wrong when the program was started the last time.
  std::vector<std::string> look_finished(int num_retained, bool late_effects, bool calm_start);

  /// The ids of complete checkpoints that nobody has damaged, ascending.
  std::vector<int64_t> complete() const;
  /// Turns over a bit of a file of that checkpoint.
  void damage(int64_t id, SimRandom& random);

  std::vector<OutputPart> parts() const;

 private:
  struct Seen {
    uint64_t metadata_hash = 0;
    bool there = true;
    bool damaged = false;
  };

  std::vector<std::string> check_checkpoint(int64_t id, const std::string& directory);

  SimDisk& checkpoints_;
  const std::string job_directory_;
  SimDisk& output_;
  const std::string output_directory_;
  bool confirmed_only_ = false;
  int64_t confirmed_ = -1;
  std::map<int64_t, Seen> seen_;           ///< checkpoints that were complete at some time
  std::map<std::string, uint64_t> parts_;  ///< committed files, and a hash of what they hold
};

}  // namespace weir::sim
