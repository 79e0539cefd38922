#include "fs/capped_file_system.h"

#include "base/strings.h"

namespace weir {
namespace {

constexpr std::chrono::milliseconds kLook{10};

using Slots = std::shared_ptr<CallSlots>;

class CappedReadableFile final : public ReadableFile {
 public:
  CappedReadableFile(Slots slots, std::unique_ptr<ReadableFile> inner)
      : slots_(std::move(slots)), inner_(std::move(inner)) {}
  Status read_at(int64_t offset, int64_t length, std::string* out) override {
    return slots_->run([&] { return inner_->read_at(offset, length, out); });
  }
  int64_t size() const override { return inner_->size(); }
  StatusOr<bool> being_written() override {
    return slots_->run([&] { return inner_->being_written(); });
  }

 private:
  const Slots slots_;
  const std::unique_ptr<ReadableFile> inner_;
};

class CappedWritableFile final : public WritableFile {
 public:
  CappedWritableFile(Slots slots, std::unique_ptr<WritableFile> inner)
      : slots_(std::move(slots)), inner_(std::move(inner)) {}
  Status append(std::string_view bytes) override {
    return slots_->run([&] { return inner_->append(bytes); });
  }
  Status close() override {
    return slots_->run([&] { return inner_->close(); });
  }

 private:
  const Slots slots_;
  const std::unique_ptr<WritableFile> inner_;
};

class CappedFileSystem final : public FileSystem {
 public:
  CappedFileSystem(std::shared_ptr<FileSystem> inner, Slots slots)
      : inner_(std::move(inner)), slots_(std::move(slots)) {}

  StatusOr<std::unique_ptr<WritableFile>> create(const std::string& path,
                                                 CreateMode mode) override {
    return with_cap(slots_->run([&] { return inner_->create(path, mode); }));
  }
  StatusOr<std::unique_ptr<WritableFile>> stage(const StagedFile& file, CreateMode mode) override {
    return with_cap(slots_->run([&] { return inner_->stage(file, mode); }));
  }
  StatusOr<std::unique_ptr<ReadableFile>> open(const std::string& path) override {
    auto file = slots_->run([&] { return inner_->open(path); });
    if (!file.ok()) return file;
    return std::unique_ptr<ReadableFile>(
        std::make_unique<CappedReadableFile>(slots_, *std::move(file)));
  }
  StatusOr<FileInfo> stat(const std::string& path) override {
    return slots_->run([&] { return inner_->stat(path); });
  }
  StatusOr<std::vector<FileInfo>> list(const std::string& path) override {
    return slots_->run([&] { return inner_->list(path); });
  }
  Status make_directories(const std::string& path) override {
    return slots_->run([&] { return inner_->make_directories(path); });
  }
  Status rename(const std::string& from, const std::string& to) override {
    return slots_->run([&] { return inner_->rename(from, to); });
  }
  Status remove(const std::string& path) override {
    return slots_->run([&] { return inner_->remove(path); });
  }
  Status remove_all(const std::string& path) override {
    return slots_->run([&] { return inner_->remove_all(path); });
  }
  Durability durability() const override { return inner_->durability(); }
  StatusOr<int64_t> staged_size(const StagedFile& file) override {
    return slots_->run([&] { return inner_->staged_size(file); });
  }
  Status publish(const StagedFile& file) override {
    return slots_->run([&] { return inner_->publish(file); });
  }
  Status discard(const StagedFile& file) override {
    return slots_->run([&] { return inner_->discard(file); });
  }
  bool stages_at_target() const override { return inner_->stages_at_target(); }
  StatusOr<std::vector<std::string>> unfinished(const std::string& directory) override {
    return slots_->run([&] { return inner_->unfinished(directory); });
  }

 private:
  StatusOr<std::unique_ptr<WritableFile>> with_cap(StatusOr<std::unique_ptr<WritableFile>> file) {
    if (!file.ok()) return file;
    return std::unique_ptr<WritableFile>(
        std::make_unique<CappedWritableFile>(slots_, *std::move(file)));
  }

  const std::shared_ptr<FileSystem> inner_;
  const Slots slots_;
};

}  // namespace

Status CallSlots::enter(MonotonicTime* since) {
  *since = cap_.now ? cap_.now() : MonotonicTime(0);
  const MonotonicTime end = *since + cap_.patience;
  while (!try_enter(*since)) {
    if (!cap_.now || !cap_.sleep || *since >= end) {
      std::lock_guard lock(mutex_);
      const MonotonicTime oldest = under_way_.empty() ? *since : *under_way_.begin();
      return unavailable(cat(name_, " does not answer: ", under_way_.size(),
                             " calls are under way, the oldest for ", whole_ms(*since - oldest),
                             " ms, and no further one begins before one of them ends"));
    }
    cap_.sleep(kLook);
    *since = cap_.now();
  }
  return {};
}

bool CallSlots::try_enter(MonotonicTime now) {
  std::lock_guard lock(mutex_);
  if (under_way_.size() >= static_cast<size_t>(cap_.most)) return false;
  under_way_.insert(now);
  return true;
}

void CallSlots::leave(MonotonicTime since) {
  std::lock_guard lock(mutex_);
  under_way_.erase(under_way_.find(since));
}

std::shared_ptr<FileSystem> capped(std::shared_ptr<FileSystem> inner, CallCap cap,
                                   std::string name) {
  return std::make_shared<CappedFileSystem>(
      std::move(inner), std::make_shared<CallSlots>(std::move(cap), std::move(name)));
}

}  // namespace weir
