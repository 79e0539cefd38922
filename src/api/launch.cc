#include "api/launch.h"

#include <cstdio>

#include "base/log.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "base/version.h"
#include "graph/explain.h"

namespace weir {
namespace {

constexpr int kRefused = 2;

void print(std::FILE* file, const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), file);
  std::fflush(file);
}

}  // namespace

StatusOr<JobGraphOptions> job_graph_options(const Configuration& configuration,
                                            const std::string& name) {
  JobGraphOptions result;
  result.name =
      configuration.get_optional(options::kPipelineName).value_or(name.empty() ? "weir job" : name);
  if (const auto id = configuration.get_optional(options::kJobId)) {
    auto parsed = JobId::from_hex(*id);
    if (!parsed.ok()) return parsed.status().with_context(configuration.describe(options::kJobId));
    result.id = *parsed;
  } else {
    result.id = murmur3_128(cat("weir job ", result.name));
  }
  result.parallelism = static_cast<int>(configuration.get(options::kParallelism));
  result.max_parallelism = static_cast<int>(configuration.get(options::kMaxParallelism));
  result.chaining = configuration.get(options::kOperatorChaining);
  result.auto_generate_uids = configuration.get(options::kAutoGenerateUids);
  result.for_flink = configuration.get(options::kTarget) == ExecutionTarget::kFlink ||
                     configuration.get(options::kRole) == ProcessRole::kChain;
  result.operators.batch_size = static_cast<size_t>(configuration.get(options::kBatchSize));
  result.operators.auto_watermark_interval_ms =
      configuration.get(options::kAutoWatermarkInterval).count();
  result.operators.drop_records_without_timestamp =
      configuration.get(options::kRecordsWithoutTimestamp) == RecordsWithoutTimestamp::kDrop;
  return result;
}

StatusOr<JobGraph> describe_job(std::vector<std::string> problems, const detail::StreamGraph& graph,
                                const Configuration& configuration, const std::string& job_name,
                                const std::map<std::string, std::string>& arguments) {
  const auto note = [&](const Status& status) {
    if (status.ok()) return;
    for (const std::string_view line : split(status.message(), '\n')) problems.emplace_back(line);
  };
  note(configuration.validate());
  auto options = job_graph_options(configuration, job_name);
  if (options.ok()) options->arguments = arguments;
  note(options.status());
  StatusOr<JobGraph> job =
      options.ok() ? build_job_graph(graph, *options) : StatusOr<JobGraph>(options.status());
  if (options.ok()) note(job.status());
  if (problems.empty()) return job;
  std::string text;
  for (const std::string& problem : problems) text += cat(text.empty() ? "" : "\n", problem);
  return invalid_argument(std::move(text));
}

int launch(const std::string& program, const std::string& help, LaunchMode mode,
           std::vector<std::string> problems, const detail::StreamGraph& graph,
           const Configuration& configuration, const std::string& job_name, const Runner& runner,
           const std::map<std::string, std::string>& arguments) {
  if (mode.help) {
    print(stdout, help);
    return 0;
  }
  if (mode.version) {
    print(stdout, cat(program, ": weir ", weir_version(), "\n"));
    return 0;
  }
  const auto job = describe_job(std::move(problems), graph, configuration, job_name, arguments);
  if (!job.ok()) {
    std::string text;
    for (const std::string_view problem : split(job.status().message(), '\n'))
      text += cat(program, ": ", problem, "\n");
    print(stderr, text + cat("nothing was run; ", program, " --help lists the flags\n"));
    return kRefused;
  }
  if (mode.explain) {
    print(stdout, explain(*job));
    return 0;
  }
  for (const std::string& ignored : configuration.ignored()) WEIR_LOG(kWarning) << ignored;
  for (const std::string& overridden : configuration.overridden()) WEIR_LOG(kInfo) << overridden;
  return runner(*job, configuration);
}

}  // namespace weir
