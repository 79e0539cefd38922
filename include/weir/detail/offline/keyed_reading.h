#pragma once

// Reads the keyed state of an operator with the states that a function declares.

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "weir/detail/offline/offline_operator.h"
#include "weir/detail/state/keyed_backend.h"
#include "weir/detail/state/timers.h"
#include "weir/function/function_context.h"
#include "weir/operator/collector.h"

namespace weir {

/// The context of a call for a key.
class KeyedStateReaderContext {
 public:
  using Timers = std::vector<Timestamp>;
  KeyedStateReaderContext(Timers event, Timers processing)
      : event_(std::move(event)), processing_(std::move(processing)) {}

  /// The timers of the key, the earliest first.
  const Timers& registered_event_time_timers() const { return event_; }
  const Timers& registered_processing_time_timers() const { return processing_; }

 private:
  const Timers event_;
  const Timers processing_;
};

/// Reads the keyed state of an operator, key by key. It may declare any of the operator's states.
/// It is copied for each part of the state.
template <class K, class Out>
class KeyedStateReaderFunction {
 public:
  using Key = K;
  using Output = Out;
  using RuntimeContext = KeyedRuntimeContext<K>;
  using Context = KeyedStateReaderContext;

  virtual ~KeyedStateReaderFunction() = default;
  /// Declare the states to read here, with the descriptors of the job.
  virtual void open(RuntimeContext& context) = 0;
  /// Called once for each key that has a value in one of these states, or a timer.
  virtual void read_key(const K& key, Context& context, Collector<Out>& out) = 0;
  virtual void close() {}
};

namespace detail {

/// The timers of an operator, by serialized key.
template <class K>
class TimersByKey {
 public:
  TimersByKey(const char* name, KeyedBackend<K>& backend) {
    auto timers = std::make_unique<TimerSet<K>>(name, backend.tracker());
    timers_ = timers.get();
    backend.add(std::move(timers));
  }
  /// After the restore.
  void collect(std::map<std::string, K>* keys) {
    timers_->for_each([&](Timestamp timestamp, const K& key) {
      std::string bytes = bytes_of(key);
      by_key_[bytes].push_back(timestamp);
      keys->try_emplace(std::move(bytes), key);
    });
    for (auto& [key, timers] : by_key_) std::sort(timers.begin(), timers.end());
  }
  std::vector<Timestamp> of(const std::string& key) const {
    const auto found = by_key_.find(key);
    return found == by_key_.end() ? std::vector<Timestamp>() : found->second;
  }
  static std::string bytes_of(const K& key) {
    BinaryWriter out;
    Serializer<K>::write(out, key);
    return out.take();
  }

 private:
  TimerSet<K>* timers_ = nullptr;
  std::map<std::string, std::vector<Timestamp>> by_key_;
};

/// Passes records on to `emit`.
template <class T, class Emit>
class EmitRecords final : public Output {
 public:
  explicit EmitRecords(Emit& emit) : emit_(emit) {}
  void emit(Batch& batch) override {
    auto& typed = static_cast<BatchOf<T>&>(batch);
    for (auto& record : typed.records) emit_(T(std::move(record)));
    typed.clear();
  }

 private:
  Emit& emit_;
};

/// Restores a part of an operator's keyed state. States that it does not have are skipped.
using RestorePart = std::function<Status(KeyGroupRange groups, KeyedState& into)>;

template <class Fn, class Emit>
Status read_keyed_part(const OfflinePart& part, Fn fn, const RestorePart& restore, Emit& emit) {
  using K = typename Fn::Key;
  OfflineContext context(part);
  KeyedBackend<K> backend(context);
  KeyedRuntimeContext<K> runtime(context, backend);
  fn.Fn::open(runtime);
  std::map<std::string, K> keys;
  TimersByKey<K> event("_timer_state/event_user-timers", backend);
  TimersByKey<K> processing("_timer_state/processing_user-timers", backend);
  if (Status status = restore(context.key_groups(), backend); !status.ok()) return status;
  backend.for_each_state([&](NamedState& state) {
    auto* entries = dynamic_cast<KeyedEntries<K>*>(&state);
    if (entries == nullptr) return;
    for (K& key : entries->keys()) keys.try_emplace(TimersByKey<K>::bytes_of(key), std::move(key));
  });
  event.collect(&keys);
  processing.collect(&keys);
  EmitRecords<typename Fn::Output, Emit> out(emit);
  BatchOf<typename Fn::Output> buffer;
  Collector<typename Fn::Output> collector(out, buffer);
  for (const auto& [bytes, key] : keys) {
    backend.set_current_key(key, backend.places().place(Serializer<K>::hash(key), table_hash(key)));
    KeyedStateReaderContext of_key(event.of(bytes), processing.of(bytes));
    fn.Fn::read_key(key, of_key, collector);
  }
  collector.flush();
  backend.clear_current_key();
  fn.Fn::close();
  return {};
}

}  // namespace detail
}  // namespace weir
