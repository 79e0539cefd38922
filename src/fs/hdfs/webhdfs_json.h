#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "weir/status.h"

namespace weir {

/// Decodes WebHDFS answers. The bytes are not trusted: any deviation from the REST API's
/// documentation gives UNAVAILABLE, because a listing may be cut off after its "200 OK" (later
/// pages have no other way to report an error).

struct HdfsFileStatus {
  std::string name;  ///< "pathSuffix": empty for the requested path itself
  bool is_directory = false;
  int64_t length = 0;
  int64_t modified_ms = 0;
  int64_t file_id = 0;  ///< the inode: a rename keeps it, and no other file ever has it; 0 if the
                        ///< server doesn't send it
};

struct HdfsListing {
  std::vector<HdfsFileStatus> entries;
  int64_t remaining = 0;  ///< entries after these
};

StatusOr<HdfsFileStatus> parse_file_status(std::string_view body);
/// The answer to LISTSTATUS_BATCH.
StatusOr<HdfsListing> parse_listing(std::string_view body);
/// From the answer to GET_BLOCK_LOCATIONS: true if a writer has the file open. False if the server
/// doesn't send it.
bool parse_under_construction(std::string_view body);
/// {"boolean": …}
StatusOr<bool> parse_boolean(std::string_view body);

/// A Java exception in an answer.
struct RemoteException {
  std::string exception;  ///< "AccessControlException"; empty if the body is not a RemoteException
  std::string message;    ///< only the first line: DataNodes append their stack trace
};
RemoteException parse_remote_exception(std::string_view body);

}  // namespace weir
