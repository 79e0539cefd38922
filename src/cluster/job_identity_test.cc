#include "cluster/job_identity.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

JobGraph graph_of(const std::string& name, std::map<std::string, std::string> arguments) {
  JobGraph graph;
  graph.name = name;
  graph.id = murmur3_128(name);
  graph.arguments = std::move(arguments);
  return graph;
}

std::string refusal(const JobGraph& runs, const JobGraph& mine, bool accept = false) {
  return std::string(check_same_job(recorded_job(runs), recorded_job(mine), accept).message());
}

TEST(JobIdentity, TheSameJobMayLead) {
  EXPECT_EQ(refusal(graph_of("a", {{"gap", "1"}}), graph_of("a", {{"gap", "1"}})), "");
}

TEST(JobIdentity, OtherArgumentsAreRefusedUnlessThatIsAccepted) {
  const JobGraph runs = graph_of("a", {{"gap", "1"}, {"in", "x"}, {"out", "/o"}});
  const JobGraph mine = graph_of("a", {{"gap", "2"}, {"in", "x"}, {"out", "/p"}});
  EXPECT_EQ(refusal(runs, mine),
            "this cluster runs this job with other arguments: --gap was '1' and is '2', --out was "
            "'/o' and is '/p'. Give the same ones; or, to run both, give this one another --name "
            "and a high-availability.cluster-id of its own; or set weir.accept-changed-job to true "
            "to go on with the job with the new ones");
  EXPECT_EQ(refusal(runs, mine, /*accept=*/true), "");
}

TEST(JobIdentity, AFlagThatOnlyOneVersionOfTheProgramHasIsNoDifference) {
  EXPECT_EQ(refusal(graph_of("a", {{"old", "1"}}), graph_of("a", {{"new", "2"}})), "");
}

TEST(JobIdentity, AnotherJobIsRefusedEvenIfChangesAreAccepted) {
  const std::string text = refusal(graph_of("a", {}), graph_of("b", {}), /*accept=*/true);
  EXPECT_NE(text.find("this cluster runs job 'a'"), std::string::npos) << text;
  EXPECT_NE(text.find("high-availability.cluster-id"), std::string::npos) << text;
}

}  // namespace
}  // namespace weir
