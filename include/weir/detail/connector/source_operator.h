#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "weir/connector/source.h"
#include "weir/detail/connector/split_times.h"
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
      : strategy_(std::move(strategy)), settings_(settings), reader_(std::move(reader)) {}

  Status open(OperatorContext& context) override {
    context_ = &context;
    if (reader_ == nullptr) return failed_precondition("the source's create_reader() gave none");
    if (strategy_.makes_event_time()) {
      times_.emplace(strategy_, settings_.auto_watermark_interval_ms, batch_);
      reader_->track_splits(*times_);
    } else {
      reader_->track_splits(nobody_);
    }
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

  PollResult poll(Output& out, EventTime* time) override {
    // While all splits are ahead of the other sources, the reader rests.
    PollResult result{PollResult::Status::kNothingNow};
    if (!times_ || !times_->ahead()) result = reader_->poll(batch_, settings_.batch_size);
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
      records_emitted_ += static_cast<int64_t>(batch_.records.size());
    }
    if (!times_) {
      if (!batch_.records.empty()) out.emit(batch_);
      return result;
    }
    times_->on_polled(result.status == PollResult::Status::kEnd);
    if (!batch_.records.empty()) out.emit(batch_);
    // Even without splits left, because more may follow later.
    const int64_t wake_at_ms =
        times_->advance(*context_, result.status == PollResult::Status::kEnd);
    *time = times_->time();
    if (strategy_.alignment()) pause_splits();
    if (result.status != PollResult::Status::kMore)
      result.wake_at_ms = std::min(result.wake_at_ms, wake_at_ms);
    return result;
  }

  int64_t records_emitted() const override { return records_emitted_; }

  std::optional<Timestamp> watermark_to_align() const override {
    if (times_->time().idle) return kMaxWatermark;
    if (times_->time().watermark == kMinWatermark) return std::nullopt;
    return times_->time().watermark;
  }
  void align_watermark(Timestamp max_allowed) override {
    times_->align(max_allowed);
    pause_splits();
  }

  Status snapshot(SnapshotContext& context) override {
    std::vector<std::string> elements;
    for (const std::string& split : reader_->snapshot()) {
      BinaryWriter out;
      out.put_bytes(split);
      elements.push_back(out.take());
    }
    context.put_list(kState, std::move(elements));
    reader_->checkpoint_taken(context.checkpoint_id());
    return {};
  }

  void checkpoint_completed(int64_t id) override {
    if (reader_) reader_->checkpoint_completed(id);
  }

  void close() override { reader_.reset(); }

 private:
  static constexpr const char* kState = "SourceReaderState";

  void pause_splits() {
    std::vector<std::string> pause, resume;
    times_->take_changes(&pause, &resume);
    if (!pause.empty() || !resume.empty()) reader_->pause_or_resume_splits(pause, resume);
  }

  class Nobody final : public SplitTracker {
    void begin(const std::string&) override {}
    void records_of(const std::string&) override {}
    void end(const std::string&) override {}
  };

  const WatermarkStrategy<T> strategy_;
  const OperatorSettings settings_;
  OperatorContext* context_ = nullptr;
  BatchOf<T> batch_;
  std::optional<SplitTimes<T>> times_;  ///< nothing: no watermarks and no status
  Nobody nobody_;
  std::unique_ptr<SourceReader<T>> reader_;
  int64_t records_emitted_ = 0;
};

}  // namespace weir::detail
