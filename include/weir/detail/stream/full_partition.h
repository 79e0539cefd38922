#pragma once

// Operators that process all records of a partition at the end of the input. A partition is what a
// subtask gets or, in a keyed stream, the records of a key. Its contents are one of:
//   AllRecords     all records, which a function gets at the end
//   Reduced        the reduction of all records
//   Aggregated     their accumulator
// Contents have these types and calls:
//   Stored         the value of a partition; a value without arguments is that of no records
//   Element        a part of it in operator state, which may move to another subtask
//   add(record, stored), save(stored, f), restore(element, stored)
//   emit(stored, collector)

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "weir/detail/stream/keyed_operators.h"
#include "weir/operator/collector.h"
#include "weir/operator/operator.h"
#include "weir/types/types.h"

namespace weir::detail {

/// `F`: f(std::vector<T>& records, Collector<Out>&). `kEmitsEmpty`: it is called without records,
/// too.
template <class T, class Out, class F, bool kCallsForNone>
class AllRecords {
 public:
  using Stored = std::vector<T>;
  using Element = T;
  using Output = Out;
  static constexpr bool kEmitsEmpty = kCallsForNone;

  explicit AllRecords(F f) : f_(std::move(f)) {}
  void add(const T& record, Stored& stored) { stored.push_back(record); }
  template <class Save>
  void save(const Stored& stored, Save save) const {
    for (const T& record : stored) save(record);
  }
  void restore(Element element, Stored& stored) { stored.push_back(std::move(element)); }
  void emit(Stored& stored, Collector<Out>& out) { f_(stored, out); }

 private:
  F f_;
};

/// `F`: T(T so_far, const T& record).
template <class T, class F>
class Reduced {
 public:
  using Stored = std::optional<T>;
  using Element = T;
  using Output = T;
  static constexpr bool kEmitsEmpty = false;

  explicit Reduced(F f) : f_(std::move(f)) {}
  void add(const T& record, Stored& stored) {
    if (stored) stored = std::invoke(f_, *std::move(stored), record);
    else stored = record;
  }
  template <class Save>
  void save(const Stored& stored, Save save) const {
    if (stored) save(*stored);
  }
  void restore(const Element& element, Stored& stored) { add(element, stored); }
  void emit(Stored& stored, Collector<T>& out) {
    if (stored) out.collect(*std::move(stored));
  }

 private:
  F f_;
};

template <class T, class A>
class Aggregated {
 public:
  using Element = typename A::Accumulator;
  using Stored = std::optional<Element>;
  using Output = std::remove_cvref_t<decltype(std::declval<const A&>().get_result(
      std::declval<const Element&>()))>;
  static constexpr bool kEmitsEmpty = true;

  explicit Aggregated(A function) : function_(std::move(function)) {}
  void add(const T& record, Stored& stored) {
    if (!stored) stored = function_.create_accumulator();
    function_.add(record, *stored);
  }
  template <class Save>
  void save(const Stored& stored, Save save) const {
    if (stored) save(*stored);
  }
  void restore(Element element, Stored& stored) {
    if (!stored) stored = std::move(element);
    else if constexpr (requires { function_.merge(element, *stored); })
      function_.merge(element, *stored);
  }
  void emit(Stored& stored, Collector<Output>& out) {
    if (!stored) stored = function_.create_accumulator();
    out.collect(function_.get_result(std::as_const(*stored)));
  }

 private:
  A function_;
};

/// The partition of a subtask. State: the list "partition" with the elements of the contents, and
/// the union list "ended", which has an element if a subtask has emitted its results. After it,
/// subtasks without records emit nothing, so that no restore repeats the result of no records.
template <class T, class Contents>
class PartitionOperator final : public Operator {
 public:
  using Out = typename Contents::Output;
  using Element = typename Contents::Element;

  explicit PartitionOperator(Contents contents) : contents_(std::move(contents)) {}

  Status open(OperatorContext& context) override {
    OperatorStateStore& state = context.operator_state();
    const auto ended =
        state.declare(kEnded, ListStateMode::kUnion, Serializer<int32_t>::describe());
    if (!ended.ok()) return ended.status();
    some_ended_ = !ended->empty();
    const auto saved =
        state.declare(kPartition, ListStateMode::kSplit, Serializer<Element>::describe());
    if (!saved.ok()) return saved.status();
    for (const std::string& bytes : *saved) {
      BinaryReader in(bytes);
      Element element{};
      Serializer<Element>::read(in, element);
      in.expect_end();
      if (!in.ok()) return in.status("the records of a partition");
      contents_.restore(std::move(element), stored_);
      empty_ = false;
    }
    return {};
  }
  void process(Batch& batch, weir::Output&) override {
    const auto& in = static_cast<const BatchOf<T>&>(batch);
    for (size_t i = 0; i < in.size(); ++i)
      contents_.add(static_cast<const T&>(in.records[i]), stored_);
    empty_ = empty_ && in.size() == 0;
  }
  /// Before the watermark that ends event time, so that the operators behind this one take the
  /// results for records in time.
  Progress advance_watermark(Timestamp watermark, weir::Output& out) override {
    if (watermark != kMaxWatermark || over_) return Progress::kDone;
    over_ = true;
    typename Contents::Stored stored = std::exchange(stored_, {});
    if (empty_ && (some_ended_ || !Contents::kEmitsEmpty)) return Progress::kDone;
    Collector<Out> collector(out, results_);
    contents_.emit(stored, collector);
    collector.flush();
    return Progress::kDone;
  }
  Status snapshot(SnapshotContext& context) override {
    std::vector<std::string> saved;
    contents_.save(stored_, [&](const Element& element) { saved.push_back(bytes_of(element)); });
    context.put_list(kPartition, std::move(saved));
    if (over_ || some_ended_) context.put_list(kEnded, {bytes_of(int32_t{1})});
    return {};
  }

 private:
  static constexpr const char* kPartition = "partition";
  static constexpr const char* kEnded = "ended";

  template <class E>
  static std::string bytes_of(const E& element) {
    BinaryWriter out;
    Serializer<E>::write(out, element);
    return out.take();
  }

  Contents contents_;
  typename Contents::Stored stored_{};
  bool empty_ = true;        ///< there was no record
  bool over_ = false;        ///< the results were emitted
  bool some_ended_ = false;  ///< those of a subtask were, before the restore
  BatchOf<Out> results_;     // empty between calls
};

/// The partition of a key. State: "partition", the contents.
template <class K, class T, class Contents>
class KeyPartition final : public KeyedProcessFunction<K, T, typename Contents::Output> {
 public:
  using Stored = typename Contents::Stored;
  using Out = typename Contents::Output;

  explicit KeyPartition(Contents contents) : contents_(std::move(contents)) {}
  void open(KeyedRuntimeContext<K>& context) override {
    stored_ = context.state(ValueStateDescriptor<Stored>{"partition"});
  }
  void process_element(const T& record, KeyedProcessContext<K>& context, Collector<Out>&) override {
    if (stored_.value() == nullptr)
      context.timer_service().register_event_time_timer(kMaxWatermark);
    contents_.add(record, stored_.mutable_value());
  }
  void on_timer(Timestamp, KeyedTimerContext<K>&, Collector<Out>& out) override {
    out.set_timestamp(kNoTimestamp);
    Stored stored = std::move(stored_.mutable_value());
    stored_.clear();
    contents_.emit(stored, out);
  }

 private:
  Contents contents_;
  ValueState<Stored> stored_;
};

}  // namespace weir::detail
