#pragma once

#include <memory>
#include <string>

#include "cluster_job.h"
#include "weir/stream/data_stream.h"
#include "weir/types/fields.h"

namespace weir::sim {

/// A planned event, as a record of the engine.
struct Event {
  int64_t id = 0;
  int64_t key = 0;
  int64_t value = 0;
  int64_t time = 0;
  WEIR_FIELDS(Event, id, key, value, time)

  static Event of(const PlannedEvent& e) { return {e.id, e.key, e.value, e.time}; }
  PlannedEvent planned() const { return {id, key, value, time}; }
};

/// A range of a source's records.
struct EventRange {
  int64_t next = 0;
  int64_t end = 0;
  WEIR_FIELDS(EventRange, next, end)
};

/// Throws if a user function is planned to fail at this record, and marks the failure as done.
void throw_if_due(Mishaps& mishaps, int64_t id, Callback at = Callback::kLast);
/// The mishaps of the current run, for serializers, which belong to no operator. Only one run
/// exists at a time.
std::shared_ptr<Mishaps>& mishaps_of_serializers();
/// The key selector. A class, so that it can throw.
struct KeyOfEvent {
  std::shared_ptr<Mishaps> mishaps;
  int64_t operator()(const Event& event) const {
    throw_if_due(*mishaps, event.id, Callback::kKey);
    return event.key;
  }
};
/// A step that keeps state by another key and forwards its records.
DataStream<Event> add_keyed_step(const DataStream<Event>& events, const std::string& uid,
                                 std::shared_ptr<Mishaps> mishaps);

/// A step that splits the records into two streams and joins them again. `rebalance`: one of the
/// streams makes a detour.
DataStream<Event> add_join_step(const DataStream<Event>& events, const std::string& uid,
                                bool rebalance, std::shared_ptr<Mishaps> mishaps);

/// A step that sends its records along two ways; see StepKind::kAnnounced and those after it.
DataStream<Event> add_pairing_step(const DataStream<Event>& events, const WorkloadPlan& plan,
                                   size_t index, const std::string& uid,
                                   std::shared_ptr<Mishaps> mishaps);

/// The endings that keep state by key. They write a line for each result.
DataStream<std::string> add_keyed_ending(const DataStream<Event>& events, const WorkloadPlan& plan,
                                         std::shared_ptr<Mishaps> mishaps);

}  // namespace weir::sim
