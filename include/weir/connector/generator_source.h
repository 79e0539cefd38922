#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "weir/connector/source.h"
#include "weir/detail/connector/pacer.h"
#include "weir/detail/types/held_bytes.h"
#include "weir/types/bytes.h"

namespace weir {

namespace detail {

/// Blocks of indices. Of every `stride` blocks it contains the one with `next`. The indices from
/// `next` on remain to be read.
struct IndexSplit {
  int64_t next = 0;
  int64_t block = 1;
  int64_t stride = 1;

  int64_t block_end() const { return (next / block + 1) * block; }
  void advance_to(int64_t index) {
    const bool block_done = index == block_end();
    next = block_done ? index + (stride - 1) * block : index;
  }
  std::string encode() const;
  static StatusOr<IndexSplit> decode(std::string_view bytes);
};
std::vector<std::string> enumerate_index_splits(int parallelism, std::optional<int64_t> count,
                                                double rate);

}  // namespace detail

/// Makes record i from the index i, for i from 0 up. After a restart it continues at the
/// checkpoint. `make` may be called again for an index and must return the same record. Subtasks
/// get small blocks of indices, so that each sees them in ascending order.
///
///   GeneratorSource<int64_t>(1'000'000, [](int64_t i) { return i * i; })
template <class T>
class GeneratorSource final : public Source<T> {
 public:
  GeneratorSource(int64_t count, std::function<T(int64_t)> make)
      : GeneratorSource(std::optional<int64_t>(count), std::move(make)) {}
  static GeneratorSource unbounded(std::function<T(int64_t)> make) {
    return GeneratorSource(std::nullopt, std::move(make));
  }

  /// Sets the maximum rate in records per second, over all subtasks.
  GeneratorSource& rate(double records_per_second) {
    rate_.set(records_per_second);
    return *this;
  }
  /// Sets the timestamp (ms since 1970) of each record. A watermark strategy may assign another.
  GeneratorSource& timestamps(std::function<Timestamp(int64_t)> timestamp_of_index) {
    timestamps_are_null_ = timestamp_of_index == nullptr;
    timestamp_ = std::move(timestamp_of_index);
    return *this;
  }

  StatusOr<std::vector<std::string>> enumerate(FileSystemRegistry&,
                                               int parallelism) const override {
    if (Status rate = rate_.check(); !rate.ok()) return rate;
    return detail::enumerate_index_splits(parallelism, count_, rate_.per_second());
  }
  std::unique_ptr<SourceReader<T>> create_reader() const override {
    return std::make_unique<Reader>(*this);
  }
  bool bounded() const override { return count_.has_value(); }
  bool has_timestamps() const override { return timestamp_ != nullptr; }
  std::string setup_problem() const {
    if (!make_) return "a GeneratorSource is given a function that is null";
    if (timestamps_are_null_)
      return "timestamps() of a GeneratorSource is given a function that is null";
    if (count_ && *count_ < 0)
      return "a GeneratorSource is to make " + std::to_string(*count_) +
             " records; it must be 0 or more";
    return std::string(rate_.check().message());
  }

 private:
  GeneratorSource(std::optional<int64_t> count, std::function<T(int64_t)> make)
      : count_(count), make_(std::move(make)) {}

  class Reader final : public SourceReader<T> {
   public:
    explicit Reader(const GeneratorSource& source) : source_(source), pacer_(source.rate_) {}

    Status open(OperatorContext& context) override {
      context_ = &context;
      pacer_.open(context.parallelism());
      return {};
    }
    void add_splits(std::vector<std::string> splits) override {
      for (const std::string& bytes : splits) {
        auto split = detail::IndexSplit::decode(bytes);
        if (!split.ok()) return context_->fail(split.status());
        splits_.push_back(*split);
      }
      pacer_.set_reading(!splits_.empty());
    }
    std::vector<std::string> snapshot() override {
      std::vector<std::string> encoded;
      for (const detail::IndexSplit& split : splits_) encoded.push_back(split.encode());
      return encoded;
    }
    PollResult poll(BatchOf<T>& out, size_t max_records) override {
      const int64_t end = source_.count_.value_or(INT64_MAX);
      std::erase_if(splits_, [end](const detail::IndexSplit& split) { return split.next >= end; });
      if (splits_.empty()) {
        pacer_.set_reading(false);
        return {PollResult::Status::kEnd};
      }
      const int64_t now_ms = pacer_.limited() ? context_->processing_time_ms() : 0;
      const size_t allowed = pacer_.allowed(now_ms, max_records);
      if (allowed == 0) return {PollResult::Status::kNothingNow, pacer_.next_ms(now_ms)};
      size_t bytes = 0;
      for (size_t left = allowed; left > 0;) {
        auto& split =
            *std::min_element(splits_.begin(), splits_.end(),
                              [](const auto& a, const auto& b) { return a.next < b.next; });
        const int64_t to =
            std::min({split.block_end(), end, split.next + static_cast<int64_t>(left)});
        if (to <= split.next) break;
        int64_t i = split.next;
        for (; i < to && bytes < detail::kBatchBytes; ++i) {
          if (source_.timestamp_) out.add(source_.make_(i), source_.timestamp_(i));
          else out.add(source_.make_(i));
          bytes += detail::HeldBytes<StoredRecord<T>>::of(out.records.back());
        }
        left -= static_cast<size_t>(i - split.next);
        pacer_.emitted(static_cast<size_t>(i - split.next));
        split.advance_to(i);
        if (bytes >= detail::kBatchBytes) break;
      }
      return {};
    }

   private:
    const GeneratorSource source_;
    OperatorContext* context_ = nullptr;
    detail::Pacer pacer_;
    std::vector<detail::IndexSplit> splits_;
  };

  std::optional<int64_t> count_;
  std::function<T(int64_t)> make_;
  std::function<Timestamp(int64_t)> timestamp_;
  bool timestamps_are_null_ = false;
  detail::SourceRate rate_;
};

}  // namespace weir
