#include "fs/hdfs/hdfs_file_system.h"
#include "fs/hdfs/testing/scripted_web_hdfs.h"

namespace weir::web_hdfs_tests {
namespace {

TEST_F(HdfsFileSystemTest, StandbyFailsOverToTheOtherNameNodeWithoutWaiting) {
  HdfsFileSystem& fs = play({{"PUT nn1 MKDIRS", refusal(403, "StandbyException")},
                             {"PUT nn2 MKDIRS", answer(200, R"({"boolean":true})")},
                             {"GET nn2 GETFILESTATUS", file_there(5)},
                             {"GET nn2 GETFILESTATUS", file_there(5)}},
                            {"nn1", "nn2"});
  EXPECT_TRUE(fs.stat("/f").ok());
  EXPECT_TRUE(fs.stat("/f").ok());
  EXPECT_TRUE(script_->waits_ms.empty());
}

TEST_F(HdfsFileSystemTest, ObserverIsNotTrustedAlthoughItAnswersReads) {
  const auto observer = [](const std::string& host) {
    return ScriptedHttp::Step{
        "PUT " + host + " MKDIRS",
        refusal(403, "StandbyException",
                "Operation category WRITE is not supported in state observer")};
  };
  const ScriptedHttp::Step active{"PUT nn2 MKDIRS", answer(200, R"({"boolean":true})")};
  HdfsFileSystem& fs =
      play({observer("nn1"),
            active,
            {"GET nn2 GETFILESTATUS", file_there(5)},
            // The active NameNode becomes an observer, and nn1 takes over.
            observer("nn2"),
            {"PUT nn1 MKDIRS", refusal(403, "SafeModeException", "Name node is in safe mode")},
            {"GET nn1 GETFILESTATUS", file_there(6)},
            // Once the active NameNode does not answer, the next one asked has to prove again that
            // it is active.
            {"GET nn1 GETFILESTATUS", unreachable()},
            active,
            {"GET nn2 GETFILESTATUS", file_there(7)}},
           {"nn1", "nn2"});
  EXPECT_EQ(fs.stat("/f")->size, 5);
  now_ += std::chrono::seconds(6);
  EXPECT_EQ(fs.stat("/f")->size, 6);
  EXPECT_EQ(fs.stat("/f")->size, 7);
  EXPECT_TRUE(script_->steps.empty());
}

TEST_F(HdfsFileSystemTest, StandbyDetectedAtTheDataNodeCausesAFailover) {
  HdfsFileSystem& fs = play({{"PUT nn1 MKDIRS", answer(200, R"({"boolean":true})")},
                             {"GET nn1 GETFILESTATUS", nothing_there()},
                             {"PUT nn1 CREATE", redirect()},
                             {"UPLOAD dn hello", refusal(403, "StandbyException")},
                             {"PUT nn2 MKDIRS", answer(200, R"({"boolean":true})")},
                             {"PUT nn2 CREATE", redirect()},
                             {"UPLOAD dn hello", answer(201)},
                             {"GET nn2 GETFILESTATUS", file_there(5)}},
                            {"nn1", "nn2"});
  EXPECT_EQ(write_file(fs, "/f", "hello").to_string(), "OK");
}

TEST_F(HdfsFileSystemTest, WaitsGrowWhileBothNameNodesAreStandby) {
  const auto standby = [](const std::string& host) {
    return ScriptedHttp::Step{"PUT " + host + " MKDIRS", refusal(403, "StandbyException")};
  };
  HdfsFileSystem& fs = play({standby("nn1"), standby("nn2"), standby("nn1"), standby("nn2"),
                             standby("nn1"), standby("nn2"), standby("nn1"), standby("nn2")},
                            {"nn1", "nn2"});
  const Status status = fs.stat("/f").status();
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_NE(status.message().find("hdfs haadmin"), std::string_view::npos);
  EXPECT_EQ(script_->waits_ms, (std::vector<int64_t>{200, 400, 800}));
}

TEST_F(HdfsFileSystemTest, NoAttemptBeginsAfterTheDeadline) {
  deadline_ = std::chrono::milliseconds(600);
  const ScriptedHttp::Step standby{"GET nn1 GETFILESTATUS", refusal(403, "StandbyException")};
  HdfsFileSystem& fs = play({standby, standby, standby});
  EXPECT_EQ(fs.stat("/f").status().code(), StatusCode::kUnavailable);
  EXPECT_EQ(script_->waits_ms, (std::vector<int64_t>{200, 400})) << "4 attempts are allowed";
}

TEST_F(HdfsFileSystemTest, WrongAddressIsReportedSoonAndWithItsOrigin) {
  HdfsFileSystem& fs =
      play({{"GET nn1 GETFILESTATUS", unreachable()}, {"GET nn1 GETFILESTATUS", unreachable()}});
  EXPECT_EQ(fs.stat("/f").status().to_string(),
            "UNAVAILABLE: cannot look at /f on HDFS: no NameNode is reachable at http://nn1:9870 "
            "(connection refused), an address from the test; "
            "is the NameNode up, and is that the HTTP port (dfs.namenode.http-address)? If not, "
            "set fs.hdfs.http-address");
}

TEST_F(HdfsFileSystemTest, SafeModeIsWaitedForAndThenReported) {
  const ScriptedHttp::Step safe_mode{
      "PUT nn1 MKDIRS",
      refusal(403, "SafeModeException", "Cannot create directory /d. Name node is in safe mode.")};
  HdfsFileSystem& fs = play({safe_mode,
                             safe_mode,
                             safe_mode,
                             safe_mode,
                             safe_mode,
                             {"PUT nn1 MKDIRS", answer(200, R"({"boolean":true})")}});
  const Status status = fs.make_directories("/d");
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_NE(status.message().find("hdfs dfsadmin -safemode get"), std::string_view::npos);
  EXPECT_TRUE(fs.make_directories("/d").ok());
}

}  // namespace
}  // namespace weir::web_hdfs_tests
