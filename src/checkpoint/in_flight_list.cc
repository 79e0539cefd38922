#include "checkpoint/in_flight_list.h"

#include <array>
#include <charconv>
#include <numeric>

#include "base/bug_switch.h"
#include "base/strings.h"

namespace weir {
namespace {

constexpr std::string_view kPrefix = "weir.in-flight.";
constexpr std::array<std::string_view, 4> kRouteNames = {"fixed", "by-key", "by-partitioner",
                                                         "copied"};

std::vector<int> range(int first, int last) {
  std::vector<int> numbers(static_cast<size_t>(last - first + 1));
  std::iota(numbers.begin(), numbers.end(), first);
  return numbers;
}

}  // namespace

std::string in_flight_list_name(int input, InFlightRoute route) {
  return cat(kPrefix, input, '.', kRouteNames[static_cast<size_t>(route)]);
}

std::optional<InFlightList> in_flight_list(std::string_view name) {
  if (!name.starts_with(kPrefix)) return std::nullopt;
  const char* const begin = name.data() + kPrefix.size();
  const char* const end = name.data() + name.size();
  InFlightList list;
  const auto [rest, error] = std::from_chars(begin, end, list.input);
  if (error != std::errc() || rest == end || *rest != '.' || list.input < 0) return std::nullopt;
  const std::string_view route(rest + 1, static_cast<size_t>(end - rest - 1));
  for (size_t i = 0; i < kRouteNames.size(); ++i) {
    if (kRouteNames[i] != route) continue;
    list.route = static_cast<InFlightRoute>(i);
    return list;
  }
  return std::nullopt;
}

std::vector<int> in_flight_readers(InFlightRoute route, int old_subtask,
                                   const OperatorSnapshotState& state,
                                   const CheckpointedOperator& target) {
  const int parallelism = target.parallelism;
  switch (route) {
    case InFlightRoute::kFixed: return {old_subtask % parallelism};
    case InFlightRoute::kByKey: {
      if (state.max_parallelism != target.max_parallelism) return range(0, parallelism - 1);
      const int max = target.max_parallelism;
      const KeyGroupRange groups = key_groups_of_subtask(old_subtask, state.parallelism, max);
      if (groups.size() <= 0) return {};
      const int first = subtask_of_key_group(groups.first, parallelism, max);
      const int last = subtask_of_key_group(groups.last, parallelism, max);
      if (bug_enabled(Bug::kInFlightOfWrongKeyGroup)) return {first};
      return range(first, last);
    }
    case InFlightRoute::kByPartitioner:
      if (state.parallelism == parallelism) return {old_subtask};
      return range(0, parallelism - 1);
    case InFlightRoute::kCopied: {
      std::vector<int> copies;
      for (int i = 0; i < parallelism; ++i) {
        if (i % state.parallelism == old_subtask) copies.push_back(i);
      }
      return copies;
    }
  }
  return {};
}

}  // namespace weir
