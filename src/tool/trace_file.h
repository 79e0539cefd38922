#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace weir::tool {

/// The checkpoints of a running job and the load of its tasks on one time line, in the JSON format
/// of Chrome's trace viewer, which Perfetto reads, too. Made of answers of Flink's REST interface;
/// leaves out what has another shape. Pure.
///
/// The job is the first process of the trace, with a thread for each checkpoint that was in
/// progress at the same time. Each vertex is another process, with a thread for each subtask. Times
/// are in us since 1970, by the coordinator's clock.
class TraceFile {
 public:
  struct Checkpoint {
    int64_t id = 0;
    int64_t triggered_ms = 0;
    bool operator==(const Checkpoint&) const = default;
  };

  /// `job`: the answer of /jobs/ID.
  explicit TraceFile(const std::string& job);

  const std::vector<std::string>& vertices() const { return vertices_; }  ///< their ids

  /// `answer`: of /jobs/ID/checkpoints. Returns the ones that have ended and were not added before,
  /// whose tasks follow.
  std::vector<Checkpoint> add_checkpoints(const std::string& answer);
  /// `answer`: of /jobs/ID/checkpoints/details/N/subtasks/VERTEX.
  void add_tasks(size_t vertex, const Checkpoint& checkpoint, const std::string& answer);
  /// `answer`: of /jobs/ID/vertices/VERTEX/subtasks/metrics with names of numbers.
  void add_load(size_t vertex, int64_t now_ms, const std::string& answer);
  /// `answer`: of /jobs/ID/exceptions.
  void add_failures(const std::string& answer);

  std::string text() const;

 private:
  void add_name(const char* what, size_t process, int64_t thread, const std::string& name);

  std::vector<std::string> vertices_;
  std::set<int64_t> ended_;
  std::set<int64_t> failures_;
  std::map<int, int64_t> busy_until_ms_;  ///< by thread of the job
  std::vector<std::string> events_;
};

}  // namespace weir::tool
