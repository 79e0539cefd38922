#pragma once

#include <weir/connector/source.h>
#include <weir/types/bytes.h>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

/// A source of a user's own: the numbers 0, 1, … `count` - 1 in `splits` ranges. Numbers from
/// `hold_at` on are held back until `may_continue` says yes.
class NumbersSource final : public weir::Source<int64_t> {
 public:
  NumbersSource(int64_t count, int64_t splits) : count_(count), splits_(splits) {}

  NumbersSource& hold_back(int64_t hold_at, std::function<bool()> may_continue) {
    hold_at_ = hold_at;
    may_continue_ = std::move(may_continue);
    return *this;
  }

  weir::StatusOr<std::vector<std::string>> enumerate(weir::FileSystemRegistry&,
                                                     int) const override {
    if (splits_ < 1) return weir::invalid_argument("numbers need at least one split");
    std::vector<std::string> splits;
    for (int64_t i = 0; i < splits_; ++i)
      splits.push_back(Range{count_ * i / splits_, count_ * (i + 1) / splits_}.to_bytes());
    return splits;
  }
  std::unique_ptr<weir::SourceReader<int64_t>> create_reader() const override {
    return std::make_unique<Reader>(hold_at_, may_continue_);
  }
  bool bounded() const override { return true; }

 private:
  struct Range {
    int64_t next = 0;
    int64_t end = 0;

    std::string to_bytes() const {
      weir::BinaryWriter out;
      out.put_i64(next);
      out.put_i64(end);
      return out.take();
    }
    static Range from_bytes(const std::string& bytes) {
      weir::BinaryReader in(bytes);
      const int64_t next = in.get_i64();
      return {next, in.get_i64()};
    }
  };

  class Reader final : public weir::SourceReader<int64_t> {
   public:
    Reader(int64_t hold_at, std::function<bool()> may_continue)
        : hold_at_(hold_at), may_continue_(std::move(may_continue)) {}

    weir::Status open(weir::OperatorContext& context) override {
      context_ = &context;
      return {};
    }
    void add_splits(std::vector<std::string> splits) override {
      for (const std::string& split : splits) ranges_.push_back(Range::from_bytes(split));
    }
    weir::PollResult poll(weir::BatchOf<int64_t>& out, size_t max_records) override {
      while (!ranges_.empty() && ranges_.front().next == ranges_.front().end) ranges_.pop_front();
      if (ranges_.empty()) return {weir::PollResult::Status::kEnd};
      Range& range = ranges_.front();
      const bool held = may_continue_ && !may_continue_();
      const int64_t end = held ? std::min(range.end, std::max(range.next, hold_at_)) : range.end;
      if (range.next == end) {
        constexpr int64_t kLookAgainMs = 5;
        return {weir::PollResult::Status::kNothingNow,
                context_->processing_time_ms() + kLookAgainMs};
      }
      for (size_t i = 0; i < max_records && range.next < end; ++i)
        out.add(range.next, range.next), ++range.next;
      return {};
    }
    std::vector<std::string> snapshot() override {
      std::vector<std::string> splits;
      for (const Range& range : ranges_) splits.push_back(range.to_bytes());
      return splits;
    }

   private:
    const int64_t hold_at_;
    const std::function<bool()> may_continue_;
    weir::OperatorContext* context_ = nullptr;
    std::deque<Range> ranges_;
  };

  int64_t count_;
  int64_t splits_;
  int64_t hold_at_ = 0;
  std::function<bool()> may_continue_;
};
