#include "fs/hdfs/webhdfs_error.h"

#include <map>

#include "base/strings.h"
#include "fs/file_path.h"

namespace weir {
namespace {

bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

/// The inode="…" in Hadoop's "Permission denied: user=bob, access=WRITE,
/// inode="/a":root:supergroup:drwxr-xr-x".
std::string inode_of(std::string_view message) {
  constexpr std::string_view kMark = "inode=\"";
  const size_t begin = message.find(kMark);
  if (begin == std::string_view::npos) return "";
  const size_t end = message.find('"', begin + kMark.size());
  if (end == std::string_view::npos) return "";
  return std::string(message.substr(begin + kMark.size(), end - begin - kMark.size()));
}

std::string permission_advice(const RemoteException& remote, const RefusedCall& call) {
  const std::string inode = inode_of(remote.message);
  const std::string wanted = parent_path(call.path);
  // The inode is the closest directory that exists: giving away "/", or another user's home, is not
  // a remedy.
  if (!inode.empty() && (inode == call.path || inode == wanted) && inode != "/") {
    return cat("an HDFS administrator can allow it: hdfs dfs -chown ", call.user, " ", inode,
               " (or hdfs dfs -chmod g+rwx ", inode, " for a group of ", call.user,
               "); or set HADOOP_USER_NAME to a user who may");
  }
  const std::string own = wanted == "/" ? call.path : wanted;
  return cat("an HDFS administrator can make a directory for it: hdfs dfs -mkdir -p ", own,
             " && hdfs dfs -chown ", call.user, " ", own,
             "; or set HADOOP_USER_NAME to a user who may");
}

StatusCode code_of(Refusal refusal) {
  switch (refusal) {
    case Refusal::kNotFound: return StatusCode::kNotFound;
    case Refusal::kAlreadyExists:
    case Refusal::kBusy: return StatusCode::kAlreadyExists;
    case Refusal::kIsADirectory:
    case Refusal::kNotADirectory:
    case Refusal::kNotEmpty: return StatusCode::kFailedPrecondition;
    case Refusal::kPermission:
    case Refusal::kAuthentication: return StatusCode::kPermissionDenied;
    case Refusal::kInvalid: return StatusCode::kInvalidArgument;
    case Refusal::kNamespaceQuota:
    case Refusal::kSpaceQuota: return StatusCode::kResourceExhausted;
    case Refusal::kStandby:
    case Refusal::kSafeMode:
    case Refusal::kRetriable:
    case Refusal::kNoDataNode:
    case Refusal::kNotWebHdfs:
    case Refusal::kServer:
    case Refusal::kOther: return StatusCode::kUnavailable;
  }
  return StatusCode::kUnavailable;
}

std::string advice_for(Refusal refusal, const RemoteException& remote, const RefusedCall& call) {
  const std::string directory = parent_path(call.path);
  switch (refusal) {
    case Refusal::kPermission: return permission_advice(remote, call);
    case Refusal::kAuthentication:
      return "the cluster wants Kerberos: set hadoop.security.authentication in core-site.xml to "
             "kerberos; then run kinit, or set "
             "security.kerberos.login.keytab and security.kerberos.login.principal";
    case Refusal::kNamespaceQuota:
      return cat("the quota of names is used up: hdfs dfs -count -q -v ", directory,
                 " shows it, hdfs dfsadmin -setQuota <names> <directory> raises it");
    case Refusal::kSpaceQuota:
      return cat(
          "the space quota cannot take another whole block for each replica: hdfs dfs -count -q "
          "-v ",
          directory, " shows it, hdfs dfsadmin -setSpaceQuota <bytes> <directory> raises it");
    case Refusal::kStandby:
      return "no NameNode of the nameservice is active: hdfs haadmin -getAllServiceState shows "
             "them, hdfs haadmin -transitionToActive <id> makes one so";
    case Refusal::kSafeMode:
      return "the NameNode is in safe mode and takes no changes: hdfs dfsadmin -safemode get shows "
             "it, hdfs dfsadmin -safemode leave ends it";
    case Refusal::kNoDataNode:
      return "no DataNode can take or give the block: hdfs dfsadmin -report shows which are alive, "
             "full or out of service";
    case Refusal::kBusy: return "another writer has the file open";
    case Refusal::kNotWebHdfs:
      return "that is not a NameNode's HTTP address (is it a DataNode's, or the RPC port?): set "
             "fs.hdfs.http-address to the host and port of dfs.namenode.http-address "
             "(9870 unless configured), and see that dfs.webhdfs.enabled is not false";
    case Refusal::kServer: return "see the log of that server";
    default: return "";
  }
}

}  // namespace

Refusal classify(int http_status, const RemoteException& remote, std::string_view body) {
  static const std::map<std::string_view, Refusal> kByName = {
      {"FileNotFoundException", Refusal::kNotFound},
      {"FileAlreadyExistsException", Refusal::kAlreadyExists},
      {"ParentNotDirectoryException", Refusal::kNotADirectory},
      {"PathIsNotEmptyDirectoryException", Refusal::kNotEmpty},
      {"AccessControlException", Refusal::kPermission},
      {"SnapshotAccessControlException", Refusal::kPermission},
      {"AuthorizationException", Refusal::kPermission},
      {"SecurityException", Refusal::kAuthentication},
      {"InvalidToken", Refusal::kAuthentication},
      {"AuthenticationException", Refusal::kAuthentication},
      {"InvalidPathException", Refusal::kInvalid},
      {"IllegalArgumentException", Refusal::kInvalid},
      {"HadoopIllegalArgumentException", Refusal::kInvalid},
      {"UnsupportedOperationException", Refusal::kInvalid},
      {"MaxDirectoryItemsExceededException", Refusal::kNamespaceQuota},
      {"PathComponentTooLongException", Refusal::kInvalid},
      {"NSQuotaExceededException", Refusal::kNamespaceQuota},
      {"DSQuotaExceededException", Refusal::kSpaceQuota},
      {"QuotaByStorageTypeExceededException", Refusal::kSpaceQuota},
      {"QuotaExceededException", Refusal::kSpaceQuota},
      {"StandbyException", Refusal::kStandby},
      {"ObserverRetryOnActiveException", Refusal::kStandby},
      {"SafeModeException", Refusal::kSafeMode},
      {"RetriableException", Refusal::kRetriable},
      {"ServerTooBusyException", Refusal::kRetriable},
      {"NotReplicatedYetException", Refusal::kRetriable},
      {"AlreadyBeingCreatedException", Refusal::kBusy},
      {"RecoveryInProgressException", Refusal::kBusy},
      {"BlockMissingException", Refusal::kNoDataNode},
      {"SocketException", Refusal::kServer},
      {"ConnectException", Refusal::kServer},
      {"SocketTimeoutException", Refusal::kServer},
      {"ConnectTimeoutException", Refusal::kServer},
      {"NoRouteToHostException", Refusal::kServer},
      {"UnknownHostException", Refusal::kServer},
      {"EOFException", Refusal::kServer},
      {"ClosedChannelException", Refusal::kServer},
      {"AsynchronousCloseException", Refusal::kServer},
      {"ClosedByInterruptException", Refusal::kServer},
      {"InterruptedIOException", Refusal::kServer},
  };
  const std::string_view message = remote.message;
  if (remote.exception.empty()) {
    if (http_status == 401) return Refusal::kAuthentication;
    if (has(body, "Hadoop IPC port") || http_status == 404 || http_status == 405)
      return Refusal::kNotWebHdfs;
    return http_status >= 500 ? Refusal::kServer : Refusal::kNotWebHdfs;
  }
  // An active NameNode that is still starting wraps its safe mode into a RetriableException.
  if (has(message, "in safe mode")) return Refusal::kSafeMode;
  if (has(message, "could only be written to 0 of the") ||
      has(message, "Failed to find datanode") ||
      has(message, "could only be replicated to 0 nodes") ||
      has(message, "No active nodes contain this block") ||
      has(message, "Could not obtain block")) {
    return Refusal::kNoDataNode;
  }
  // A DataNode calls the NameNode on the client's behalf; Hadoop may wrap a failure between them
  // into a plain IOException.
  if (has(message, "Failed on local exception") || has(message, "failed on local exception"))
    return Refusal::kServer;
  // A DataNode's message.
  if (message.starts_with("Invalid operation ")) return Refusal::kNotWebHdfs;
  if (has(message, "(is not a directory)")) return Refusal::kNotADirectory;
  const auto known = kByName.find(remote.exception);
  if (known == kByName.end()) return http_status >= 500 ? Refusal::kServer : Refusal::kOther;
  if (known->second == Refusal::kAlreadyExists) {
    if (has(message, "already exists as a directory")) return Refusal::kIsADirectory;
    if (has(message, "Path is not a directory")) return Refusal::kNotADirectory;
  }
  return known->second;
}

bool is_worth_another_attempt(Refusal refusal) {
  switch (refusal) {
    case Refusal::kStandby:
    case Refusal::kSafeMode:
    case Refusal::kRetriable:
    case Refusal::kNoDataNode:
    case Refusal::kServer: return true;
    default: return false;
  }
}

Status refusal_status(Refusal refusal, int http_status, const RemoteException& remote,
                      const RefusedCall& call) {
  const std::string said = remote.exception.empty() ? cat("HTTP status ", http_status)
                                                    : cat(remote.exception, ": ", remote.message);
  const std::string advice = advice_for(refusal, remote, call);
  return Status(code_of(refusal),
                cat("cannot ", call.what, " ", call.path, " on HDFS: ", call.server, " answered ",
                    said, advice.empty() ? "" : "; ", advice));
}

}  // namespace weir
