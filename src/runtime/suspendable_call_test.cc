#include "runtime/suspendable_call.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>

namespace weir {
namespace {

struct Fixture {
  FiberPool fibers{256 * 1024};
  SuspendableCall call{fibers};
  std::function<void()> work;
  std::string order;

  void run(std::function<void()> what) {
    work = std::move(what);
    call.run([](void* self) { static_cast<Fixture*>(self)->guarded(); }, this);
  }
  void guarded() {
    try {
      work();
      order += "returned ";
    } catch (const CallAbandoned&) { order += "abandoned "; }
  }
  void emit() {
    if (call.wanted()) call.suspend();
    if (!call.wanted()) order += "dropped ";
  }
};

struct Logs {
  std::string& order;
  ~Logs() { order += "destroyed "; }
};

TEST(SuspendableCall, ContinuesWhenResumed) {
  Fixture f;
  f.run([&] {
    f.order += "a ";
    EXPECT_TRUE(f.call.running());
    f.emit();
    f.order += "b ";
  });
  EXPECT_TRUE(f.call.suspended());
  EXPECT_FALSE(f.call.running());
  f.order += "| ";
  f.call.resume();
  EXPECT_FALSE(f.call.suspended());
  EXPECT_EQ(f.order, "a | b returned ");
}

TEST(SuspendableCall, AbandonedCallIsUnwound) {
  Fixture f;
  f.run([&] {
    const Logs logs{f.order};
    f.emit();
    f.order += "went on ";
  });
  f.call.abandon();
  EXPECT_FALSE(f.call.suspended());
  EXPECT_EQ(f.order, "destroyed abandoned ");
}

TEST(SuspendableCall, CatchAllHandlerDoesNotKeepAnAbandonedCallAlive) {
  Fixture f;
  f.run([&] {
    for (int i = 0; i < 1000; ++i) {
      try {
        f.emit();
      } catch (...) { f.order += "caught "; }
      if (i == 2) f.emit();
    }
  });
  f.call.abandon();
  EXPECT_EQ(f.order, "caught caught caught abandoned ");
}

TEST(SuspendableCall, DestructorThatEmitsIsNotInterruptedByASecondException) {
  struct Emits {
    Fixture& f;
    ~Emits() noexcept(false) { f.emit(); }
  };
  Fixture f;
  f.run([&] {
    const Emits emits{f};
    f.emit();
  });
  f.call.abandon();
  EXPECT_EQ(f.order, "dropped abandoned ");
}

TEST(SuspendableCall, IsAbandonedWhenItIsDestroyed) {
  std::string order;
  FiberPool fibers(256 * 1024);
  struct Held {
    SuspendableCall* call;
    std::string* order;
  };
  {
    SuspendableCall call(fibers);
    Held held{&call, &order};
    call.run(
        [](void* argument) {
          const Held held = *static_cast<Held*>(argument);
          try {
            const Logs logs{*held.order};
            held.call->suspend();
            held.call->wanted();
          } catch (const CallAbandoned&) {}
        },
        &held);
  }
  EXPECT_EQ(order, "destroyed ");
}

}  // namespace
}  // namespace weir
