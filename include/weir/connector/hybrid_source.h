#pragma once

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "weir/connector/source.h"
#include "weir/detail/connector/split_codec.h"
#include "weir/types/types.h"

namespace weir {

/// Where the source before ended, for a source that is made at the switch.
struct SourceSwitchContext {
  /// SplitEnumerator::snapshot() of the source before, after it had found its last split. Empty for
  /// sources without an enumerator.
  std::string previous_enumerator_state;
  WEIR_FIELDS(SourceSwitchContext, previous_enumerator_state)
};

/// A part of the input of a HybridSource: splits of one of its sources.
struct HybridSplit {
  int32_t source = 0;
  SourceSwitchContext context;      ///< the one that `source` was made with
  std::vector<std::string> splits;  ///< encoded
  WEIR_FIELDS(HybridSplit, source, context, splits)
};

/// Reads several sources one after another, as Flink's HybridSource: files first, for example, then
/// a live source.
///
///   HybridSource<Order> orders(FileSource<Order>::csv("archive"));
///   orders.add_source(live);
///   orders.add_source([](const SourceSwitchContext& context) {  // made at the switch
///     return Live(position_after(context.previous_enumerator_state));
///   }, false);
///
/// All but the last source end by themselves. Each subtask reads its splits of a source to the end
/// before it begins the next one. Subtasks switch on their own: one may begin the next source while
/// another still reads the one before. The slower one holds the watermark back. A checkpoint has
/// the current source, its splits and the context that it was made with.
template <class T>
class HybridSource final : public Source<T, HybridSplit> {
 public:
  template <class First>
  requires std::same_as<typename First::Record, T> explicit HybridSource(First first) {
    add_source(std::move(first));
  }

  template <class Next>
  requires std::same_as<typename Next::Record, T> HybridSource& add_source(Next next) {
    if constexpr (requires { next.setup_problem(); }) {
      if (problem_.empty()) problem_ = next.setup_problem();
    }
    const bool bounded = next.bounded();
    const bool has_timestamps = next.has_timestamps();
    const auto shared = std::make_shared<const Next>(std::move(next));
    return add([shared](const SourceSwitchContext&) { return shared; }, bounded, has_timestamps);
  }
  /// `make` takes a const SourceSwitchContext& and returns a source. It is called in each subtask,
  /// and must return the same source for the same context. `bounded`: that source ends by itself.
  template <class Make>
  requires std::invocable<const Make&, const SourceSwitchContext&>
  HybridSource& add_source(Make make, bool bounded) {
    using Next = std::invoke_result_t<const Make&, const SourceSwitchContext&>;
    static_assert(std::same_as<typename Next::Record, T>,
                  "the sources of a HybridSource<T> have records of type T");
    return add(
        [make = std::move(make)](const SourceSwitchContext& context) {
          return std::make_shared<const Next>(make(context));
        },
        bounded, true);
  }

  std::unique_ptr<SplitEnumerator<HybridSplit>> create_enumerator(int parallelism) const override {
    return std::make_unique<Enumerator>(sources_, parallelism);
  }
  std::unique_ptr<SourceReader<T, HybridSplit>> create_reader() const override {
    return std::make_unique<Reader>(sources_);
  }
  bool bounded() const override { return sources_.back().bounded; }
  bool has_timestamps() const override {
    return std::any_of(sources_.begin(), sources_.end(),
                       [](const Stage& stage) { return stage.has_timestamps; });
  }
  std::string setup_problem() const {
    for (size_t i = 0; i + 1 < sources_.size(); ++i) {
      if (!sources_[i].bounded)
        return "source " + std::to_string(i + 1) +
               " of a HybridSource never ends, so the next one "
               "would never be read: only the last source may be unbounded";
    }
    return problem_;
  }

 private:
  class Enumerator;
  class Reader;

  struct Stage {
    std::function<std::unique_ptr<SplitEnumerator<std::string>>(const SourceSwitchContext&, int)>
        create_enumerator;
    std::function<std::unique_ptr<SourceReader<T>>(const SourceSwitchContext&)> create_reader;
    bool bounded = true;
    bool has_timestamps = true;
  };

  /// `make` returns a std::shared_ptr<const SourceT>.
  template <class Make>
  HybridSource& add(Make make, bool bounded, bool has_timestamps) {
    sources_.push_back({.create_enumerator =
                            [make](const SourceSwitchContext& context, int parallelism) {
                              return detail::enumerator_factory(make(context))(parallelism);
                            },
                        .create_reader =
                            [make](const SourceSwitchContext& context) {
                              return detail::untyped(make(context)->create_reader());
                            },
                        .bounded = bounded,
                        .has_timestamps = has_timestamps});
    return *this;
  }

  std::vector<Stage> sources_;
  std::string problem_;
};

template <class T>
class HybridSource<T>::Enumerator final : public SplitEnumerator<HybridSplit> {
 public:
  Enumerator(std::vector<Stage> sources, int parallelism)
      : sources_(std::move(sources)), parallelism_(parallelism) {}

  Status restore(std::string_view state) override {
    BinaryReader in(state);
    Position position;
    Serializer<Position>::read(in, position);
    if (Status read = in.end("the state of a HybridSource"); !read.ok()) return read;
    if (position.source < 0 || static_cast<size_t>(position.source) >= sources_.size())
      return failed_precondition(
          "the checkpoint is at source " + std::to_string(position.source + 1) +
          " of a HybridSource, which now has " + std::to_string(sources_.size()) + " sources");
    position_ = std::move(position);
    make_current();
    return current_->restore(position_.state);
  }

  StatusOr<Discovery<HybridSplit>> discover(FileSystemRegistry& files) override {
    Discovery<HybridSplit> all;
    const bool began_in_last = static_cast<size_t>(position_.source) + 1 == sources_.size();
    while (true) {
      if (current_ == nullptr) make_current();
      auto found = current_->discover(files);
      if (!found.ok()) return found.status();
      at_once_ = began_in_last && current_->assigns_at_once();
      add(std::move(found->splits), all.splits);
      position_.state = current_->snapshot();
      all.again = found->again;
      if (found->again || static_cast<size_t>(position_.source) + 1 == sources_.size()) return all;
      position_.context = {std::move(position_.state)};
      position_.state.clear();
      ++position_.source;
      current_ = nullptr;
    }
  }

  std::string snapshot() const override { return detail::encode_split(position_); }
  /// The first splits of the last source wait until a reader has read those of the others. Readers
  /// may not ask for later ones: those of a live source do not end.
  bool assigns_at_once() const override { return at_once_; }

 private:
  struct Position {
    int32_t source = 0;
    SourceSwitchContext context;
    std::string state;  ///< of the source's enumerator
    WEIR_FIELDS(Position, source, context, state)
  };

  void make_current() {
    current_ = sources_[static_cast<size_t>(position_.source)].create_enumerator(position_.context,
                                                                                 parallelism_);
  }

  /// A split of an unbounded source never ends, and its reader never asks for another one. So each
  /// subtask gets its part of what was found as one split.
  void add(std::vector<std::string> splits, std::vector<HybridSplit>& all) {
    const bool bounded = sources_[static_cast<size_t>(position_.source)].bounded;
    const size_t parts =
        bounded ? splits.size() : std::min(splits.size(), static_cast<size_t>(parallelism_));
    const size_t first = all.size();
    for (size_t i = 0; i < parts; ++i) all.push_back({position_.source, position_.context, {}});
    for (size_t i = 0; i < splits.size(); ++i)
      all[first + i % parts].splits.push_back(std::move(splits[i]));
  }

  const std::vector<Stage> sources_;
  const int parallelism_;
  Position position_;
  bool at_once_ = false;  ///< of the last discovery
  std::unique_ptr<SplitEnumerator<std::string>> current_;
};

template <class T>
class HybridSource<T>::Reader final : public SourceReader<T, HybridSplit> {
 public:
  explicit Reader(std::vector<Stage> sources) : sources_(std::move(sources)) {}

  void track_splits(SplitTracker& tracker) override { tracker_ = &tracker; }
  void pause_or_resume_splits(const std::vector<std::string>& pause,
                              const std::vector<std::string>& resume) override {
    if (reader_ != nullptr) reader_->pause_or_resume_splits(pause, resume);
  }
  Status open(OperatorContext& context) override {
    context_ = &context;
    return {};
  }
  void checkpoint_taken(int64_t id) override {
    if (reader_ != nullptr) reader_->checkpoint_taken(id);
  }
  void checkpoint_completed(int64_t id) override {
    if (reader_ != nullptr) reader_->checkpoint_completed(id);
  }

  void add_splits(std::vector<HybridSplit> splits) override {
    for (HybridSplit& split : splits) {
      if (split.source < 0 || static_cast<size_t>(split.source) >= sources_.size())
        return context_->fail(failed_precondition(
            "the checkpoint has a split of source " + std::to_string(split.source + 1) +
            " of a HybridSource, which now has " + std::to_string(sources_.size()) + " sources"));
      if (reader_ != nullptr && split.source == source_) {
        reader_->add_splits(std::move(split.splits));
      } else {
        // In the order of the sources, whichever subtask had them before.
        auto place = waiting_.end();
        while (place != waiting_.begin() && std::prev(place)->source > split.source) --place;
        waiting_.insert(place, std::move(split));
      }
    }
  }

  PollResult poll(BatchOf<T>& out, size_t max_records) override {
    while (true) {
      if (reader_ != nullptr) {
        const PollResult result = reader_->poll(out, max_records);
        if (result.status != PollResult::Status::kEnd) return result;
      }
      if (waiting_.empty()) return {PollResult::Status::kEnd};
      if (!begin_next()) return {PollResult::Status::kNothingNow};
    }
  }

  std::vector<HybridSplit> snapshot() override {
    std::vector<HybridSplit> unfinished;
    if (reader_ != nullptr) {
      // One split each, so that they can be divided among other subtasks.
      for (std::string& split : reader_->snapshot())
        unfinished.push_back({source_, switch_, {std::move(split)}});
    }
    unfinished.insert(unfinished.end(), waiting_.begin(), waiting_.end());
    return unfinished;
  }

 private:
  /// Returns false if the task has failed.
  bool begin_next() {
    if (reader_ == nullptr || waiting_.front().source != source_) {
      source_ = waiting_.front().source;
      switch_ = waiting_.front().context;
      reader_ = sources_[static_cast<size_t>(source_)].create_reader(switch_);
      if (reader_ != nullptr && tracker_ != nullptr) reader_->track_splits(*tracker_);
      const Status opened = reader_ != nullptr
                                ? reader_->open(*context_)
                                : failed_precondition("the source's create_reader() gave none");
      if (!opened.ok()) {
        context_->fail(opened);
        return false;
      }
    }
    while (!waiting_.empty() && waiting_.front().source == source_) {
      reader_->add_splits(std::move(waiting_.front().splits));
      waiting_.pop_front();
    }
    return true;
  }

  const std::vector<Stage> sources_;
  SplitTracker* tracker_ = nullptr;
  OperatorContext* context_ = nullptr;
  int32_t source_ = 0;          ///< of reader_
  SourceSwitchContext switch_;  ///< of reader_
  std::unique_ptr<SourceReader<T>> reader_;
  std::deque<HybridSplit> waiting_;  ///< ascending by source
};

}  // namespace weir
