#pragma once

#include <string>
#include <string_view>

#include "fs/hdfs/webhdfs_json.h"
#include "weir/status.h"

namespace weir {

/// What kind of refusal an answer is. WebHDFS maps nearly every IOException to 403, so the
/// exception's name decides, and for some its text.
enum class Refusal {
  kNotFound,
  kAlreadyExists,
  kIsADirectory,   ///< a file was to be written where a directory stands
  kNotADirectory,  ///< a part of the path is a file
  kNotEmpty,
  kPermission,
  kAuthentication,
  kInvalid,
  kNamespaceQuota,
  kSpaceQuota,
  kStandby,     ///< ask the other NameNode
  kSafeMode,    ///< wait
  kRetriable,   ///< the server says: try again
  kNoDataNode,  ///< nobody can take or give the block just now
  kBusy,        ///< another writer holds the file's lease
  kNotWebHdfs,  ///< another kind of server answers there
  kServer,      ///< a 5xx without a reason, or a server that could not reach another one
  kOther,  ///< an exception that nobody here knows: the same call is not repeated, but the job may
           ///< try again
};

Refusal classify(int http_status, const RemoteException& remote, std::string_view body);

/// Whether the same call may succeed a little later without anybody doing anything.
bool is_worth_another_attempt(Refusal refusal);

/// What a message needs to know.
struct RefusedCall {
  std::string what;  ///< "create", "list": with the path it makes "cannot create /a/b on HDFS"
  std::string path;
  std::string user;
  std::string server;  ///< "http://host:port" of who refused
};

/// The sentence: what was tried, on what, what the server said, and what to do, with the command
/// that does it.
Status refusal_status(Refusal refusal, int http_status, const RemoteException& remote,
                      const RefusedCall& call);

}  // namespace weir
