#include "fs/hdfs/webhdfs_error.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

Status said(int http_status, const std::string& exception, const std::string& message,
            const std::string& path = "/flink/checkpoints/x") {
  const RemoteException remote{exception, message};
  return refusal_status(classify(http_status, remote, ""), http_status, remote,
                        {"write", path, "bob", "http://nn:9870"});
}
bool contains(const Status& status, std::string_view part) {
  return status.message().find(part) != std::string_view::npos;
}

// Exceptions and texts as Hadoop 3.4.2 sends them.
TEST(WebHdfsError, EachExceptionHasTheCodeThatTellsTheCallerWhatToDo) {
  EXPECT_EQ(said(404, "FileNotFoundException", "File /nope not found.").code(),
            StatusCode::kNotFound);
  EXPECT_EQ(
      said(403, "FileAlreadyExistsException", "/t/s2 for client 127.0.0.1 already exists").code(),
      StatusCode::kAlreadyExists);
  EXPECT_EQ(said(403, "FileAlreadyExistsException", "/t/dd already exists as a directory").code(),
            StatusCode::kFailedPrecondition);
  EXPECT_EQ(said(403, "FileAlreadyExistsException", "Path is not a directory: /t/c").code(),
            StatusCode::kFailedPrecondition);
  EXPECT_EQ(said(403, "ParentNotDirectoryException", "/t/b (is not a directory)").code(),
            StatusCode::kFailedPrecondition);
  EXPECT_EQ(said(403, "AccessControlException", "/t/c (is not a directory)").code(),
            StatusCode::kFailedPrecondition);
  EXPECT_EQ(
      said(403, "PathIsNotEmptyDirectoryException", "`/t is non empty': Directory is not empty")
          .code(),
      StatusCode::kFailedPrecondition);
  EXPECT_EQ(said(400, "InvalidPathException", "Invalid path name Invalid file name: /t/d:d").code(),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(
      said(403, "StandbyException", "Operation category READ is not supported in state standby")
          .code(),
      StatusCode::kUnavailable);
  EXPECT_EQ(said(403, "IOException", "something new").code(), StatusCode::kUnavailable);
  EXPECT_EQ(said(500, "RuntimeException", "").code(), StatusCode::kUnavailable);
  EXPECT_EQ(said(503, "", "").code(), StatusCode::kUnavailable);
  EXPECT_EQ(said(401, "", "").code(), StatusCode::kPermissionDenied);
}

TEST(WebHdfsError, PermissionProblemNamesUserDirectoryAndRemedy) {
  const Status own = said(403, "AccessControlException",
                          "Permission denied: user=bob, access=WRITE, "
                          "inode=\"/flink/checkpoints\":root:supergroup:drwxr-xr-x");
  EXPECT_EQ(own.to_string(),
            "PERMISSION_DENIED: cannot write /flink/checkpoints/x on HDFS: http://nn:9870 answered "
            "AccessControlException: Permission denied: user=bob, "
            "access=WRITE, inode=\"/flink/checkpoints\":root:supergroup:drwxr-xr-x; an HDFS "
            "administrator can allow it: hdfs dfs -chown bob "
            "/flink/checkpoints (or hdfs dfs -chmod g+rwx /flink/checkpoints for a group of bob); "
            "or set HADOOP_USER_NAME to a user who may");
}

TEST(WebHdfsError, NoAdviceToGiveAwayTheRootOrAnAncestor) {
  const Status status =
      said(403, "AccessControlException",
           "Permission denied: user=bob, access=WRITE, inode=\"/\":hdfs:supergroup:drwxr-xr-x");
  EXPECT_TRUE(contains(
      status, "hdfs dfs -mkdir -p /flink/checkpoints && hdfs dfs -chown bob /flink/checkpoints;"))
      << status.to_string();
  const Status top =
      said(403, "AccessControlException",
           "Permission denied: user=bob, access=WRITE, inode=\"/\":hdfs:supergroup:drwxr-xr-x",
           "/flink");
  EXPECT_TRUE(contains(top, "hdfs dfs -chown bob /flink;")) << top.to_string();
  const Status odd = said(403, "AccessControlException", "Permission denied");
  EXPECT_TRUE(contains(odd, "hdfs dfs -mkdir -p /flink/checkpoints")) << odd.to_string();
}

TEST(WebHdfsError, SafeModeIsRecognizedInEveryWrapping) {
  for (const std::string exception : {"SafeModeException", "RetriableException", "IOException"}) {
    const RemoteException remote{exception, "Cannot create file/x. Name node is in safe mode."};
    EXPECT_EQ(classify(403, remote, ""), Refusal::kSafeMode);
    EXPECT_TRUE(is_worth_another_attempt(Refusal::kSafeMode));
  }
  EXPECT_TRUE(contains(said(403, "SafeModeException", "Name node is in safe mode."),
                       "hdfs dfsadmin -safemode leave"));
}

TEST(WebHdfsError, QuotasNameTheCommandThatRaisesThem) {
  const Status space = said(403, "DSQuotaExceededException",
                            "The DiskSpace quota of /q is exceeded: quota = 1 B = 1 B but "
                            "diskspace consumed = 134217728 B");
  EXPECT_EQ(space.code(), StatusCode::kResourceExhausted);
  EXPECT_TRUE(contains(space, "-setSpaceQuota"));
  const Status names =
      said(403, "NSQuotaExceededException",
           "The NameSpace quota (directories and files) of directory /q is exceeded");
  EXPECT_EQ(names.code(), StatusCode::kResourceExhausted);
  EXPECT_TRUE(contains(names, "-setQuota"));
}

TEST(WebHdfsError, MissingDataNodesAreRecognizedByText) {
  for (const std::string message :
       {"File /x could only be written to 0 of the 1 minReplication nodes. There are 0 datanode(s) "
        "running",
        "No active nodes contain this block",
        "Failed to find datanode, suggest to check cluster health. excludeDatanodes=null"}) {
    const Status status = said(403, "IOException", message);
    EXPECT_EQ(status.code(), StatusCode::kUnavailable);
    EXPECT_TRUE(contains(status, "hdfs dfsadmin -report"));
  }
}

// Answers of a DataNode, which calls the NameNode on the client's behalf, while the NameNode goes
// down or comes up.
TEST(WebHdfsError, ServerThatLostAnotherIsRetried) {
  const std::pair<std::string, std::string> losses[] = {
      {"SocketException",
       "Call From host to nn:8020 failed on socket exception: java.net.SocketException: Connection "
       "reset"},
      {"ConnectException",
       "Call From host to nn:8020 failed on connection exception: java.net.ConnectException: "
       "Connection refused"},
      {"SocketTimeoutException",
       "Call From host to nn:8020 failed on socket timeout exception: "
       "java.net.SocketTimeoutException: 60000 millis timeout"},
      {"NoRouteToHostException",
       "No Route to Host from host/127.0.0.1 to nn:8020 failed on socket timeout exception"},
      {"UnknownHostException",
       "Invalid host name: local host is: (unknown); destination host is: \"nn\":8020"},
      {"EOFException",
       "End of File Exception between local host is: \"host/127.0.0.1\"; destination host is: "
       "\"localhost\":8020"},
      {"ClosedChannelException", ""},
      {"InterruptedIOException", "Interrupted while waiting for IO on channel"},
      {"IOException",
       "DestHost:destPort localhost:8020 , LocalHost:localPort host/127.0.0.1:0. Failed on local "
       "exception: java.io.IOException: Broken pipe"},
  };
  for (const auto& [exception, message] : losses) {
    EXPECT_EQ(classify(403, RemoteException{exception, message}, ""), Refusal::kServer)
        << exception;
    EXPECT_EQ(said(403, exception, message).code(), StatusCode::kUnavailable) << exception;
  }
}

TEST(WebHdfsError, OtherServersAreRecognized) {
  EXPECT_EQ(classify(404, {}, "It looks like you are making an HTTP request to a Hadoop IPC port."),
            Refusal::kNotWebHdfs);
  EXPECT_EQ(classify(404, {}, "<html>not here</html>"), Refusal::kNotWebHdfs);
  EXPECT_EQ(classify(200, {}, "hello"), Refusal::kNotWebHdfs);
  EXPECT_EQ(classify(502, {}, "<html>proxy</html>"), Refusal::kServer);
}

TEST(WebHdfsError, OnlyTransientErrorsAreRetried) {
  for (const Refusal refusal : {Refusal::kStandby, Refusal::kSafeMode, Refusal::kRetriable,
                                Refusal::kNoDataNode, Refusal::kServer}) {
    EXPECT_TRUE(is_worth_another_attempt(refusal));
  }
  for (const Refusal refusal :
       {Refusal::kNotFound, Refusal::kAlreadyExists, Refusal::kPermission, Refusal::kAuthentication,
        Refusal::kInvalid, Refusal::kSpaceQuota, Refusal::kNamespaceQuota, Refusal::kNotEmpty,
        Refusal::kOther, Refusal::kNotWebHdfs, Refusal::kBusy}) {
    EXPECT_FALSE(is_worth_another_attempt(refusal));
  }
}

}  // namespace
}  // namespace weir
