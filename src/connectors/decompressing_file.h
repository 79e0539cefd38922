#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "weir/connector/file_sink_options.h"
#include "weir/connector/file_system.h"

namespace weir {

/// Decides by the first bytes of a file.
Compression compression_of(std::string_view head);

/// The content of a compressed file, as a file whose size is unknown until its end was read. Its
/// bytes can be read forwards only; a read of earlier bytes starts again from the beginning of the
/// file. Memory: a fixed amount, whatever the file contains. All members of a gzip file and all
/// frames of a zstd file are read. DATA_LOSS names the byte of the file at which it is damaged or
/// ends too early.
class DecompressingFile : public ReadableFile {
 public:
  /// size() before the end was read.
  static constexpr int64_t kUnknownSize = INT64_MAX / 4;
};

/// `uri` is for messages.
std::unique_ptr<DecompressingFile> make_decompressing_file(std::shared_ptr<ReadableFile> file,
                                                           Compression compression,
                                                           std::string uri);

/// Opens a file, and decompresses it if it is compressed. `*compressed` says whether it is.
StatusOr<std::unique_ptr<ReadableFile>> open_decompressed(FileSystem& fs, const std::string& path,
                                                          const std::string& uri, bool* compressed);

}  // namespace weir
