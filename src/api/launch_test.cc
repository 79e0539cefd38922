#include "api/launch.h"

#include <gtest/gtest.h>

#include "base/strings.h"
#include "base/version.h"

namespace weir {
namespace {

detail::StreamGraph one_source() {
  detail::StreamGraph graph;
  graph.nodes.emplace_back().name = "in";
  return graph;
}

Configuration settings(std::vector<std::string> assignments) {
  Configuration configuration;
  for (const std::string& assignment : assignments)
    EXPECT_TRUE(configuration.set_assignment(assignment, {}).ok()) << assignment;
  return configuration;
}

/// The outcome of one launch.
struct Outcome {
  int code = -1;
  std::string out;
  std::string err;
  std::string ran;  ///< name of the job that ran
};

Outcome launch_with(LaunchMode mode, std::vector<std::string> problems,
                    const detail::StreamGraph& graph, const Configuration& configuration,
                    const std::string& name = "the name") {
  Outcome outcome;
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  outcome.code = launch("job", "HELP", mode, std::move(problems), graph, configuration, name,
                        [&](const JobGraph& job, const Configuration&) {
                          outcome.ran = job.name;
                          return 42;
                        });
  outcome.out = testing::internal::GetCapturedStdout();
  outcome.err = testing::internal::GetCapturedStderr();
  return outcome;
}

TEST(Launch, GivesTheRunnersExitCode) {
  const Outcome outcome = launch_with({}, {}, one_source(), {});
  EXPECT_EQ(outcome.code, 42);
  EXPECT_EQ(outcome.ran, "the name");
  EXPECT_EQ(outcome.err, "");
}

TEST(Launch, HelpIsPrintedDespiteErrors) {
  const Outcome outcome = launch_with({.help = true}, {"a problem"}, {}, {});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.out, "HELP");
  EXPECT_EQ(outcome.ran, "");
}

TEST(Launch, VersionIsPrintedDespiteErrors) {
  const Outcome outcome = launch_with({.version = true}, {"a problem"}, {}, {});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.out, cat("job: weir ", weir_version(), "\n"));
  EXPECT_EQ(outcome.ran, "");
}

TEST(Launch, ExplainDoesNotRun) {
  const Outcome outcome = launch_with({.explain = true}, {}, one_source(), {});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.ran, "");
  EXPECT_EQ(outcome.out.substr(0, outcome.out.find('\n')), "Job 'the name', bounded");
}

TEST(Launch, EveryProblemIsASentenceAndNothingRuns) {
  const Outcome outcome =
      launch_with({}, {"first problem"}, {}, settings({"execution.checkpointing.interval=1 s"}));
  EXPECT_EQ(outcome.code, 2);
  EXPECT_EQ(outcome.ran, "");
  EXPECT_EQ(
      outcome.err,
      "job: first problem\n"
      "job: checkpoints are on (execution.checkpointing.interval = 1 s (the program)) but have no "
      "place to go; set "
      "execution.checkpointing.dir or call env.set_state_backend(FsStateBackend(\"hdfs://…\"))\n"
      "job: the job has no operators; describe it with env.from_source(…)… before execute()\n"
      "nothing was run; job --help lists the flags\n");
}

TEST(JobGraphOptions, NameIsTheConfigurationsThenTheProgramsThenTheDefault) {
  EXPECT_EQ(job_graph_options({}, "mine")->name, "mine");
  EXPECT_EQ(job_graph_options({}, "")->name, "weir job");
  EXPECT_EQ(job_graph_options(settings({"pipeline.name=theirs"}), "mine")->name, "theirs");
}

TEST(JobGraphOptions, IdDependsOnTheName) {
  EXPECT_EQ(job_graph_options({}, "a")->id, job_graph_options({}, "a")->id);
  EXPECT_NE(job_graph_options({}, "a")->id, job_graph_options({}, "b")->id);
  EXPECT_EQ(job_graph_options(settings({"weir.job-id=65eb651c08e51afc6b01b9ec8c609cba"}), "a")
                ->id.to_hex(),
            "65eb651c08e51afc6b01b9ec8c609cba");
  const Status refused = job_graph_options(settings({"weir.job-id=65eb"}), "a").status();
  EXPECT_EQ(refused.code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(refused.message().substr(0, 37), "weir.job-id = 65eb (the program): '65");
}

TEST(JobGraphOptions, SettingsReachTheGraph) {
  const auto options = job_graph_options(
      settings({"parallelism.default=3", "pipeline.max-parallelism=64",
                "pipeline.operator-chaining.enabled=false", "pipeline.auto-generate-uids=false",
                "weir.batch-size=7", "pipeline.auto-watermark-interval=5 ms",
                "weir.event-time.records-without-timestamp=drop"}),
      "");
  EXPECT_EQ(options->parallelism, 3);
  EXPECT_EQ(options->max_parallelism, 64);
  EXPECT_FALSE(options->chaining);
  EXPECT_FALSE(options->auto_generate_uids);
  EXPECT_EQ(options->operators.batch_size, 7u);
  EXPECT_EQ(options->operators.auto_watermark_interval_ms, 5);
  EXPECT_TRUE(options->operators.drop_records_without_timestamp);
  EXPECT_FALSE(job_graph_options({}, "")->operators.drop_records_without_timestamp);
}

TEST(JobGraphOptions, AreForFlinkInTheClientAndInTheChildrenAlike) {
  EXPECT_FALSE(job_graph_options({}, "a")->for_flink);
  EXPECT_TRUE(job_graph_options(settings({"weir.target=flink"}), "a")->for_flink);
  EXPECT_TRUE(job_graph_options(settings({"weir.role=chain"}), "a")->for_flink);
}

}  // namespace
}  // namespace weir
