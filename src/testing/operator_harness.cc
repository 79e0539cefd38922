#include "testing/operator_harness.h"

#include <algorithm>
#include <exception>

#include "base/status_macros.h"
#include "base/strings.h"
#include "weir/detail/base/check.h"

namespace weir {

std::string detail::show_with_timestamp(std::string record, Timestamp timestamp) {
  return timestamp == kNoTimestamp ? record : cat(record, " @", timestamp);
}
std::string detail::show_bytes(const std::string& bytes) { return to_hex(bytes); }

std::vector<HarnessSnapshot> redistribute(const std::vector<HarnessSnapshot>& snapshots,
                                          int parallelism, int max_parallelism) {
  std::vector<HarnessSnapshot> dealt(static_cast<size_t>(parallelism));
  size_t turn = 0;
  for (const HarnessSnapshot& from : snapshots) {
    for (HarnessSnapshot& to : dealt) {
      to.checkpoint_id = from.checkpoint_id;
      to.keyed = to.keyed || from.keyed;
      if (from.keyed) to.key_type = from.key_type, to.states = from.states;
    }
    for (const auto& [group, bytes] : from.groups) {
      dealt[static_cast<size_t>(subtask_of_key_group(group, parallelism, max_parallelism))]
          .groups[group] = bytes;
    }
    for (const auto& [name, list] : from.lists) {
      for (HarnessSnapshot& to : dealt) to.lists[name].mode = list.mode;
      if (list.mode == ListStateMode::kBroadcast) continue;
      for (const std::string& element : list.elements) {
        if (list.mode == ListStateMode::kSplit) {
          dealt[turn++ % dealt.size()].lists[name].elements.push_back(element);
        } else {
          for (HarnessSnapshot& to : dealt) to.lists[name].elements.push_back(element);
        }
      }
    }
  }
  for (size_t i = 0; i < dealt.size() && !snapshots.empty(); ++i) {
    for (const auto& [name, list] : snapshots[i % snapshots.size()].lists) {
      if (list.mode == ListStateMode::kBroadcast) dealt[i].lists[name].elements = list.elements;
    }
  }
  return dealt;
}

OperatorHarness::OperatorHarness(std::unique_ptr<Operator> op, std::function<void(Batch&)> emit,
                                 HarnessOptions options)
    : options_(std::move(options)), emit_(std::move(emit)), op_(std::move(op)) {}

OperatorHarness::OperatorHarness(std::unique_ptr<Operator> op, ShowBatch show,
                                 HarnessOptions options)
    : OperatorHarness(
          std::move(op),
          [this, show = std::move(show)](Batch& batch) {
            for (std::string& line : show(batch)) output_.push_back(std::move(line));
          },
          std::move(options)) {}

OperatorHarness::~OperatorHarness() {
  if (op_) op_->close();
}

Status OperatorHarness::open(const HarnessSnapshot* restored, bool ignore_unclaimed) {
  restored_ = restored;
  WEIR_RETURN_IF_ERROR(op_->open(*this));
  if (restored != nullptr && restored->keyed) {
    KeyedState* state = op_->keyed_state();
    if (state == nullptr)
      return failed_precondition("the snapshot has keyed state, the operator has none");
    WEIR_RETURN_IF_ERROR(
        restored->read_keyed
            ? restored->read_keyed(*state)
            : state->begin_restore(&restored->key_type, restored->states, ignore_unclaimed));
    for (const auto& [group, bytes] : restored->groups) {
      BinaryReader in(bytes);
      WEIR_RETURN_IF_ERROR(state->read_group(group, in));
      if (in.remaining() != 0)
        return data_loss(cat("key group ", group, " was not read to its end"));
    }
  }
  Status status = op_->restored();
  run_continuations();
  return status;
}

void OperatorHarness::process(Batch& batch, int input) {
  WEIR_CHECK(op_->can_accept());
  op_->process_input(input, batch, *this);
  batch.clear();
  run_continuations();
}

Progress OperatorHarness::advance_watermark(Timestamp watermark) {
  if (!can_accept()) return fail_waiting();
  const Progress progress = op_->advance_watermark(watermark, *this);
  run_continuations();
  return progress;
}

Progress OperatorHarness::advance_processing_time(int64_t now_ms) {
  now_ms_ = now_ms;
  if (op_->next_processing_time() > now_ms) return Progress::kDone;
  const Progress progress = op_->advance_processing_time(now_ms, *this);
  run_continuations();
  return progress;
}

Progress OperatorHarness::finish() {
  const Progress progress = op_->finish(*this);
  run_continuations();
  return progress == Progress::kMore && work_.empty() && !can_accept() ? fail_waiting() : progress;
}

Progress OperatorHarness::fail_waiting() {
  fail(failed_precondition(
      "the operator waits for results, which the test must complete before the watermark or the "
      "end of the input"));
  return Progress::kDone;
}

void OperatorHarness::watermark_to_the_end(Timestamp watermark) {
  while (advance_watermark(watermark) == Progress::kMore) {}
}

void OperatorHarness::processing_time_to_the_end(int64_t now_ms) {
  while (advance_processing_time(now_ms) == Progress::kMore) {}
}

PollResult OperatorHarness::poll(EventTime* time) {
  const PollResult result = static_cast<SourceOperator&>(*op_).poll(*this, time);
  run_continuations();
  return result;
}

namespace {

class HarnessSnapshotContext final : public SnapshotContext {
 public:
  HarnessSnapshotContext(int64_t id, const std::map<std::string, ListStateMode>& declared)
      : id_(id) {
    for (const auto& [name, mode] : declared) lists_[name].mode = mode;
  }
  int64_t checkpoint_id() const override { return id_; }
  void put_list(const std::string& name, std::vector<std::string> elements) override {
    const auto list = lists_.find(name);
    WEIR_CHECK(list != lists_.end());
    list->second.elements = std::move(elements);
  }
  void before_ack(std::function<Status()> work) override { work_.push_back(std::move(work)); }

  std::map<std::string, HarnessSnapshot::List> take_lists() { return std::move(lists_); }
  Status run_work() {
    for (const auto& work : work_) WEIR_RETURN_IF_ERROR(work());
    return {};
  }

 private:
  const int64_t id_;
  std::map<std::string, HarnessSnapshot::List> lists_;
  std::vector<std::function<Status()>> work_;
};

}  // namespace

HarnessSnapshot OperatorHarness::snapshot(int64_t checkpoint_id, bool deferred) {
  HarnessSnapshot taken;
  taken.checkpoint_id = checkpoint_id;
  HarnessSnapshotContext context(checkpoint_id, declared_);
  op_->prepare_barrier(*this);
  if (Status status = op_->snapshot(context); !status.ok()) fail(status);
  if (Status status = context.run_work(); !status.ok()) fail(status);
  taken.lists = context.take_lists();
  if (KeyedState* state = op_->keyed_state()) {
    taken.keyed = true;
    unread_ = state->snapshot();
    taken.key_type = unread_->key_type();
    taken.states = unread_->states();
    if (!deferred) read_keyed_state(&taken);
  }
  run_continuations();
  return taken;
}

void OperatorHarness::read_keyed_state(HarnessSnapshot* snapshot) {
  if (!unread_) return;
  const KeyGroupRange range = unread_->range();
  for (int group = range.first; group <= range.last; ++group) {
    BinaryWriter bytes;
    WEIR_CHECK(unread_->write_group(group, bytes).ok());
    if (bytes.size() != 0) snapshot->groups[group] = bytes.take();
  }
  unread_.reset();
}

void OperatorHarness::checkpoint_completed(int64_t id) {
  op_->checkpoint_completed(id);
  run_continuations();
}

bool OperatorHarness::run_blocking_work() {
  if (work_.empty()) return false;
  while (!work_.empty()) {
    const auto work = std::move(work_.front());
    work_.pop_front();
    continuations_.push_back(work());
  }
  run_continuations();
  return true;
}

void OperatorHarness::run_continuations() {
  while (!continuations_.empty()) {
    const auto continuation = std::move(continuations_.front());
    continuations_.pop_front();
    if (continuation) continuation();
  }
}

FileSystemRegistry& OperatorHarness::files() {
  WEIR_CHECK(options_.files != nullptr);
  return *options_.files;
}

void OperatorHarness::run_blocking(std::function<std::function<void()>()> work) {
  if (options_.defer_blocking_work) {
    work_.push_back(std::move(work));
  } else {
    continuations_.push_back(work());
  }
}

void OperatorHarness::fail(Status status) {
  if (failure_.ok()) failure_ = std::move(status);
}

StatusOr<std::vector<std::string>> OperatorHarness::declare(const std::string& name,
                                                            ListStateMode mode, TypeDescription) {
  if (!declared_.emplace(name, mode).second)
    return failed_precondition(cat("list state '", name, "' is declared twice"));
  if (restored_ == nullptr) return std::vector<std::string>();
  const auto list = restored_->lists.find(name);
  return list == restored_->lists.end() ? std::vector<std::string>() : list->second.elements;
}

void OperatorHarness::emit(Batch& batch) {
  emit_(batch);
  batch.clear();
}

}  // namespace weir
