#include "cluster/job_master/split_assigner.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "runtime/user_code.h"

namespace weir {
namespace {

using std::chrono::milliseconds;

/// After a restore the interval is not known until the first discovery.
constexpr MonotonicTime kFirstRetry = std::chrono::seconds(1);

MonotonicTime interval_of(milliseconds again) { return std::max(again, milliseconds(1)); }

}  // namespace

void SplitAssigner::begin(AttemptId attempt, const SourceSplits& start) {
  sources_.clear();
  for (size_t v = 0; v < start.on_request.size(); ++v) {
    const auto& from = start.on_request[v];
    if (!from) continue;
    Source source;
    source.attempt = attempt;
    source.vertex = static_cast<int32_t>(v);
    source.state = from->state.state;
    source.unassigned.assign(from->state.unassigned.begin(), from->state.unassigned.end());
    source.all_found = from->state.all_found;
    source.at_once = from->at_once;
    source.interval = from->again ? interval_of(*from->again) : kFirstRetry;
    if (!source.all_found)
      source.due = clock_.now() + (from->again ? source.interval : MonotonicTime(0));
    assign(sources_.emplace_back(std::move(source)));
  }
}

MonotonicTime SplitAssigner::poll(MonotonicTime now) {
  MonotonicTime next = MonotonicTime::max();
  for (Source& source : sources_) {
    if (source.due && now >= *source.due) discover(source);
    if (source.due) next = std::min(next, *source.due);
  }
  return next;
}

StatusOr<SplitAssigner::Found> SplitAssigner::discover_blocking(
    const JobVertex& vertex, std::shared_ptr<Enumerator> enumerator, const std::string& state,
    FileSystemRegistry& files) {
  const JobOperator& op = vertex.chain[0];
  return call_user_code(cat("source '", op.name, "'"), [&]() -> StatusOr<Found> {
    if (enumerator == nullptr) {
      enumerator = op.make_enumerator(vertex.parallelism);
      WEIR_RETURN_IF_ERROR(enumerator->restore(state));
    }
    WEIR_ASSIGN_OR_RETURN(Discovery<std::string> discovery, enumerator->discover(files));
    std::string after = enumerator->snapshot();
    const bool at_once = enumerator->assigns_at_once();
    return Found{std::move(discovery), std::move(after), at_once, std::move(enumerator)};
  });
}

void SplitAssigner::discover(Source& source) {
  source.due.reset();
  const JobVertex& vertex = graph_.vertices[static_cast<size_t>(source.vertex)];
  host_.run_enumerator(
      cat("enumerator ", vertex.chain[0].uid),
      [this, attempt = source.attempt, v = source.vertex, &vertex, &files = files_,
       enumerator = std::move(source.enumerator), state = source.state] {
        auto found =
            std::make_shared<StatusOr<Found>>(discover_blocking(vertex, enumerator, state, files));
        return [this, attempt, v, found] { on_discovered(attempt, v, std::move(*found)); };
      });
  source.enumerator.reset();
}

void SplitAssigner::on_discovered(AttemptId attempt, int32_t vertex, StatusOr<Found> found) {
  Source* const source = find(attempt, vertex);
  if (source == nullptr) return;
  if (found.status().code() == StatusCode::kUnavailable) {
    WEIR_LOG(kWarning) << "no new splits can be found now, and it is tried again in "
                       << whole_ms(source->interval) << " ms: " << found.status().message();
    source->due = clock_.now() + source->interval;
    return;
  }
  if (!found.ok()) return host_.on_enumerator_failed(found.status());
  for (std::string& split : found->discovery.splits) source->unassigned.push_back(std::move(split));
  source->state = std::move(found->state);
  source->at_once = found->at_once;
  source->enumerator = std::move(found->enumerator);
  source->all_found = !found->discovery.again;
  if (!source->all_found) {
    source->interval = interval_of(*found->discovery.again);
    source->due = clock_.now() + source->interval;
  }
  assign(*source);
}

void SplitAssigner::on_request(const RequestSplit& message) {
  Source* const source = find(message.attempt, message.vertex);
  if (source == nullptr) return;
  source->waiting.push_back(message.subtask);
  assign(*source);
}

void SplitAssigner::assign(Source& source) {
  while (source.at_once && !source.unassigned.empty()) {
    const int32_t subtask = source.next_subtask++ % host_.parallelism_of(source.vertex);
    std::string split = std::move(source.unassigned.front());
    source.unassigned.pop_front();
    send(source, subtask, {std::move(split)});
  }
  while (!source.waiting.empty() && (!source.unassigned.empty() || source.all_found)) {
    const int32_t subtask = source.waiting.front();
    source.waiting.pop_front();
    std::vector<std::string> splits;
    if (!source.unassigned.empty()) {
      splits.push_back(std::move(source.unassigned.front()));
      source.unassigned.pop_front();
    }
    send(source, subtask, std::move(splits));
  }
}

void SplitAssigner::send(const Source& source, int32_t subtask, std::vector<std::string> splits) {
  const bool more_follow = !source.all_found || !source.unassigned.empty();
  host_.send_splits(
      AssignSplits{source.attempt, {source.vertex, subtask, std::move(splits), more_follow}});
}

std::map<OperatorId, std::string> SplitAssigner::states() const {
  std::map<OperatorId, std::string> states;
  for (const Source& source : sources_) {
    const JobVertex& vertex = graph_.vertices[static_cast<size_t>(source.vertex)];
    states.emplace(vertex.chain[0].id,
                   encode_enumerator_state({source.state,
                                            {source.unassigned.begin(), source.unassigned.end()},
                                            source.all_found}));
  }
  return states;
}

SplitAssigner::Source* SplitAssigner::find(AttemptId attempt, int32_t vertex) {
  const auto found = std::find_if(sources_.begin(), sources_.end(), [&](const Source& source) {
    return source.attempt == attempt && source.vertex == vertex;
  });
  return found == sources_.end() ? nullptr : &*found;
}

}  // namespace weir
