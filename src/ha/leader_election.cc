#include "ha/leader_election.h"

#include <algorithm>

#include "base/log.h"
#include "base/strings.h"

namespace weir {
namespace {

// Fractions of the session's time-out. After two thirds of it the library notices a silent server
// and tries the next one. The lease leaves time for that, and still ends before the session can.
constexpr int kLeaseSixths = 5;
constexpr int kRenewalsPerTimeout = 6;
constexpr int kLooksPerTimeout = 3;
constexpr int kRetriesPerTimeout = 20;
/// Used until the first session gives a time-out.
constexpr MonotonicTime kFirstRetry = std::chrono::milliseconds(500);

std::string draw_contender(Random& random) {
  std::string bytes;
  for (uint64_t half : {random.next(), random.next()}) {
    for (int i = 0; i < 8; ++i) bytes += static_cast<char>(half >> (8 * i));
  }
  return to_hex(bytes);
}

}  // namespace

LeaderElection::LeaderElection(Clock& clock, Random& random, Scheduler& scheduler,
                               ZooKeeperFactory& factory, HaPaths paths, std::string address,
                               Callbacks callbacks)
    : clock_(clock),
      random_(random),
      scheduler_(scheduler),
      factory_(factory),
      paths_(std::move(paths)),
      address_(std::move(address)),
      callbacks_(std::move(callbacks)),
      inbox_(std::make_shared<Inbox>()),
      slot_(std::make_shared<Slot>()) {}

LeaderElection::~LeaderElection() {
  inbox_->mailbox.set_wake(nullptr);
  if (lease_ != nullptr)
    lease_->end_ns_.store(MonotonicTime::min().count(), std::memory_order_release);
  // A running round drops the slot when it ends, and with it the session.
  if (!round_running_ && slot_->session != nullptr) {
    scheduler_.run_blocking(executors::kZooKeeper, [slot = slot_] { slot->session->close(); });
  }
}

void LeaderElection::set_wake(std::function<void()> wake) {
  inbox_->mailbox.set_wake(std::move(wake));
}

void LeaderElection::resign() { inbox_->mailbox.post({Event::Kind::kResign, 0, {}}); }

MonotonicTime LeaderElection::step() {
  inbox_->mailbox.take(events_);
  const MonotonicTime now = clock_.now();
  for (const Event& event : events_) handle(event, now);
  events_.clear();

  if (phase_ == Phase::kLeading && now.count() >= lease_->end_ns_.load(std::memory_order_relaxed)) {
    drop_session(cat("ZooKeeper has not answered for ", whole_ms(lease_length()),
                     " ms, so another may lead soon"));
  }
  if (resign_asked_ && phase_ != Phase::kResigning && phase_ != Phase::kResigned) {
    revoke("resigned");
    phase_ = Phase::kResigning;
    next_round_ = now;
  }
  if (phase_ == Phase::kResigned) return kIdle;
  if (!round_running_ && now >= next_round_) start_round();
  MonotonicTime next = round_running_ ? kIdle : next_round_;
  if (phase_ == Phase::kLeading)
    next = std::min(next, MonotonicTime(lease_->end_ns_.load(std::memory_order_relaxed)));
  return next;
}

void LeaderElection::handle(const Event& event, MonotonicTime now) {
  switch (event.kind) {
    case Event::Kind::kResign: resign_asked_ = true; return;
    case Event::Kind::kExpired:
      expired_session_ = std::max(expired_session_, event.session_number);
      if (event.session_number == session_number_)
        drop_session("the session with ZooKeeper has expired");
      return;
    case Event::Kind::kLeaderChanged:
      look_at_once_ = true;
      if (!round_running_) next_round_ = now;
      return;
    case Event::Kind::kRoundDone: break;
  }
  round_running_ = false;
  if (phase_ == Phase::kResigning) {
    // The first round to end may have been running when resign() was called, and have left a
    // session.
    if (slot_->session == nullptr) phase_ = Phase::kResigned;
    next_round_ = now;
    return;
  }
  if (slot_->session != nullptr) {
    session_timeout_ = slot_->session->timeout();
    session_number_ = slot_->number;
    if (session_number_ <= expired_session_) renew_session_ = true;
  }
  if (renew_session_) {
    // The session was abandoned while the round ran, so its result does not count.
    next_round_ = now;
    return;
  }
  handle_contest(event.result, now);
  if (std::exchange(look_at_once_, false) && phase_ == Phase::kContending &&
      event.result.contest.ok())
    next_round_ = now;
}

void LeaderElection::handle_contest(const RoundResult& result, MonotonicTime now) {
  const MonotonicTime retry =
      session_timeout_.count() == 0 ? kFirstRetry : session_timeout_ / kRetriesPerTimeout;
  if (!result.contest.ok()) {
    const Status status = result.contest.status();
    if (result.refused) {
      resign_asked_ = true;
      return callbacks_.on_refused(status);
    }
    if (status.code() == StatusCode::kCancelled) {
      drop_session("the session with ZooKeeper has ended");
    } else if (last_failure_ != status.message()) {
      last_failure_ = status.message();
      WEIR_LOG(kWarning) << "leader election at " << paths_.base << ": " << status.to_string()
                         << "; trying again";
    }
    next_round_ = now + jittered(retry);
    return;
  }
  last_failure_.clear();
  const Contest& contest = *result.contest;
  if (!contest.mine) {
    if (phase_ == Phase::kLeading) {
      drop_session(contest.leader ? cat("the leader's node in ZooKeeper is now that of epoch ",
                                        contest.leader->epoch)
                                  : "the leader's node in ZooKeeper is gone");
    }
    next_round_ = now + jittered(session_timeout_ / kLooksPerTimeout);
    return;
  }
  const MonotonicTime lease_end = result.asked_at + lease_length();
  if (phase_ == Phase::kLeading) {
    lease_->end_ns_.store(
        std::max(lease_end.count(), lease_->end_ns_.load(std::memory_order_relaxed)),
        std::memory_order_release);
  } else if (now >= lease_end || contest.leader->epoch <= epoch_) {
    // The answer took so long that the session may have ended meanwhile; or someone has tampered
    // with the epoch.
    drop_session("");
    return;
  } else {
    lease_ = std::make_shared<Lease>();
    lease_->end_ns_.store(lease_end.count(), std::memory_order_release);
    grant(contest);
  }
  next_round_ = now + session_timeout_ / kRenewalsPerTimeout;
}

void LeaderElection::grant(const Contest& contest) {
  phase_ = Phase::kLeading;
  epoch_ = contest.leader->epoch;
  WEIR_LOG(kInfo) << "leading at " << paths_.base << " with epoch " << epoch_;
  callbacks_.on_granted({epoch_, contest.epoch_version, paths_, slot_->session, lease_});
}

void LeaderElection::revoke(const std::string& reason) {
  if (phase_ != Phase::kLeading) return;
  phase_ = Phase::kContending;
  lease_->end_ns_.store(MonotonicTime::min().count(), std::memory_order_release);
  lease_ = nullptr;
  WEIR_LOG(kWarning) << "no longer leading at " << paths_.base << " with epoch " << epoch_ << ": "
                     << reason;
  callbacks_.on_revoked(reason);
}

void LeaderElection::drop_session(const std::string& reason) {
  revoke(reason);
  renew_session_ = true;
  next_round_ = clock_.now();
}

MonotonicTime LeaderElection::lease_length() const { return session_timeout_ * kLeaseSixths / 6; }

MonotonicTime LeaderElection::jittered(MonotonicTime time) {
  return time / 2 +
         MonotonicTime(static_cast<int64_t>(
             random_.next() % static_cast<uint64_t>(std::max<int64_t>(time.count(), 1))));
}

/// The data that a round takes to the I/O pool.
struct LeaderElection::Asker {
  Clock& clock;
  ZooKeeperFactory& factory;
  HaPaths paths;
  std::string address;
  std::string contender;  ///< for a session opened by this round
  std::function<Status(ZooKeeperSession&)> may_contend;
  std::shared_ptr<Inbox> inbox;
  std::shared_ptr<Slot> slot;

  RoundResult run(const Round& round) {
    if (slot->session != nullptr && (round.renew_session || round.end_session)) {
      slot->session->close();
      slot->session = nullptr;
    }
    if (round.end_session) return {};
    if (slot->session == nullptr) {
      const uint64_t number = ++slot->number;
      auto opened =
          factory.open([inbox = std::weak_ptr<Inbox>(inbox), number](ZSessionEvent event) {
            if (event != ZSessionEvent::kExpired) return;
            if (const auto alive = inbox.lock())
              alive->mailbox.post({Event::Kind::kExpired, number, {}});
          });
      if (!opened.ok()) return {opened.status(), clock.now()};
      slot->session = std::move(opened).value();
      slot->contender = contender;
    }
    ZooKeeperSession& session = *slot->session;
    const MonotonicTime asked_at = clock.now();
    if (!round.contend) return {look_for_leader(session, paths, slot->contender), asked_at};
    // The watch first, so that no change after the look goes unseen.
    const Status watched =
        session.watch(paths.leader(), [inbox = std::weak_ptr<Inbox>(inbox), number = slot->number] {
          if (const auto alive = inbox.lock())
            alive->mailbox.post({Event::Kind::kLeaderChanged, number, {}});
        });
    if (!watched.ok()) return {watched, asked_at};
    if (may_contend) {
      Status may = may_contend(session);
      const bool refused = may.code() == StatusCode::kFailedPrecondition;
      if (!may.ok()) return {std::move(may), asked_at, refused};
    }
    return {weir::contend(session, paths, address, slot->contender), asked_at};
  }
};

void LeaderElection::start_round() {
  const Round round{std::exchange(renew_session_, false), phase_ == Phase::kResigning,
                    phase_ != Phase::kLeading};
  round_running_ = true;
  look_at_once_ = false;
  auto asker =
      std::make_shared<Asker>(Asker{clock_, factory_, paths_, address_, draw_contender(random_),
                                    callbacks_.may_contend, inbox_, slot_});
  scheduler_.run_blocking(executors::kZooKeeper, [asker, round] {
    asker->inbox->mailbox.post({Event::Kind::kRoundDone, 0, asker->run(round)});
  });
}

}  // namespace weir
