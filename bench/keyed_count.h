#pragma once

#include <weir/weir.h>

#include <cstdint>

// The records and the work of the keyed count: every record has a key, and its result is the number
// of records with that key so far.

struct Event {
  uint64_t key = 0;
  WEIR_FIELDS(Event, key)
};
struct Count {
  uint64_t key = 0;
  int64_t count = 0;
  WEIR_FIELDS(Count, key, count)
};

/// The input: record i, the same for all contestants. SplitMix64's finalizer, so that neighbors are
/// unrelated.
inline uint64_t key_of(uint64_t i, uint64_t keys) {
  i = (i + 1) * 0x9E3779B97F4A7C15u;
  i = (i ^ (i >> 30)) * 0xBF58476D1CE4E5B9u;
  i = (i ^ (i >> 27)) * 0x94D049BB133111EBu;
  return (i ^ (i >> 31)) % keys;
}

/// The sum of all results' digests must be the same for all contestants.
inline uint64_t digest_of(uint64_t key, int64_t count) {
  return (key + 1) * static_cast<uint64_t>(count);
}

class CountPerKey final : public weir::KeyedProcessFunction<uint64_t, Event, Count> {
 public:
  void open(RuntimeContext& context) override {
    count_ = context.state(weir::ValueStateDescriptor<int64_t>("count"));
  }
  void process_element(const Event& event, Context&, weir::Collector<Count>& out) override {
    out.collect({event.key, ++count_.mutable_value()});
  }

 private:
  weir::ValueState<int64_t> count_;
};
