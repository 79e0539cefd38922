#pragma once

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cluster_events.h"
#include "weir/connector/source.h"
#include "weir/detail/connector/pacer.h"
#include "weir/types/bytes.h"

namespace weir::sim {

/// A source whose splits appear one after another while the job runs. All of them are found in the
/// end, so the job finishes.
class TrickleSource final : public Source<Event, EventRange> {
 public:
  TrickleSource(WorkloadPlan plan, size_t index, std::shared_ptr<Mishaps> mishaps)
      : plan_(std::move(plan)), index_(index), mishaps_(std::move(mishaps)) {
    rate_.set(plan_.sources[index].rate);
  }

  std::unique_ptr<SplitEnumerator<EventRange>> create_enumerator(int) const override {
    return std::make_unique<Enumerator>(*this);
  }
  std::unique_ptr<SourceReader<Event, EventRange>> create_reader() const override {
    return std::make_unique<Reader>(*this);
  }
  bool bounded() const override { return true; }

 private:
  const SourcePlan& planned() const { return plan_.sources[index_]; }

  class Enumerator final : public SplitEnumerator<EventRange> {
   public:
    explicit Enumerator(const TrickleSource& source) : source_(source) {}

    Status restore(std::string_view state) override {
      BinaryReader in(state);
      next_ = in.get_i64();
      return in.end("the state of the enumerator");
    }
    StatusOr<Discovery<EventRange>> discover(FileSystemRegistry&) override {
      const SourcePlan& planned = source_.planned();
      if (next_ > 0) throw_if_due(*source_.mishaps_, next_, Callback::kDiscover);
      Discovery<EventRange> found;
      for (int64_t i = 0; i < planned.splits_at_once && next_ < planned.count; ++i) {
        const int64_t end = std::min(next_ + planned.split_records, planned.count);
        found.splits.push_back({next_, end});
        next_ = end;
      }
      if (next_ < planned.count) found.again = std::chrono::milliseconds(planned.discover_ms);
      return found;
    }
    std::string snapshot() const override {
      BinaryWriter out;
      out.put_i64(next_);
      return out.take();
    }

   private:
    const TrickleSource& source_;
    int64_t next_ = 0;
  };

  class Reader final : public SourceReader<Event, EventRange> {
   public:
    explicit Reader(const TrickleSource& source) : source_(source), pacer_(source.rate_) {}

    Status open(OperatorContext& context) override {
      context_ = &context;
      pacer_.open(context.parallelism());
      return {};
    }
    void track_splits(SplitTracker& tracker) override { tracker_ = &tracker; }
    void add_splits(std::vector<EventRange> splits) override {
      for (const EventRange& split : splits) tracker_->begin(std::to_string(split.end));
      ranges_.insert(ranges_.end(), splits.begin(), splits.end());
      pacer_.set_reading(true);
    }
    std::vector<EventRange> snapshot() override { return ranges_; }
    PollResult poll(BatchOf<Event>& out, size_t max_records) override {
      for (const EventRange& range : ranges_) {
        if (range.next >= range.end) tracker_->end(std::to_string(range.end));
      }
      std::erase_if(ranges_, [](const EventRange& range) { return range.next >= range.end; });
      if (ranges_.empty()) {
        pacer_.set_reading(false);
        return {PollResult::Status::kEnd};
      }
      const int64_t now_ms = context_->processing_time_ms();
      const size_t allowed = pacer_.allowed(now_ms, max_records);
      if (allowed == 0) return {PollResult::Status::kNothingNow, pacer_.next_ms(now_ms)};
      // Event time ascends with the number.
      EventRange& range =
          *std::min_element(ranges_.begin(), ranges_.end(),
                            [](const auto& a, const auto& b) { return a.next < b.next; });
      tracker_->records_of(std::to_string(range.end));
      size_t emitted = 0;
      for (; emitted < allowed && range.next < range.end; ++emitted)
        out.add(Event::of(event_of(source_.plan_, source_.index_, range.next++)));
      pacer_.emitted(emitted);
      return {};
    }

   private:
    const TrickleSource& source_;
    SplitTracker* tracker_ = nullptr;
    OperatorContext* context_ = nullptr;
    detail::Pacer pacer_;
    std::vector<EventRange> ranges_;
  };

  const WorkloadPlan plan_;
  const size_t index_;
  const std::shared_ptr<Mishaps> mishaps_;
  detail::SourceRate rate_;
};

}  // namespace weir::sim
