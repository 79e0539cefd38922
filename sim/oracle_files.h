#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "oracle.h"
#include "sim_disk.h"

namespace weir::sim {

/// Checks the files of a job on the disks from outside. Reads the formats without the engine's
/// code.
class FileWatch {
 public:
  FileWatch(SimDisk& checkpoints, std::string job_directory, SimDisk& output,
            std::string output_directory);

  /// From now on only confirmed checkpoints count as complete. Needed when several coordinators
  /// compete: one that no longer leads may finish a checkpoint that will never be used.
  void confirmed_only() { confirmed_only_ = true; }
  /// Declares checkpoint `id` the newest complete one. It must stay until a newer one is confirmed.
  void confirm(int64_t id) { confirmed_ = id; }

  /// Checks the rules that hold at any moment, and returns the violations. Complete checkpoints
  /// have all their files, do not change and do not return. Part files do not change, and do not
  /// disappear unless `may_take_back`.
  std::vector<std::string> look(bool may_take_back);
  /// Checks that no unused files remain after the job has finished without faults.
  /// `late_effects`: allows files from the last request of a killed process, which may take effect
  /// after the next process has cleaned up. `calm_start`: the program's last start had no faults.
  /// `alone`: no earlier start went on at the same time. One that has given way leaves its files to
  /// the next start.
  std::vector<std::string> look_finished(int num_retained, bool late_effects, bool calm_start,
                                         bool alone);

  /// The ids of complete, undamaged checkpoints of the line that lives, ascending.
  std::vector<int64_t> complete() const;
  /// The ids of complete checkpoints from which no start may continue, ascending: the job has gone
  /// back before them, or a start completed them after a later one had been recorded.
  std::vector<int64_t> abandoned() const;
  /// Flips a bit in a file of that checkpoint.
  void damage(int64_t id, SimRandom& random);

  std::vector<OutputPart> parts() const;

  /// Checks that a snapshot in this directory is complete and has its files.
  std::vector<std::string> check_snapshot(int64_t id, const std::string& directory) const;

 private:
  struct Seen {
    uint64_t metadata_hash = 0;
    bool there = true;
    bool damaged = false;
    int64_t start = 0;  ///< the start that has completed it
    bool lives = true;
    bool on_a_line = true;
  };
  void place_on_lines();

  /// Files in `shared/` that no checkpoint needs.
  std::vector<std::string> look_at_shared(bool late_effects);

  SimDisk& checkpoints_;
  const std::string job_directory_;
  SimDisk& output_;
  const std::string output_directory_;
  bool confirmed_only_ = false;
  int64_t confirmed_ = -1;
  std::map<int64_t, Seen> seen_;           ///< checkpoints that were ever complete
  std::map<std::string, uint64_t> parts_;  ///< committed files, with a hash of their contents
};

}  // namespace weir::sim
