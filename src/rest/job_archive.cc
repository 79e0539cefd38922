#include "rest/job_archive.h"

#include "base/strings.h"
#include "rest/json.h"

namespace weir::rest {
namespace {

/// The replies of one archive.
class Archive {
 public:
  void add(const std::string& path, const Json& reply) {
    entries_.push_back({{"path", path}, {"json", reply.text()}});
  }
  std::string text() const { return Json({{"archive", entries_}}).text(); }

 private:
  Json entries_ = Json::array();
};

void add_checkpoints(const JobSnapshot& job, const std::string& at, Archive* archive) {
  if (!job.checkpoints) return;
  archive->add(cat(at, "/checkpoints"), checkpoints_json(job));
  archive->add(cat(at, "/checkpoints/config"), checkpoint_config_json(job));
  for (const CheckpointRecord& record : job.checkpoints->history) {
    const std::string details = cat(at, "/checkpoints/details/", record.id);
    archive->add(details, checkpoint_json(job, record, true));
    for (size_t i = 0; i < job.vertices.size(); ++i)
      archive->add(cat(details, "/subtasks/", job.vertices[i].id),
                   checkpoint_vertex_json(job, record, i));
  }
}

void add_vertex(const JobSnapshot& job, size_t vertex, const std::string& at, Archive* archive) {
  archive->add(at, vertex_json(job, vertex));
  archive->add(cat(at, "/subtasktimes"), subtask_times_json(job, vertex));
  archive->add(cat(at, "/taskmanagers"), vertex_workers_json(job, vertex));
  archive->add(cat(at, "/accumulators"), accumulators_json(job, vertex));
  archive->add(cat(at, "/subtasks/accumulators"), subtask_accumulators_json(job, vertex));
  for (int i = 0; i < job.vertices[vertex].parallelism; ++i) {
    const Json subtask = subtask_json(job, vertex, i);
    archive->add(cat(at, "/subtasks/", i), subtask);
    archive->add(cat(at, "/subtasks/", i, "/attempts/", job.restarts), subtask);
  }
}

}  // namespace

std::string archive_of(const JobSnapshot& job) {
  constexpr size_t kAllExceptions = 1000;
  const std::string at = cat("/jobs/", job.job_id);
  Archive archive;
  archive.add("/jobs/overview", jobs_overview_json(job));
  archive.add(at, job_json(job));
  archive.add(cat(at, "/config"), job_config_json(job));
  archive.add(cat(at, "/plan"), {{"plan", plan_json(job)}});
  archive.add(cat(at, "/status"), {{"status", job.state}});
  archive.add(cat(at, "/exceptions"), exceptions_json(job, kAllExceptions));
  archive.add(cat(at, "/accumulators"), job_accumulators_json());
  archive.add(cat(at, "/jobmanager/config"), settings_json(job));
  archive.add(cat(at, "/jobmanager/environment"), environment_json());
  add_checkpoints(job, at, &archive);
  for (size_t i = 0; i < job.vertices.size(); ++i)
    add_vertex(job, i, cat(at, "/vertices/", job.vertices[i].id), &archive);
  return archive.text();
}

}  // namespace weir::rest
