#pragma once

#include <cstddef>
#include <functional>
#include <type_traits>
#include <utility>

#include "weir/detail/stream/function_states.h"
#include "weir/detail/types/held_bytes.h"
#include "weir/operator/collector.h"
#include "weir/operator/operator.h"

namespace weir::detail {

/// Calls a user's function with a record that is not used again. Moves the record if the function
/// accepts that.
template <class T, class F>
decltype(auto) call_with_record(F& f, StoredRecord<T>& record) {
  if constexpr (std::is_same_v<T, bool>) return std::invoke(f, static_cast<bool>(record));
  else if constexpr (std::is_invocable_v<F&, T&&>) return std::invoke(f, std::move(record));
  else return std::invoke(f, std::as_const(record));
}

template <class T, class F>
using ResultOfRecord =
    decltype(call_with_record<T>(std::declval<F&>(), std::declval<StoredRecord<T>&>()));

/// Makes one record from each record. A result keeps its record's timestamp.
template <class T, class Out, class F>
class MapOperator final : public Operator {
 public:
  explicit MapOperator(F f) : f_(std::move(f)) {}

  Status open(OperatorContext& context) override { return states_.open(f_, context); }
  Status snapshot(SnapshotContext& context) override {
    states_.snapshot(f_, context);
    return {};
  }
  void process(Batch& batch, Output& out) override {
    auto& in = static_cast<BatchOf<T>&>(batch);
    results_.records.reserve(in.records.size());
    size_t begin = 0, bytes = 0;
    for (size_t i = 0; i < in.records.size(); ++i) {
      results_.records.push_back(call_with_record<T>(f_, in.records[i]));
      if constexpr (!HeldBytes<Out>::kFixed) {
        bytes += HeldBytes<Out>::of(results_.records.back());
        if (bytes < kBatchBytes || i + 1 == in.records.size()) continue;
        emit_part(in, begin, i + 1, out);
        begin = i + 1;
        bytes = 0;
      }
    }
    if (begin > 0) return emit_part(in, begin, in.records.size(), out);
    results_.timestamps.swap(in.timestamps);
    out.emit(results_);
  }

 private:
  /// Large results don't wait for the rest of the batch.
  void emit_part(const BatchOf<T>& in, size_t begin, size_t end, Output& out) {
    if (!in.timestamps.empty()) {
      const auto first = in.timestamps.begin();
      results_.timestamps.assign(first + static_cast<std::ptrdiff_t>(begin),
                                 first + static_cast<std::ptrdiff_t>(end));
    }
    out.emit(results_);
  }

  F f_;
  [[no_unique_address]] FunctionStates<F> states_;
  BatchOf<Out> results_;  // empty between calls, to reuse its memory
};

/// Keeps some of the records, in place.
template <class T, class F>
class FilterOperator final : public Operator {
 public:
  explicit FilterOperator(F f) : f_(std::move(f)) {}

  Status open(OperatorContext& context) override { return states_.open(f_, context); }
  Status snapshot(SnapshotContext& context) override {
    states_.snapshot(f_, context);
    return {};
  }
  void process(Batch& batch, Output& out) override {
    auto& in = static_cast<BatchOf<T>&>(batch);
    const size_t count = in.records.size();
    const bool timed = !in.timestamps.empty();
    size_t kept = 0;
    for (size_t i = 0; i < count; ++i) {
      if (!std::invoke(f_, static_cast<const T&>(in.records[i]))) continue;
      if (kept != i) {
        in.records[kept] = std::move(in.records[i]);
        if (timed) in.timestamps[kept] = in.timestamps[i];
      }
      ++kept;
    }
    in.records.erase(in.records.begin() + static_cast<std::ptrdiff_t>(kept), in.records.end());
    if (timed) in.timestamps.resize(kept);
    in.key_hashes.clear();
    if (kept > 0) out.emit(in);
  }

 private:
  F f_;
  [[no_unique_address]] FunctionStates<F> states_;
};

/// Makes any number of records from each record. They have its timestamp, unless they are collected
/// with another.
template <class T, class Out, class F>
class FlatMapOperator final : public Operator {
 public:
  explicit FlatMapOperator(F f) : f_(std::move(f)) {}

  Status open(OperatorContext& context) override { return states_.open(f_, context); }
  Status snapshot(SnapshotContext& context) override {
    states_.snapshot(f_, context);
    return {};
  }
  void process(Batch& batch, Output& out) override {
    auto& in = static_cast<BatchOf<T>&>(batch);
    Collector<Out> collector(out, results_);
    for (size_t i = 0; i < in.records.size(); ++i) {
      collector.set_timestamp(in.timestamp(i));
      std::invoke(f_, static_cast<const T&>(in.records[i]), collector);
    }
    collector.flush();
  }

 private:
  F f_;
  [[no_unique_address]] FunctionStates<F> states_;
  BatchOf<Out> results_;  // empty between calls, to reuse its memory
};

}  // namespace weir::detail
