#include "fs/hdfs/data/data_node_dialer.h"

#include "base/status_macros.h"
#include "base/strings.h"
#include "fs/hdfs/rpc/hadoop.pb.h"

namespace weir {

std::string DataNodeDialer::address(const hadoop::DatanodeId& node) const {
  return cat(by_host_name ? node.hostname() : node.ipaddr(), ":", node.xferport());
}

StatusOr<std::unique_ptr<MessageStream>> DataNodeDialer::dial(
    const hadoop::DatanodeId& node, const hadoop::Token& token,
    std::chrono::milliseconds silence) const {
  auto plain = connect(by_host_name ? node.hostname() : node.ipaddr(),
                       static_cast<int>(node.xferport()), connect_timeout);
  if (!plain.ok()) {
    return unavailable(cat(plain.status().message(),
                           " (the bytes go to the DataNodes directly, so the address of "
                           "dfs.datanode.address, port 9866, has to resolve on this host and be "
                           "open to it)"));
  }
  if (protect) {
    WEIR_ASSIGN_OR_RETURN(auto safe, protect(*std::move(plain), token));
    return std::make_unique<MessageStream>(std::move(safe), silence);
  }
  return std::make_unique<MessageStream>(*std::move(plain), silence);
}

}  // namespace weir
