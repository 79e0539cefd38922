#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "fs/file_system_registry.h"
#include "fs/memory/memory_file_system.h"
#include "weir/operator/operator.h"

namespace weir {

/// Hosts one connector in a test. Blocking work waits until the test runs it, in any order; the
/// clock is the test's. Any URI is a path on `fs`, which outlives the host as a disk outlives a
/// process.
class TestHost final : public OperatorContext,
                       public OperatorStateStore,
                       public FileSystemRegistry {
 public:
  using Lists = std::map<std::string, std::vector<std::string>>;

  struct Place {
    int subtask = 0;
    int parallelism = 1;
    uint64_t nonce = 1;
    int64_t restored_checkpoint = -1;
    uint64_t run = 0;  ///< 0: the nonce
    bool continues_run = true;
  };

  TestHost(std::shared_ptr<FileSystem> fs, Place place, Lists restored = {})
      : fs_(std::move(fs)), place_(place), restored_(std::move(restored)) {}

  const std::string& operator_name() const override { return name_; }
  const std::string& uid() const override { return name_; }
  int subtask() const override { return place_.subtask; }
  int parallelism() const override { return place_.parallelism; }
  int max_parallelism() const override { return 128; }
  uint64_t attempt_nonce() const override { return place_.nonce; }
  int64_t restored_checkpoint() const override { return place_.restored_checkpoint; }
  uint64_t run_nonce() const override { return place_.run != 0 ? place_.run : place_.nonce; }
  bool continues_run() const override { return place_.continues_run; }
  OperatorStateStore& operator_state() override { return *this; }
  FileSystemRegistry& files() override { return *this; }
  size_t max_record_bytes() const override { return most_record_bytes; }
  int64_t processing_time_ms() const override { return now_ms; }
  void run_blocking(std::function<std::function<void()>()> work) override {
    jobs_.push_back(std::move(work));
  }
  void fail(Status status) override {
    if (failure.ok()) failure = std::move(status);
  }
  StatusOr<std::vector<std::string>> declare(const std::string& name, ListStateMode,
                                             TypeDescription) override {
    return restored_[name];
  }
  StatusOr<FileLocation> resolve(const std::string& uri) override {
    return FileLocation{fs_, uri.starts_with("mem:") ? uri.substr(4) : uri, uri};
  }

  size_t jobs() const { return jobs_.size(); }
  /// Runs one pending job and its continuation.
  void run_job(size_t i = 0) {
    const auto job = std::move(jobs_.at(i));
    jobs_.erase(jobs_.begin() + static_cast<std::ptrdiff_t>(i));
    if (const auto continuation = job()) continuation();
  }
  void run_jobs() {
    while (!jobs_.empty()) run_job();
  }
  void run_jobs_backwards() {
    while (!jobs_.empty()) run_job(jobs_.size() - 1);
  }

  int64_t now_ms = 1'000'000;
  size_t most_record_bytes = kDefaultMaxRecordBytes;
  Status failure;

 private:
  const std::shared_ptr<FileSystem> fs_;
  const Place place_;
  const std::string name_ = "connector";
  Lists restored_;
  std::vector<std::function<std::function<void()>()>> jobs_;
};

/// A snapshot taken by a test. Its blocking work waits until the test runs it.
class TestSnapshot final : public SnapshotContext {
 public:
  explicit TestSnapshot(int64_t id) : id_(id) {}
  int64_t checkpoint_id() const override { return id_; }
  void put_list(const std::string& name, std::vector<std::string> elements) override {
    lists[name] = std::move(elements);
  }
  void before_ack(std::function<Status()> work) override { work_.push_back(std::move(work)); }

  Status acknowledge() {
    for (const auto& work : work_) {
      if (Status status = work(); !status.ok()) return status;
    }
    return {};
  }

  TestHost::Lists lists;

 private:
  const int64_t id_;
  std::vector<std::function<Status()>> work_;
};

class NoOutput final : public Output {
 public:
  void emit(Batch& batch) override { batch.clear(); }
};

/// The names of the files below a directory that begin with `prefix`, in order.
inline std::vector<std::string> file_names(FileSystem& fs, const std::string& directory,
                                           const std::string& prefix) {
  std::vector<std::string> names;
  const auto entries = fs.list(directory);
  if (!entries.ok()) return names;
  for (const FileInfo& entry : *entries) {
    const std::string name = entry.path.substr(entry.path.rfind('/') + 1);
    if (name.starts_with(prefix)) names.push_back(name);
  }
  return names;
}

/// All lines of the part files of a directory, sorted.
inline std::vector<std::string> committed_lines(FileSystem& fs, const std::string& directory) {
  std::vector<std::string> lines;
  for (const std::string& name : file_names(fs, directory, "part-")) {
    const auto bytes = read_file(fs, directory + "/" + name);
    if (!bytes.ok()) return {"unreadable: " + bytes.status().to_string()};
    for (size_t at = 0; at < bytes->size();) {
      const size_t end = std::min(bytes->find('\n', at), bytes->size());
      lines.push_back(bytes->substr(at, end - at));
      at = end + 1;
    }
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

}  // namespace weir
