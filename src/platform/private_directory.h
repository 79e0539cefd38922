#pragma once

#include <memory>
#include <string>

#include "platform/unique_fd.h"
#include "weir/status.h"

namespace weir {

/// A fresh directory of this process's that no other user can enter. Removed with all that is in it
/// by the destructor, or, if the process is killed, by the next make() of the same user for the
/// same place and prefix: while a process lives its directory is locked. Thread: any.
class PrivateDirectory {
 public:
  /// `<parent>/<prefix>XXXXXX`. UNAVAILABLE: it cannot be made there.
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
