#include "sim_transport.h"

#include <algorithm>
#include <typeinfo>

#include "base/strings.h"

namespace weir::sim {
namespace {

struct End {
  std::shared_ptr<Life> life;
  Endpoint endpoint;
  bool open = true;                ///< false: destroyed or told of the break
  MonotonicTime last_arrival{0};   ///< of what was sent to it so far
};

/// Both directions. Owned by its two Connections and by the events under way.
class Conversation : public std::enable_shared_from_this<Conversation> {
 public:
  Conversation(SimWorld& world, End a, End b) : world_(world), ends_{std::move(a), std::move(b)} {}

  void send(int to, std::unique_ptr<Message> message) {
    End& sender = ends_[1 - to];
    End& receiver = ends_[to];
    if (broken_ || !sender.life->alive) return;
    if (world_.random().chance(world_.faults().connection_loss)) {
      break_off("the connection was lost (simulated)");
      return;
    }
    receiver.last_arrival = std::max(receiver.last_arrival, world_.now() + world_.random().delay(world_.options().message_max));
    const Message& sent = *message;
    world_.note("send", cat(receiver.life->name, ' ', typeid(sent).name()), static_cast<uint64_t>(receiver.last_arrival.count()));
    // std::function copies, so the message travels in a shared box.
    auto box = std::make_shared<std::unique_ptr<Message>>(std::move(message));
    world_.at(receiver.last_arrival, receiver.life, [self = shared_from_this(), to, box] {
      End& end = self->ends_[to];
      if (!end.open) return;
      end.endpoint.on_message(std::move(*box));
    });
  }

  void close(int own) {
    ends_[own].open = false;
    ends_[own].endpoint = {};
    if (!broken_) break_off("the other end closed the connection");
  }

  void break_off(const char* reason) {
    if (broken_) return;
    broken_ = true;
    for (int to = 0; to < 2; ++to) {
      End& end = ends_[to];
      const MonotonicTime in_flight = std::max(end.last_arrival - world_.now(), MonotonicTime{0});
      const MonotonicTime cut = world_.now() + MonotonicTime(static_cast<int64_t>(world_.random().below(static_cast<uint64_t>(in_flight.count()) + 1)));
      world_.note("break", end.life->name, static_cast<uint64_t>(cut.count()));
      world_.at(cut, end.life, [self = shared_from_this(), to, reason] {
        End& told = self->ends_[to];
        if (!told.open) return;
        told.open = false;
        if (told.endpoint.on_break) told.endpoint.on_break(unavailable(reason));
      });
    }
  }

 private:
  SimWorld& world_;
  End ends_[2];
  bool broken_ = false;
};

class SimConnection : public Connection {
 public:
  SimConnection(std::shared_ptr<Conversation> conversation, int own) : conversation_(std::move(conversation)), own_(own) {}
  ~SimConnection() override { conversation_->close(own_); }
  void send(std::unique_ptr<Message> message) override { conversation_->send(1 - own_, std::move(message)); }

 private:
  const std::shared_ptr<Conversation> conversation_;
  const int own_;
};

/// When `life` ends, so does the conversation.
void break_with(Life& life, std::weak_ptr<Conversation> conversation) {
  life.on_killed = [before = std::move(life.on_killed), conversation = std::move(conversation)] {
    if (before) before();
    if (const auto alive = conversation.lock()) alive->break_off("the other process died (simulated)");
  };
}

}  // namespace

std::pair<std::unique_ptr<Connection>, std::unique_ptr<Connection>> connect_processes(SimWorld& world, std::shared_ptr<Life> life_a,
                                                                                      Endpoint a, std::shared_ptr<Life> life_b,
                                                                                      Endpoint b) {
  auto conversation = std::make_shared<Conversation>(world, End{life_a, std::move(a)}, End{life_b, std::move(b)});
  if (life_a != life_b) {
    break_with(*life_a, conversation);
    break_with(*life_b, conversation);
  }
  return {std::make_unique<SimConnection>(conversation, 0), std::make_unique<SimConnection>(conversation, 1)};
}

}  // namespace weir::sim
