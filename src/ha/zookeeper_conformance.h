#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "ha/zookeeper.h"

/// The conformance suite of zookeeper.h, for the simulator's model and for real servers. Include it
/// in one source file of a test program and instantiate it there with ZooKeeperUnderTest values. It
/// needs a ZooKeeper without faults.

namespace weir {

struct ZooKeeperUnderTest {
  std::string name;
  struct Place {
    std::shared_ptr<ZooKeeperFactory> factory;
    std::string root;  ///< exists, is empty, and belongs to this case alone
    /// Lets time pass until the condition holds; false if it does not hold within a few session
    /// time-outs.
    std::function<bool(const std::function<bool()>&)> wait;
    /// Makes the servers end the session as if it had timed out.
    std::function<void(ZooKeeperSession&)> expire;
    std::shared_ptr<void> keep;  ///< anything that must live as long as the place
  };
  std::function<Place()> make;
};

inline void PrintTo(const ZooKeeperUnderTest& parameter, std::ostream* out) {
  *out << parameter.name;
}

class ZooKeeperConformance : public testing::TestWithParam<ZooKeeperUnderTest> {
 protected:
  void SetUp() override {
    place_ = GetParam().make();
    session_ = open();
  }
  void TearDown() override { session_ = nullptr; }

  std::shared_ptr<ZooKeeperSession> open(ZSessionListener listener = nullptr) {
    auto session = place_.factory->open(std::move(listener));
    EXPECT_TRUE(session.ok()) << session.status().to_string();
    return session.ok() ? *session : nullptr;
  }
  std::string at(const std::string& name) const { return place_.root + "/" + name; }
  std::string data(ZooKeeperSession& session, const std::string& path) {
    const auto node = session.get(path);
    return node.ok() ? node->data : std::string(to_string(node.status().code()));
  }
  void create(const std::string& name, const std::string& bytes = "") {
    const Status status = session_->create(at(name), bytes, ZNodeKind::kPersistent);
    ASSERT_TRUE(status.ok()) << status.to_string();
  }

  ZooKeeperUnderTest::Place place_;
  std::shared_ptr<ZooKeeperSession> session_;
};

#define EXPECT_CODE(expr, wanted)                                                       \
  do {                                                                                  \
    const ::weir::Status weir_got_ = (expr);                                            \
    EXPECT_EQ(to_string(weir_got_.code()), to_string(wanted)) << weir_got_.to_string(); \
  } while (false)

TEST_P(ZooKeeperConformance, NodeHoldsTheBytesItWasCreatedWith) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes += static_cast<char>(i);
  for (int i = 0; i < 6; ++i) bytes += bytes.substr(0, 4000);
  create("a", bytes);
  create("empty", "");
  EXPECT_TRUE(data(*session_, at("a")) == bytes);
  EXPECT_EQ(data(*session_, at("empty")), "");
  EXPECT_CODE(session_->create(at("a"), "other", ZNodeKind::kPersistent),
              StatusCode::kAlreadyExists);
  EXPECT_TRUE(data(*session_, at("a")) == bytes);
}

TEST_P(ZooKeeperConformance, MissingNodeIsNotFound) {
  EXPECT_CODE(session_->get(at("a")).status(), StatusCode::kNotFound);
  EXPECT_CODE(session_->set(at("a"), "", kAnyVersion).status(), StatusCode::kNotFound);
  EXPECT_CODE(session_->remove(at("a"), kAnyVersion), StatusCode::kNotFound);
  EXPECT_CODE(session_->children(at("a")).status(), StatusCode::kNotFound);
  EXPECT_CODE(session_->create(at("a/b"), "", ZNodeKind::kPersistent), StatusCode::kNotFound);
  EXPECT_CODE(session_->multi({check_operation(at("a"), kAnyVersion)}), StatusCode::kNotFound);
}

TEST_P(ZooKeeperConformance, PathWithoutASlashIsRefused) {
  EXPECT_CODE(session_->create("a", "", ZNodeKind::kPersistent), StatusCode::kInvalidArgument);
  EXPECT_CODE(session_->get(place_.root + "//a").status(), StatusCode::kInvalidArgument);
}

TEST_P(ZooKeeperConformance, SetNeedsTheExpectedVersion) {
  create("a", "0");
  EXPECT_EQ(session_->get(at("a"))->stat.version, 0);
  const auto first = session_->set(at("a"), "1", 0);
  ASSERT_TRUE(first.ok()) << first.status().to_string();
  EXPECT_EQ(*first, 1);
  EXPECT_CODE(session_->set(at("a"), "stale", 0).status(), StatusCode::kAborted);
  EXPECT_EQ(data(*session_, at("a")), "1");
  const auto any = session_->set(at("a"), "2", kAnyVersion);
  ASSERT_TRUE(any.ok()) << any.status().to_string();
  EXPECT_EQ(*any, 2);
}

TEST_P(ZooKeeperConformance, RemoveNeedsTheExpectedVersionAndNoChildren) {
  create("a");
  create("a/b");
  EXPECT_CODE(session_->remove(at("a"), 0), StatusCode::kFailedPrecondition);
  EXPECT_CODE(session_->remove(at("a/b"), 7), StatusCode::kAborted);
  EXPECT_CODE(session_->remove(at("a/b"), 0), StatusCode::kOk);
  EXPECT_CODE(session_->remove(at("a"), kAnyVersion), StatusCode::kOk);
  EXPECT_CODE(session_->get(at("a")).status(), StatusCode::kNotFound);
}

TEST_P(ZooKeeperConformance, RecreatedNodeIsAnotherNode) {
  create("a");
  const ZNodeStat first = session_->get(at("a"))->stat;
  ASSERT_TRUE(session_->set(at("a"), "x", 0).ok());
  const ZNodeStat changed = session_->get(at("a"))->stat;
  EXPECT_EQ(changed.created_zxid, first.created_zxid);
  EXPECT_GT(changed.modified_zxid, first.modified_zxid);
  ASSERT_TRUE(session_->remove(at("a"), 1).ok());
  create("a");
  const ZNodeStat second = session_->get(at("a"))->stat;
  EXPECT_GT(second.created_zxid, first.created_zxid);
  EXPECT_EQ(second.version, 0);
}

TEST_P(ZooKeeperConformance, ChildrenAreNamesInOrder) {
  create("a");
  EXPECT_EQ(*session_->children(at("a")), std::vector<std::string>{});
  create("a/c");
  create("a/b");
  create("a/b/deep");
  create("ab");
  EXPECT_EQ(*session_->children(at("a")), (std::vector<std::string>{"b", "c"}));
}

TEST_P(ZooKeeperConformance, OtherSessionsSeeWrittenBytes) {
  const auto other = open();
  EXPECT_NE(other->id(), session_->id());
  create("a", "seen");
  EXPECT_TRUE(place_.wait([&] { return data(*other, at("a")) == "seen"; }));
}

TEST_P(ZooKeeperConformance, EphemeralNodeEndsWithItsSession) {
  const auto other = open();
  ASSERT_TRUE(other->create(at("e"), "here", ZNodeKind::kEphemeral).ok());
  EXPECT_EQ(other->get(at("e"))->stat.ephemeral_owner, other->id());
  EXPECT_EQ(session_->get(place_.root)->stat.ephemeral_owner, 0);
  EXPECT_CODE(other->create(at("e/below"), "", ZNodeKind::kPersistent),
              StatusCode::kFailedPrecondition);
  other->close();
  EXPECT_TRUE(
      place_.wait([&] { return session_->get(at("e")).status().code() == StatusCode::kNotFound; }));
  EXPECT_CODE(other->get(at("e")).status(), StatusCode::kCancelled);
  EXPECT_CODE(other->create(at("f"), "", ZNodeKind::kPersistent), StatusCode::kCancelled);
  other->close();
}

TEST_P(ZooKeeperConformance, MultiHappensCompletely) {
  create("a", "0");
  create("gone");
  int refused = 7;
  EXPECT_CODE(session_->multi({check_operation(at("a"), 0), set_operation(at("a"), "1", 0),
                               create_operation(at("b"), "", ZNodeKind::kPersistent),
                               create_operation(at("b/c"), "deep", ZNodeKind::kEphemeral),
                               remove_operation(at("gone"), 0)},
                              &refused),
              StatusCode::kOk);
  EXPECT_EQ(refused, -1);
  EXPECT_EQ(data(*session_, at("a")), "1");
  EXPECT_EQ(data(*session_, at("b/c")), "deep");
  EXPECT_EQ(session_->get(at("b/c"))->stat.ephemeral_owner, session_->id());
  EXPECT_EQ(data(*session_, at("gone")), "NOT_FOUND");
}

TEST_P(ZooKeeperConformance, RefusedMultiChangesNothingAndNamesTheOperation) {
  create("a", "0");
  const auto attempt = [&](std::vector<ZOperation> operations, StatusCode code, int index) {
    int refused = -7;
    EXPECT_CODE(session_->multi(operations, &refused), code);
    EXPECT_EQ(refused, index);
    EXPECT_EQ(data(*session_, at("a")), "0");
    EXPECT_EQ(data(*session_, at("b")), "NOT_FOUND");
  };
  const ZOperation set = set_operation(at("a"), "1", 0);
  const ZOperation make = create_operation(at("b"), "", ZNodeKind::kPersistent);
  attempt({set, make, check_operation(at("a"), 0)}, StatusCode::kAborted, 2);
  attempt({check_operation(at("a"), 3), set, make}, StatusCode::kAborted, 0);
  attempt({set, make, make}, StatusCode::kAlreadyExists, 2);
  attempt({set, remove_operation(at("c"), kAnyVersion), make}, StatusCode::kNotFound, 1);
  attempt({make, create_operation(at("b/c"), "", ZNodeKind::kPersistent),
           remove_operation(at("b"), kAnyVersion)},
          StatusCode::kFailedPrecondition, 2);
}

TEST_P(ZooKeeperConformance, WatchIsCalledOnceAtEachKindOfChange) {
  const auto other = open();
  const auto fires_at = [&](const std::function<void()>& change) {
    std::atomic<int> calls{0};
    const Status status = other->watch(at("a"), [&calls] { ++calls; });
    EXPECT_TRUE(status.ok()) << status.to_string();
    EXPECT_EQ(calls, 0);
    change();
    const bool called = place_.wait([&calls] { return calls > 0; });
    // A second change is not reported.
    std::atomic<bool> passed{false};
    (void)session_->set(at("a"), "again", kAnyVersion);
    EXPECT_TRUE(other->watch(at("marker"), [&passed] { passed = true; }).ok());
    EXPECT_TRUE(session_->create(at("marker"), "", ZNodeKind::kPersistent).ok());
    EXPECT_TRUE(place_.wait([&passed] { return passed.load(); }));
    EXPECT_TRUE(session_->remove(at("marker"), kAnyVersion).ok());
    return called && calls == 1;
  };
  EXPECT_TRUE(fires_at([&] { create("a", "made"); }));
  EXPECT_TRUE(fires_at([&] { EXPECT_TRUE(session_->set(at("a"), "changed", kAnyVersion).ok()); }));
  EXPECT_TRUE(fires_at([&] { EXPECT_TRUE(session_->remove(at("a"), kAnyVersion).ok()); }));
  EXPECT_TRUE(fires_at([&] {
    EXPECT_TRUE(session_->multi({create_operation(at("a"), "", ZNodeKind::kPersistent)}).ok());
  }));
}

TEST_P(ZooKeeperConformance, LaterWatchReplacesTheEarlierOne) {
  std::atomic<int> first{0};
  std::atomic<int> second{0};
  ASSERT_TRUE(session_->watch(at("a"), [&first] { ++first; }).ok());
  ASSERT_TRUE(session_->watch(at("a"), [&second] { ++second; }).ok());
  create("a");
  EXPECT_TRUE(place_.wait([&second] { return second > 0; }));
  session_->close();
  EXPECT_EQ(first, 0);
  EXPECT_EQ(second, 1);
}

TEST_P(ZooKeeperConformance, WatchSeesAnEphemeralNodeGoWithItsSession) {
  auto other = open();
  ASSERT_TRUE(other->create(at("e"), "", ZNodeKind::kEphemeral).ok());
  std::atomic<bool> called{false};
  ASSERT_TRUE(place_.wait([&] { return session_->get(at("e")).ok(); }));
  ASSERT_TRUE(session_->watch(at("e"), [&called] { called = true; }).ok());
  other = nullptr;
  EXPECT_TRUE(place_.wait([&called] { return called.load(); }));
  EXPECT_CODE(session_->get(at("e")).status(), StatusCode::kNotFound);
  session_->close();
}

TEST_P(ZooKeeperConformance, ExpiredSessionIsReportedAndRefusesCalls) {
  std::atomic<bool> connected{false};
  std::atomic<bool> expired{false};
  const auto other = open([&](ZSessionEvent event) {
    if (event == ZSessionEvent::kConnected) connected = true;
    if (event == ZSessionEvent::kExpired) expired = true;
  });
  EXPECT_TRUE(place_.wait([&connected] { return connected.load(); }));
  ASSERT_TRUE(other->create(at("e"), "", ZNodeKind::kEphemeral).ok());
  EXPECT_FALSE(expired);
  place_.expire(*other);
  EXPECT_TRUE(place_.wait([&expired] { return expired.load(); }));
  EXPECT_CODE(other->set(at("e"), "", kAnyVersion).status(), StatusCode::kCancelled);
  EXPECT_CODE(other->get(place_.root).status(), StatusCode::kCancelled);
  EXPECT_CODE(session_->get(at("e")).status(), StatusCode::kNotFound);
  other->close();
}

TEST_P(ZooKeeperConformance, CloseDoesNotCallTheListener) {
  std::atomic<bool> expired{false};
  const auto other =
      open([&](ZSessionEvent event) { expired = expired || event == ZSessionEvent::kExpired; });
  other->close();
  EXPECT_CODE(session_->create(at("a"), "", ZNodeKind::kPersistent), StatusCode::kOk);
  EXPECT_FALSE(expired);
}

}  // namespace weir
