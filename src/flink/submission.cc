#include "flink/submission.h"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iterator>

#include "base/status_macros.h"
#include "base/strings.h"
#include "cluster/roles/process.h"
#include "config/options.h"
#include "flink/job_jar.h"
#include "flink/job_start.h"
#include "flink/job_watch.h"
#include "flink/plan.h"
#include "flink/rest_client.h"
#include "http/curl_http.h"
#include "platform/own_executable.h"
#include "platform/process_group.h"
#include "runtime/exchange.h"

namespace weir {

/// The share directory of an installed weir, defined by tools/weirConfig.cmake.in; null in other
/// builds.
extern const char* const kShareDirectory __attribute__((weak));

namespace {

constexpr int kRefused = 2;
constexpr int kFailed = 1;
constexpr int kLooks = 10;
constexpr std::chrono::milliseconds kLookAgain{300};
constexpr std::string_view kMainClass = "weir.flink.JobMain";
constexpr std::string_view kNativeFolder = "weir/native/";

void report(const std::string& line) { std::fprintf(stderr, "%s\n", line.c_str()); }
/// Prints a line for scripts.
void print(const std::string& line) {
  std::fprintf(stdout, "%s\n", line.c_str());
  std::fflush(stdout);
}
int refuse(const Status& status) {
  report(cat("error: ", status.message()));
  return kRefused;
}

std::string file_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }
std::string folder_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

StatusOr<std::string> read_local(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return not_found(cat("cannot read ", path));
  return std::string(std::istreambuf_iterator<char>(file), {});
}

StatusOr<std::string> read_bridge(const Configuration& configuration,
                                  const std::string& executable) {
  if (const auto named = configuration.get_optional(options::kFlinkBridge)) {
    auto jar = read_local(*named);
    return jar.ok() ? jar : jar.status().with_context("weir.flink.bridge-jar");
  }
  const std::string beside =
      join_path(folder_of(folder_of(executable)), "share/weir/weir-flink.jar");
  std::vector<std::string> places{beside};
  if (&kShareDirectory != nullptr) places.push_back(join_path(kShareDirectory, "weir-flink.jar"));
  for (const std::string& path : places) {
    if (auto jar = read_local(path); jar.ok()) return jar;
  }
  return failed_precondition(
      cat("the half of weir that Flink runs, weir-flink.jar, is not at ", places.front(),
          places.size() > 1 ? " nor at " : "", places.size() > 1 ? places.back() : "",
          ": build it with `make flink-bridge` (and `make install` again, where weir is "
          "installed), or set weir.flink.bridge-jar to where it is"));
}

struct JobJar {
  std::string bytes;
  std::string name;
};

StatusOr<JobJar> make_jar(const JobGraph& graph, const Configuration& configuration,
                          const std::vector<std::string>& program_arguments, FlinkStart start) {
  WEIR_ASSIGN_OR_RETURN(OwnExecutable own, own_executable());
  WEIR_ASSIGN_OR_RETURN(const std::string bridge, read_bridge(configuration, own.path));
  FlinkPlanParts parts;
  parts.native.arch = java_architecture(own.bytes);
  parts.build = build_number(executable_id(own.bytes));
  parts.arguments = chain_arguments(program_arguments, configuration, start.snapshot);
  parts.elements = std::move(start.elements);

  JarEntries entries;
  const auto add = [&](const std::string& path, std::string bytes) {
    const std::string entry = cat(kNativeFolder, file_name(path));
    entries[entry] = std::move(bytes);
    return entry;
  };
  parts.native.executable = add(own.path, std::move(own.bytes));
  // Also packs the C library and its loader, so that the cluster's machines may have other ones.
  if (!own.loader.empty()) {
    WEIR_ASSIGN_OR_RETURN(std::string loader, read_local(own.loader));
    parts.native.loader = add(own.loader, std::move(loader));
  }
  for (const std::string& path : own.libraries) {
    WEIR_ASSIGN_OR_RETURN(std::string library, read_local(path));
    parts.native.libraries.push_back(add(path, std::move(library)));
  }
  WEIR_ASSIGN_OR_RETURN(entries["weir/plan.json"], flink_plan(graph, configuration, parts));
  WEIR_ASSIGN_OR_RETURN(std::string bytes, add_to_jar(bridge, entries));
  return JobJar{std::move(bytes), file_name(own.path) + ".jar"};
}

FlinkRun run_request(const Configuration& configuration, const FlinkStart& start) {
  return {.entry_class = std::string(kMainClass),
          .parallelism = static_cast<int>(configuration.get(options::kParallelism)),
          .savepoint = start.savepoint,
          .allow_non_restored_state = configuration.get(options::kIgnoreUnclaimedState)};
}

/// Quoted for the shell.
std::string quoted(const std::string& text) {
  static constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:=,+@%";
  if (!text.empty() && text.find_first_not_of(kPlain) == std::string::npos) return text;
  std::string result = "'";
  for (const char c : text) result += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return result + "'";
}

/// The form of a REST address that `flink run -m` takes; empty if the address has more parts.
std::string host_and_port(const std::string& rest) {
  constexpr std::string_view kHttp = "http://";
  if (!rest.starts_with(kHttp)) return "";
  const std::string address = rest.substr(kHttp.size());
  return address.find('/') == std::string::npos && address.find(':') != std::string::npos ? address
                                                                                          : "";
}

/// `rest` is the address of the cluster for the suggested command line, or empty. `parallelism` is
/// the job's, or 0.
int write_jar(const std::string& path, const JobJar& jar, const FlinkRun& run,
              const std::string& rest, int64_t parallelism) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(jar.bytes.data(), static_cast<std::streamsize>(jar.bytes.size()));
  file.close();
  if (!file) return refuse(failed_precondition(cat("cannot write the job's jar to ", path)));
  report(cat(path, ": ", (jar.bytes.size() + (1 << 19)) >> 20,
             " MB; nothing was submitted. Run it with the line below. Its parallelism is ",
             parallelism > 0 ? cat(parallelism, ", unless --parallelism N stands at the end")
                             : "that of flink run -p N, or the cluster's default"));
  std::string line = "flink run -d";
  if (const std::string address = host_and_port(rest); !address.empty())
    line += cat(" -m ", quoted(address));
  line += cat(" -c ", run.entry_class);
  if (!run.savepoint.empty())
    line += cat(" -s ", quoted(run.savepoint), run.allow_non_restored_state ? " -n" : "");
  print(cat(line, " ", quoted(path)));
  return 0;
}

/// Looks repeatedly: the slots of a job that was just stopped become free a moment later.
StatusOr<FlinkCluster> look_at(const FlinkRest& rest, int slots_needed, ProcessSignals& signals) {
  for (int look = 1;; ++look) {
    auto cluster = rest.cluster();
    const bool may_come = cluster.ok() && cluster->uploads && cluster->free_slots < slots_needed &&
                          slots_needed <= cluster->slots;
    if (!may_come || look == kLooks || signals.wait(kLookAgain) == ProcessSignals::Event::kLeave)
      return cluster;
  }
}

/// Reports, or refuses, before anything is sent.
Status check_cluster(const FlinkRest& rest, const FlinkCluster& cluster, const JobGraph& graph) {
  report(cat("Flink ", cluster.version, " at ", rest.url(), ": ", cluster.task_managers,
             " TaskManagers, ", cluster.free_slots, " of ", cluster.slots, " slots free, ",
             cluster.running.size(), " jobs"));
  for (const std::string& name : cluster.running) report(cat("  running there: ", name));
  if (!cluster.uploads) {
    return failed_precondition(cat(rest.url(),
                                   " takes no jars (web.submit.enable is false there): write the "
                                   "job's jar with --jar-out FILE and give it to `flink run`"));
  }
  const int needed = slots_needed(graph);
  if (cluster.free_slots < needed) {
    const std::string lack =
        cluster.task_managers == 0
            ? cat("there is no TaskManager, and the job needs ", needed, " slots")
            : cat("the job needs ", needed, " slots, and ", cluster.free_slots, " of ",
                  cluster.slots, " are free");
    if (!cluster.grows && !(cluster.adaptive && cluster.free_slots > 0)) {
      return failed_precondition(
          cat(rest.url(), ": ", lack,
              ": start more TaskManagers, cancel a job, or give a smaller --parallelism"));
    }
    report(cat("warning: ", lack,
               cluster.grows ? "; the cluster is expected to start more TaskManagers"
                             : "; the adaptive scheduler will run it on fewer"));
  }
  if (std::find(cluster.running.begin(), cluster.running.end(), graph.name) !=
      cluster.running.end()) {
    report(cat("warning: a job named '", graph.name,
               "' is running there already; this will be a second one"));
  }
  return {};
}

void warn_of_settings(const Configuration& configuration) {
  if (configuration.is_set(options::kCheckpointEventThreshold)) {
    report(cat(
        "warning: Flink starts checkpoints by time only: ",
        configuration.describe(options::kCheckpointEventThreshold), " has no meaning there",
        configuration.is_set(options::kCheckpointInterval)
            ? ""
            : ", and execution.checkpointing.interval is not set: there will be no checkpoints"));
  }
}

int submit(Process& process, const FlinkRest& rest, const JobJar& jar, const FlinkRun& run,
           bool detached, bool progress) {
  const auto uploaded = rest.upload(jar.name, jar.bytes);
  if (!uploaded.ok()) return refuse(uploaded.status());
  const auto job = rest.run(*uploaded, run);
  if (!job.ok()) {
    (void)rest.remove(*uploaded);
    report(cat("error: ", job.status().message()));
    return kFailed;
  }
  print(cat("job ", *job));
  print(rest.job_page(*job));
  const auto wait = [&](std::chrono::milliseconds pause) {
    return process.signals.wait(pause) == ProcessSignals::Event::kLeave;
  };
  JobWatch watch(wait, process.platform.get().clock, rest, *job, progress, report);
  // Flink has copied the jar once the job is past its start.
  const bool started = watch.until_started();
  if (started) (void)rest.remove(*uploaded);
  return detached ? 0 : watch.until_ended();
}

}  // namespace

int submit_to_flink(const JobGraph& graph, const Configuration& configuration,
                    const std::vector<std::string>& program_arguments) {
  if (Status status = check_can_be_distributed(graph); !status.ok()) return refuse(status);
  const auto jar_out = configuration.get_optional(options::kFlinkJarOut);
  const auto url = configuration.get_optional(options::kFlinkRest);
  if (!jar_out && !url) {
    return refuse(
        failed_precondition("--target flink needs --rest http://HOST:PORT, the REST address of the "
                            "cluster, or --jar-out FILE, to write the job's jar only"));
  }
  Process process(configuration, graph);
  CurlHttp http(
      {.connect_timeout = std::chrono::seconds(10), .silence_timeout = std::chrono::seconds(180)});
  std::optional<FlinkRest> rest;
  warn_of_settings(configuration);
  if (url) {
    auto made = FlinkRest::at(http, *url);
    if (!made.ok()) return refuse(made.status());
    rest = *std::move(made);
  }
  if (!jar_out) {
    const auto cluster = look_at(*rest, slots_needed(graph), process.signals);
    if (!cluster.ok()) return refuse(cluster.status());
    if (Status status = check_cluster(*rest, *cluster, graph); !status.ok()) return refuse(status);
  }
  auto start = prepare_flink_start(graph, configuration, process.files);
  if (!start.ok()) return refuse(start.status());
  const FlinkRun run = run_request(configuration, *start);
  const auto jar = make_jar(graph, configuration, program_arguments, *std::move(start));
  if (!jar.ok()) return refuse(jar.status());
  if (jar_out)
    return write_jar(*jar_out, *jar, run, rest ? rest->url() : "",
                     given_parallelism(configuration));
  return submit(process, *rest, *jar, run, configuration.get(options::kFlinkDetached),
                configuration.get(options::kProgress));
}

}  // namespace weir
