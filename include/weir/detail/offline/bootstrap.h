#pragma once

// Makes the state of an operator from records.

#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "weir/detail/stream/keyed_operators.h"
#include "weir/detail/stream/process_operators.h"
#include "weir/function/functions.h"

namespace weir {

/// A function whose only purpose is to fill keyed state and register timers. Any other
/// KeyedProcessFunction may be used instead, such as that of the job itself: its results are
/// dropped, and its timers do not fire.
template <class K, class T>
using KeyedStateBootstrapFunction = KeyedProcessFunction<K, T, std::monostate>;
/// The same for operator state: also derive from CheckpointedFunction.
template <class T>
using StateBootstrapFunction = ProcessFunction<T, std::monostate>;

/// An operator and the records that make its state. Used by SavepointWriter::with_operator().
struct StateBootstrap {
  std::function<std::unique_ptr<Operator>()> make;
  /// Makes the next batch of records; null: there are no more. Called from the start for each
  /// write.
  std::function<std::function<std::unique_ptr<Batch>()>()> records;
};

namespace detail {

inline constexpr size_t kBootstrapBatch = 1024;

/// Returns the next record, or nothing at the end.
template <class T>
using NextRecord = std::function<std::optional<T>()>;

template <class T>
std::function<std::unique_ptr<Batch>()> batches_of(NextRecord<T> next) {
  return [next = std::move(next)]() -> std::unique_ptr<Batch> {
    auto batch = std::make_unique<BatchOf<T>>();
    while (batch->size() < kBootstrapBatch) {
      std::optional<T> record = next();
      if (!record) break;
      batch->add(*std::move(record), kNoTimestamp);
    }
    if (batch->empty()) return nullptr;
    return batch;
  };
}

}  // namespace detail

/// Records with a key; see bootstrap_with().
template <class T, class KeySelector>
class KeyedBootstrap {
 public:
  KeyedBootstrap(std::function<detail::NextRecord<T>()> records, KeySelector selector)
      : records_(std::move(records)), selector_(std::move(selector)) {}

  /// `fn`: a KeyedStateBootstrapFunction<K, T> or another KeyedProcessFunction. It is copied.
  template <class Fn>
  StateBootstrap transform(Fn fn) const {
    using Op = detail::KeyedProcessOperator<Fn, T, KeySelector>;
    return {[selector = selector_, fn] { return std::make_unique<Op>(selector, fn); },
            [records = records_] { return detail::batches_of<T>(records()); }};
  }

 private:
  std::function<detail::NextRecord<T>()> records_;
  KeySelector selector_;
};

/// Records; see bootstrap_with().
template <class T>
class Bootstrap {
 public:
  explicit Bootstrap(std::function<detail::NextRecord<T>()> records)
      : records_(std::move(records)) {}

  /// As DataStream::key_by().
  template <class KeySelector>
  KeyedBootstrap<T, KeySelector> key_by(KeySelector selector) const {
    return {records_, std::move(selector)};
  }
  /// `fn`: a ProcessFunction that is a CheckpointedFunction. It is copied.
  template <class Fn>
  StateBootstrap transform(Fn fn) const {
    using Op = detail::ProcessOperator<Fn>;
    return {[fn] { return std::make_unique<Op>(fn); },
            [records = records_] { return detail::batches_of<T>(records()); }};
  }

 private:
  std::function<detail::NextRecord<T>()> records_;
};

/// The records from which the state of an operator is made.
template <class T>
Bootstrap<T> bootstrap_with(std::vector<T> records) {
  auto all = std::make_shared<const std::vector<T>>(std::move(records));
  return Bootstrap<T>([all]() -> detail::NextRecord<T> {
    return [all, at = size_t{0}]() mutable -> std::optional<T> {
      if (at == all->size()) return std::nullopt;
      return (*all)[at++];
    };
  });
}
/// The same for records that do not fit into memory. `open` returns a function that returns one
/// record after another, and nothing at the end.
template <class T>
Bootstrap<T> bootstrap_from(std::function<std::function<std::optional<T>()>()> open) {
  return Bootstrap<T>(std::move(open));
}

}  // namespace weir
