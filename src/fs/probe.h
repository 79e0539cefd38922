#pragma once

#include <string_view>

#include "fs/file_system_registry.h"

namespace weir {

/// What the names of the files begin with that a probe makes.
inline constexpr std::string_view kProbePrefix = ".weir-probe-";

/// Proves, before a job relies on it, that `dir` can be made and that a file in it can be written,
/// published, read back and deleted. What it made it removes again, but for the directory. `unique`
/// keeps several probes of one directory apart. Each failure says which step failed, on what, and
/// what to do; its code is that of the step, or DATA_LOSS if other bytes came back than went in.
Status probe_directory(const FileLocation& dir, std::string_view unique);

}  // namespace weir
