#pragma once

#include <memory>
#include <string>

#include "platform/unique_fd.h"
#include "weir/status.h"

namespace weir {

/// A new directory that no other user can enter. The destructor removes it with its content. If the
/// process is killed, the next make() of the same user for the same place and prefix removes it: a
/// directory is locked as long as its process lives. Thread: any.
class PrivateDirectory {
 public:
  /// Creates `<parent>/<prefix>XXXXXX`. UNAVAILABLE: it cannot be created there.
  static StatusOr<std::unique_ptr<PrivateDirectory>> make(const std::string& parent,
                                                          const std::string& prefix);
  ~PrivateDirectory();
  PrivateDirectory(const PrivateDirectory&) = delete;
  PrivateDirectory& operator=(const PrivateDirectory&) = delete;

  const std::string& path() const { return path_; }

 private:
  PrivateDirectory(std::string path, UniqueFd lock)
      : path_(std::move(path)), lock_(std::move(lock)) {}

  const std::string path_;
  const UniqueFd lock_;
};

}  // namespace weir
