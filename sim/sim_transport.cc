#include "sim_transport.h"

#include <algorithm>
#include <deque>

#include "base/strings.h"
#include "sim_network.h"
#include "weir/detail/base/check.h"

namespace weir::sim {
namespace {

using std::chrono::seconds;

constexpr MonotonicTime kRetransmissionMax =
    seconds(3);  ///< maximum delay of waiting frames after a partition
constexpr MonotonicTime kKeepaliveMin =
    seconds(5);  ///< minimum time until an end without contact closes the connection
constexpr MonotonicTime kKeepaliveMax = seconds(120);  ///< maximum time
constexpr double kNoKeepalive = 0.3;                   ///< chance that it never does
constexpr MonotonicTime kDialTimeoutMin = seconds(1);
constexpr MonotonicTime kDialTimeoutMax = seconds(30);

bool is_own_host(const std::string& host) {
  return host.empty() || host == "0.0.0.0" || host == "localhost" || host == "127.0.0.1";
}

/// Both directions of a connection. Owned by its two Connections and its pending events.
class Conversation : public SimLink, public std::enable_shared_from_this<Conversation> {
 public:
  /// A connection within a process. It is established at once.
  Conversation(SimWorld& world, std::shared_ptr<Life> life, Endpoint a, Endpoint b)
      : SimLink(world) {
    hosts_[0] = hosts_[1] = life->host;
    ends_[0].life = ends_[1].life = std::move(life);
    ends_[0].endpoint = std::move(a);
    ends_[1].endpoint = std::move(b);
    ends_[0].there = ends_[1].there = true;
  }
  /// A connection that end 0 dials. It must still reach a listener: see knock().
  Conversation(SimWorld& world, std::shared_ptr<Life> life, Endpoint a, const Address& to)
      : SimLink(world), port_(to.port) {
    hosts_[0] = life->host;
    hosts_[1] = is_own_host(to.host) ? life->host : to.host;
    ends_[0].life = std::move(life);
    ends_[0].endpoint = std::move(a);
    ends_[0].there = true;
    was_cut_ = is_cut();
  }

  void knock() {
    world_.at(world_.now() + message_delay(), nullptr,
              [self = shared_from_this()] { self->arrive(); });
  }

  void send(int to, std::string frame) {
    End& receiver = ends_[to];
    const End& sender = ends_[1 - to];
    if (broken_ || !sender.life->alive) return;
    if (receiver.life != sender.life && world_.random().chance(world_.faults().connection_loss)) {
      break_off("the connection was lost (simulated)");
      return;
    }
    receiver.last_arrival = std::max(receiver.last_arrival, world_.now() + message_delay());
    world_.note("send", cat(sender.life->name, " -> ", hosts_[to], ' ', frame.size()),
                hash_bytes(frame));
    receiver.waiting.push_back({receiver.last_arrival, std::move(frame)});
    schedule(to);
  }

  void close(int own) {
    WEIR_CHECK(!calling_);  // required by the contract of Endpoint
    ends_[own].open = false;
    ends_[own].endpoint = {};
    break_off("the other end closed the connection");
  }

  void partitions_changed() override {
    const bool cut = is_cut();
    if (cut != was_cut_) {
      was_cut_ = cut;
      ++cut_number_;
      if (cut) wait_for_keepalive();
      else if (waiting_outside_) knock_again();
      else if (ends_[1].there && !broken_ &&
               world_.random().chance(world_.faults().reset_after_partition))
        break_off("the connection was reset (simulated)");
    }
    for (int to = 0; to < 2; ++to) {
      if (!ends_[to].stalled || !world_.network().reaches(hosts_[1 - to], hosts_[to])) continue;
      ends_[to].stalled = false;
      ends_[to].not_before = world_.now() + world_.random().delay(kRetransmissionMax);
      schedule(to);
    }
  }

  void process_died(const Life& life) override {
    for (const End& end : ends_) {
      if (end.life.get() == &life) break_off("the other process died (simulated)");
    }
  }

 private:
  struct Waiting {
    MonotonicTime time;
    std::string frame;
  };
  struct End {
    std::shared_ptr<Life> life;  ///< null until a listener is found
    Endpoint endpoint;
    bool there = false;                    ///< established at this end
    bool open = true;                      ///< false: destroyed or notified of the break
    std::deque<Waiting> waiting;           ///< in flight to this end, in order
    const char* broken_because = nullptr;  ///< delivered after `waiting`
    MonotonicTime tell_time{0};
    MonotonicTime last_arrival{0};
    MonotonicTime not_before{0};  ///< earliest delivery after a partition
    bool scheduled = false;
    bool stalled = false;  ///< the next delivery waits for a partition to end
  };

  MonotonicTime message_delay() { return world_.random().delay(world_.options().message_max); }

  bool is_cut() const {
    const SimNetwork& network = world_.network();
    return !network.reaches(hosts_[0], hosts_[1]) || !network.reaches(hosts_[1], hosts_[0]);
  }

  void schedule(int to) {
    End& end = ends_[to];
    if (end.scheduled || end.stalled || !end.there || !end.open) return;
    if (end.waiting.empty() && end.broken_because == nullptr) return;
    const MonotonicTime time = end.waiting.empty() ? end.tell_time : end.waiting.front().time;
    end.scheduled = true;
    world_.at(std::max(time, end.not_before), end.life,
              [self = shared_from_this(), to] { self->deliver(to); });
  }

  void deliver(int to) {
    End& end = ends_[to];
    end.scheduled = false;
    if (!end.open) return;
    if (!world_.network().reaches(hosts_[1 - to], hosts_[to])) {
      end.stalled = true;
      return;
    }
    if (!end.waiting.empty()) {
      std::string frame = std::move(end.waiting.front().frame);
      end.waiting.pop_front();
      calling_ = true;
      end.endpoint.on_frame(std::move(frame));
      calling_ = false;
      schedule(to);
    } else if (end.broken_because != nullptr) {
      tell_broken(to, end.broken_because);
    }
  }

  void tell_broken(int to, const char* reason) {
    End& end = ends_[to];
    end.open = false;
    world_.note("broken", cat(end.life->name, ' ', reason));
    calling_ = true;
    if (end.endpoint.on_break)
      end.endpoint.on_break(
          unavailable(cat("between ", hosts_[0], " and ", hosts_[1], ": ", reason)));
    calling_ = false;
  }

  void break_off(const char* reason) {
    if (broken_) return;
    broken_ = true;
    for (int to = 0; to < 2; ++to) {
      End& end = ends_[to];
      if (!end.open) continue;
      world_.note("break", cat(hosts_[to], ' ', reason), end.waiting.size());
      end.waiting.resize(world_.random().below(end.waiting.size() + 1));
      end.broken_because = reason;
      end.tell_time =
          end.waiting.empty() ? world_.now() + message_delay() : end.waiting.back().time;
      schedule(to);
    }
  }

  /// The dial arrives at the other host, before any listener knows of it.
  void arrive() {
    if (broken_ || ends_[1].life != nullptr || !ends_[0].life->alive) return;
    if (is_cut()) {
      if (waiting_outside_) return;
      waiting_outside_ = true;
      const MonotonicTime timeout =
          MonotonicTime(world_.random().between(kDialTimeoutMin.count(), kDialTimeoutMax.count()));
      world_.at(world_.now() + timeout, ends_[0].life, [self = shared_from_this()] {
        if (self->waiting_outside_ && self->ends_[0].open)
          self->fail(0, "connecting timed out (simulated)");
      });
      return;
    }
    const std::shared_ptr<Listening> listening = world_.network().find(hosts_[1], port_);
    if (listening == nullptr) {
      break_off("connection refused (simulated)");
      return;
    }
    ends_[1].life = listening->life;
    world_.at(world_.now() + message_delay(), listening->life,
              [self = shared_from_this(), there = std::weak_ptr<Listening>(listening)] {
                self->accept(there.lock());
              });
  }

  void knock_again() {
    waiting_outside_ = false;
    knock();
  }

  void accept(const std::shared_ptr<Listening>& listening);

  void wait_for_keepalive() {
    for (int own = 0; own < 2; ++own) {
      if (!ends_[own].there || !ends_[own].open || world_.random().chance(kNoKeepalive)) continue;
      const MonotonicTime time(
          world_.random().between(kKeepaliveMin.count(), kKeepaliveMax.count()));
      world_.at(world_.now() + time, ends_[own].life,
                [self = shared_from_this(), own, number = cut_number_] {
                  if (self->cut_number_ == number && self->ends_[own].open)
                    self->fail(own, "the other side does not answer (simulated)");
                });
    }
  }

  /// One end breaks the connection by itself, in any state of the network.
  void fail(int own, const char* reason) {
    ends_[own].waiting.clear();
    tell_broken(own, reason);
    break_off("the other side gave up (simulated)");
  }

  std::string hosts_[2];
  const int port_ = 0;
  End ends_[2];
  bool broken_ = false;
  bool waiting_outside_ = false;  ///< the dial waits for a partition to end
  bool was_cut_ = false;
  uint64_t cut_number_ = 0;  ///< number of changes of was_cut_
  bool calling_ = false;     ///< a call of an endpoint is in progress
};

class SimConnection : public Connection {
 public:
  SimConnection(std::shared_ptr<Conversation> conversation, int own)
      : conversation_(std::move(conversation)), own_(own) {}
  ~SimConnection() override { conversation_->close(own_); }
  void send(std::string frame) override { conversation_->send(1 - own_, std::move(frame)); }

 private:
  const std::shared_ptr<Conversation> conversation_;
  const int own_;
};

void Conversation::accept(const std::shared_ptr<Listening>& listening) {
  if (listening == nullptr) {
    break_off("connection refused (simulated)");
    return;
  }
  // Also if the other end was closed meanwhile: then the break follows at once.
  world_.note("accept", ends_[1].life->name, static_cast<uint64_t>(port_));
  Endpoint endpoint = listening->acceptor(std::make_unique<SimConnection>(shared_from_this(), 1));
  if (!ends_[1].open) return;
  ends_[1].endpoint = std::move(endpoint);
  ends_[1].there = true;
  schedule(1);
}

class SimListener : public Listener {
 public:
  SimListener(std::shared_ptr<Listening> listening, int port)
      : listening_(std::move(listening)), port_(port) {}
  int port() const override { return port_; }

 private:
  const std::shared_ptr<Listening> listening_;
  const int port_;
};

}  // namespace

std::pair<std::unique_ptr<Connection>, std::unique_ptr<Connection>> SimTransport::connect(
    Endpoint a, Endpoint b) {
  auto conversation = std::make_shared<Conversation>(world_, life_, std::move(a), std::move(b));
  return {std::make_unique<SimConnection>(conversation, 0),
          std::make_unique<SimConnection>(conversation, 1)};
}

StatusOr<std::unique_ptr<Listener>> SimTransport::listen(const Address& address,
                                                         Acceptor acceptor) {
  if (!life_->alive) return unavailable("cannot listen: the process was killed (simulated)");
  if (!is_own_host(address.host) && address.host != life_->host) {
    return unavailable(cat("cannot listen on ", address.host, ':', address.port,
                           ": this is the host ", life_->host));
  }
  auto listening = std::make_shared<Listening>(Listening{life_, std::move(acceptor)});
  const StatusOr<int> port = world_.network().listen(life_->host, address.port, listening);
  if (!port.ok()) return port.status();
  return std::unique_ptr<Listener>(std::make_unique<SimListener>(std::move(listening), *port));
}

std::unique_ptr<Connection> SimTransport::dial(const Address& address, Endpoint endpoint) {
  auto conversation = std::make_shared<Conversation>(world_, life_, std::move(endpoint), address);
  conversation->knock();
  return std::make_unique<SimConnection>(conversation, 0);
}

}  // namespace weir::sim
