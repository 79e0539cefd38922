#include "rest/prometheus_text.h"

#include <gtest/gtest.h>

#include <set>
#include <sstream>

#include "rest/testing/example_job.h"

namespace weir::rest_tests {
namespace {

bool has_line(const std::string& text, const std::string& line) {
  return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

TEST(PrometheusText, NamesAndLabelsAreThoseOfFlinksReporter) {
  const std::string text = prometheus_text(example_job(), true);
  EXPECT_TRUE(has_line(text, "# TYPE flink_taskmanager_job_task_numRecordsOut gauge")) << text;
  EXPECT_TRUE(has_line(text,
                       "# HELP flink_taskmanager_job_task_numRecordsOut numRecordsOut (scope: "
                       "taskmanager_job_task)"));
  EXPECT_TRUE(has_line(
      text,
      std::string("flink_taskmanager_job_task_numRecordsOut{host=\"host1\",tm_id=\"w1\","
                  "job_id=\"") +
          kJob + "\",job_name=\"two__words_\",task_id=\"" + kSource +
          "\",task_name=\"Source:_in____map\",task_attempt_num=\"3\",subtask_index=\"1\",} 30"));
  EXPECT_NE(text.find("flink_taskmanager_job_task_operator_late{"), std::string::npos);
  EXPECT_NE(text.find("operator_name=\"map__x_\",} 5\n"), std::string::npos);
  EXPECT_TRUE(has_line(text, "# TYPE flink_taskmanager_job_task_operator_delay summary"));
  EXPECT_NE(text.find("operator_name=\"map__x_\",quantile=\"0.99\",} 5\n"), std::string::npos);
  EXPECT_NE(text.find("flink_taskmanager_job_task_operator_delay_count{"), std::string::npos);
  EXPECT_NE(text.find("flink_jobmanager_job_lastCheckpointDuration{"), std::string::npos);
  EXPECT_NE(text.find("flink_taskmanager_Status_JVM_CPU_Load{host=\"host1\",tm_id=\"w1\",} 1.5\n"),
            std::string::npos);
  EXPECT_TRUE(has_line(text, "flink_jobmanager_taskSlotsTotal{host=\"\",} 2"));
}

TEST(PrometheusText, AllSamplesOfAMetricAreTogether) {
  std::istringstream text(prometheus_text(example_job(), true));
  std::set<std::string> ended;
  std::string current;
  for (std::string line; std::getline(text, line);) {
    if (line.starts_with("# TYPE")) {
      ended.insert(current);
      current = line.substr(7, line.rfind(' ') - 7);
      EXPECT_FALSE(ended.contains(current)) << current;
    } else if (!line.starts_with("#")) {
      EXPECT_TRUE(line.starts_with(current)) << line;
    }
  }
}

TEST(PrometheusText, ValuesOfLabelsAreEscapedIfTheyAreKept) {
  JobSnapshot job = example_job();
  job.name = "a\"b\\c\nd";
  EXPECT_NE(prometheus_text(job, false).find("job_name=\"a\\\"b\\\\c\\nd\""), std::string::npos);
}

}  // namespace
}  // namespace weir::rest_tests
