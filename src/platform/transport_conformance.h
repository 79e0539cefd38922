#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "platform/transport_world_test.h"

/// The conformance suite of Transport: a case for each guarantee of transport.h. Include it in one
/// source file of a test program and instantiate it there:
///     INSTANTIATE_TEST_SUITE_P(Tcp, TransportConformance,
///     testing::Values(TransportUnderTest{"plain", [] { return … }}));
/// Cases with several threads, and features beyond the contract, are tested with the
/// implementation.

namespace weir {

class TransportConformance : public testing::TestWithParam<TransportUnderTest> {
 protected:
  void SetUp() override {
    world_ = GetParam().make();
    acceptor_ = std::make_unique<TransportAcceptor>(*world_);
    auto listener = world_->listening().listen(world_->address(), acceptor_->acceptor());
    ASSERT_TRUE(listener.ok()) << listener.status().to_string();
    listener_ = *std::move(listener);
    ASSERT_GT(listener_->port(), 0);
  }
  Address listened() const { return {world_->address().host, listener_->port()}; }
  std::unique_ptr<Connection> dial(TransportInbox& inbox) {
    return world_->dialing().dial(listened(), inbox.endpoint());
  }

  std::unique_ptr<TransportWorld> world_;
  std::unique_ptr<TransportAcceptor> acceptor_;
  std::unique_ptr<Listener> listener_;
};

TEST_P(TransportConformance, FramesSentBeforeTheConnectionIsEstablishedArriveFirstAndInOrder) {
  TransportInbox inbox(*world_);
  const auto connection = dial(inbox);
  for (const char* frame : {"one", "", "three"}) connection->send(frame);
  auto* accepted = acceptor_->await(0);
  ASSERT_NE(accepted, nullptr);
  connection->send("four");
  ASSERT_TRUE(accepted->inbox.await_frames(4));
  EXPECT_EQ(accepted->inbox.frames(), (std::vector<std::string>{"one", "", "three", "four"}));
  EXPECT_TRUE(inbox.frames().empty() && inbox.breaks().empty());
}

TEST_P(TransportConformance, AcceptedSideAnswers) {
  TransportInbox inbox(*world_);
  const auto connection = dial(inbox);
  auto* accepted = acceptor_->await(0);
  ASSERT_NE(accepted, nullptr);
  accepted->connection->send("answer");
  ASSERT_TRUE(inbox.await_frames(1));
  EXPECT_EQ(inbox.frames(), (std::vector<std::string>{"answer"}));
}

TEST_P(TransportConformance, LargeAndSmallFramesKeepTheirBytesAndOrder) {
  TransportInbox inbox(*world_);
  const auto connection = dial(inbox);
  std::vector<std::string> frames;
  for (size_t i = 0; i < 200; ++i)
    frames.push_back(std::string(i % 10 == 0 ? 100'000 + i : i, static_cast<char>(i)));
  for (const std::string& frame : frames) connection->send(frame);
  auto* accepted = acceptor_->await(0);
  ASSERT_NE(accepted, nullptr);
  ASSERT_TRUE(accepted->inbox.await_frames(frames.size()));
  EXPECT_EQ(accepted->inbox.frames(), frames);
}

TEST_P(TransportConformance, ConnectionsDoNotMix) {
  TransportInbox first(*world_);
  TransportInbox second(*world_);
  const auto to_first = dial(first);
  ASSERT_NE(acceptor_->await(0), nullptr);
  const auto to_second = dial(second);
  ASSERT_NE(acceptor_->await(1), nullptr);
  acceptor_->await(0)->connection->send("to the first");
  acceptor_->await(1)->connection->send("to the second");
  ASSERT_TRUE(first.await_frames(1) && second.await_frames(1));
  EXPECT_EQ(first.frames(), (std::vector<std::string>{"to the first"}));
  EXPECT_EQ(second.frames(), (std::vector<std::string>{"to the second"}));
}

TEST_P(TransportConformance, OtherEndIsNotifiedOnceWhenTheDialerGoes) {
  TransportInbox inbox(*world_);
  auto connection = dial(inbox);
  auto* accepted = acceptor_->await(0);
  ASSERT_NE(accepted, nullptr);
  connection.reset();
  ASSERT_TRUE(accepted->inbox.await_break());
  accepted->connection->send("into the void");
  accepted->connection.reset();
  EXPECT_EQ(accepted->inbox.breaks().size(), 1u);
  EXPECT_FALSE(accepted->inbox.breaks()[0].message().empty());
  EXPECT_TRUE(inbox.breaks().empty() && inbox.frames().empty())
      << "the end that went first has nobody to tell";
}

TEST_P(TransportConformance, OtherEndIsNotifiedOnceWhenTheAcceptedSideGoes) {
  TransportInbox inbox(*world_);
  const auto connection = dial(inbox);
  auto* accepted = acceptor_->await(0);
  ASSERT_NE(accepted, nullptr);
  accepted->connection.reset();
  ASSERT_TRUE(inbox.await_break());
  connection->send("into the void");
  EXPECT_EQ(inbox.breaks().size(), 1u);
  EXPECT_EQ(inbox.breaks()[0].code(), StatusCode::kUnavailable) << inbox.breaks()[0].to_string();
  EXPECT_TRUE(accepted->inbox.breaks().empty());
}

TEST_P(TransportConformance, DialingAnUnusedAddressIsABreakThatNamesIt) {
  const Address address = listened();
  listener_.reset();
  TransportInbox inbox(*world_);
  const auto connection = world_->dialing().dial(address, inbox.endpoint());
  connection->send("lost");
  ASSERT_TRUE(inbox.await_break());
  EXPECT_EQ(inbox.breaks()[0].code(), StatusCode::kUnavailable);
  EXPECT_NE(inbox.breaks()[0].message().find(address.to_string()), std::string::npos)
      << inbox.breaks()[0].to_string();
}

TEST_P(TransportConformance, AcceptedConnectionOutlivesItsListener) {
  TransportInbox inbox(*world_);
  const auto connection = dial(inbox);
  auto* accepted = acceptor_->await(0);
  ASSERT_NE(accepted, nullptr);
  listener_.reset();
  connection->send("still there");
  EXPECT_TRUE(accepted->inbox.await_frames(1));
}

TEST_P(TransportConformance, TakenAddressIsRefusedUntilItsListenerGoes) {
  TransportAcceptor other(*world_);
  const auto clash = world_->listening().listen(listened(), other.acceptor());
  ASSERT_FALSE(clash.ok());
  EXPECT_EQ(clash.status().code(), StatusCode::kUnavailable);
  EXPECT_NE(clash.status().message().find(listened().to_string()), std::string::npos)
      << clash.status().to_string();
  const Address address = listened();
  listener_.reset();
  const auto again = world_->listening().listen(address, other.acceptor());
  EXPECT_TRUE(again.ok()) << again.status().to_string();
}

TEST_P(TransportConformance, AcceptorMayRejectAConnection) {
  auto refusing =
      world_->listening().listen(world_->address(), [this](std::unique_ptr<Connection> connection) {
        connection.reset();
        return Endpoint{[](std::string) { ADD_FAILURE() << "a frame for nobody"; },
                        [](Status) { ADD_FAILURE() << "a break for nobody"; }};
      });
  ASSERT_TRUE(refusing.ok()) << refusing.status().to_string();
  TransportInbox inbox(*world_);
  const auto connection =
      world_->dialing().dial({world_->address().host, (*refusing)->port()}, inbox.endpoint());
  connection->send("hello");
  EXPECT_TRUE(inbox.await_break());
}

TEST_P(TransportConformance, TwoActorsOfOneProcessReachEachOther) {
  TransportInbox a(*world_);
  TransportInbox b(*world_);
  auto [to_b, to_a] = world_->dialing().connect(a.endpoint(), b.endpoint());
  to_b->send("for b");
  to_a->send("for a");
  ASSERT_TRUE(a.await_frames(1) && b.await_frames(1));
  EXPECT_EQ(a.frames(), (std::vector<std::string>{"for a"}));
  EXPECT_EQ(b.frames(), (std::vector<std::string>{"for b"}));
  to_b.reset();
  ASSERT_TRUE(b.await_break());
}

}  // namespace weir
