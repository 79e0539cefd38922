#pragma once

#include <string>
#include <string_view>

#include "fs/hdfs/webhdfs_json.h"
#include "weir/status.h"

namespace weir {

/// The kind of a refusal. WebHDFS maps nearly every IOException to 403, so the exception's name
/// decides, and for some its text.
enum class Refusal {
  kNotFound,
  kAlreadyExists,
  kIsADirectory,   ///< a file was to be written in place of a directory
  kNotADirectory,  ///< a part of the path is a file
  kNotEmpty,
  kPermission,
  kAuthentication,
  kInvalid,
  kNamespaceQuota,
  kSpaceQuota,
  kStandby,     ///< ask another NameNode
  kSafeMode,    ///< wait
  kRetriable,   ///< the server asks for a retry
  kNoDataNode,  ///< no DataNode can store or serve the block at the moment
  kBusy,        ///< another writer holds the file's lease
  kNotWebHdfs,  ///< another kind of server answers there
  kServer,      ///< a 5xx without a reason, or a server that could not reach another one
  kOther,       ///< an unknown exception: the call is not repeated, but the job may try again
};

Refusal classify(int http_status, const RemoteException& remote, std::string_view body);

/// True if the same call may succeed a little later without intervention.
bool is_worth_another_attempt(Refusal refusal);

/// The parts of a message.
struct RefusedCall {
  /// "create", "list": together with the path it makes "cannot create /a/b on HDFS".
  std::string what;
  std::string path;
  std::string user;
  std::string server;  ///< "http://host:port" of the server that refused
};

/// A sentence that names the operation, the path, the server's reason, and the remedy with its
/// command.
Status refusal_status(Refusal refusal, int http_status, const RemoteException& remote,
                      const RefusedCall& call);

}  // namespace weir
