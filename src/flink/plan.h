#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/configuration.h"
#include "graph/job_graph.h"

namespace weir {

// The plan of a job for Flink (docs/formats/flink_host.md, The plan). Pure.

/// The names of the native files in the jar.
struct NativeFiles {
  std::string arch;  ///< as Java's os.arch says it
  std::string executable;
  std::string loader;  ///< empty: the executable is linked statically
  std::vector<std::string> libraries;
};

struct FlinkPlanParts {
  NativeFiles native;
  uint32_t build = 0;
  std::vector<std::string> arguments;              ///< of the children: see chain_arguments()
  std::vector<std::vector<std::string>> elements;  ///< by vertex: what the sources read
};

/// The command line of the children, but for what each is told on its own: the program's own
/// arguments, and what the configuration file and the built-in flags set, as -D. `snapshot`: URI of
/// the snapshot of weir's that the job begins with, or empty.
std::vector<std::string> chain_arguments(std::vector<std::string> program_arguments,
                                         const Configuration& configuration,
                                         const std::string& snapshot);

/// The settings that Flink has as well and that somebody made, by Flink's names.
std::map<std::string, std::string> flink_settings(const Configuration& configuration);

/// What Flink knows the vertex by: the uid of the first operator of its chain that is a source,
/// stands behind a hash edge or is a sink, else of the first one.
std::string flink_uid(const JobGraph& graph, int vertex);

/// What is asked for the whole job; 0: nobody has said.
int64_t given_parallelism(const Configuration& configuration);

/// Of the whole job, when it runs with the parallelism of the graph: all vertices share slots.
int slots_needed(const JobGraph& graph);

/// The first 32 bits of an executable's id (executable_id()).
uint32_t build_number(std::string_view executable_id);

/// How Java calls the processor that an ELF file is for; empty if it is none that Java names.
std::string java_architecture(std::string_view elf);

/// weir/plan.json. INVALID_ARGUMENT: a text is not UTF-8.
StatusOr<std::string> flink_plan(const JobGraph& graph, const Configuration& configuration,
                                 const FlinkPlanParts& parts);

}  // namespace weir
