#include "flink/plan.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/strings.h"
#include "base/version.h"
#include "config/options.h"

namespace weir {
namespace {

using Json = nlohmann::json;

bool in_group(std::string_view key, std::initializer_list<std::string_view> prefixes) {
  return std::any_of(prefixes.begin(), prefixes.end(),
                     [&](std::string_view prefix) { return key.starts_with(prefix); });
}

bool is_secret(std::string_view key) {
  const ConfigKey* known = find_config_key(key);
  return known != nullptr && known->type == ConfigType::kSecret;
}

/// Excludes settings that a child does not use: Flink assigns its role, handles communication, and
/// restarts and restores it.
bool concerns_chain(std::string_view key) {
  return !is_secret(key) &&
         !in_group(key, {"weir.role", "weir.target", "weir.flink.", "weir.workers", "weir.restart.",
                         "weir.progress", "high-availability.", "security.", "jobmanager.",
                         "taskmanager.", "heartbeat.", "restart-strategy.", "io.tmp.dirs",
                         "task.cancellation.", "execution.state-recovery.path",
                         "execution.state-recovery.from-local"});
}

bool concerns_flink(std::string_view key) {
  static constexpr const ConfigKey* kOwn[] = {
      &options::kCheckpointEventThreshold, &options::kPipelineName, &options::kAutoGenerateUids,
      &options::kOperatorChaining, &options::kMaxParallelism};
  if (std::any_of(std::begin(kOwn), std::end(kOwn),
                  [&](const ConfigKey* own) { return own->name == key; }))
    return false;
  return !is_secret(key) && in_group(key, {"execution.checkpointing.", "execution.buffer-timeout.",
                                           "restart-strategy.", "pipeline.", "state."});
}

std::string base64(std::string_view bytes) {
  static constexpr char kDigits[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t block = 0;
    for (size_t j = 0; j < 3; ++j)
      block = block << 8 | (i + j < bytes.size() ? static_cast<uint8_t>(bytes[i + j]) : 0u);
    for (size_t j = 0; j < 4; ++j)
      text += i + j <= bytes.size() ? kDigits[block >> (18 - 6 * j) & 63] : '=';
  }
  return text;
}

const char* partitioning_name(Partitioning partitioning) {
  switch (partitioning) {
    case Partitioning::kForward: return "forward";
    case Partitioning::kHash: return "hash";
    case Partitioning::kRebalance: return "rebalance";
    case Partitioning::kBroadcast: return "broadcast";
    case Partitioning::kRescale: return "rescale";
    case Partitioning::kShuffle: return "shuffle";
    case Partitioning::kGlobal: return "global";
    case Partitioning::kCustom: break;  // refused with the graph
  }
  return "";
}

/// Flink itself writes "Source: " before the names of its sources.
std::string name_in_flink(const JobVertex& vertex) {
  static constexpr std::string_view kPrefix = "Source: ";
  return vertex.is_source && vertex.name.starts_with(kPrefix) ? vertex.name.substr(kPrefix.size())
                                                              : vertex.name;
}

Json vertex_json(const JobGraph& graph, int index, const std::vector<std::string>& elements) {
  const JobVertex& vertex = graph.vertices[static_cast<size_t>(index)];
  Json json = {{"name", name_in_flink(vertex)},
               {"uid", flink_uid(graph, index)},
               {"parallelism", vertex.parallelism_given ? vertex.parallelism : 0},
               {"max_parallelism", vertex.max_parallelism},
               {"source", vertex.is_source},
               {"makes_event_time", vertex.chain[0].makes_event_time}};
  for (const JobEdge& edge : graph.edges) {
    if (edge.from == index && edge.buffer_timeout_ms)
      json["buffer_timeout"] = *edge.buffer_timeout_ms;
  }
  if (vertex.is_source) {
    json["bounded"] = vertex.bounded;
    json["splits"] = Json::array();
    for (const std::string& element : elements) json["splits"].push_back(base64(element));
  }
  return json;
}

}  // namespace

std::vector<std::string> chain_arguments(std::vector<std::string> program_arguments,
                                         const Configuration& configuration,
                                         const std::string& snapshot) {
  std::vector<std::string> arguments = std::move(program_arguments);
  const auto set = [&](std::string_view key, std::string_view value) {
    arguments.emplace_back("-D");
    arguments.push_back(cat(key, '=', value));
  };
  for (const Configuration::Entry& entry : configuration.entries()) {
    // The program itself makes its settings in the child, too.
    if (entry.origin.layer != ConfigLayer::kProgram && concerns_chain(entry.key))
      set(entry.key, entry.value);
  }
  if (!snapshot.empty()) set(options::kFlinkFrom.name, snapshot);
  return arguments;
}

std::map<std::string, std::string> flink_settings(const Configuration& configuration) {
  std::map<std::string, std::string> settings;
  for (const Configuration::Entry& entry : configuration.entries()) {
    if (concerns_flink(entry.key)) settings[entry.key] = entry.value;
  }
  // Weir takes a plain path; Flink needs a scheme.
  const auto directory = settings.find(std::string(options::kCheckpointDir.name));
  if (directory != settings.end() && directory->second.starts_with("/"))
    directory->second.insert(0, "file://");
  return settings;
}

std::string flink_uid(const JobGraph& graph, int vertex) {
  const std::vector<JobOperator>& chain = graph.vertices[static_cast<size_t>(vertex)].chain;
  const bool keyed = std::any_of(graph.edges.begin(), graph.edges.end(), [&](const JobEdge& edge) {
    return edge.to == vertex && edge.partitioning == Partitioning::kHash;
  });
  if (graph.vertices[static_cast<size_t>(vertex)].is_source || keyed) return chain[0].uid;
  const auto sink = std::find_if(chain.begin(), chain.end(),
                                 [](const JobOperator& op) { return op.probe != nullptr; });
  return sink != chain.end() ? sink->uid : chain[0].uid;
}

int64_t given_parallelism(const Configuration& configuration) {
  return configuration.is_set(options::kParallelism) ? configuration.get(options::kParallelism) : 0;
}

int slots_needed(const JobGraph& graph) {
  int slots = 1;
  for (const JobVertex& vertex : graph.vertices) slots = std::max(slots, vertex.parallelism);
  return slots;
}

uint32_t build_number(std::string_view executable_id) {
  uint32_t number = 0;
  for (const char c : executable_id.substr(0, 8)) {
    const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : 0;
    number = number << 4 | static_cast<uint32_t>(digit);
  }
  return number;
}

std::string java_architecture(std::string_view elf) {
  constexpr size_t kByteOrder = 5, kMachine = 18;
  if (elf.size() < kMachine + 2 || !elf.starts_with("\x7f"
                                                    "ELF"))
    return "";
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(elf[i]); };
  const int machine = byte(kByteOrder) == 2 ? byte(kMachine) << 8 | byte(kMachine + 1)
                                            : byte(kMachine + 1) << 8 | byte(kMachine);
  switch (machine) {
    case 62: return "amd64";
    case 183: return "aarch64";
    case 243: return "riscv64";
    case 21: return byte(kByteOrder) == 2 ? "ppc64" : "ppc64le";
    case 22: return "s390x";
    default: return "";
  }
}

StatusOr<std::string> flink_plan(const JobGraph& graph, const Configuration& configuration,
                                 const FlinkPlanParts& parts) {
  Json plan = {{"format", 1},
               {"weir", weir_version()},
               {"name", graph.name},
               {"job", graph.id.to_hex()},
               {"fingerprint", graph.fingerprint.to_hex()},
               {"build", parts.build},
               {"arch", parts.native.arch},
               {"executable", parts.native.executable},
               {"loader", parts.native.loader},
               {"libraries", parts.native.libraries},
               {"arguments", parts.arguments},
               {"parallelism", given_parallelism(configuration)},
               {"settings", flink_settings(configuration)},
               {"vertices", Json::array()},
               {"edges", Json::array()}};
  for (size_t v = 0; v < graph.vertices.size(); ++v) {
    plan["vertices"].push_back(
        vertex_json(graph, static_cast<int>(v),
                    v < parts.elements.size() ? parts.elements[v] : std::vector<std::string>()));
  }
  for (const JobEdge& edge : graph.edges) {
    plan["edges"].push_back({{"from", edge.from},
                             {"to", edge.to},
                             {"partitioning", partitioning_name(edge.partitioning)}});
  }
  try {
    return plan.dump(1) + "\n";
  } catch (const std::exception& error) {
    return invalid_argument(cat(
        "the job's names, flags and settings must be UTF-8 to be given to Flink: ", error.what()));
  }
}

}  // namespace weir
