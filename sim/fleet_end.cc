#include "fleet_end.h"

#include <cstdio>
#include <set>

#include "base/strings.h"
#include "cluster_start.h"

namespace weir::sim {
namespace {

/// The checkpoint in the name of a part file; INT64_MAX: there is none.
int64_t checkpoint_of(const std::string& part) {
  long long id = 0;
  const std::string name = part.substr(part.rfind('/') + 1);  // npos + 1 is 0
  return std::sscanf(name.c_str(), "part-%*d-%lld-", &id) == 1 ? id : INT64_MAX;
}

}  // namespace

std::vector<std::string> FleetEnd::go_on(const std::string& from, int64_t stopped_at) {
  std::set<std::string> before;
  for (const OutputPart& part : watch_.parts()) before.insert(part.name);
  std::vector<std::string> complaints = finish(from);
  if (!complaints.empty()) return complaints;
  for (const OutputPart& part : watch_.parts()) {
    if (before.erase(part.name) == 0 && checkpoint_of(part.name) <= stopped_at)
      complaints.push_back(cat("the job was stopped with checkpoint ", stopped_at, ", and ",
                               part.name, " was committed only by the next start"));
  }
  if (!before.empty() && plan_.exactly_once)
    complaints.push_back(
        cat("the job went on from ", from, ", and ", *before.begin(), " has vanished"));
  return complaints;
}

std::vector<std::string> FleetEnd::restore(const std::string& from) {
  SimDisk& checkpoints = *world_.disk(plan_.checkpoint_disk);
  SimDisk& output = *world_.disk(plan_.output_disk);
  const SimDisk::Image checkpoints_before = checkpoints.image(kCheckpointDirectory);
  const SimDisk::Image output_before = output.image(kOutputDirectory);
  std::vector<std::string> complaints = finish(from);
  checkpoints.restore(kCheckpointDirectory, checkpoints_before);
  output.restore(kOutputDirectory, output_before);
  return complaints;
}

std::vector<std::string> FleetEnd::finish(const std::string& from) {
  SimRandom random(splitmix_output(plan_.data_seed + static_cast<uint64_t>(++starts_)));
  SettingsPlan settings = settings_;
  settings.parallelism = static_cast<int>(random.between(1, 4));
  settings.sink_parallelism = static_cast<int>(random.between(1, 4));
  Incarnation start(world_, plan_, settings, mishaps_, starts_, from);
  (void)world_.run_until([&] { return !start.runs(); }, bound_);
  const bool finished = start.finished();
  const JobView view = start.runner->view();
  start.leave(world_);
  if (!finished) {
    return {cat("started in one process from ", from, ", the job is ", to_string(view.state), ": ",
                view.failure.message())};
  }
  std::vector<std::string> complaints = oracle_.check_finished(watch_.parts());
  for (std::string& complaint : complaints)
    complaint = cat("after a restore from ", from, ": ", complaint);
  return complaints;
}

}  // namespace weir::sim
