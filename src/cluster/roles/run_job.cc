#include "cluster/roles/run_job.h"

#include <utility>

#include "base/log.h"
#include "cluster/job_options.h"
#include "cluster/roles/process_end.h"
#include "cluster/roles/role.h"
#include "platform/process_figures.h"
#include "platform/process_group.h"
#include "platform/process_text.h"
#include "runtime/in_flight_recorder.h"

namespace weir {

void warn_if_open(const Configuration& configuration) {
  if (configuration.is_set(options::kSharedSecretFile) || configuration.get(options::kInternalTls))
    return;
  WEIR_LOG(kWarning)
      << "this cluster is open: any user of this machine can join it as a worker, read its records "
         "and change its results; "
         "set security.shared-secret.file, or security.ssl.internal.enabled, for all its processes";
}

bool reached_by_no_name(const std::string& host) { return host == "0.0.0.0" || host == "::"; }

int run_job(const JobGraph& graph, const Configuration& given) {
  Configuration configuration = given;
  if (Status status = configuration.read_secret_files(); !status.ok()) return refuse(status);
  auto options = job_options(configuration, graph.id);
  if (!options.ok()) return refuse(options.status());
  if (options->worker.execution.overtake_after) {
    if (Status status = check_can_overtake(graph); !status.ok()) return refuse(status);
  }
  options->worker.process_figures = own_process_figures;
  options->worker.process_text = own_process_text;
  switch (configuration.get(options::kRole)) {
    case ProcessRole::kEmbedded:
      if (configuration.get(options::kWorkers) == 0)
        return run_embedded(graph, configuration, *options);
      options->worker.build = own_executable_id();
      return run_coordinator(graph, configuration, *std::move(options));
    case ProcessRole::kCoordinator:
      options->worker.build = own_executable_id();
      return run_coordinator(graph, configuration, *std::move(options));
    case ProcessRole::kChain: break;  // not part of a weir cluster
    case ProcessRole::kWorker:
      options->worker.build = own_executable_id();
      return run_worker(graph, configuration, *options);
  }
  return exit_code::kRefused;
}

}  // namespace weir
