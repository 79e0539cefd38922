#pragma once

#include <string>
#include <string_view>

#include "weir/status.h"

namespace weir {

/// The content of a file that only its owner may read: a password, a shared secret. Space around it
/// does not count. FAILED_PRECONDITION names `key` and the file, and says what is wrong: it cannot
/// be read, is no plain file, is empty, is another user's, or others may read it. The group may
/// read a file of root's: Kubernetes mounts secrets so. A descriptor that this process inherited
/// ("/proc/self/fd/N") is not passed on to its children afterwards.
StatusOr<std::string> read_secret_file(std::string_view key, const std::string& path);

}  // namespace weir
