#pragma once

#include <string>
#include <utility>

#include "fs/file_system.h"

namespace weir {

/// A file descriptor that closes itself.
class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor();

  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

/// open(2) with O_CLOEXEC, retried after EINTR. On failure not valid, and errno gives the reason.
Descriptor open_descriptor(const std::string& path, int flags, unsigned mode = 0);

/// Makes the entries of a directory persistent.
Status sync_directory(const std::string& path);

/// A new file. Buffers small appends; close() syncs the file and its directory.
class LocalWritableFile final : public WritableFile {
 public:
  LocalWritableFile(std::string path, Descriptor file)
      : path_(std::move(path)), file_(std::move(file)) {}

  Status append(std::string_view bytes) override;
  Status close() override;

 private:
  Status write_out(std::string_view bytes);

  const std::string path_;
  Descriptor file_;
  std::string buffer_;
  Status failed_;  // the first failure; nothing is written after it
};

class LocalReadableFile final : public ReadableFile {
 public:
  LocalReadableFile(std::string path, Descriptor file, int64_t size)
      : path_(std::move(path)), file_(std::move(file)), size_(size) {}

  Status read_at(int64_t offset, int64_t length, std::string* out) override;
  int64_t size() const override { return size_; }

 private:
  const std::string path_;
  const Descriptor file_;
  const int64_t size_;
};

}  // namespace weir
