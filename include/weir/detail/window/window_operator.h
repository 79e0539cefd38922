#pragma once

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "weir/detail/stream/batch_keys.h"
#include "weir/detail/stream/stream_graph.h"
#include "weir/detail/stream/time_messages.h"
#include "weir/detail/types/show_value.h"
#include "weir/detail/window/late_records.h"
#include "weir/detail/window/window_contents.h"

namespace weir::detail {

/// Collects records by key and window. Emits each window when the watermark passes its last
/// timestamp, which its results have. Drops and counts records whose window was already emitted.
/// Records without a timestamp fail the task, or are dropped and counted. The keys of a window are
/// in no particular order.
template <class T, class KeySelector, class Assigner, class Kept, class Emit, class Out>
class WindowOperator final : public Operator {
 public:
  using K = KeyOf<T, KeySelector>;

  WindowOperator(KeySelector selector, Assigner assigner, Kept kept, Emit emit,
                 const OperatorSettings& settings)
      : keys_(std::move(selector)),
        assigner_(std::move(assigner)),
        kept_(std::move(kept)),
        emit_(std::move(emit)),
        drop_without_timestamp_(settings.drop_records_without_timestamp) {}

  /// Call before open(): sends late records to a side output, if somebody reads it.
  void send_late_to(OutputTag<T> tag) { late_.send_to(std::move(tag)); }

  Status open(OperatorContext& context) override {
    context_ = &context;
    late_.open(context);
    backend_ = std::make_unique<KeyedBackend<K>>(context);
    auto contents = std::make_unique<Contents>(backend_->tracker(), Kept::kKind);
    contents_ = contents.get();
    backend_->add(std::move(contents));
    backend_->add(std::make_unique<WindowTimers<K, Contents>>(backend_->tracker(), *contents_));
    emit_.open(context, *backend_, /*merging=*/false);
    return {};
  }
  KeyedState* keyed_state() override { return backend_.get(); }
  Status restored() override {
    contents_->restored();
    return {};
  }

  void process(Batch& batch, weir::Output&) override {
    const auto& in = static_cast<BatchOf<T>&>(batch);
    const size_t count = in.size();
    if (count == 0) return;
    backend_->collect_garbage(in.size());
    keys_.compute(in, backend_->places());
    if (!find_tables(in)) return;
    for (size_t i = 0; i < std::min(count, kPrefetchDistance); ++i) prefetch(i);
    for (size_t i = 0; i < count; ++i) {
      if (i + kPrefetchDistance < count) prefetch(i + kPrefetchDistance);
      if (tables_[i] == nullptr) continue;
      const T& record = in.records[i];
      auto found =
          tables_[i]->find_or_insert(keys_.place(i), keys_.key(i), [&] { return first_of(in, i); });
      if (!found.inserted) kept_.add(record, found.value);
    }
  }

  Progress advance_watermark(Timestamp watermark, weir::Output& out) override {
    watermark_ = watermark;
    contents_->drop_fired(watermark);
    backend_->collect_garbage();
    Collector<Out> collector(out, results_);
    size_t emitted = 0;
    const TimeWindow* due = contents_->due(watermark);
    while (due != nullptr && emitted < kKeysPerCall) {
      const WindowContext context{*due, watermark, context_->processing_time_ms()};
      collector.set_timestamp(due->max_timestamp());
      contents_->drain_some([&](const K& key, const typename Kept::Stored& stored) {
        emit_(kept_, key, context, stored, collector);
        emit_.clear(key, context);
        ++emitted;
      });
      due = contents_->due(watermark);
    }
    collector.flush();
    return due == nullptr ? Progress::kDone : Progress::kMore;
  }
  void close() override { emit_.close(); }

 private:
  using Contents = WindowContents<K, typename Kept::Stored, typename Kept::Entries>;
  using Table = typename Contents::Table;
  static constexpr size_t kKeysPerCall = 1024;

  /// Finds the table of each record's window, or null for a dropped record. Returns false if the
  /// task has failed.
  bool find_tables(const BatchOf<T>& in) {
    tables_.resize(in.size());
    TimeWindow window;  // contains no timestamp
    Table* table = nullptr;
    for (size_t i = 0; i < in.size(); ++i) {
      const Timestamp timestamp = in.timestamp(i);
      if (!window.contains(timestamp)) {
        if (timestamp == kNoTimestamp) {
          if (!drop_without_timestamp_) return fail_without_timestamp(in.records[i]);
          late_.without_timestamp();
          tables_[i] = nullptr;
          continue;
        }
        window = assigner_.window_of(timestamp);
        table = window.max_timestamp() <= watermark_ ? nullptr : &contents_->table_of(window);
      }
      tables_[i] = table;
      if (table == nullptr) late_.late(in.records[i], timestamp, watermark_);
    }
    late_.end_batch();
    return true;
  }
  /// The first value of a key in a window. After a restore, it continues the value of a window that
  /// had already fired.
  typename Kept::Stored first_of(const BatchOf<T>& in, size_t i) {
    const T& record = in.records[i];
    if (contents_->has_fired()) {
      if (auto fired = contents_->take_fired(assigner_.window_of(in.timestamps[i]), keys_.place(i),
                                             keys_.key(i))) {
        kept_.add(record, *fired);
        return *std::move(fired);
      }
    }
    return kept_.first(record);
  }
  bool fail_without_timestamp(const T& record) {
    context_->fail(record_without_timestamp(*context_, show_value(record)));
    return false;
  }
  __attribute__((always_inline)) void prefetch(size_t i) {
    if (tables_[i] != nullptr) tables_[i]->prefetch(keys_.place(i));
  }

  BatchKeys<T, KeySelector> keys_;
  const Assigner assigner_;
  const Kept kept_;
  Emit emit_;
  const bool drop_without_timestamp_;
  LateRecords<T> late_;
  OperatorContext* context_ = nullptr;
  std::unique_ptr<KeyedBackend<K>> backend_;
  Contents* contents_ = nullptr;
  std::vector<Table*> tables_;
  Timestamp watermark_ = kMinWatermark;
  BatchOf<Out> results_;  // empty between calls
};

}  // namespace weir::detail
