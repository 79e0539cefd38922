#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cluster_events.h"
#include "weir/connector/source.h"
#include "weir/detail/base/check.h"

namespace weir::sim {

/// True when the watch operator of this process has seen a watermark.
using Watched = std::shared_ptr<bool>;

/// A source that is silent until it learns that event time advances without it, and falls silent
/// again between its records. If somebody waits for its watermark, the job never finishes. Its
/// records may be late for each other, and are newer than those of all other sources.
class SilentSource final : public Source<Event, EventRange> {
 public:
  SilentSource(WorkloadPlan plan, size_t index, Watched watched)
      : plan_(std::move(plan)), index_(index), watched_(std::move(watched)) {}

  StatusOr<std::vector<EventRange>> enumerate(FileSystemRegistry&, int) const override {
    std::vector<EventRange> splits;
    const SourcePlan& planned = plan_.sources[index_];
    for (int64_t next = 0; next < planned.count; next += planned.split_records)
      splits.push_back({next, std::min(next + planned.split_records, planned.count)});
    return splits;
  }
  std::unique_ptr<SourceReader<Event, EventRange>> create_reader() const override {
    return std::make_unique<Reader>(*this);
  }
  bool bounded() const override { return true; }

 private:
  class Reader final : public SourceReader<Event, EventRange> {
   public:
    explicit Reader(const SilentSource& source) : source_(source) {}

    void track_splits(SplitTracker& tracker) override { tracker_ = &tracker; }
    Status open(OperatorContext& context) override {
      context_ = &context;
      return {};
    }
    void add_splits(std::vector<EventRange> splits) override {
      for (const EventRange& split : splits) {
        tracker_->begin(name_of(split));
        ranges_.push_back(split);
      }
    }
    std::vector<EventRange> snapshot() override { return ranges_; }
    PollResult poll(BatchOf<Event>& out, size_t) override {
      for (const EventRange& range : ranges_) {
        if (range.next >= range.end) tracker_->end(name_of(range));
      }
      std::erase_if(ranges_, [](const EventRange& range) { return range.next >= range.end; });
      if (ranges_.empty()) return {PollResult::Status::kEnd};
      const int64_t now_ms = context_->processing_time_ms();
      const bool clock_went_back = now_ms < spoke_ms_;
      const int64_t speaks_ms = spoke_ms_ + 2 * source_.plan_.sources[source_.index_].idle_ms;
      // After a restore the others may have ended, and then nothing moves event time.
      const bool may_speak = *source_.watched_ || context_->restored_checkpoint() >= 0;
      if (!may_speak || (now_ms < speaks_ms && !clock_went_back))
        return {PollResult::Status::kNothingNow, now_ms + 7};
      EventRange& range = ranges_[turn_++ % ranges_.size()];
      tracker_->records_of(name_of(range));
      out.add(Event::of(event_of(source_.plan_, source_.index_, range.next++)));
      spoke_ms_ = now_ms;
      return {};
    }

   private:
    static std::string name_of(const EventRange& range) { return std::to_string(range.end); }

    const SilentSource& source_;
    SplitTracker* tracker_ = nullptr;
    OperatorContext* context_ = nullptr;
    std::vector<EventRange> ranges_;
    size_t turn_ = 0;
    int64_t spoke_ms_ = 0;
  };

  const WorkloadPlan plan_;
  const size_t index_;
  const Watched watched_;
};

/// Forwards records, and watches event time.
class Watch final : public Operator {
 public:
  explicit Watch(Watched watched) : watched_(std::move(watched)) {}
  Status open(OperatorContext&) override { return {}; }
  void process(Batch& batch, Output& out) override { out.emit(batch); }
  Progress advance_watermark(Timestamp watermark, Output&) override {
    WEIR_CHECK(watermark > watermark_);
    watermark_ = watermark;
    *watched_ = true;
    return Progress::kDone;
  }

 private:
  const Watched watched_;
  Timestamp watermark_ = kMinWatermark;
};

}  // namespace weir::sim
