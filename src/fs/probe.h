#pragma once

#include <string_view>

#include "fs/file_system_registry.h"

namespace weir {

/// The prefix of a probe's file names.
inline constexpr std::string_view kProbePrefix = ".weir-probe-";

/// Checks, before a job relies on it, that `dir` can be made and that a file in it can be written,
/// published, read back and deleted. Removes its files again, but not the directory. `unique`
/// distinguishes several probes of one directory. A failure names the step, the path and the
/// remedy; its code is that of the step, or DATA_LOSS if other bytes were read than written.
Status probe_directory(const FileLocation& dir, std::string_view unique);

}  // namespace weir
