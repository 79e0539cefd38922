#pragma once

#include <algorithm>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "weir/connector/source.h"
#include "weir/types/bytes.h"

namespace weir::detail {

/// Elements that the program passes itself. A split is a range of indices: i64 next, i64 end.
template <class T>
class CollectionSource final : public Source<T> {
 public:
  explicit CollectionSource(std::vector<T> elements)
      : elements_(std::make_shared<const std::vector<T>>(std::move(elements))) {}

  StatusOr<std::vector<std::string>> enumerate(FileSystemRegistry&,
                                               int parallelism) const override {
    std::vector<std::string> splits;
    const auto count = static_cast<int64_t>(elements_->size());
    for (int64_t i = 0; i < parallelism; ++i) {
      const Range range{count * i / parallelism, count * (i + 1) / parallelism};
      if (range.next < range.end) splits.push_back(range.to_bytes());
    }
    return splits;
  }
  std::unique_ptr<SourceReader<T>> create_reader() const override {
    return std::make_unique<Reader>(elements_);
  }
  bool bounded() const override { return true; }
  bool has_timestamps() const override { return false; }

 private:
  struct Range {
    int64_t next;
    int64_t end;
    std::string to_bytes() const {
      BinaryWriter out;
      out.put_i64(next);
      out.put_i64(end);
      return out.take();
    }
  };

  class Reader final : public SourceReader<T> {
   public:
    explicit Reader(std::shared_ptr<const std::vector<T>> elements)
        : elements_(std::move(elements)) {}

    Status open(OperatorContext& context) override {
      context_ = &context;
      return {};
    }
    void add_splits(std::vector<std::string> splits) override {
      for (const std::string& split : splits) {
        BinaryReader in(split);
        Range range{in.get_i64(), 0};
        range.end = in.get_i64();
        if (!in.ok() || range.next < 0 || range.end > static_cast<int64_t>(elements_->size())) {
          context_->fail(failed_precondition(
              "the checkpoint reads on where the collection of source '" +
              context_->operator_name() + "' has no elements any more; start the job without it"));
          continue;
        }
        ranges_.push_back(range);
      }
    }
    PollResult poll(BatchOf<T>& out, size_t max_records) override {
      while (!ranges_.empty() && ranges_.front().next >= ranges_.front().end) ranges_.pop_front();
      if (ranges_.empty()) return {PollResult::Status::kEnd};
      Range& range = ranges_.front();
      const auto count =
          std::min<int64_t>(range.end - range.next, static_cast<int64_t>(max_records));
      for (int64_t i = 0; i < count; ++i) out.add((*elements_)[static_cast<size_t>(range.next++)]);
      return {};
    }
    std::vector<std::string> snapshot() override {
      std::vector<std::string> splits;
      for (const Range& range : ranges_) {
        if (range.next < range.end) splits.push_back(range.to_bytes());
      }
      return splits;
    }

   private:
    const std::shared_ptr<const std::vector<T>> elements_;
    std::deque<Range> ranges_;
    OperatorContext* context_ = nullptr;
  };

  const std::shared_ptr<const std::vector<T>> elements_;
};

}  // namespace weir::detail
