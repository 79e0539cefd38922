#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rest/figures_of.h"

// Answers to `…/metrics?get=a,b&agg=max`. Pure.

namespace weir::rest {

/// "a,b" as a list. Empty: everything.
std::vector<std::string> listed(std::string_view names);

/// The subtasks that "1,3,5-9" chooses of `parallelism`; those that do not exist are left out.
/// Empty text: all. None: it is malformed.
std::optional<std::vector<int>> chosen_subtasks(std::string_view text, int parallelism);

/// The figures of a subtask by Flink's names: those of the engine, and those of its operators as
/// "operator.metric", where other characters than letters and digits are "_".
std::vector<NamedFigure> figures_of_subtask(const JobSnapshot& job, size_t vertex, int subtask);

/// Without `get`: the names; else the values.
Json metrics_json(const std::vector<NamedFigure>& figures, const std::vector<std::string>& get);
/// All subtasks of a vertex; names as "0.numRecordsIn".
Json vertex_metrics_json(const JobSnapshot& job, size_t vertex,
                         const std::vector<std::string>& get);
/// For each name, an aggregate of the values in `groups`.
Json aggregated_metrics_json(const std::vector<std::vector<NamedFigure>>& groups,
                             const std::vector<std::string>& get,
                             const std::vector<std::string>& aggregates);

}  // namespace weir::rest
