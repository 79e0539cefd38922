#pragma once

#include <functional>
#include <map>
#include <string>

#include "config/configuration.h"
#include "graph/build_job_graph.h"

namespace weir {

/// The configured options of a job's graph. `name` is the program's, used unless pipeline.name is
/// set.
StatusOr<JobGraphOptions> job_graph_options(const Configuration& configuration,
                                            const std::string& name);

struct LaunchMode {
  bool help = false;
  bool version = false;
  bool explain = false;
};

/// The job, or INVALID_ARGUMENT with all that is wrong with it, a sentence a line. `problems`:
/// those found so far. `arguments`: as JobGraph.
StatusOr<JobGraph> describe_job(std::vector<std::string> problems, const detail::StreamGraph& graph,
                                const Configuration& configuration, const std::string& job_name,
                                const std::map<std::string, std::string>& arguments);

using Runner = std::function<int(const JobGraph&, const Configuration&)>;

/// Carries out env.execute() when the program is complete: prints the help, the version or the
/// explanation, reports every problem on standard error, or runs the job. Returns the exit code; 2
/// after an error, and then nothing was run. `problems`: those found so far. `arguments`: as
/// JobGraph.
int launch(const std::string& program, const std::string& help, LaunchMode mode,
           std::vector<std::string> problems, const detail::StreamGraph& graph,
           const Configuration& configuration, const std::string& job_name, const Runner& runner,
           const std::map<std::string, std::string>& arguments = {});

}  // namespace weir
