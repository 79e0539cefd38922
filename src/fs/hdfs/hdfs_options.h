#pragma once

#include <cstddef>
#include <string>

namespace weir {

struct HdfsOptions {
  std::string file_permission = "640";
  std::string directory_permission = "750";
  /// Asks the DataNodes to sync each block to their disks (the create flag SYNC_BLOCK, Hadoop 3),
  /// which makes a closed file survive a loss of power.
  bool sync_on_close = true;
  /// Files up to this size are sent in one piece, and again if need be; larger ones leave as they
  /// are written.
  size_t buffer_bytes = 4 << 20;
};

}  // namespace weir
