#pragma once

#include <algorithm>
#include <deque>
#include <exception>
#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "weir/detail/stream/async_requests.h"
#include "weir/function/async_function.h"
#include "weir/operator/collector.h"
#include "weir/operator/event_time_operator.h"
#include "weir/operator/operator.h"
#include "weir/types/types.h"

namespace weir::detail {

/// How an asynchronous operator works.
template <class Out>
struct AsyncSettings {
  bool ordered = false;
  int64_t timeout_ms = 0;  ///< 0: none
  size_t capacity = 100;
  AsyncRetryStrategy<Out> retry{};
};

/// Runs an AsyncFunction. Takes whole batches, and starts their records as soon as there is room
/// among the requests in flight. It refuses more input meanwhile. Watermarks keep their places
/// among the records: one leaves when all results before it were emitted, and no result overtakes
/// it. State: the list "_async_wait_operator_state_" with the records whose results were not
/// emitted; after a restore they are started again.
///
/// The last watermark, and all if the host does not know it as an EventTimeOperator, are refused
/// until all results were emitted.
template <class Fn>
class AsyncOperator final : public EventTimeOperator {
 public:
  using In = typename Fn::Input;
  using Out = typename Fn::Output;

  AsyncOperator(Fn fn, AsyncSettings<Out> settings)
      : fn_(std::move(fn)),
        settings_(std::move(settings)),
        requests_(settings_.ordered, settings_.capacity) {}

  Status open(OperatorContext& context) override {
    context_ = &context;
    arrived_ = std::make_shared<AsyncResults<Out>>(context);
    RuntimeContext runtime(context);
    fn_.Fn::open(runtime);
    auto saved = context.operator_state().declare(kStateName, ListStateMode::kSplit,
                                                  Serializer<Saved>::describe());
    if (!saved.ok()) return saved.status();
    for (const std::string& bytes : *saved) {
      BinaryReader in(bytes);
      Saved record{};
      Serializer<Saved>::read(in, record);
      in.expect_end();
      if (!in.ok()) return in.status("a record of the asynchronous requests in flight");
      waiting_.push_back({std::move(std::get<1>(record)), std::get<0>(record)});
    }
    return {};
  }
  bool can_accept() override {
    try {
      settle();
    } catch (...) {
      failure_ = std::current_exception();  // the next call throws it, with this operator's name
      return true;
    }
    // A host that refuses input sends no watermark, behind which other results may wait.
    refused_ = !accepts() && !watermark_is_unsent_;
    return !refused_;
  }
  void process(Batch& batch, weir::Output& out) override {
    auto& in = static_cast<BatchOf<In>&>(batch);
    for (size_t i = 0; i < in.size(); ++i)
      waiting_.push_back({std::move(in.records[i]), in.timestamp(i)});
    settle();
    emit(out);
  }

  void input_time(const EventTime& time) override {
    input_is_idle_ = time.idle;
    if (time.watermark <= input_watermark_) return;
    input_watermark_ = time.watermark;
    requests_.hold(time.watermark, waiting_.size());
    release_watermark();
  }
  /// It is not idle as long as there may be results.
  EventTime event_time() override {
    watermark_is_unsent_ = false;
    const bool rests = requests_.empty() && waiting_.empty() && !requests_.holds_watermark();
    return {watermark_, input_is_idle_ && rests};
  }
  Progress advance_watermark(Timestamp watermark, weir::Output& out) override {
    if (watermark <= watermark_) return Progress::kDone;  // its own
    return watermark == kMaxWatermark ? finish(out) : drain(out);
  }
  /// As in Flink, a request that waits for a retry is repeated at once, for the last time.
  Progress finish(weir::Output& out) override {
    ending_ = true;
    watermark_is_unsent_ = false;
    requests_.forget_watermarks();  // the last one follows all results
    requests_.hurry();
    act_on_due();
    return drain(out);
  }
  void prepare_barrier(weir::Output& out) override {
    settle();
    emit_ready(out);
  }
  Status snapshot(SnapshotContext& context) override {
    std::vector<std::string> saved;
    for (const uint64_t id : requests_.to_save()) saved.push_back(bytes_of(records_.at(id)));
    for (const Waiting& record : waiting_) saved.push_back(bytes_of(record));
    context.put_list(kStateName, std::move(saved));
    return {};
  }

  Progress advance_processing_time(int64_t, weir::Output& out) override {
    act_on_due();
    settle();
    emit(out);
    return Progress::kDone;
  }
  int64_t next_processing_time() override {
    if (arrived_->any() || failure_ != nullptr) return INT64_MIN;
    const bool emits = requests_.ready() > 0 || requests_.watermark_is_free();
    if (emits && !watermark_is_unsent_) return INT64_MIN;
    // The host does not ask again by itself: after a refusal, or to start what was restored.
    if (refused_ && (accepts() || watermark_is_unsent_)) return INT64_MIN;
    if (!waiting_.empty() && requests_.has_room()) return INT64_MIN;
    const bool look_again = others_answer_ && requests_.unfinished() > 0;
    const int64_t look_at = look_again ? context_->processing_time_ms() + 1 : INT64_MAX;
    return std::min(look_at, requests_.next_due());
  }
  void close() override {
    if (arrived_ != nullptr) arrived_->close();
    fn_.Fn::close();
  }

 private:
  using Saved = std::tuple<int64_t, In>;
  using Completion = typename AsyncResults<Out>::Completion;
  static constexpr const char* kStateName = "_async_wait_operator_state_";

  struct Waiting {
    In record{};
    Timestamp timestamp = kNoTimestamp;
  };

  static std::string bytes_of(const Waiting& waiting) {
    BinaryWriter out;
    Serializer<int64_t>::write(out, waiting.timestamp);
    Serializer<In>::write(out, waiting.record);
    return out.take();
  }

  bool accepts() const { return waiting_.empty() && (!drains_ || requests_.unfinished() == 0); }
  Progress drain(weir::Output& out) {
    drains_ = true;
    settle();
    emit(out);
    if (!waiting_.empty() || !requests_.empty()) return Progress::kMore;
    drains_ = false;
    return Progress::kDone;
  }

  void ask(const In& record, ResultFuture<Out> result) {
    const int64_t before = arrived_->pool_calls();
    fn_.Fn::async_invoke(record, std::move(result));
    others_answer_ |= arrived_->pool_calls() == before;
  }
  void start_waiting() {
    while (!waiting_.empty() && requests_.has_room()) {
      const int64_t deadline =
          settings_.timeout_ms == 0
              ? INT64_MAX
              : saturating_add(context_->processing_time_ms(), settings_.timeout_ms);
      const uint64_t id = requests_.start(deadline);
      const Waiting& record = records_.emplace(id, std::move(waiting_.front())).first->second;
      waiting_.pop_front();
      ask(record.record, ResultFuture<Out>(arrived_, id, 0));
    }
  }
  /// Starts what has room, takes what has arrived, and so on.
  void settle() {
    if (failure_ != nullptr) std::rethrow_exception(failure_);
    start_waiting();
    while (arrived_->any()) {
      for (Completion& completion : arrived_->take()) take(completion);
      start_waiting();
    }
  }
  void take(Completion& completion) {
    const auto* request = requests_.find(completion.request);
    if (request == nullptr || request->state != AsyncRequests::State::kRunning ||
        completion.attempt != request->attempt)
      return;  // it was completed before
    const bool may_retry =
        !ending_ && !request->timed_out && settings_.retry.may_retry(retries_of(*request));
    if (may_retry && settings_.retry.wants_retry(completion.results, completion.error)) {
      requests_.delay(completion.request,
                      saturating_add(context_->processing_time_ms(),
                                     settings_.retry.delay_before(retries_of(*request))));
      return;
    }
    if (completion.error != nullptr) std::rethrow_exception(completion.error);
    results_.emplace(completion.request, std::move(completion.results));
    requests_.complete(completion.request);
  }
  static int retries_of(const AsyncRequests::Request& request) {
    return static_cast<int>(request.attempt);
  }
  void act_on_due() {
    uint64_t id = 0;
    AsyncRequests::Due due{};
    while (requests_.take_due(context_->processing_time_ms(), &id, &due)) {
      ResultFuture<Out> result(arrived_, id, requests_.find(id)->attempt);
      if (due == AsyncRequests::Due::kRetry) ask(records_.at(id).record, result);
      else fn_.Fn::timeout(records_.at(id).record, result);
    }
  }

  void emit(weir::Output& out) {
    emit_ready(out);
    release_watermark();
  }
  void release_watermark() {
    if (watermark_is_unsent_ || !requests_.watermark_is_free()) return;
    watermark_ = requests_.take_watermark();
    watermark_is_unsent_ = true;
  }
  void emit_ready(weir::Output& out) {
    if (requests_.ready() == 0 || watermark_is_unsent_) return;
    Collector<Out> collector(out, batch_);
    while (requests_.ready() > 0) {
      const uint64_t id = requests_.take_ready();
      auto results = results_.extract(id);
      const auto record = records_.extract(id);
      collector.set_timestamp(record.mapped().timestamp);
      for (Out& result : results.mapped()) collector.collect(std::move(result));
    }
    collector.flush();
    start_waiting();
  }

  Fn fn_;
  const AsyncSettings<Out> settings_;
  OperatorContext* context_ = nullptr;
  std::shared_ptr<AsyncResults<Out>> arrived_;
  std::deque<Waiting> waiting_;  ///< not started yet
  AsyncRequests requests_;
  std::map<uint64_t, Waiting> records_;           ///< of the requests
  std::map<uint64_t, std::vector<Out>> results_;  ///< of the requests that are done
  std::exception_ptr failure_;
  bool others_answer_ = false;  ///< not the pool, whose answers wake the operator
  bool drains_ = false;
  bool refused_ = false;  ///< the last answer of can_accept()
  bool ending_ = false;
  Timestamp input_watermark_ = kMinWatermark;
  bool input_is_idle_ = false;
  Timestamp watermark_ = kMinWatermark;  ///< that of its results
  bool watermark_is_unsent_ = false;     ///< the host does not know it yet
  BatchOf<Out> batch_;                   // empty between calls
};

}  // namespace weir::detail
