#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "weir/connector/source.h"
#include "weir/detail/stream/stream_graph.h"
#include "weir/time/watermark_strategy.h"
#include "weir/types/bytes.h"

namespace weir::detail {

/// The head of a chain: reads batches from a source's reader, sets their timestamps and emits
/// watermarks. State: the list "SourceReaderState", with an element for each unfinished split. An
/// element is an i32 length and the split's bytes, which Flink reads as byte[].
template <class T>
class SourceReaderOperator final : public SourceOperator {
 public:
  SourceReaderOperator(std::unique_ptr<SourceReader<T>> reader, WatermarkStrategy<T> strategy,
                       OperatorSettings settings)
      : reader_(std::move(reader)), strategy_(std::move(strategy)), settings_(settings) {}

  Status open(OperatorContext& context) override {
    context_ = &context;
    if (reader_ == nullptr) return failed_precondition("the source's create_reader() gave none");
    TypeDescription split;
    split.kind = TypeKind::kBytes;
    auto restored =
        context.operator_state().declare(kState, ListStateMode::kSplit, std::move(split));
    if (!restored.ok()) return restored.status();
    if (Status opened = reader_->open(context); !opened.ok()) return opened;
    std::vector<std::string> splits;
    for (const std::string& element : *restored) {
      BinaryReader in(element);
      splits.emplace_back(in.get_bytes());
      if (Status read = in.end("the state of source '" + context.operator_name() + "'"); !read.ok())
        return read;
    }
    if (!splits.empty()) reader_->add_splits(std::move(splits));
    return {};
  }

  void add_splits(std::vector<std::string> splits) override {
    reader_->add_splits(std::move(splits));
  }

  PollResult poll(Output& out, Timestamp* watermark) override {
    PollResult result = reader_->poll(batch_, settings_.batch_size);
    if (!batch_.records.empty()) {
      if (!batch_.timestamps.empty() && batch_.timestamps.size() != batch_.records.size()) {
        context_->fail(
            internal_error("the reader of source '" + context_->operator_name() + "' gave " +
                           std::to_string(batch_.timestamps.size()) + " timestamps for " +
                           std::to_string(batch_.records.size()) +
                           " records: add each record with BatchOf::add(record, timestamp)"));
        return {PollResult::Status::kNothingNow};
      }
      strategy_.assign(batch_);
      if (strategy_.emits_watermarks() && !batch_.timestamps.empty()) {
        newest_ = std::max(newest_,
                           *std::max_element(batch_.timestamps.begin(), batch_.timestamps.end()));
      }
      records_emitted_ += static_cast<int64_t>(batch_.records.size());
      out.emit(batch_);
    }
    // Even without splits left, because more may follow later.
    if (strategy_.emits_watermarks()) advance(&result, watermark);
    return result;
  }

  int64_t records_emitted() const override { return records_emitted_; }

  Status snapshot(SnapshotContext& context) override {
    std::vector<std::string> elements;
    for (const std::string& split : reader_->snapshot()) {
      BinaryWriter out;
      out.put_bytes(split);
      elements.push_back(out.take());
    }
    context.put_list(kState, std::move(elements));
    return {};
  }

  void close() override { reader_.reset(); }

 private:
  static constexpr const char* kState = "SourceReaderState";

  /// Sets `*watermark` if it is due. Otherwise, if the source has nothing now, requests a call when
  /// it will be due.
  void advance(PollResult* result, Timestamp* watermark) {
    const Timestamp now_possible = strategy_.watermark_after(newest_);
    if (now_possible <= emitted_) return;
    const int64_t now_ms = context_->processing_time_ms();
    const int64_t due_ms = saturating_add(emitted_at_ms_, settings_.auto_watermark_interval_ms);
    // If the wall clock goes back, event time must not stop.
    if (emitted_ == kMinWatermark || now_ms >= due_ms || now_ms < emitted_at_ms_) {
      emitted_ = now_possible;
      emitted_at_ms_ = now_ms;
      *watermark = now_possible;
    } else if (result->status != PollResult::Status::kMore) {
      result->wake_at_ms = std::min(result->wake_at_ms, due_ms);
    }
  }

  std::unique_ptr<SourceReader<T>> reader_;
  const WatermarkStrategy<T> strategy_;
  const OperatorSettings settings_;
  OperatorContext* context_ = nullptr;
  BatchOf<T> batch_;
  int64_t records_emitted_ = 0;
  Timestamp newest_ = kNoTimestamp;
  Timestamp emitted_ = kMinWatermark;
  int64_t emitted_at_ms_ = 0;
};

}  // namespace weir::detail
