#include "ha/leader_finder.h"

#include "base/log.h"

namespace weir {
namespace {

constexpr MonotonicTime kPoll = std::chrono::seconds(3);
constexpr MonotonicTime kRetry = std::chrono::milliseconds(500);

}  // namespace

LeaderFinder::LeaderFinder(Clock& clock, Random& random, Scheduler& scheduler,
                           ZooKeeperFactory& factory, HaPaths paths,
                           std::function<void(const LeaderRecord&)> on_leader)
    : clock_(clock),
      random_(random),
      scheduler_(scheduler),
      factory_(factory),
      paths_(std::move(paths)),
      on_leader_(std::move(on_leader)),
      inbox_(std::make_shared<Inbox>()),
      slot_(std::make_shared<Slot>()) {}

LeaderFinder::~LeaderFinder() {
  inbox_->mailbox.set_wake(nullptr);
  // A running round drops the slot when it ends, and with it the session.
  if (!round_running_ && slot_->session != nullptr) {
    scheduler_.run_blocking(executors::kZooKeeper, [slot = slot_] { slot->session->close(); });
  }
}

void LeaderFinder::set_wake(std::function<void()> wake) {
  inbox_->mailbox.set_wake(std::move(wake));
}

MonotonicTime LeaderFinder::step() {
  inbox_->mailbox.take(events_);
  const MonotonicTime now = clock_.now();
  for (const Event& event : events_) handle(event, now);
  events_.clear();
  if (!round_running_ && now >= next_round_) start_round();
  return round_running_ ? kIdle : next_round_;
}

void LeaderFinder::handle(const Event& event, MonotonicTime now) {
  if (event.kind != Event::Kind::kRoundDone) {
    if (event.kind == Event::Kind::kExpired) renew_session_ = true;
    look_at_once_ = true;
    if (!round_running_) next_round_ = now;
    return;
  }
  round_running_ = false;
  if (!event.found.ok()) {
    const Status status = event.found.status();
    if (status.code() == StatusCode::kCancelled) {
      renew_session_ = true;
    } else if (last_failure_ != status.message()) {
      last_failure_ = status.message();
      WEIR_LOG(kWarning) << "looking for the leader at " << paths_.base << ": "
                         << status.to_string() << "; trying again";
    }
    next_round_ =
        now + kRetry / 2 +
        MonotonicTime(static_cast<int64_t>(random_.next() % static_cast<uint64_t>(kRetry.count())));
    return;
  }
  last_failure_.clear();
  next_round_ = look_at_once_ ? now : now + kPoll;
  const std::optional<LeaderRecord>& found = event.found->leader;
  // A new session may see an older state than the one before it.
  if (found && (!leader_ || found->epoch > leader_->epoch)) {
    leader_ = found;
    on_leader_(*leader_);
  }
}

StatusOr<Contest> LeaderFinder::ask(ZooKeeperFactory& factory, const HaPaths& paths,
                                    const std::shared_ptr<Inbox>& inbox, Slot& slot, bool renew) {
  if (renew && slot.session != nullptr) {
    slot.session->close();
    slot.session = nullptr;
  }
  const auto post = [inbox = std::weak_ptr<Inbox>(inbox)](Event::Kind kind) {
    if (const auto alive = inbox.lock()) alive->mailbox.post({kind});
  };
  if (slot.session == nullptr) {
    auto opened = factory.open([post](ZSessionEvent event) {
      if (event == ZSessionEvent::kExpired) post(Event::Kind::kExpired);
    });
    if (!opened.ok()) return opened.status();
    slot.session = std::move(opened).value();
  }
  // The watch first, so that no change after the look goes unseen.
  const Status watched =
      slot.session->watch(paths.leader(), [post] { post(Event::Kind::kChanged); });
  if (!watched.ok()) return watched;
  return look_for_leader(*slot.session, paths, "");
}

void LeaderFinder::start_round() {
  round_running_ = true;
  look_at_once_ = false;
  const bool renew = std::exchange(renew_session_, false);
  scheduler_.run_blocking(executors::kZooKeeper, [&factory = factory_, paths = paths_,
                                                  inbox = inbox_, slot = slot_, renew] {
    inbox->mailbox.post({Event::Kind::kRoundDone, ask(factory, paths, inbox, *slot, renew)});
  });
}

}  // namespace weir
