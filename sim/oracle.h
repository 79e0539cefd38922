#pragma once

#include <map>
#include <string>
#include <vector>

#include "cluster_plan.h"

namespace weir::sim {

/// A committed part file of a job's output, as stored on the disk.
struct OutputPart {
  std::string name;
  std::vector<std::string> lines;
};

/// Computes from the plan alone what a workload must write, and reports wrong output. Shares only
/// the user functions with the engine: it computes sums, windows and timers from the whole input at
/// once.
class Oracle {
 public:
  explicit Oracle(const WorkloadPlan& plan);

  /// The rules for output at any time: no record that does not belong there, and none too often.
  std::vector<std::string> check_so_far(const std::vector<OutputPart>& parts) const;
  /// The rules for output after the job has finished: exactly the expected records.
  std::vector<std::string> check_finished(const std::vector<OutputPart>& parts) const;

  size_t expected_lines() const { return expected_count_; }

 private:
  struct Running {  ///< the values of one key's records, in any order
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
      late_;  ///< number of late records by their key; each record counts once or is dropped
  std::map<std::string, int>
      expected_;  ///< lines that follow from the input, and how often each occurs
  std::map<int64_t, std::vector<int64_t>>
      values_of_key_;  ///< for running sums ("c" lines), which depend on the order of arrival
  size_t expected_count_ = 0;
};

/// Changes output that the oracle accepts, so that it has a lost, a repeated and an exchanged
/// record. Returns the changes that the oracle does not notice.
std::vector<std::string> prove_oracle(const Oracle& oracle, const std::vector<OutputPart>& good);

}  // namespace weir::sim
