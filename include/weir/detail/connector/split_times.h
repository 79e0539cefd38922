#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "weir/connector/source.h"
#include "weir/detail/base/saturating.h"
#include "weir/detail/time/batch_watermarks.h"
#include "weir/detail/time/combined_time.h"
#include "weir/time/watermark_strategy.h"

namespace weir::detail {

/// The event time of a source's subtask: the minimum of its splits, without those that are idle or
/// have ended (CombinedTime). Records that the reader gives to no split, and a subtask without
/// splits, count as one split. Thread: the subtask's. Invariant: the watermark never goes back,
/// also when a split begins whose records are older.
template <class T>
class SplitTimes final : public SplitTracker {
 public:
  /// Both outlive this. `batch`: the reader appends its records there.
  SplitTimes(const WatermarkStrategy<T>& strategy, int64_t interval_ms, const BatchOf<T>& batch)
      : strategy_(strategy),
        interval_ms_(interval_ms),
        batch_(batch),
        rest_(std::make_unique<Split>("", *this)),
        needs_clock_(rest_->generator->needs_clock()),
        reading_(rest_.get()) {}

  void begin(const std::string& id) override {
    Split& split = find_or_add(id);
    split.quiet_ms = 0;
    split.timed_out = false;
    changed_ = true;
  }
  void records_of(const std::string& id) override {
    parts_.push_back({batch_.records.size(), &find_or_add(id)});
  }
  /// Takes effect in on_polled(), after the split's last records.
  void end(const std::string& id) override {
    if (Split* const split = find(id)) split->ending = true;
  }

  /// Call it after each poll of the reader, when the records have their timestamps. `at_end`: all
  /// splits have been read, whether the reader has ended each or not.
  void on_polled(bool at_end = false) {
    size_t first = 0;
    for (const Part& part : parts_) {
      take_note(first, part.first);
      first = part.first;
      reading_ = part.split;
    }
    parts_.clear();
    take_note(first, batch_.records.size());
    for (const auto& split : splits_) split->ending = split->ending || at_end;
    end_splits();
  }

  /// Lets the generators emit and looks for idle splits, if the interval has passed or all splits
  /// have been read. Returns when to call it again even without records (wall clock, ms);
  /// INT64_MAX: never.
  int64_t advance(const OperatorContext& context, bool at_end = false) {
    if (!new_records_ && !changed_ && !needs_clock_ && strategy_.idleness_ms() == 0)
      return INT64_MAX;
    const int64_t now_ms = context.processing_time_ms();
    if (due(now_ms) || (at_end && new_records_)) tick(now_ms, context.active_ms());
    if (std::exchange(changed_, false)) combine();
    return next_tick();
  }
  const EventTime& time() const { return time_; }

  /// Watermark alignment: a split above this is ahead, and its idle time does not pass.
  void align(Timestamp max_allowed) { max_allowed_ = max_allowed; }
  /// True if no split may be read now.
  bool ahead() const { return time_.watermark > max_allowed_ && !time_.idle; }
  /// Fills in the ids of the splits that are ahead and were not, and of those that no longer are.
  void take_changes(std::vector<std::string>* pause, std::vector<std::string>* resume) {
    for (const auto& split : splits_) {
      const bool ahead = is_ahead(*split);
      if (ahead != std::exchange(split->paused, ahead))
        (ahead ? pause : resume)->push_back(split->id);
    }
  }

 private:
  struct Split final : WatermarkOutput {
    Split(std::string name, SplitTimes& owner)
        : id(std::move(name)), times(owner), generator(owner.strategy_.make_generator()) {}
    void emit_watermark(Timestamp watermark) override {
      // The maximum watermark is that of the end.
      time.watermark = std::max(time.watermark, std::min(watermark, kMaxWatermark - 1));
      mark_active();
    }
    void mark_idle() override {
      time.idle = true;
      times.changed_ = true;
    }
    void mark_active() override {
      time.idle = false;
      times.changed_ = true;
    }

    const std::string id;
    SplitTimes& times;
    const std::unique_ptr<BatchWatermarks<T>> generator;
    EventTime time;           ///< as the generator says
    bool new_records = true;  ///< since the last tick; also if the split has just begun
    int64_t quiet_ms = 0;     ///< time without records, at the last tick
    bool timed_out = false;   ///< idle because of that
    bool paused = false;      ///< the reader knows that it is ahead
    bool ending = false;
  };
  /// The records from this one on, to the next part's, are of this split.
  struct Part {
    size_t first = 0;
    Split* split = nullptr;
  };

  /// Not a split that is ending: another one may have the same name.
  Split* find(const std::string& id) {
    for (const auto& split : splits_) {
      if (split->id == id && !split->ending) return split.get();
    }
    return nullptr;
  }
  Split& find_or_add(const std::string& id) {
    if (Split* const split = find(id)) return *split;
    splits_.push_back(std::make_unique<Split>(id, *this));
    changed_ = true;
    return *splits_.back();
  }

  /// Gives the records from `first` to before `last` to the split that is being read.
  void take_note(size_t first, size_t last) {
    if (first == last) return;
    Split& split = *reading_;
    split.generator->on_records(batch_, first, last, split);
    split.new_records = true;
    new_records_ = true;
    rest_used_ = rest_used_ || &split == rest_.get();
    if (std::exchange(split.timed_out, false)) changed_ = true;
  }

  /// The watermark of a split counts up to its end.
  void end_splits() {
    if (std::none_of(splits_.begin(), splits_.end(), [](const auto& s) { return s->ending; }))
      return;
    for (const auto& split : splits_) {
      if (!split->ending) continue;
      split->generator->on_periodic_emit(*split);
      if (reading_ == split.get()) reading_ = rest_.get();
    }
    combine();
    std::erase_if(splits_, [](const auto& split) { return split->ending; });
    if (splits_.empty()) rest_->new_records = true;  // its idle time begins now
    changed_ = true;
  }

  bool is_ahead(const Split& split) const { return split.time.watermark > max_allowed_; }

  template <class F>
  void for_each(F f) {
    for (const auto& split : splits_) f(*split);
    if (splits_.empty() || rest_used_) f(*rest_);
  }

  bool due(int64_t now_ms) const {
    // The first watermark is not delayed. If the wall clock goes back, event time must not stop.
    return !ticked_ || (time_.watermark == kMinWatermark && new_records_ && !needs_clock_) ||
           now_ms >= saturating_add(ticked_at_ms_, interval_ms_) || now_ms < ticked_at_ms_;
  }
  void tick(int64_t now_ms, int64_t active_ms) {
    const int64_t passed_ms = ticked_ ? std::max<int64_t>(0, active_ms - active_ms_) : 0;
    ticked_ = true;
    ticked_at_ms_ = now_ms;
    active_ms_ = active_ms;
    new_records_ = false;
    for_each([&](Split& split) {
      const bool quiet = !std::exchange(split.new_records, false);
      if (!quiet) split.quiet_ms = 0;
      else if (!is_ahead(split) && !ahead())
        split.quiet_ms = saturating_add(split.quiet_ms, passed_ms);
      const int64_t idleness_ms = strategy_.idleness_ms();
      split.timed_out = idleness_ms > 0 && split.quiet_ms >= idleness_ms;
      if (!split.timed_out) split.generator->on_periodic_emit(split);
    });
    changed_ = true;
  }
  int64_t next_tick() {
    int64_t wait_ms = new_records_ || (needs_clock_ && interval_ms_ > 0) ? interval_ms_ : INT64_MAX;
    if (const int64_t idleness_ms = strategy_.idleness_ms(); idleness_ms > 0) {
      for_each([&](const Split& split) {
        if (!split.timed_out)
          wait_ms = std::min(wait_ms, std::max(interval_ms_, idleness_ms - split.quiet_ms));
      });
    }
    return saturating_add(ticked_at_ms_, wait_ms);
  }

  void combine() {
    CombinedTime combined;
    for_each([&](const Split& split) {
      const Timestamp watermark = split.time.watermark;
      combined.add({{watermark, split.time.idle || split.timed_out}, watermark});
    });
    time_ = combined.after(time_);
  }

  const WatermarkStrategy<T>& strategy_;
  const int64_t interval_ms_;
  const BatchOf<T>& batch_;
  std::vector<std::unique_ptr<Split>> splits_;  ///< those that are being read
  const std::unique_ptr<Split> rest_;  ///< records of no split, or a subtask without splits
  bool rest_used_ = false;             ///< it has had records
  const bool needs_clock_;
  std::vector<Part> parts_;   ///< of the batch
  Split* reading_ = nullptr;  ///< the split of the records before the first part
  bool changed_ = true;       ///< since the last combine()
  bool new_records_ = false;  ///< since the last tick
  bool ticked_ = false;
  int64_t ticked_at_ms_ = 0;
  int64_t active_ms_ = 0;  ///< OperatorContext::active_ms() at the last tick
  Timestamp max_allowed_ = kMaxWatermark;
  EventTime time_;
};

}  // namespace weir::detail
