#include "runtime/local_copies.h"

#include <vector>

#include "base/log.h"

namespace weir {

class LocalCopies::CopyingFile final : public WritableFile {
 public:
  CopyingFile(LocalCopies& copies, CheckpointId id, std::string name,
              std::unique_ptr<WritableFile> original)
      : copies_(copies), id_(id), name_(std::move(name)), original_(std::move(original)) {
    auto copy = copies_.directory_.fs->create(copies_.path_of(name_), CreateMode::kReplace);
    if (copy.ok()) {
      copy_ = *std::move(copy);
    } else {
      fail(copy.status());
    }
  }
  ~CopyingFile() override {
    if (copy_ && !closed_) remove();  // the checkpoint was aborted
  }

  Status append(std::string_view bytes) override {
    if (copy_) {
      if (Status status = copy_->append(bytes); !status.ok()) fail(status);
      length_ += static_cast<int64_t>(bytes.size());
    }
    return original_->append(bytes);
  }
  Status close() override {
    closed_ = true;
    Status status = original_->close();
    if (copy_) {
      if (Status copied = copy_->close(); !copied.ok()) fail(copied);
    }
    if (!copy_) return status;
    if (!status.ok()) {
      remove();
      return status;
    }
    std::lock_guard lock(copies_.mutex_);
    copies_.copies_[name_] = {id_, length_};
    return status;
  }

 private:
  void fail(const Status& why) {
    WEIR_LOG(kWarning) << "no local copy of state file " << name_ << ": " << why.message();
    remove();
  }
  void remove() {
    copy_.reset();
    (void)copies_.directory_.fs->remove(copies_.path_of(name_));
  }

  LocalCopies& copies_;
  const CheckpointId id_;
  const std::string name_;
  const std::unique_ptr<WritableFile> original_;
  std::unique_ptr<WritableFile> copy_;
  bool closed_ = false;
  int64_t length_ = 0;
};

LocalCopies::~LocalCopies() { (void)directory_.fs->remove_all(directory_.path); }

std::unique_ptr<WritableFile> LocalCopies::copying(CheckpointId id, const std::string& name,
                                                   std::unique_ptr<WritableFile> original) {
  return std::make_unique<CopyingFile>(*this, id, name, std::move(original));
}

std::unique_ptr<ReadableFile> LocalCopies::open(const std::string& name) {
  int64_t length = 0;
  {
    std::lock_guard lock(mutex_);
    const auto found = copies_.find(name);
    if (found == copies_.end()) return nullptr;
    length = found->second.length;
  }
  auto file = directory_.fs->open(path_of(name));
  if (!file.ok() || (*file)->size() != length) return nullptr;
  WEIR_LOG(kInfo) << "state file " << name << " is read from this machine's copy";
  return *std::move(file);
}

void LocalCopies::keep_from(CheckpointId id) {
  std::vector<std::string> old;
  {
    std::lock_guard lock(mutex_);
    for (auto copy = copies_.begin(); copy != copies_.end();) {
      if (copy->second.id < id) {
        old.push_back(copy->first);
        copy = copies_.erase(copy);
      } else {
        ++copy;
      }
    }
  }
  for (const std::string& name : old) (void)directory_.fs->remove(path_of(name));
}

}  // namespace weir
