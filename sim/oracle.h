#pragma once

#include <map>
#include <string>
#include <vector>

#include "cluster_plan.h"

namespace weir::sim {

/// A committed part file of a job's output, as it is on the disk.
struct OutputPart {
  std::string name;
  std::vector<std::string> lines;
};

/// Knows from the plan alone what a workload must write, and says what is wrong with what it has
/// written. Shares with the engine the user functions and nothing else: sums, windows and timers
/// are computed here from the whole input at once.
class Oracle {
 public:
  explicit Oracle(const WorkloadPlan& plan);

  /// What may never be visible, at any time: a record that does not belong there, or one too often.
  std::vector<std::string> check_so_far(const std::vector<OutputPart>& parts) const;
  /// What must be there, no more and no less, when the job has finished.
  std::vector<std::string> check_finished(const std::vector<OutputPart>& parts) const;

  size_t expected_lines() const { return expected_count_; }

 private:
  struct Running {  ///< of one key: what comes in, in whatever order
    std::multimap<int64_t, int> unused;
    std::vector<int64_t> values;
  };

  void expect(std::string line);
  std::vector<std::string> check_lines(const std::map<std::string, int>& lines,
                                       bool finished) const;
  std::vector<std::string> check_running(const std::vector<OutputPart>& parts, bool finished) const;
  std::vector<std::string> check_late(const std::vector<OutputPart>& parts) const;
  std::vector<std::string> check_alarms(const std::vector<OutputPart>& parts, bool finished) const;
  std::vector<std::string> check_order(const std::vector<OutputPart>& parts) const;
  std::vector<std::string> check(const std::vector<OutputPart>& parts, bool finished) const;

  const bool exactly_once_;
  const Ending ending_;
  std::map<int64_t, int64_t>
      late_;  ///< keys of late records, and how many there are of each: each counts, or is dropped
  std::map<std::string, int> expected_;  ///< lines that follow from the input, and how often
  std::map<int64_t, std::vector<int64_t>>
      values_of_key_;  ///< of running sums ("c" lines), which depend on the order of arrival
  size_t expected_count_ = 0;
};

/// Has the oracle object to a lost, a repeated and a changed record, made from output that it
/// accepts. Returns what it let pass.
std::vector<std::string> prove_oracle(const Oracle& oracle, const std::vector<OutputPart>& good);

}  // namespace weir::sim
