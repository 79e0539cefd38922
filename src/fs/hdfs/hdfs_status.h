#pragma once

#include <string>
#include <string_view>

#include "fs/hdfs/webhdfs_client.h"
#include "fs/hdfs/webhdfs_json.h"

namespace weir {

/// GETFILESTATUS. NOT_FOUND also below a file. `what` is the verb for messages.
StatusOr<HdfsFileStatus> hdfs_status(WebHdfsClient& client, std::string_view what,
                                     const std::string& path);

/// The DataNode's URL for reading or writing `path`.
struct DataNodeUrl {
  std::string url;
  std::string origin;  ///< "http://host:port", for messages
  std::string host;
};
/// From the Location in a NameNode's redirect. UNAVAILABLE if there is none.
StatusOr<DataNodeUrl> data_node_of(const std::string& location, std::string_view what,
                                   const std::string& path);

/// The Status for a DataNode that cannot be reached although the NameNode named it; says what to
/// do.
Status data_node_unreachable(const HttpReply& reply, const DataNodeUrl& data_node,
                             std::string_view what, const std::string& path);

}  // namespace weir
