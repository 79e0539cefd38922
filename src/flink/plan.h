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
  std::string arch;  ///< in the notation of Java's os.arch
  std::string executable;
  std::string loader;  ///< empty: the executable is statically linked
  std::vector<std::string> libraries;
};

struct FlinkPlanParts {
  NativeFiles native;
  uint32_t build = 0;
  std::vector<std::string> arguments;              ///< of the children: see chain_arguments()
  std::vector<std::vector<std::string>> elements;  ///< by vertex: the sources' splits
};

/// The command line of the children, without the arguments that differ between them: the program's
/// own arguments, and the settings of the configuration file and the built-in flags, as -D.
/// `snapshot`: URI of the weir snapshot that the job starts from, or empty.
std::vector<std::string> chain_arguments(std::vector<std::string> program_arguments,
                                         const Configuration& configuration,
                                         const std::string& snapshot);

/// The settings that Flink also has and that were set explicitly, by Flink's names.
std::map<std::string, std::string> flink_settings(const Configuration& configuration);

/// The uid by which Flink knows the vertex: that of the first operator of its chain that is a
/// source, follows a hash edge or is a sink; otherwise of the first one.
std::string flink_uid(const JobGraph& graph, int vertex);

/// The parallelism set for the whole job; 0: not set.
int64_t given_parallelism(const Configuration& configuration);

/// The slots of the whole job at the parallelism of the graph: all vertices share slots.
int slots_needed(const JobGraph& graph);

/// The first 32 bits of an executable's id (executable_id()).
uint32_t build_number(std::string_view executable_id);

/// Java's name of the processor that an ELF file is for; empty if Java has none.
std::string java_architecture(std::string_view elf);

/// weir/plan.json. INVALID_ARGUMENT: a text is not UTF-8.
StatusOr<std::string> flink_plan(const JobGraph& graph, const Configuration& configuration,
                                 const FlinkPlanParts& parts);

}  // namespace weir
