#include <algorithm>

#include "base/strings.h"
#include "testing/operator_harness.h"
#include "weir/detail/base/check.h"

namespace weir {

OperatorScenario& OperatorScenario::records(std::unique_ptr<Batch> batch) {
  steps_.push_back({Step::Kind::kRecords, std::move(batch), 0});
  return *this;
}
OperatorScenario& OperatorScenario::watermark(Timestamp watermark) {
  steps_.push_back({Step::Kind::kWatermark, nullptr, watermark});
  return *this;
}
OperatorScenario& OperatorScenario::processing_time(int64_t now_ms) {
  steps_.push_back({Step::Kind::kProcessingTime, nullptr, now_ms});
  return *this;
}
OperatorScenario& OperatorScenario::finish() {
  steps_.push_back({Step::Kind::kFinish, nullptr, 0});
  return *this;
}
OperatorScenario& OperatorScenario::keyed_by(std::shared_ptr<const KeyHasher> hasher,
                                             int max_parallelism) {
  hasher_ = std::move(hasher);
  options_.max_parallelism = max_parallelism;
  return *this;
}
OperatorScenario& OperatorScenario::files(FileSystemRegistry* files) {
  options_.files = files;
  return *this;
}

OperatorScenario& OperatorScenario::any_order() {
  any_order_ = true;
  return *this;
}

/// One run of the scenario by some subtasks.
class OperatorScenario::Run {
 public:
  enum class Interrupt { kNever, kSnapshot, kRestore };

  Run(const OperatorScenario& scenario, int parallelism, bool defer_blocking_work)
      : scenario_(scenario), defer_blocking_work_(defer_blocking_work) {
    start(parallelism, nullptr);
  }

  /// `rescale_at`: before this step, `rescale_to` new subtasks replace the old ones; -1: never.
  std::vector<std::string> go(Interrupt interrupt, int rescale_at = -1, int rescale_to = 1) {
    interrupt_ = interrupt;
    try {
      for (size_t i = 0; i < scenario_.steps_.size() && failure_.empty(); ++i) {
        if (static_cast<int>(i) == rescale_at) restart(rescale_to);
        step(scenario_.steps_[i]);
      }
      settle();
    } catch (const std::exception& e) { failure_ = e.what(); }
    if (!failure_.empty()) output_.push_back("failed: " + failure_);
    return std::move(output_);
  }

 private:
  void step(const Step& step) {
    switch (step.kind) {
      case Step::Kind::kRecords: {
        const auto batch = step.batch->copy();
        std::vector<std::unique_ptr<Batch>> parts = split(*batch);
        for (size_t i = 0; i < subtasks_.size(); ++i) {
          if (parts[i]->empty() || !until_it_accepts(*subtasks_[i])) continue;
          subtasks_[i]->process(*parts[i]);
          after_call();
        }
        return;
      }
      case Step::Kind::kWatermark: {
        watermark_ = step.time;
        return for_each_until_done(
            [&](OperatorHarness& subtask) { return subtask.advance_watermark(step.time); });
      }
      case Step::Kind::kProcessingTime: {
        now_ms_ = step.time;
        return for_each_until_done(
            [&](OperatorHarness& subtask) { return subtask.advance_processing_time(step.time); });
      }
      case Step::Kind::kFinish:
        return for_each_until_done([](OperatorHarness& subtask) { return subtask.finish(); });
    }
  }

  template <class F>
  void for_each_until_done(F&& call) {
    for (size_t i = 0; i < subtasks_.size(); ++i) {
      for (Progress progress = Progress::kMore; progress == Progress::kMore && failure_.empty();) {
        if (!until_it_accepts(*subtasks_[i])) return;
        progress = call(*subtasks_[i]);
        // Act as if the output were full every second time: other events happen before the next
        // call.
        after_call();
      }
    }
  }

  void after_call() {
    collect();
    if (interrupt_ == Interrupt::kSnapshot) {
      // Read the earlier snapshot only now. The call has changed the state, and the snapshot must
      // not have changed with it.
      for (size_t i = 0; i < unread_.size() && failure_.empty(); ++i) {
        subtasks_[i]->read_keyed_state(&unread_[i]);
        if (unread_[i].groups != read_at_once_[i].groups)
          failure_ = "a snapshot that was read late differs from one read at once";
      }
      unread_.clear();
      read_at_once_.clear();
      ++checkpoint_id_;
      for (const auto& subtask : subtasks_)
        read_at_once_.push_back(subtask->snapshot(checkpoint_id_));
      ++checkpoint_id_;
      for (const auto& subtask : subtasks_)
        unread_.push_back(subtask->snapshot(checkpoint_id_, /*deferred=*/true));
      for (const auto& subtask : subtasks_) subtask->checkpoint_completed(checkpoint_id_);
      collect();
    } else if (interrupt_ == Interrupt::kRestore) {
      restart(static_cast<int>(subtasks_.size()));
    }
  }

  void restart(int parallelism) {
    ++checkpoint_id_;
    std::vector<HarnessSnapshot> taken;
    for (const auto& subtask : subtasks_) taken.push_back(subtask->snapshot(checkpoint_id_));
    collect();
    if (failure_.empty()) start(parallelism, &taken);
  }

  void start(int parallelism, const std::vector<HarnessSnapshot>* taken) {
    subtasks_.clear();
    if (taken != nullptr)
      restored_ = redistribute(*taken, parallelism, scenario_.options_.max_parallelism);
    for (int i = 0; i < parallelism; ++i) {
      HarnessOptions options = scenario_.options_;
      options.subtask = i;
      options.parallelism = parallelism;
      options.attempt_nonce = ++scenario_.attempts_;
      options.defer_blocking_work = defer_blocking_work_;
      subtasks_.push_back(std::make_unique<OperatorHarness>(scenario_.factory_(), scenario_.show_,
                                                            std::move(options)));
      subtasks_.back()->set_processing_time(now_ms_);
      const Status opened =
          subtasks_.back()->open(taken == nullptr ? nullptr : &restored_[static_cast<size_t>(i)]);
      if (!opened.ok()) failure_ = opened.to_string();
    }
    if (failure_.empty() && taken != nullptr && watermark_ != kMinWatermark) {
      // The inputs of a restored task send it the watermark again.
      for (const auto& subtask : subtasks_) {
        while (until_it_accepts(*subtask) &&
               subtask->advance_watermark(watermark_) == Progress::kMore) {}
      }
      collect();
    }
  }

  bool until_it_accepts(OperatorHarness& subtask) {
    while (!subtask.can_accept() && failure_.empty()) {
      if (!subtask.run_blocking_work())
        failure_ = "it does not accept anything, and waits for nothing";
      collect();
    }
    return failure_.empty();
  }

  void settle() {
    for (const auto& subtask : subtasks_) {
      while (subtask->run_blocking_work()) {}
    }
    collect();
  }

  void collect() {
    for (const auto& subtask : subtasks_) {
      for (std::string& line : subtask->take_output()) output_.push_back(std::move(line));
      if (!subtask->failure().ok() && failure_.empty()) failure_ = subtask->failure().to_string();
    }
  }

  std::vector<std::unique_ptr<Batch>> split(Batch& batch) {
    std::vector<std::unique_ptr<Batch>> parts;
    std::vector<Batch*> targets;
    for (size_t i = 0; i < subtasks_.size(); ++i) {
      parts.push_back(batch.make_empty());
      targets.push_back(parts.back().get());
    }
    if (scenario_.hasher_) scenario_.hasher_->hash(batch);
    std::vector<uint16_t> which(batch.size(), 0);
    const int parallelism = static_cast<int>(subtasks_.size());
    const int max_parallelism = scenario_.options_.max_parallelism;
    for (size_t i = 0; i < which.size() && parallelism > 1; ++i) {
      which[i] = static_cast<uint16_t>(subtask_of_key_group(
          key_group_of(batch.key_hashes[i], max_parallelism), parallelism, max_parallelism));
    }
    batch.scatter(which.data(), targets.data());
    return parts;
  }

  const OperatorScenario& scenario_;
  const bool defer_blocking_work_;
  Interrupt interrupt_ = Interrupt::kNever;
  std::vector<std::unique_ptr<OperatorHarness>> subtasks_;
  std::vector<HarnessSnapshot> restored_;
  std::vector<HarnessSnapshot> unread_;
  std::vector<HarnessSnapshot> read_at_once_;
  std::vector<std::string> output_;
  std::string failure_;
  Timestamp watermark_ = kMinWatermark;
  int64_t now_ms_ = 0;
  int64_t checkpoint_id_ = 0;
};

namespace {

std::string difference(std::string_view how, const std::vector<std::string>& expected,
                       const std::vector<std::string>& actual) {
  const auto [e, a] = std::mismatch(expected.begin(), expected.end(), actual.begin(), actual.end());
  if (e == expected.end() && a == actual.end()) return "";
  return cat(how, ": result ", e - expected.begin(), " of ", expected.size(), " should be ",
             e == expected.end() ? std::string("the end") : "'" + *e + "'", ", is ",
             a == actual.end() ? std::string("the end") : "'" + *a + "'");
}

std::vector<std::string> sorted(std::vector<std::string> lines) {
  std::sort(lines.begin(), lines.end());
  return lines;
}

}  // namespace

std::vector<std::string> OperatorScenario::run() const {
  return Run(*this, 1, false).go(Run::Interrupt::kNever);
}

std::string OperatorScenario::check() const {
  const auto in_order = [&](std::vector<std::string> lines) {
    return any_order_ ? sorted(std::move(lines)) : lines;
  };
  const std::vector<std::string> expected = in_order(run());
  for (const bool late : {false, true}) {
    const std::string_view work = late ? ", blocking work done late" : "";
    const auto try_it = [&](std::string_view how, Run::Interrupt interrupt) {
      return difference(cat(how, work), expected, in_order(Run(*this, 1, late).go(interrupt)));
    };
    if (std::string d = try_it("run again", Run::Interrupt::kNever); !d.empty()) return d;
    if (std::string d = try_it("a snapshot after every call", Run::Interrupt::kSnapshot);
        !d.empty())
      return d;
    if (std::string d = try_it("a restore after every call", Run::Interrupt::kRestore); !d.empty())
      return d;
  }
  if (!hasher_) return "";
  for (int at = 0; at <= static_cast<int>(steps_.size()); ++at) {
    for (const auto& [from, to] : {std::pair(2, 1), std::pair(1, 2)}) {
      const auto actual = Run(*this, from, false).go(Run::Interrupt::kNever, at, to);
      if (std::string d =
              difference(cat("from ", from, " to ", to, " subtasks before step ", at, " (sorted)"),
                         sorted(expected), sorted(actual));
          !d.empty()) {
        return d;
      }
    }
  }
  return "";
}

}  // namespace weir
