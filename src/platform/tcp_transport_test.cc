#include "platform/tcp_transport.h"

#include <sys/resource.h>
#include <sys/socket.h>

#include <atomic>
#include <map>
#include <thread>

#include "base/log.h"
#include "base/strings.h"
#include "platform/tcp_world_test.h"
#include "platform/unique_fd.h"

namespace weir {
namespace {

using namespace std::chrono_literals;

const char* const kSecret = "5e0b7a61f1d94f0c\n";

TransportSecurity with_secret(const TestDirectory& directory, const std::string& secret = kSecret) {
  TransportSecurity security;
  security.shared_secret_file = directory.file(cat("secret-", secret.size()), secret);
  return security;
}

TEST(TcpTransport, FramesOfSeveralThreadsKeepEachThreadsOrder) {
  constexpr int kThreads = 4;
  constexpr int kFrames = 2000;
  TcpWorld world;
  Listening listening(world);
  TransportInbox inbox(world);
  const auto connection = world.dialing().dial(listening.address(), inbox.endpoint());
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kFrames; ++i)
        connection->send(cat(t, " ", i, " ") + std::string(i % 50 == 0 ? 50'000 : i % 100, 'x'));
    });
  }
  for (auto& thread : threads) thread.join();
  auto* accepted = listening.acceptor.await(0);
  ASSERT_NE(accepted, nullptr);
  ASSERT_TRUE(accepted->inbox.await_frames(kThreads * kFrames));
  std::map<std::string, int> next;
  for (const std::string& frame : accepted->inbox.frames()) {
    const auto parts = split(frame, ' ');
    EXPECT_EQ(parts[1], std::to_string(next[std::string(parts[0])]++));
  }
  EXPECT_EQ(next.size(), size_t{kThreads});
}

TEST(TcpTransport, FrameOf64MiBArrivesWholeAndIsCounted) {
  TcpWorld world;
  Listening listening(world);
  TransportInbox inbox(world);
  const auto connection = world.dialing().dial(listening.address(), inbox.endpoint());
  std::string frame(size_t{64} << 20, 'a');
  for (size_t i = 0; i < frame.size(); i += 4093) frame[i] = static_cast<char>(i);
  connection->send(frame);
  connection->send("after");
  auto* accepted = listening.acceptor.await(0);
  ASSERT_NE(accepted, nullptr);
  ASSERT_TRUE(accepted->inbox.await_frames(2));
  EXPECT_TRUE(accepted->inbox.frames()[0] == frame);
  EXPECT_EQ(accepted->inbox.frames()[1], "after");
  const TcpCounters sent = world.dialing().counters();
  EXPECT_EQ(sent.frames_sent, 2u);
  EXPECT_EQ(sent.bytes_sent, frame.size() + 5 + 2 * kFrameHeaderBytes);
  EXPECT_EQ(sent.bytes_queued, 0);
  EXPECT_EQ(world.listening().counters().frames_received, 2u);
}

TEST(TcpTransport, FramesSentJustBeforeTheDestructorArriveAlthoughThePeerIsSending) {
  TcpWorld world;
  Listening listening(world);
  const std::string large(size_t{8} << 20, 'y');  // more than the kernel buffers
  for (size_t round = 0; round < 5; ++round) {
    TransportInbox inbox(world);
    const auto connection = world.dialing().dial(listening.address(), inbox.endpoint());
    auto* accepted = listening.acceptor.await(round);
    ASSERT_NE(accepted, nullptr);
    // The other side closes without reading these bytes, which makes the kernel reset the
    // connection.
    for (int i = 0; i < 20; ++i) connection->send(std::string(100'000, 'x'));
    accepted->connection->send(large);
    accepted->connection->send("refused: the reason");
    accepted->connection.reset();
    ASSERT_TRUE(inbox.await_break());
    ASSERT_EQ(inbox.frames().size(), 2u) << "round " << round;
    ASSERT_EQ(inbox.frames()[1], "refused: the reason");
  }
}

TEST(TcpTransport, FramesSentBeforeTheConnectionIsEstablishedArriveAfterTheirSenderIsGone) {
  TcpWorld world;
  Listening listening(world);
  TransportInbox inbox(world);
  auto connection = world.dialing().dial(listening.address(), inbox.endpoint());
  connection->send("goodbye");
  connection.reset();
  auto* accepted = listening.acceptor.await(0);
  ASSERT_NE(accepted, nullptr);
  ASSERT_TRUE(accepted->inbox.await_break());
  EXPECT_EQ(accepted->inbox.frames(), (std::vector<std::string>{"goodbye"}));
}

TEST(TcpTransport, DestroyedTransportStillDeliversTheLastFrames) {
  TcpWorld world;
  Listening listening(world);
  {
    TcpTransport going;
    going.dial(listening.address(), {})->send("goodbye");
  }
  auto* accepted = listening.acceptor.await(0);
  ASSERT_NE(accepted, nullptr);
  EXPECT_TRUE(accepted->inbox.await_frames(1));
}

TEST(TcpTransport, NoCallbackComesAfterTheDestructor) {
  TcpWorld world;
  Listening listening(world);
  for (size_t round = 0; round < 50; ++round) {
    std::atomic<bool> alive{true};
    std::atomic<int> frames{0};
    auto connection =
        world.dialing().dial(listening.address(), {[&](std::string) {
                                                     EXPECT_TRUE(alive);
                                                     ++frames;
                                                     world.changed();
                                                   },
                                                   [&](Status) { EXPECT_TRUE(alive); }});
    auto* accepted = listening.acceptor.await(round);
    ASSERT_NE(accepted, nullptr);
    std::thread sender([&] {
      for (int i = 0; i < 200; ++i) accepted->connection->send("frame");
    });
    ASSERT_TRUE(world.run_until([&] { return frames > 20; }));
    connection.reset();
    alive = false;
    sender.join();
  }
}

TEST(TcpTransport, HostNameIsLookedUpAndAnUnknownOneNamed) {
  TcpWorld world;
  Listening listening(world);
  TransportInbox inbox(world);
  const auto connection =
      world.dialing().dial({"localhost", listening.address().port}, inbox.endpoint());
  ASSERT_NE(listening.acceptor.await(0), nullptr);

  const std::string unknown(70, 'x');  // longer than a DNS label may be, so no server is asked
  TransportInbox nowhere(world);
  const auto broken = world.dialing().dial({unknown, 80}, nowhere.endpoint());
  ASSERT_TRUE(nowhere.await_break());
  EXPECT_TRUE(has(nowhere.breaks()[0], "could not connect to " + unknown + ":80: "))
      << nowhere.breaks()[0].to_string();
}

TEST(TcpTransport, RefusedConnectionIsReportedInASentence) {
  TcpWorld world;
  Address address;
  {
    Listening listening(world);
    address = listening.address();
  }
  TransportInbox inbox(world);
  const auto connection = world.dialing().dial(address, inbox.endpoint());
  ASSERT_TRUE(inbox.await_break());
  EXPECT_EQ(inbox.breaks()[0].message(),
            cat("could not connect to 127.0.0.1:", address.port, ": Connection refused"));
}

TEST(TcpTransport, DeadPeerBreaksTheConnectionAtOnce) {
  TcpWorld world;
  Listening listening(world);
  Stranger peer(listening.address().port);
  peer.be_a_dialer();
  auto* accepted = listening.acceptor.await(0);
  ASSERT_NE(accepted, nullptr);
  peer.reset();
  ASSERT_TRUE(accepted->inbox.await_break());
  EXPECT_TRUE(has(accepted->inbox.breaks()[0], "Connection reset by peer"))
      << accepted->inbox.breaks()[0].to_string();
}

TEST(TcpTransport, StrangersAreClosedAndTheOthersServed) {
  TcpWorld world;
  Listening listening(world);
  for (const std::string_view bytes :
       {std::string_view("GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
        std::string_view("\x16\x03\x01\x02\0\x01\0\x01\xfc", 9), std::string_view("\0\0\0\0", 4),
        std::string_view("WEIR\r\n\x1a\n\x02\0D\0................................", 44)}) {
    Stranger stranger(listening.address().port);
    stranger.send(bytes);
    EXPECT_TRUE(stranger.is_closed()) << bytes;
  }
  TransportInbox inbox(world);
  const auto connection = world.dialing().dial(listening.address(), inbox.endpoint());
  ASSERT_NE(listening.acceptor.await(0), nullptr);
  EXPECT_EQ(listening.acceptor.count(), 1u);
}

TEST(TcpTransport, SilentStrangerIsClosedAtTheHandshakeDeadline) {
  TcpWorld world({}, TcpOptions{.handshake_timeout = 20ms});
  Listening listening(world);
  Stranger stranger(listening.address().port);
  stranger.send("WEIR");
  EXPECT_TRUE(stranger.is_closed());
  EXPECT_EQ(listening.acceptor.count(), 0u);
}

TEST(TcpTransport, SilentListenerIsABreakAtTheHandshakeDeadline) {
  TcpWorld world({}, TcpOptions{.handshake_timeout = 20ms});
  const StrangersPort mute;
  TransportInbox inbox(world);
  const auto connection = world.dialing().dial(mute.address(), inbox.endpoint());
  ASSERT_TRUE(inbox.await_break());
  EXPECT_TRUE(has(inbox.breaks()[0], "20 ms")) << inbox.breaks()[0].to_string();
}

std::atomic<int> accept_failures{0};

TEST(TcpTransport, ProcessOutOfDescriptorsAcceptsAgainWhenSomeAreFree) {
  TcpWorld world;
  Listening listening(world);
  TransportInbox inbox(world);
  const auto established = world.dialing().dial(listening.address(), inbox.endpoint());
  ASSERT_NE(listening.acceptor.await(0), nullptr);
  accept_failures = 0;
  set_log_sink([](LogLevel, std::string_view text) {
    if (text.starts_with("cannot accept")) ++accept_failures;
    accept_failures.notify_all();
  });
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  rlimit before;
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit none{.rlim_cur = 0, .rlim_max = before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  Stranger peer(socket, listening.address().port);
  accept_failures.wait(0);
  EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  set_log_sink(nullptr);
  peer.be_a_dialer();
  EXPECT_NE(listening.acceptor.await(1), nullptr);
  EXPECT_LT(accept_failures, 20) << "it tries anew without a pause";
}

TEST(TcpTransport, TooManyStrangersDropTheOldest) {
  TcpWorld world({}, TcpOptions{.max_strangers = 2});
  Listening listening(world);
  std::vector<std::unique_ptr<Stranger>> strangers;
  for (int i = 0; i < 3; ++i)
    strangers.push_back(std::make_unique<Stranger>(listening.address().port));
  EXPECT_TRUE(strangers[0]->is_closed());
  strangers[2]->be_a_dialer();
  EXPECT_NE(listening.acceptor.await(0), nullptr);
}

TEST(TcpTransport, DamagedFrameIsABreakThatNamesThePeerAndIsNotDelivered) {
  TcpWorld world;
  Listening listening(world);
  Stranger peer(listening.address().port);
  peer.be_a_dialer();
  std::string bytes = encoded("good") + encoded("bad");
  bytes.back() ^= 1;
  peer.send(bytes);
  auto* accepted = listening.acceptor.await(0);
  ASSERT_NE(accepted, nullptr);
  ASSERT_TRUE(accepted->inbox.await_break());
  EXPECT_EQ(accepted->inbox.frames(), (std::vector<std::string>{"good"}));
  const Status reason = accepted->inbox.breaks()[0];
  EXPECT_EQ(reason.code(), StatusCode::kDataLoss);
  EXPECT_TRUE(has(reason, "127.0.0.1:") && has(reason, "checksum")) << reason.to_string();
  EXPECT_TRUE(peer.is_closed());
}

TEST(TcpTransport, FrameAboveTheLimitBreaksTheConnectionAtBothEnds) {
  TcpWorld world({}, TcpOptions{.max_frame_bytes = 1000});
  Listening listening(world);
  Stranger peer(listening.address().port);
  peer.be_a_dialer();
  peer.send(encoded(std::string(1001, 'x')));
  ASSERT_NE(listening.acceptor.await(0), nullptr);
  ASSERT_TRUE(listening.acceptor.await(0)->inbox.await_break());
  EXPECT_TRUE(has(listening.acceptor.await(0)->inbox.breaks()[0], "1001 bytes"));

  TransportInbox inbox(world);
  const auto connection = world.dialing().dial(listening.address(), inbox.endpoint());
  connection->send(std::string(1001, 'x'));
  ASSERT_TRUE(inbox.await_break());
  EXPECT_TRUE(has(inbox.breaks()[0], "1001 bytes")) << inbox.breaks()[0].to_string();
}

TEST(TcpTransport, SendDoesNotWaitForAPeerThatDoesNotRead) {
  TcpWorld world({}, TcpOptions{.linger = 20ms});
  Listening listening(world);
  Stranger peer(listening.address().port);
  peer.be_a_dialer();
  auto* accepted = listening.acceptor.await(0);
  ASSERT_NE(accepted, nullptr);
  for (int i = 0; i < 50; ++i) accepted->connection->send(std::string(1 << 20, 'x'));
  EXPECT_GT(world.listening().counters().bytes_queued, 20 << 20);
  accepted->connection.reset();
  EXPECT_TRUE(peer.is_closed());
}

TEST(TcpTransport, WrongSecretIsRefusedAtBothEnds) {
  const TestDirectory directory;
  TcpWorld world(with_secret(directory, "another secret, not that one"), with_secret(directory));
  Listening listening(world);
  TransportInbox inbox(world);
  const auto connection = world.dialing().dial(listening.address(), inbox.endpoint());
  connection->send("must not arrive");
  ASSERT_TRUE(inbox.await_break());
  EXPECT_TRUE(has(inbox.breaks()[0], listening.address().to_string()) &&
              has(inbox.breaks()[0], "security.shared-secret.file"))
      << inbox.breaks()[0].to_string();
  EXPECT_EQ(listening.acceptor.count(), 0u);
}

TEST(TcpTransport, SecretAtOneEndOnlyIsRefusedAndSaysSo) {
  const TestDirectory directory;
  TcpWorld world({}, with_secret(directory));
  Listening listening(world);
  TransportInbox inbox(world);
  const auto connection = world.dialing().dial(listening.address(), inbox.endpoint());
  ASSERT_TRUE(inbox.await_break());
  EXPECT_TRUE(has(inbox.breaks()[0], "asks for a shared secret and this process has none"))
      << inbox.breaks()[0].to_string();
  EXPECT_EQ(inbox.breaks()[0].code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(listening.acceptor.count(), 0u);
}

TEST(TcpTransport, UnusableSecretFileIsNamed) {
  const TestDirectory directory;
  TcpTransport guessable(with_secret(directory, "short"));
  EXPECT_TRUE(has(guessable.listen({"127.0.0.1", 0}, nullptr).status(), "has 5 bytes"));
  TransportSecurity missing;
  missing.shared_secret_file = "/nowhere/secret";
  TcpTransport without(missing);
  EXPECT_TRUE(has(without.listen({"127.0.0.1", 0}, nullptr).status(), "/nowhere/secret"));
  Status reason;
  const auto connection = without.dial(
      {"127.0.0.1", 1}, {[](std::string) {}, [&](Status broken) { reason = std::move(broken); }});
  EXPECT_TRUE(has(reason, "/nowhere/secret")) << reason.to_string();
}

TEST(TcpTransport, ListensBeyondLoopbackOnlyWithSecurity) {
  const TestDirectory directory;
  TcpTransport open;
  for (const char* host : {"0.0.0.0", "::", "192.0.2.1"}) {
    const auto refused = open.listen({host, 0}, nullptr);
    ASSERT_FALSE(refused.ok()) << host;
    EXPECT_EQ(refused.status().code(), StatusCode::kFailedPrecondition);
    for (const char* key : {"security.shared-secret.file", "security.ssl.internal.enabled",
                            "security.ssl.internal.keystore", "security.ssl.internal.truststore"}) {
      EXPECT_TRUE(has(refused.status(), key)) << refused.status().to_string();
    }
  }
  TcpTransport secured(with_secret(directory));
  EXPECT_TRUE(secured.listen({"0.0.0.0", 0}, nullptr).ok());
  const auto foreign = secured.listen({"192.0.2.1", 0}, nullptr);
  EXPECT_EQ(foreign.status().code(), StatusCode::kUnavailable) << "not an address of this machine";
}

TEST(TcpTransport, JobInOneProcessStartsNoThread) {
  const auto threads = [] {
    return std::distance(std::filesystem::directory_iterator("/proc/self/task"), {});
  };
  const auto before = threads();
  TcpTransport transport;
  int frames = 0;
  auto [to_b, to_a] = transport.connect({}, {[&](std::string) { ++frames; }, {}});
  to_b->send("frame");
  EXPECT_EQ(frames, 1);
  EXPECT_EQ(threads(), before);
  const auto listener = transport.listen({"127.0.0.1", 0}, nullptr);
  EXPECT_EQ(threads(), before + 2);
}

}  // namespace
}  // namespace weir
