#include "fs/hdfs/hdfs_status.h"

#include "base/strings.h"
#include "fs/hdfs/webhdfs_url.h"

namespace weir {

StatusOr<HdfsFileStatus> hdfs_status(WebHdfsClient& client, std::string_view what,
                                     const std::string& path) {
  const auto answer = client.call({HttpMethod::kGet, "GETFILESTATUS", what, path}, {});
  if (answer.refusal == Refusal::kNotADirectory)
    return not_found(std::string(answer.status.message()));
  if (!answer.status.ok()) return answer.status;
  auto status = parse_file_status(answer.body);
  if (!status.ok())
    return status.status().with_context(cat("cannot ", what, " ", path, " on HDFS"));
  return status;
}

StatusOr<DataNodeUrl> data_node_of(const std::string& location, std::string_view what,
                                   const std::string& path) {
  DataNodeUrl data_node{location, url_origin(location), url_host(location)};
  if (data_node.host.empty())
    return unavailable(
        cat("cannot ", what, " ", path, " on HDFS: the NameNode named no DataNode to go to"));
  return data_node;
}

Status data_node_unreachable(const HttpReply& reply, const DataNodeUrl& data_node,
                             std::string_view what, const std::string& path) {
  return unavailable(cat("cannot ", what, " ", path, " on HDFS: the NameNode names the DataNode ",
                         data_node.origin, ", which is not reachable from here (", reply.problem,
                         "); the bytes go there directly, so its HTTP address "
                         "(dfs.datanode.http.address, port 9864) has to "
                         "resolve on this host and be open to it"));
}

}  // namespace weir
