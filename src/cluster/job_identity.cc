#include "cluster/job_identity.h"

#include <map>
#include <string>

#include "base/log.h"
#include "base/strings.h"
#include "config/options.h"
#include "ha/job_records.h"

namespace weir {
namespace {

using Arguments = std::map<std::string, std::string>;

/// A changed program may have other flags.
std::string differences(const Arguments& then, const Arguments& now) {
  std::string result;
  for (const auto& [name, value] : then) {
    const auto found = now.find(name);
    if (found == now.end() || found->second == value) continue;
    result += cat(result.empty() ? "" : ", ", "--", name, " was '", value, "' and is '",
                  found->second, "'");
  }
  return result;
}

}  // namespace

Status check_arguments(const Sidecar& sidecar, const JobGraph& graph, const JobOptions& options) {
  const std::string changed = differences(sidecar.arguments, graph.arguments);
  if (changed.empty()) return {};
  const std::string text = cat("checkpoint ", sidecar.checkpoint_id,
                               " was made by this job with other arguments: ", changed);
  if (!options.accept_changed_job) {
    return failed_precondition(
        cat(text, ". Give the same ones, give this job another name (--name) or id, or set ",
            options::kAcceptChangedJob.name, " to true to go on from it with the new ones"));
  }
  WEIR_LOG(kWarning) << text << "; it is gone on from with the new ones";
  return {};
}

RecordedJob recorded_job(const JobGraph& graph) {
  return as_recorded({graph.id, graph.name, graph.fingerprint.to_hex(), graph.arguments});
}

Status check_same_job(const RecordedJob& recorded, const RecordedJob& mine,
                      bool accept_changed_job) {
  if (recorded.id != mine.id) {
    return failed_precondition(
        cat("this cluster runs job '", recorded.name, "' (id ", recorded.id.to_hex(),
            "), which has not ended, and this process is to run job '", mine.name, "' (id ",
            mine.id.to_hex(), "): give this job a ", options::kHaClusterId.name,
            " of its own, or, if the other one is not to go on, remove the cluster's node 'job' in "
            "ZooKeeper"));
  }
  const std::string changed = differences(recorded.arguments, mine.arguments);
  if (changed.empty() || accept_changed_job) return {};
  return failed_precondition(
      cat("this cluster runs this job with other arguments: ", changed,
          ". Give the same ones; or, to run both, give this one another --name and a ",
          options::kHaClusterId.name, " of its own; or set ", options::kAcceptChangedJob.name,
          " to true to go on with the job with the new ones"));
}

}  // namespace weir
