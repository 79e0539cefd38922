#pragma once

#include <string>
#include <string_view>

#include "weir/status.h"

namespace weir {

/// Reads a secret, such as a password, from a file that only its owner may read. Surrounding space
/// is ignored. FAILED_PRECONDITION names `key`, the file and the problem: it cannot be read, is not
/// a regular file, is empty, belongs to another user, or others may read it. A file that root owns
/// may be readable by the group, because Kubernetes mounts secrets that way. A descriptor that this
/// process inherited ("/proc/self/fd/N") is not passed on to its children afterwards.
StatusOr<std::string> read_secret_file(std::string_view key, const std::string& path);

/// Whether a file that has a secret among other things may be used: by the same rules.
/// FAILED_PRECONDITION begins with `name`.
Status check_secret_file(const std::string& name, const std::string& path);

}  // namespace weir
