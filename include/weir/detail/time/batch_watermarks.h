#pragma once

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <utility>

#include "weir/detail/base/saturating.h"
#include "weir/operator/batch.h"
#include "weir/time/watermark_generator.h"

namespace weir::detail {

/// A watermark generator that is called once for many records of a split. Thread: the subtask's.
template <class T>
class BatchWatermarks {
 public:
  virtual ~BatchWatermarks() = default;
  /// Takes note of the records from `first` to before `last`.
  virtual void on_records(const BatchOf<T>& batch, size_t first, size_t last,
                          WatermarkOutput& out) = 0;
  virtual void on_periodic_emit(WatermarkOutput& out) = 0;
  /// True if on_periodic_emit() must be called although no record has come.
  virtual bool needs_clock() const = 0;
};

/// The watermark is the maximum timestamp so far minus a bound, minus 1.
template <class T>
class BoundedOutOfOrderness final : public BatchWatermarks<T> {
 public:
  explicit BoundedOutOfOrderness(int64_t bound_ms) : bound_ms_(bound_ms) {}

  void on_records(const BatchOf<T>& batch, size_t first, size_t last, WatermarkOutput&) override {
    if (batch.timestamps.empty()) return;
    const auto begin = batch.timestamps.begin();
    newest_ = std::max(newest_, *std::max_element(begin + static_cast<std::ptrdiff_t>(first),
                                                  begin + static_cast<std::ptrdiff_t>(last)));
  }
  void on_periodic_emit(WatermarkOutput& out) override {
    const Timestamp watermark = saturating_sub(saturating_sub(newest_, bound_ms_), 1);
    if (watermark > kMinWatermark) out.emit_watermark(watermark);
  }
  bool needs_clock() const override { return false; }

 private:
  const int64_t bound_ms_;
  Timestamp newest_ = kNoTimestamp;
};

template <class T>
class NoWatermarkAtAll final : public BatchWatermarks<T> {
 public:
  void on_records(const BatchOf<T>&, size_t, size_t, WatermarkOutput&) override {}
  void on_periodic_emit(WatermarkOutput&) override {}
  bool needs_clock() const override { return false; }
};

/// A generator of the program.
template <class T>
class CustomWatermarks final : public BatchWatermarks<T> {
 public:
  explicit CustomWatermarks(std::unique_ptr<WatermarkGenerator<T>> generator)
      : generator_(std::move(generator)) {
    if (generator_ == nullptr)
      throw std::invalid_argument("the function given to for_generator() returned no generator");
  }

  void on_records(const BatchOf<T>& batch, size_t first, size_t last,
                  WatermarkOutput& out) override {
    for (size_t i = first; i < last; ++i)
      generator_->on_event(batch.records[i], batch.timestamp(i), out);
  }
  void on_periodic_emit(WatermarkOutput& out) override { generator_->on_periodic_emit(out); }
  bool needs_clock() const override { return true; }

 private:
  const std::unique_ptr<WatermarkGenerator<T>> generator_;
};

}  // namespace weir::detail
