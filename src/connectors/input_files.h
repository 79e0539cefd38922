#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "fs/file_system_registry.h"

namespace weir {

struct InputFile {
  FileLocation location;
  FileInfo info;
};

enum class NoFiles {
  kRefused,  ///< an input without files is an error
  kAllowed,  ///< they may come later
};

/// The input files of `uris`. Each URI is a file, a directory (its files, but not those of
/// subdirectories, hidden ones or unfinished copies), or a path with a pattern of *, ? and [...].
/// Each file appears once, in the order of the URIs. An input that cannot be read twice is an
/// error: a pipe, a device, a socket.
StatusOr<std::vector<InputFile>> find_input_files(FileSystemRegistry& registry,
                                                  const std::vector<std::string>& uris,
                                                  NoFiles none = NoFiles::kRefused);

/// INVALID_ARGUMENT if `file`, decompressed, is not UTF-8 text but compressed in another way, an
/// archive, a columnar format or UTF-16. Decides by its first bytes, `head`, and sometimes by its
/// last.
Status check_is_text(ReadableFile& file, const std::string& uri, std::string_view head);
/// The length of `head` for check_is_text.
inline constexpr int64_t kHeadBytes = 4096;

/// FAILED_PRECONDITION: a writer has the file open.
Status check_is_complete(ReadableFile& file, const std::string& uri);

}  // namespace weir
