#include "graph/build_job_graph.h"

#include <gtest/gtest.h>

#include <optional>

#include "base/strings.h"
#include "graph/explain.h"
#include "graph/testing/stream_nodes.h"
#include "weir/detail/types/record_codec_of.h"

namespace weir::graph_tests {
namespace {

/// "[0] 2/128 Source: a -> map; [1] … ; 0-hash-1"
std::string shape(const StatusOr<JobGraph>& graph) {
  if (!graph.ok()) return graph.status().to_string();
  std::string text;
  for (size_t v = 0; v < graph->vertices.size(); ++v) {
    const JobVertex& vertex = graph->vertices[v];
    text +=
        cat("[", v, "] ", vertex.parallelism, "/", vertex.max_parallelism, " ", vertex.name, "; ");
  }
  for (const JobEdge& edge : graph->edges)
    text += cat(edge.from, "-", to_string(edge.partitioning), "-", edge.to, "; ");
  return text;
}

std::vector<std::string> uids(const StatusOr<JobGraph>& graph) {
  std::vector<std::string> result;
  for (const JobVertex& vertex : graph->vertices) {
    for (const JobOperator& op : vertex.chain) result.push_back(op.uid);
  }
  return result;
}

TEST(BuildJobGraph, EdgesKeepTheCodecOfTheirRecords) {
  StreamGraph graph{{node("in"), node("out", {rebalance(0)})}};
  graph.nodes[1].inputs[0].codec = detail::record_codec<int>();
  const auto built = build_job_graph(graph, options());
  ASSERT_EQ(built->edges.size(), 1u);
  EXPECT_EQ(built->edges[0].codec, graph.nodes[1].inputs[0].codec);
}

TEST(BuildJobGraph, ForwardEdgesBecomeOneChain) {
  const StreamGraph graph{{node("in"), node("map", {forward(0)}), node("out", {forward(1)})}};
  EXPECT_EQ(shape(build_job_graph(graph, options(2))), "[0] 2/128 Source: in -> map -> out; ");
}

TEST(BuildJobGraph, ExchangeBreaksTheChain) {
  EXPECT_EQ(shape(build_job_graph({{node("in"), node("sum", {hash(0)}), node("out", {forward(1)})}},
                                  options(2))),
            "[0] 2/128 Source: in; [1] 2/128 sum -> out; 0-hash-1; ");
  EXPECT_EQ(shape(build_job_graph({{node("in"), node("map", {rebalance(0)})}}, options())),
            "[0] 1/128 Source: in; [1] 1/128 map; 0-rebalance-1; ");
  EXPECT_EQ(shape(build_job_graph({{node("in"), node("map", {broadcast(0)})}}, options())),
            "[0] 1/128 Source: in; [1] 1/128 map; 0-broadcast-1; ");
}

TEST(BuildJobGraph, ForFlinkASourcesChainEndsBeforeItsSink) {
  StreamGraph graph{{node("in"), node("map", {forward(0)}), node("out", {forward(1)}),
                     node("after", {forward(2)})}};
  graph.nodes[2].probe = [](FileSystemRegistry&) { return Status(); };
  JobGraphOptions flink = options(2);
  flink.for_flink = true;
  EXPECT_EQ(shape(build_job_graph(graph, flink)),
            "[0] 2/128 Source: in -> map; [1] 2/128 out -> after; 0-forward-1; ");
  EXPECT_NE(build_job_graph(graph, flink)->fingerprint,
            build_job_graph(graph, options(2))->fingerprint);
}

TEST(BuildJobGraph, ForFlinkASinkStaysInTheChainAfterAnotherOne) {
  StreamGraph graph{{node("in"), node("sum", {hash(0)}), node("out", {forward(1)})}};
  graph.nodes[2].probe = [](FileSystemRegistry&) { return Status(); };
  JobGraphOptions flink = options();
  flink.for_flink = true;
  EXPECT_EQ(shape(build_job_graph(graph, flink)),
            "[0] 1/128 Source: in; [1] 1/128 sum -> out; 0-hash-1; ");
}

TEST(BuildJobGraph, ForFlinkAFixedParallelismDoesNotFollowTheJobs) {
  StreamGraph graph{{node("in"), node("map", {forward(0)}), node("out", {forward(1)})}};
  graph.nodes[0].parallelism = 1;
  graph.nodes[0].bounded = false;
  EXPECT_EQ(shape(build_job_graph(graph, options(1))), "[0] 1/128 Source: in -> map -> out; ");
  JobGraphOptions flink = options(1);
  flink.for_flink = true;
  const auto built = build_job_graph(graph, flink);
  EXPECT_EQ(shape(built), "[0] 1/128 Source: in; [1] 1/128 map -> out; 0-rebalance-1; ");
  EXPECT_TRUE(built->vertices[0].parallelism_given);
  EXPECT_FALSE(built->vertices[0].bounded);
  EXPECT_FALSE(built->vertices[1].parallelism_given);
}

TEST(BuildJobGraph, ChangeOfParallelismBreaksTheChainAndRebalances) {
  StreamGraph graph{{node("in"), node("map", {forward(0)}), node("out", {forward(1)})}};
  graph.nodes[0].parallelism = 1;
  EXPECT_EQ(shape(build_job_graph(graph, options(3))),
            "[0] 1/128 Source: in; [1] 3/128 map -> out; 0-rebalance-1; ");
}

/// For each operator of a vertex: its name, the one it follows, and that one's output.
std::string tree(const JobVertex& vertex) {
  std::string text;
  for (size_t i = 0; i < vertex.chain.size(); ++i) {
    text += vertex.chain[i].name;
    if (i > 0)
      text += cat("<", vertex.chain[parent_of(vertex, i)].name, ":", vertex.chain[i].output);
    text += " ";
  }
  return text;
}

TEST(BuildJobGraph, SeveralConsumersMakeATree) {
  const auto job =
      build_job_graph({{node("in"), node("a", {forward(0)}), node("b", {forward(0)}),
                        node("c", {forward(2)}), node("d", {forward(1)}), node("e", {hash(1)})}},
                      options());
  EXPECT_EQ(shape(job), "[0] 1/128 Source: in -> (a -> d, b -> c); [1] 1/128 e; 0-hash-1; ");
  EXPECT_EQ(tree(job->vertices[0]), "in a<in:0 b<in:0 c<b:0 d<a:0 ");
  EXPECT_EQ(job->vertices[0].chain[sender_of(job->vertices[0], job->edges[0])].name, "a");
}

TEST(BuildJobGraph, ForFlinkSeveralConsumersEndTheChain) {
  JobGraphOptions flink = options();
  flink.for_flink = true;
  EXPECT_EQ(shape(build_job_graph({{node("in"), node("a", {forward(0)}), node("b", {forward(0)}),
                                    node("c", {forward(2)})}},
                                  flink)),
            "[0] 1/128 Source: in; [1] 1/128 a; [2] 1/128 b -> c; 0-forward-1; 0-forward-2; ");
}

TEST(BuildJobGraph, SideOutputsKeepTheirNumbers) {
  StreamGraph graph{{node("in"), node("late", {side(0, 2)}), node("all", {forward(0)}),
                     node("odd", {side(0, 1, Partitioning::kRebalance)})}};
  graph.nodes[0].side_outputs = {{"odd", typeid(int)}, {"late", typeid(int)}};
  const auto job = build_job_graph(graph, options());
  EXPECT_EQ(shape(job), "[0] 1/128 Source: in -> (late, all); [1] 1/128 odd; 0-rebalance-1; ");
  EXPECT_EQ(tree(job->vertices[0]), "in late<in:2 all<in:0 ");
  EXPECT_EQ(job->vertices[0].chain[0].side_outputs.size(), 2u);
  EXPECT_EQ(job->edges[0].output, 1);
  EXPECT_EQ(sender_of(job->vertices[0], job->edges[0]), 0u);
}

TEST(BuildJobGraph, OperatorWithTwoInputsHeadsAChain) {
  StreamInput second = forward(1);
  second.input = 1;
  const auto job = build_job_graph(
      {{node("a"), node("b"), node("both", {forward(0), second}), node("out", {forward(2)})}},
      options());
  EXPECT_EQ(shape(job),
            "[0] 1/128 Source: a; [1] 1/128 Source: b; [2] 1/128 both -> out; 0-forward-2; "
            "1-forward-2; ");
  EXPECT_EQ(job->edges[0].input, 0);
  EXPECT_EQ(job->edges[1].input, 1);
}

TEST(BuildJobGraph, UnionBreaksTheChain) {
  EXPECT_EQ(
      shape(build_job_graph(
          {{node("a"), node("b"), node("map", {forward(0), hash(1)}), node("out", {forward(2)})}},
          options())),
      "[0] 1/128 Source: a; [1] 1/128 Source: b; [2] 1/128 map -> out; 0-forward-2; 1-hash-2; ");
}

TEST(BuildJobGraph, UnionWithItselfHasTwoEdges) {
  EXPECT_EQ(shape(build_job_graph({{node("a"), node("map", {forward(0), forward(0)})}}, options())),
            "[0] 1/128 Source: a; [1] 1/128 map; 0-forward-1; 0-forward-1; ");
}

TEST(BuildJobGraph, ChainingCanBeTurnedOff) {
  StreamGraph graph{
      {node("in"), node("a", {forward(0)}), node("b", {forward(1)}), node("c", {forward(2)})}};
  graph.nodes[1].chaining = false;
  EXPECT_EQ(shape(build_job_graph(graph, options())),
            "[0] 1/128 Source: in; [1] 1/128 a; [2] 1/128 b -> c; 0-forward-1; 1-forward-2; ");
  graph.nodes[1].chaining = true;
  JobGraphOptions no_chains = options();
  no_chains.chaining = false;
  EXPECT_EQ(shape(build_job_graph(graph, no_chains)),
            "[0] 1/128 Source: in; [1] 1/128 a; [2] 1/128 b; [3] 1/128 c; 0-forward-1; "
            "1-forward-2; 2-forward-3; ");
}

TEST(BuildJobGraph, DifferentMaxParallelismBreaksTheChain) {
  StreamGraph graph{{node("in"), node("a", {forward(0)}), node("b", {forward(1)})}};
  graph.nodes[1].max_parallelism = 64;
  EXPECT_EQ(shape(build_job_graph(graph, options())),
            "[0] 1/128 Source: in; [1] 1/64 a -> b; 0-forward-1; ");
  graph.nodes[1].max_parallelism = 128;
  EXPECT_EQ(shape(build_job_graph(graph, options())), "[0] 1/128 Source: in -> a -> b; ");
}

TEST(BuildJobGraph, MaxParallelismComesFromTheNodeThenTheJobThenFlinksDefault) {
  StreamGraph graph{{node("in"), node("sum", {hash(0)})}};
  graph.nodes[1].max_parallelism = 4096;
  EXPECT_EQ(shape(build_job_graph(graph, options(200))),
            "[0] 200/512 Source: in; [1] 200/4096 sum; 0-hash-1; ");
  JobGraphOptions with_max = options(200);
  with_max.max_parallelism = 256;
  EXPECT_EQ(shape(build_job_graph(graph, with_max)),
            "[0] 200/256 Source: in; [1] 200/4096 sum; 0-hash-1; ");
}

TEST(BuildJobGraph, ImpossibleParallelismsAreAllReportedAtOnce) {
  StreamGraph graph{{node("in"), node("a", {forward(0)}), node("b", {forward(1)})}};
  graph.nodes[0].parallelism = 0;
  graph.nodes[1].max_parallelism = 40000;
  graph.nodes[2].parallelism = 8;
  graph.nodes[2].max_parallelism = 4;
  EXPECT_EQ(build_job_graph(graph, options()).status().to_string(),
            "INVALID_ARGUMENT: operator 'in' has parallelism 0; it must be between 1 and 32768\n"
            "operator 'a' has max parallelism 40000; it must be between 1 and 32768\n"
            "operator 'b' has parallelism 8, more than its max parallelism 4; lower the first or, "
            "if there is no state yet, "
            "raise the second");
}

/// The result of a job with a source and a window in event time, and perhaps an operator between.
std::string with_window(StreamNode source, std::optional<StreamNode::Timestamps> between = {}) {
  StreamGraph graph{{std::move(source)}};
  if (between) {
    graph.nodes.push_back(node("between", {forward(0)}));
    graph.nodes.back().timestamps = *between;
  }
  const int last = static_cast<int>(graph.nodes.size()) - 1;
  graph.nodes.push_back(node("window", {hash(last)}));
  graph.nodes.back().event_time = true;
  const auto built = build_job_graph(graph, options());
  return built.ok() ? "" : std::string(built.status().message());
}

TEST(BuildJobGraph, WindowInEventTimeNeedsTimestamps) {
  using Timestamps = StreamNode::Timestamps;
  StreamNode untimed = node("in");
  untimed.timestamps = Timestamps::kNone;
  StreamNode timed = node("in");
  timed.timestamps = Timestamps::kGiven;
  EXPECT_TRUE(with_window(untimed).starts_with(
      "operator 'window' works in event time, and none of its records has a timestamp; give their "
      "source a watermark strategy"));
  EXPECT_NE(with_window(untimed, Timestamps::kKept), "");
  EXPECT_EQ(with_window(untimed, Timestamps::kGiven), "");
  EXPECT_EQ(with_window(timed), "");
  EXPECT_EQ(with_window(timed, Timestamps::kKept), "");
  EXPECT_EQ(with_window(node("in")), "") << "it is not known";
}

TEST(BuildJobGraph, OneInputWithTimestampsIsEnough) {
  StreamGraph graph{{node("untimed"), node("timed"), node("window", {hash(0), hash(1)})}};
  graph.nodes[0].timestamps = StreamNode::Timestamps::kNone;
  graph.nodes[2].event_time = true;
  EXPECT_TRUE(build_job_graph(graph, options()).ok());
}

TEST(BuildJobGraph, WatermarkAlignmentIsRefusedInsideFlink) {
  StreamGraph graph{{node("in")}};
  graph.nodes[0].alignment = {"g", 10, 1000};
  const auto own = build_job_graph(graph, options());
  ASSERT_TRUE(own.ok());
  EXPECT_EQ(own->vertices[0].chain[0].alignment->group, "g");
  JobGraphOptions flink = options();
  flink.for_flink = true;
  EXPECT_NE(build_job_graph(graph, flink)
                .status()
                .message()
                .find("source 'in' has with_watermark_alignment()"),
            std::string_view::npos);
}

TEST(BuildJobGraph, EmptyJobIsRefused) {
  EXPECT_EQ(build_job_graph({}, options()).status().message(),
            "the job has no operators; describe it with env.from_source(…)… before execute()");
}

TEST(BuildJobGraph, IdIsFlinksHashOfTheUid) {
  StreamGraph graph{{node("in"), node("count", {hash(0)})}};
  graph.nodes[0].uid = "src-uid";
  graph.nodes[1].uid = "count-uid";
  const auto job = build_job_graph(graph, options());
  EXPECT_EQ(job->vertices[0].chain[0].id.to_hex(), "65eb651c08e51afc6b01b9ec8c609cba");
  EXPECT_EQ(job->vertices[1].chain[0].id.to_hex(), "e7d10c5c3dca7d2059d631494000fce8");
}

TEST(BuildJobGraph, GeneratedUidsSurviveOperatorsWithOtherNames) {
  const StreamGraph before{{node("in"), node("map", {forward(0)}), node("map", {hash(1)})}};
  const StreamGraph after{{node("in"), node("filter", {forward(0)}), node("map", {forward(1)}),
                           node("filter", {hash(2)}), node("map", {forward(3)})}};
  EXPECT_EQ(uids(build_job_graph(before, options())),
            (std::vector<std::string>{"auto-in-1", "auto-map-1", "auto-map-2"}));
  EXPECT_EQ(uids(build_job_graph(after, options())),
            (std::vector<std::string>{"auto-in-1", "auto-filter-1", "auto-map-1", "auto-filter-2",
                                      "auto-map-2"}));
}

TEST(BuildJobGraph, GivenUidDoesNotRenumberTheOthers) {
  StreamGraph graph{{node("in"), node("map", {forward(0)}), node("map", {forward(1)})}};
  graph.nodes[1].uid = "mine";
  EXPECT_EQ(uids(build_job_graph(graph, options())),
            (std::vector<std::string>{"auto-in-1", "mine", "auto-map-2"}));
}

TEST(BuildJobGraph, DuplicateUidIsRefused) {
  StreamGraph graph{{node("in"), node("a", {forward(0)}), node("b", {forward(1)})}};
  graph.nodes[1].uid = graph.nodes[2].uid = "x";
  EXPECT_EQ(build_job_graph(graph, options()).status().message(),
            "the operators 'a' and 'b' have the same uid 'x', so a checkpoint could not tell their "
            "state apart; give one of "
            "them another");
}

TEST(BuildJobGraph, UidHashNamesTheStateOfOneOperator) {
  const std::string other = murmur3_128("other").to_hex();
  StreamGraph graph{{node("in"), node("a", {forward(0)}), node("b", {forward(1)})}};
  EXPECT_FALSE(build_job_graph(graph, options())->vertices[0].chain[1].uid_hash);
  graph.nodes[1].uid_hash = other;
  const auto good = build_job_graph(graph, options());
  EXPECT_EQ(good->vertices[0].chain[1].uid_hash, murmur3_128("other"));
  EXPECT_EQ(good->vertices[0].chain[1].id, murmur3_128("auto-a-1")) << "checkpoints keep the uid";
  EXPECT_FALSE(good->vertices[0].chain[2].uid_hash);

  graph.nodes[1].uid_hash = murmur3_128("auto-a-1").to_hex();
  EXPECT_TRUE(build_job_graph(graph, options()).ok()) << "its own";
  graph.nodes[1].uid_hash = murmur3_128("auto-b-1").to_hex();
  EXPECT_EQ(build_job_graph(graph, options()).status().message(),
            cat("operator 'a' is given the uid hash ", graph.nodes[1].uid_hash,
                ", which is the id of operator 'b' (uid 'auto-b-1'); only one of them can have its "
                "state"));
  graph.nodes[1].uid_hash = graph.nodes[2].uid_hash = other;
  EXPECT_EQ(build_job_graph(graph, options()).status().message(),
            cat("the operators 'a' and 'b' have the same uid hash ", other,
                "; only one of them can have its state"));
  for (const std::string& wrong : {std::string("abc"), other + "0", other.substr(1) + "g"}) {
    graph.nodes[1].uid_hash = wrong;
    graph.nodes[2].uid_hash.clear();
    EXPECT_EQ(
        build_job_graph(graph, options()).status().message(),
        cat("operator 'a' is given the uid hash '", wrong,
            "'; it must be 32 hexadecimal digits, the id of an operator in a checkpoint (weir "
            "inspect lists them)"));
  }
}

TEST(BuildJobGraph, OperatorThatNeedsAnEndIsRefusedBehindASourceWithoutOne) {
  StreamGraph graph{{node("a"), node("b"), node("both", {rebalance(0), rebalance(1)}),
                     node("sort", {forward(2)})}};
  graph.nodes[3].needs_end = true;
  EXPECT_TRUE(build_job_graph(graph, options()).ok());
  graph.nodes[1].bounded = false;
  EXPECT_EQ(build_job_graph(graph, options()).status().message(),
            "operator 'sort' emits its results at the end of its input, and source 'b' never ends; "
            "use a bounded source, or window() instead of full_window_partition()");
}

TEST(BuildJobGraph, EdgeHasTheBufferTimeoutOfItsSender) {
  StreamGraph graph{{node("in"), node("map", {forward(0)}), node("out", {rebalance(1)})}};
  graph.nodes[0].buffer_timeout_ms = 7;
  EXPECT_EQ(build_job_graph(graph, options())->edges[0].buffer_timeout_ms, std::nullopt);
  graph.nodes[1].buffer_timeout_ms = -1;
  EXPECT_EQ(build_job_graph(graph, options())->edges[0].buffer_timeout_ms, -1);
}

TEST(BuildJobGraph, UidsCanBeRequired) {
  StreamGraph graph{{node("in"), node("map", {forward(0)})}};
  graph.nodes[0].uid = "in";
  JobGraphOptions strict = options();
  strict.auto_generate_uids = false;
  EXPECT_EQ(build_job_graph(graph, strict).status().message(),
            "operator 'map' (the 1. of that name) has no uid, and pipeline.auto-generate-uids is "
            "false; call .uid(\"…\") on it");
}

TEST(BuildJobGraph, JobIsBoundedIfAllItsSourcesAre) {
  StreamGraph graph{{node("a"), node("b"), node("c", {forward(0), forward(1)})}};
  EXPECT_TRUE(build_job_graph(graph, options())->bounded);
  graph.nodes[0].bounded = false;
  EXPECT_FALSE(build_job_graph(graph, options())->bounded);
}

TEST(BuildJobGraph, OperatorsGetTheJobsSettings) {
  StreamGraph graph{{node("in")}};
  size_t seen = 0;
  graph.nodes[0].factory = [&seen](const OperatorSettings& settings) {
    seen = settings.batch_size;
    return std::unique_ptr<Operator>();
  };
  JobGraphOptions with_settings = options();
  with_settings.operators.batch_size = 77;
  build_job_graph(graph, with_settings)->vertices[0].chain[0].factory();
  EXPECT_EQ(seen, 77u);
}

TEST(BuildJobGraph, FingerprintCoversEverythingThatTwoProcessesMustAgreeOn) {
  const StreamGraph base{{node("in"), node("sum", {hash(0)})}};
  const auto of = [](const StreamGraph& graph, const JobGraphOptions& o) {
    return build_job_graph(graph, o)->fingerprint.to_hex();
  };
  const std::string original = of(base, options(2));
  EXPECT_EQ(original, of(base, options(2)));
  EXPECT_NE(original, of(base, options(3)));
  StreamGraph other = base;
  other.nodes[1].uid = "x";
  EXPECT_NE(original, of(other, options(2)));
  other = base;
  other.nodes[1].inputs[0].partitioning = Partitioning::kRebalance;
  EXPECT_NE(original, of(other, options(2)));
  other = base;
  other.nodes[1].max_parallelism = 64;
  EXPECT_NE(original, of(other, options(2)));
  other = base;
  other.nodes[1].inputs[0].input = 1;
  EXPECT_NE(original, of(other, options(2)));
  other = base;
  other.nodes[0].side_outputs = {{"late", typeid(int)}};
  const std::string with_side_output = of(other, options(2));
  EXPECT_NE(original, with_side_output);
  other.nodes[1].inputs[0].output = 1;
  EXPECT_NE(with_side_output, of(other, options(2)));
  JobGraphOptions renamed = options(2);
  renamed.name = "other";
  EXPECT_NE(original, of(base, renamed));
}

}  // namespace
}  // namespace weir::graph_tests
