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

/// The files that inputs name: a file, the files of a directory (not those of directories below,
/// nor hidden or half-copied ones), or whatever matches a pattern with *, ? and [...] in its path.
/// Each file once, in the order of the URIs. An input without files is an error, as is what cannot
/// be read twice: a pipe, a device, a socket.
StatusOr<std::vector<InputFile>> find_input_files(FileSystemRegistry& registry,
                                                  const std::vector<std::string>& uris);

/// INVALID_ARGUMENT if `file` is no UTF-8 text but compressed, an archive, of a format of columns
/// or of UTF-16: by the bytes with which it begins, `head`, and sometimes ends.
Status check_is_text(ReadableFile& file, const std::string& uri, std::string_view head);
/// What check_is_text wants to see of a file.
inline constexpr int64_t kHeadBytes = 4096;

/// FAILED_PRECONDITION: somebody has the file open for writing.
Status check_is_complete(ReadableFile& file, const std::string& uri);

}  // namespace weir
