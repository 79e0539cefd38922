// Accepted connections until their peers have proven themselves. They must not disturb established
// connections.

#include <sys/socket.h>

#include <atomic>
#include <future>
#include <memory>
#include <vector>

#include "base/log.h"
#include "base/strings.h"
#include "platform/refusal_log.h"
#include "platform/tcp_transport.h"
#include "platform/tcp_world_test.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

/// Both ends of an established connection.
struct Established {
  explicit Established(TcpWorld& world, Listening& listening)
      : inbox(world),
        index(listening.acceptor.count()),
        connection(world.dialing().dial(listening.address(), inbox.endpoint())),
        accepted(listening.acceptor.await(index)) {
    EXPECT_NE(accepted, nullptr);
  }
  /// Sends a frame each way.
  void expect_to_stand() {
    const size_t before = accepted->inbox.frames().size();
    connection->send("there");
    accepted->connection->send("back");
    EXPECT_TRUE(accepted->inbox.await_frames(before + 1));
    EXPECT_TRUE(inbox.await_frames(before + 1));
    EXPECT_TRUE(inbox.breaks().empty() && accepted->inbox.breaks().empty());
  }
  TransportInbox inbox;
  const size_t index;  ///< taken before the dial, which may be accepted at once
  std::unique_ptr<Connection> connection;
  TransportAcceptor::Accepted* accepted;
};

TEST(TcpAcceptor, HandshakeDeadlineEndsWithTheHandshake) {
  TcpWorld world({}, TcpOptions{.handshake_timeout = 500ms});
  Listening listening(world);
  Established established(world, listening);
  // Its deadline started later than the established connection's, so by then that one has passed
  // too, at both ends.
  Stranger stranger(listening.address().port);
  EXPECT_TRUE(stranger.is_closed());
  const StrangersPort mute;
  TransportInbox broken(world);
  const auto dialed = world.dialing().dial(mute.address(), broken.endpoint());
  ASSERT_TRUE(broken.await_break());
  established.expect_to_stand();
}

TEST(TcpAcceptor, AdmittedPeerLeavesTheListOfStrangers) {
  TcpWorld world({}, TcpOptions{.max_strangers = 2, .max_strangers_of_a_host = 2});
  Listening listening(world);
  Established first(world, listening);
  Established second(world, listening);
  std::vector<std::unique_ptr<Stranger>> strangers;
  for (int i = 0; i < 4; ++i)
    strangers.push_back(std::make_unique<Stranger>(listening.address().port));
  EXPECT_TRUE(strangers[0]->is_closed() && strangers[1]->is_closed());
  first.expect_to_stand();
  second.expect_to_stand();
}

TEST(TcpAcceptor, HostWithTooManyStrangersDropsItsOwn) {
  TcpWorld world({}, TcpOptions{.max_strangers = 100, .max_strangers_of_a_host = 3});
  Listening listening(world);
  Stranger elsewhere(listening.address().port, "127.0.0.2");
  elsewhere.send("WEIR");
  std::vector<std::unique_ptr<Stranger>> flood;
  for (int i = 0; i < 10; ++i)
    flood.push_back(std::make_unique<Stranger>(listening.address().port));
  for (int i = 0; i < 7; ++i) EXPECT_TRUE(flood[static_cast<size_t>(i)]->is_closed());
  flood[9]->be_a_dialer();
  EXPECT_NE(listening.acceptor.await(0), nullptr);
  const std::string greeting = Handshake(Handshake::Role::kDialer, "", "", {}).greeting();
  elsewhere.send(std::string_view(greeting).substr(4));
  EXPECT_NE(listening.acceptor.await(1), nullptr) << "a host suffers from another's flood";
}

TEST(TcpAcceptor, StrangersDoNotDelayConnections) {
  // Strangers are served while the thread of the connections is busy. So they don't use that
  // thread, and don't delay it.
  TcpWorld world;
  Listening listening(world);
  std::promise<void> entered;
  std::promise<void> go_on;
  std::atomic<bool> first{true};
  const auto acceptor = [&](std::unique_ptr<Connection> connection) {
    auto kept = std::make_shared<std::unique_ptr<Connection>>(std::move(connection));
    return Endpoint{[&, kept](std::string) {
                      if (!first.exchange(false)) return;
                      entered.set_value();
                      go_on.get_future().wait();
                    },
                    {}};
  };
  auto busy = *world.listening().listen({"127.0.0.1", 0}, acceptor);
  const auto connection = world.dialing().dial({"127.0.0.1", busy->port()}, {});
  connection->send("frame");
  entered.get_future().wait();
  Stranger stranger(busy->port());
  stranger.send("GET / HTTP/1.1\r\n\r\n");
  EXPECT_TRUE(stranger.is_closed());
  go_on.set_value();
}

TEST(TcpAcceptor, FramesSentWithTheGreetingAreNotLost) {
  TcpWorld world;
  Listening listening(world);
  Stranger peer(listening.address().port);
  peer.send(Handshake(Handshake::Role::kDialer, "", "", {}).greeting() + encoded("at once") +
            encoded("and more").substr(0, 5));
  auto* accepted = listening.acceptor.await(0);
  ASSERT_NE(accepted, nullptr);
  ASSERT_TRUE(accepted->inbox.await_frames(1));
  peer.send(encoded("and more").substr(5));
  ASSERT_TRUE(accepted->inbox.await_frames(2));
  EXPECT_EQ(accepted->inbox.frames(), (std::vector<std::string>{"at once", "and more"}));
}

TEST(TcpAcceptor, PeersReasonPrecedesAWriteFailure) {
  TcpWorld world;
  const StrangersPort port;
  TransportInbox inbox(world);
  std::promise<void> entered;
  std::promise<void> go_on;
  Endpoint endpoint = inbox.endpoint();
  const auto connection = world.dialing().dial(
      port.address(), {[&](std::string frame) {
                         endpoint.on_frame(frame);
                         if (frame != "first") return;
                         entered.set_value();
                         go_on.get_future().wait();
                       },
                       [&](Status reason) { endpoint.on_break(std::move(reason)); }});
  Stranger peer = port.accept();
  peer.be_a_listener();
  peer.send(encoded("first"));
  entered.get_future().wait();
  // The thread of the connection is blocked. It will notice the write failure before it notices
  // that there is something to read.
  peer.send(encoded("refused: the reason"));
  peer.reset();
  connection->send("to nobody");
  go_on.set_value();
  ASSERT_TRUE(inbox.await_break());
  EXPECT_EQ(inbox.frames(), (std::vector<std::string>{"first", "refused: the reason"}));
}

std::atomic<int> lines{0};

TEST(TcpAcceptor, FloodIsALineOrTwoInTheLog) {
  TcpWorld world;
  Listening listening(world);
  lines = 0;
  set_log_sink([](LogLevel, std::string_view) { ++lines; });
  for (int i = 0; i < 500; ++i) {
    Stranger stranger(listening.address().port);
    stranger.send("x");
    EXPECT_TRUE(stranger.is_closed());
  }
  set_log_sink(nullptr);
  EXPECT_GE(lines, 1);
  EXPECT_LE(lines, RefusalLog::kAtOnce + 10) << "one for each while that this takes";
}

TEST(RefusalLog, SomeAreWrittenAndTheRestCounted) {
  using Lines = std::vector<std::string>;
  RefusalLog log;
  EXPECT_EQ(log.due(), MonotonicTime::max());
  for (int i = 0; i < RefusalLog::kAtOnce; ++i) EXPECT_EQ(log.add(cat(i), 1s), Lines{cat(i)});
  EXPECT_EQ(log.add("five", 2s), Lines{});
  EXPECT_EQ(log.add("six", 3s), Lines{});
  EXPECT_EQ(log.due(), 11s);
  EXPECT_EQ(log.look(5s), Lines{});
  EXPECT_EQ(log.look(11s), Lines{"2 more like this within 10 s, the last one: six"});
  EXPECT_EQ(log.add("seven", 12s), Lines{}) << "it goes on";
  EXPECT_EQ(log.add("eight", 30s), Lines{"1 more like this within 10 s, the last one: seven"})
      << "nobody looked in time";
  EXPECT_EQ(log.look(log.due()), Lines{"1 more like this within 10 s, the last one: eight"});
  EXPECT_EQ(log.look(log.due()), Lines{});
  EXPECT_EQ(log.due(), MonotonicTime::max()) << "it is over";
  EXPECT_EQ(log.add("new", 100s), Lines{"new"});
  EXPECT_EQ(log.rest(), Lines{});
}

}  // namespace
}  // namespace weir
