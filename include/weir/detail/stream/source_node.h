#pragma once

#include <exception>
#include <memory>
#include <string>
#include <utility>

#include "weir/connector/source.h"
#include "weir/detail/connector/source_operator.h"
#include "weir/detail/connector/split_codec.h"
#include "weir/detail/stream/stream_graph.h"
#include "weir/time/watermark_strategy.h"

namespace weir::detail {

/// Makes a node for a source. Adds errors of the source to the graph's problems.
template <class SourceT, class T = typename SourceT::Record>
StreamNode source_node(StreamGraph& graph, SourceT source, WatermarkStrategy<T> strategy,
                       std::string name) {
  if (name.empty()) graph.problems.push_back("from_source() is given an empty name");
  note_problem_of(graph, source);
  note_problem_of(graph, strategy);
  const auto shared = std::make_shared<const SourceT>(std::move(source));
  StreamNode node;
  node.name = std::move(name);
  try {
    node.bounded = shared->bounded();
    const bool timed = strategy.assigns_timestamps() || shared->has_timestamps();
    node.timestamps = timed ? StreamNode::Timestamps::kGiven : StreamNode::Timestamps::kNone;
  } catch (const std::exception& e) {
    graph.problems.push_back(
        "source '" + node.name +
        "' threw when it was asked whether it is bounded or has timestamps: " + e.what());
  }
  node.make_enumerator = enumerator_factory(shared);
  node.alignment = strategy.alignment();
  node.factory = [shared,
                  strategy = std::make_shared<const WatermarkStrategy<T>>(std::move(strategy))](
                     const OperatorSettings& settings) -> std::unique_ptr<Operator> {
    return std::make_unique<SourceReaderOperator<T>>(untyped(shared->create_reader()), *strategy,
                                                     settings);
  };
  return node;
}

}  // namespace weir::detail
