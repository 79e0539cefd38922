#include "graph/explain.h"

#include <gtest/gtest.h>

#include "base/ids.h"
#include "graph/testing/stream_nodes.h"

namespace weir::graph_tests {
namespace {

TEST(Explain, ShowsChainsUidsAndExchanges) {
  StreamGraph graph{{node("departures"), node("map", {forward(0)}), node("sum", {hash(1)}),
                     node("out", {forward(2)})}};
  graph.nodes[0].uid = "src-uid";
  graph.nodes[2].uid = "count-uid";
  graph.nodes[3].parallelism = 1;
  auto job = build_job_graph(graph, options(2));
  ASSERT_TRUE(job.ok());
  job->fingerprint = murmur3_128("count-uid");
  EXPECT_EQ(explain(*job),
            "Job 'test', bounded\n"
            "  id 00000000000000000000000000000000\n"
            "  fingerprint e7d10c5c3dca7d2059d631494000fce8\n"
            "\n"
            "[0] Source: departures -> map\n"
            "    parallelism 2 of at most 128\n"
            "    departures  uid src-uid     id 65eb651c08e51afc6b01b9ec8c609cba\n"
            "    map         uid auto-map-1  id " +
                murmur3_128("auto-map-1").to_hex() +
                "\n"
                "    --hash--> [1]\n"
                "\n"
                "[1] sum\n"
                "    parallelism 2 of at most 128\n"
                "    sum         uid count-uid   id e7d10c5c3dca7d2059d631494000fce8\n"
                "    --rebalance--> [2]\n"
                "\n"
                "[2] out\n"
                "    parallelism 1 of at most 128\n"
                "    out         uid auto-out-1  id " +
                murmur3_128("auto-out-1").to_hex() + "\n");
}

TEST(Explain, SaysWhoseRecordsABranchGets) {
  StreamInput second = hash(1);
  second.input = 1;
  StreamGraph graph{{node("in"), node("split", {forward(0)}), node("late", {side(1, 1)}),
                     node("log", {forward(1)}), node("join", {hash(3), second})}};
  graph.nodes[1].side_outputs = {{"too late", typeid(int)}};
  auto job = build_job_graph(graph, options());
  ASSERT_TRUE(job.ok());
  std::string text = explain(*job);
  const auto id = [](const char* uid) { return murmur3_128(uid).to_hex(); };
  EXPECT_EQ(text.substr(text.find("[0]")),
            "[0] Source: in -> split -> (late, log)\n"
            "    parallelism 1 of at most 128\n"
            "    in     uid auto-in-1     id " +
                id("auto-in-1") +
                "\n"
                "    split  uid auto-split-1  id " +
                id("auto-split-1") +
                "\n"
                "    late   uid auto-late-1   id " +
                id("auto-late-1") +
                "  (side output 'too late' of split)\n"
                "    log    uid auto-log-1    id " +
                id("auto-log-1") +
                "  (from split)\n"
                "    --hash--> [1]\n"
                "    --hash--> [1] input 2  (from split)\n"
                "\n"
                "[1] join\n"
                "    parallelism 1 of at most 128\n"
                "    join   uid auto-join-1   id " +
                id("auto-join-1") + "\n");
}

}  // namespace
}  // namespace weir::graph_tests
