#include "fs/capped_file_system.h"

#include <gtest/gtest.h>

#include <future>
#include <thread>

namespace weir {
namespace {

class Cap : public testing::Test {
 protected:
  CallCap cap(int most) {
    return {.most = most,
            .patience = std::chrono::seconds(30),
            .now = [this] { return now_; },
            .sleep =
                [this](std::chrono::milliseconds time) {
                  now_ += time;
                  if (while_waiting_) while_waiting_();
                }};
  }
  /// Makes `count` calls of which none ends before `inside` has returned.
  Status within(CallSlots& slots, int count, const std::function<Status()>& inside) {
    return slots.run([&] { return count > 1 ? within(slots, count - 1, inside) : inside(); });
  }

  MonotonicTime now_ = std::chrono::seconds(100);
  std::function<void()> while_waiting_;
};

TEST_F(Cap, CallBeyondTheCapIsNotMadeWhileNoneOfTheOthersEnds) {
  CallSlots slots(cap(3), "hdfs://nn");
  bool made = false;
  const Status refused = within(slots, 3, [&] {
    now_ += std::chrono::seconds(2);
    return slots.run([&] {
      made = true;
      return Status();
    });
  });
  EXPECT_FALSE(made);
  EXPECT_EQ(refused.code(), StatusCode::kUnavailable) << "which callers try again";
  EXPECT_EQ(refused.message(),
            "hdfs://nn does not answer: 3 calls are under way, the oldest for 32000 ms, and no "
            "further one begins before one of them ends");
  EXPECT_TRUE(within(slots, 3, [] { return Status(); }).ok()) << "all have ended";
}

TEST_F(Cap, CallBeyondTheCapWaitsForOneThatEnds) {
  CallSlots slots(cap(1), "hdfs://nn");
  std::promise<void> began, may_end;
  std::thread first([&] {
    EXPECT_TRUE(slots
                    .run([&] {
                      began.set_value();
                      may_end.get_future().wait();
                      return Status();
                    })
                    .ok());
  });
  began.get_future().wait();
  int waits = 0;
  while_waiting_ = [&] {
    if (++waits < 3) return;
    while_waiting_ = nullptr;
    may_end.set_value();
    first.join();
  };
  bool made = false;
  EXPECT_TRUE(slots
                  .run([&] {
                    made = true;
                    return Status();
                  })
                  .ok());
  EXPECT_TRUE(made);
  EXPECT_EQ(waits, 3);
}

/// Whose files ask, in the middle of a call, what another call would give.
class Asking final : public FileSystem {
 public:
  std::function<Status()> ask;

  StatusOr<std::unique_ptr<WritableFile>> create(const std::string&, CreateMode) override {
    return std::unique_ptr<WritableFile>(std::make_unique<Written>(*this));
  }
  StatusOr<std::unique_ptr<ReadableFile>> open(const std::string&) override {
    return std::unique_ptr<ReadableFile>(std::make_unique<Read>(*this));
  }
  StatusOr<FileInfo> stat(const std::string&) override { return FileInfo{}; }
  StatusOr<std::vector<FileInfo>> list(const std::string&) override { return ask(); }
  Status make_directories(const std::string&) override { return ask(); }
  Status rename(const std::string&, const std::string&) override { return ask(); }
  Status remove(const std::string&) override { return ask(); }
  Status remove_all(const std::string&) override { return ask(); }
  Durability durability() const override { return Durability::kProcess; }

 private:
  struct Written final : WritableFile {
    explicit Written(Asking& fs) : fs(fs) {}
    Status append(std::string_view) override { return fs.ask(); }
    Status close() override { return fs.ask(); }
    Asking& fs;
  };
  struct Read final : ReadableFile {
    explicit Read(Asking& fs) : fs(fs) {}
    Status read_at(int64_t, int64_t, std::string*) override { return fs.ask(); }
    int64_t size() const override { return 0; }
    StatusOr<bool> being_written() override { return fs.ask(); }
    Asking& fs;
  };
};

TEST_F(Cap, EveryCallThatMayHangCounts) {
  const auto inner = std::make_shared<Asking>();
  const auto fs = capped(inner, {.most = 1, .now = {}, .sleep = {}}, "x");
  inner->ask = [&] { return fs->stat("/").status(); };
  std::string bytes;
  auto created = fs->create("/a", CreateMode::kReplace);
  auto opened = fs->open("/a");
  const auto written = std::move(created).value();
  const auto read = std::move(opened).value();
  const std::vector<Status> answers = {
      fs->list("/").status(), fs->make_directories("/a"),  fs->rename("/a", "/b"),
      fs->remove("/a"),       fs->remove_all("/a"),        written->append("x"),
      written->close(),       read->read_at(0, 1, &bytes), read->being_written().status()};
  for (size_t i = 0; i < answers.size(); ++i)
    EXPECT_EQ(answers[i].code(), StatusCode::kUnavailable) << "call " << i;
  EXPECT_TRUE(fs->stat("/").ok()) << "nothing is under way now";
}

}  // namespace
}  // namespace weir
