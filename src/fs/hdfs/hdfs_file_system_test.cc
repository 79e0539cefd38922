// Writes, renames and deletions, and answers that are lost.

#include "fs/hdfs/hdfs_file_system.h"
#include "fs/hdfs/testing/scripted_web_hdfs.h"

namespace weir::web_hdfs_tests {
namespace {

TEST_F(HdfsFileSystemTest, SmallFileIsOneUploadAndACheckOfItsLength) {
  HdfsFileSystem& fs = play({{"GET nn1 GETFILESTATUS", nothing_there()},
                             {"PUT nn1 CREATE", redirect()},
                             {"UPLOAD dn hello", answer(201)},
                             {"GET nn1 GETFILESTATUS", file_there(5)}});
  EXPECT_EQ(write_file(fs, "/f", "hello").to_string(), "OK");
  EXPECT_EQ(
      script_->urls[1],
      "http://nn1:9870/webhdfs/v1/"
      "f?op=CREATE&overwrite=false&permission=640&createflag=CREATE%2CSYNC_BLOCK&user.name=bob");
}

TEST_F(HdfsFileSystemTest, UnexpectedLengthIsDataLoss) {
  HdfsFileSystem& fs = play({{"GET nn1 GETFILESTATUS", nothing_there()},
                             {"PUT nn1 CREATE", redirect()},
                             {"UPLOAD dn hello", answer(201)},
                             {"GET nn1 GETFILESTATUS", file_there(4)}});
  EXPECT_EQ(write_file(fs, "/f", "hello").to_string(),
            "DATA_LOSS: /f on HDFS has 4 bytes after 5 were sent and acknowledged");
}

TEST_F(HdfsFileSystemTest, UploadWithALostAnswerIsRecognizedByItsBytes) {
  HdfsFileSystem& fs = play({{"GET nn1 GETFILESTATUS", nothing_there()},
                             {"PUT nn1 CREATE", redirect()},
                             {"UPLOAD dn hello", lost()},
                             {"GET nn1 GETFILESTATUS", file_there(5)},
                             {"GET nn1 OPEN", redirect()},
                             {"GET dn", answer(200, "hello")}});
  EXPECT_EQ(write_file(fs, "/f", "hello").to_string(), "OK");
}

TEST_F(HdfsFileSystemTest, FileOfTheSameLengthButOtherBytesIsAnotherWritersFile) {
  HdfsFileSystem& fs = play({{"GET nn1 GETFILESTATUS", nothing_there()},
                             {"PUT nn1 CREATE", redirect()},
                             {"UPLOAD dn hello", lost()},
                             {"GET nn1 GETFILESTATUS", file_there(5)},
                             {"GET nn1 OPEN", redirect()},
                             {"GET dn", answer(200, "HELLO")}});
  EXPECT_EQ(write_file(fs, "/f", "hello").code(), StatusCode::kAlreadyExists);
}

TEST_F(HdfsFileSystemTest, UploadThatLeftNothingIsRetriedAndListensFirst) {
  HdfsFileSystem& fs = play({{"GET nn1 GETFILESTATUS", nothing_there()},
                             {"PUT nn1 CREATE", redirect()},
                             {"UPLOAD dn hello", lost()},
                             {"GET nn1 GETFILESTATUS", nothing_there()},
                             {"PUT nn1 CREATE", redirect()},
                             {"UPLOAD dn hear-first hello",
                              refusal(403, "AccessControlException", "Permission denied")}});
  EXPECT_EQ(write_file(fs, "/f", "hello").code(), StatusCode::kPermissionDenied);
}

TEST_F(HdfsFileSystemTest, AfterALostUploadItsOwnFileIsNotTakenForAnotherWriters) {
  HdfsFileSystem& fs =
      play({{"GET nn1 GETFILESTATUS", nothing_there()},
            {"PUT nn1 CREATE", redirect()},
            {"UPLOAD dn hello", lost()},
            {"GET nn1 GETFILESTATUS", nothing_there()},
            {"PUT nn1 CREATE", redirect()},
            {"UPLOAD dn hear-first hello", refusal(403, "FileAlreadyExistsException")},
            {"GET nn1 GETFILESTATUS", file_there(5)},
            {"GET nn1 OPEN", redirect()},
            {"GET dn", answer(200, "hello")}});
  EXPECT_EQ(write_file(fs, "/f", "hello").to_string(), "OK");
}

TEST_F(HdfsFileSystemTest, PartialUploadIsUnknownAndStays) {
  HdfsFileSystem& fs = play({{"GET nn1 GETFILESTATUS", nothing_there()},
                             {"PUT nn1 CREATE", redirect()},
                             {"UPLOAD dn hello", lost()},
                             {"GET nn1 GETFILESTATUS", file_there(3)},
                             {"GET nn1 OPEN", redirect()},
                             {"GET dn", answer(200, "hel")},
                             {"GET nn1 GETFILESTATUS", file_there(3)},
                             {"GET nn1 OPEN", redirect()},
                             {"GET dn", answer(200, "hel")},
                             {"GET nn1 GETFILESTATUS", file_there(3)},
                             {"GET nn1 OPEN", redirect()},
                             {"GET dn", answer(200, "hel")},
                             {"GET nn1 GETFILESTATUS", file_there(3)},
                             {"GET nn1 OPEN", redirect()},
                             {"GET dn", answer(200, "hel")}});
  const Status status = write_file(fs, "/f", "hello");
  EXPECT_EQ(status.to_string(),
            "UNAVAILABLE: cannot write /f on HDFS: http://dn:9864 gave no answer (connection "
            "reset); whether the file was made is unknown");
  EXPECT_EQ(status.message().find("SECRET"), std::string_view::npos);
}

TEST_F(HdfsFileSystemTest, InterruptedReplacingUploadIsRetried) {
  HdfsFileSystem& fs = play({{"GET nn1 GETFILESTATUS", nothing_there()},
                             {"PUT nn1 CREATE", redirect()},
                             {"UPLOAD dn hello", lost()},
                             {"GET nn1 GETFILESTATUS", file_there(0)},
                             {"PUT nn1 CREATE", redirect()},
                             {"UPLOAD dn hear-first hello", answer(201)},
                             {"GET nn1 GETFILESTATUS", file_there(5)}});
  auto file = fs.create("/f", CreateMode::kReplace);
  ASSERT_TRUE(file.ok());
  EXPECT_EQ((*file)->append("hello").to_string(), "OK");
  EXPECT_EQ((*file)->close().to_string(), "OK");
}

TEST_F(HdfsFileSystemTest, OpenFileOfAnotherWriterIsUnavailableToAReplacingOne) {
  for (const CreateMode mode : {CreateMode::kReplace, CreateMode::kExclusive}) {
    HdfsFileSystem& fs = play({{"GET nn1 GETFILESTATUS", nothing_there()},
                               {"PUT nn1 CREATE", redirect()},
                               {"UPLOAD dn hello", refusal(403, "AlreadyBeingCreatedException")}});
    auto file = fs.create("/f", mode);
    ASSERT_TRUE(file.ok());
    EXPECT_TRUE((*file)->append("hello").ok());
    EXPECT_EQ((*file)->close().code(),
              mode == CreateMode::kReplace ? StatusCode::kUnavailable : StatusCode::kAlreadyExists);
  }
}

TEST_F(HdfsFileSystemTest, UnreachableDataNodeIsExcludedOnce) {
  HdfsFileSystem& fs = play({{"GET nn1 GETFILESTATUS", nothing_there()},
                             {"PUT nn1 CREATE", redirect("dn1")},
                             {"UPLOAD dn1 hello", unreachable()},
                             {"PUT nn1 CREATE", redirect("dn2")},
                             {"UPLOAD dn2 hello", answer(201)},
                             {"GET nn1 GETFILESTATUS", file_there(5)}});
  EXPECT_EQ(write_file(fs, "/f", "hello").to_string(), "OK");
  EXPECT_NE(script_->urls[3].find("&excludedatanodes=dn1&"), std::string::npos) << script_->urls[3];
}

TEST_F(HdfsFileSystemTest, ExclusiveFileIsNotRetriedWhenNoDataNodeTakesTheBlock) {
  HdfsFileSystem& fs =
      play({{"GET nn1 GETFILESTATUS", nothing_there()},
            {"PUT nn1 CREATE", redirect()},
            {"UPLOAD dn hello",
             refusal(403, "IOException",
                     "File /f could only be written to 0 of the 1 minReplication nodes.")}});
  EXPECT_EQ(write_file(fs, "/f", "hello").code(), StatusCode::kUnavailable);
}

TEST_F(HdfsFileSystemTest, LargeFileIsSentWhileItIsWritten) {
  HdfsFileSystem& fs = play({{"GET nn1 GETFILESTATUS", nothing_there()},
                             {"PUT nn1 CREATE", redirect()},
                             {"UPLOAD dn chunked 0123456789", answer(201)},
                             {"GET nn1 GETFILESTATUS", file_there(10)}},
                            {"nn1"}, /*buffer_bytes=*/4);
  auto file = fs.create("/f", CreateMode::kExclusive);
  ASSERT_TRUE(file.ok());
  EXPECT_TRUE((*file)->append("0123").ok());
  EXPECT_EQ(script_->urls.size(), 1u);
  EXPECT_TRUE((*file)->append("45").ok());
  EXPECT_EQ(script_->urls.size(), 2u);
  EXPECT_TRUE((*file)->append("6789").ok());
  EXPECT_EQ((*file)->close().to_string(), "OK");
}

TEST_F(HdfsFileSystemTest, LargeUploadThatBrokeAndLeftNothingGivesTheServersReason) {
  HdfsFileSystem& fs =
      play({{"GET nn1 GETFILESTATUS", nothing_there()},
            {"PUT nn1 CREATE", redirect()},
            {"UPLOAD dn chunked 0123456789", lost()},
            {"GET nn1 GETFILESTATUS", nothing_there()},
            {"PUT nn1 CREATE", redirect()},
            {"UPLOAD dn ", refusal(403, "AccessControlException", "Permission denied")}},
           {"nn1"}, /*buffer_bytes=*/4);
  EXPECT_EQ(write_file(fs, "/f", "0123456789").code(), StatusCode::kPermissionDenied);
}

TEST_F(HdfsFileSystemTest, LargeUploadWithALostAnswerIsRecognizedByItsDigest) {
  HdfsFileSystem& fs = play({{"GET nn1 GETFILESTATUS", nothing_there()},
                             {"PUT nn1 CREATE", redirect()},
                             {"UPLOAD dn chunked 0123456789", lost()},
                             {"GET nn1 GETFILESTATUS", file_there(10)},
                             {"GET nn1 OPEN", redirect()},
                             {"GET dn", answer(200, "0123456789")}},
                            {"nn1"}, /*buffer_bytes=*/4);
  EXPECT_EQ(write_file(fs, "/f", "0123456789").to_string(), "OK");
}

TEST_F(HdfsFileSystemTest, RenameWithALostAnswerIsRecognizedByItsInode) {
  HdfsFileSystem& fs = play(
      {{"GET nn1 GETFILESTATUS", file_there(5, 77)},
       {"PUT nn1 RENAME", lost()},
       {"PUT nn1 RENAME", refusal(404, "FileNotFoundException", "rename source /a is not found.")},
       {"GET nn1 GETFILESTATUS", file_there(5, 77)}});
  EXPECT_EQ(fs.rename("/a", "/b").to_string(), "OK");
}

TEST_F(HdfsFileSystemTest, RenameOntoAnotherWritersFileIsNotTakenForOurs) {
  HdfsFileSystem& fs = play({{"GET nn1 GETFILESTATUS", file_there(5, 77)},
                             {"PUT nn1 RENAME", lost()},
                             {"PUT nn1 RENAME", refusal(403, "FileAlreadyExistsException")},
                             {"GET nn1 GETFILESTATUS", file_there(5, 78)}});
  EXPECT_EQ(fs.rename("/a", "/b").code(), StatusCode::kAlreadyExists);
}

TEST_F(HdfsFileSystemTest, RenameWithAnUnverifiableOutcomeIsUnavailable) {
  HdfsFileSystem& fs = play({{"GET nn1 GETFILESTATUS", file_there(5, 77)},
                             {"PUT nn1 RENAME", lost()},
                             {"PUT nn1 RENAME", unreachable()},
                             {"PUT nn1 RENAME", unreachable()},
                             {"PUT nn1 RENAME", unreachable()},
                             {"GET nn1 GETFILESTATUS", unreachable()},
                             {"GET nn1 GETFILESTATUS", unreachable()},
                             {"GET nn1 GETFILESTATUS", unreachable()},
                             {"GET nn1 GETFILESTATUS", unreachable()}});
  const Status status = fs.rename("/a", "/b");
  EXPECT_EQ(status.code(), StatusCode::kUnavailable);
  EXPECT_TRUE(status.message().starts_with("cannot tell whether /a was renamed to /b"))
      << status.to_string();
}

TEST_F(HdfsFileSystemTest, RenameThatAnOldServerDeclinesIsResolvedByLooking) {
  HdfsFileSystem& fs = play({{"GET nn1 GETFILESTATUS", file_there(5, 77)},
                             {"PUT nn1 RENAME", answer(200, R"({"boolean":false})")},
                             {"GET nn1 GETFILESTATUS", file_there(5, 78)}});
  EXPECT_EQ(fs.rename("/a", "/b").code(), StatusCode::kAlreadyExists);
}

TEST_F(HdfsFileSystemTest, DeleteRepeatedAfterALostAnswerIsDone) {
  HdfsFileSystem& fs = play({{"DELETE nn1 DELETE", lost()},
                             {"DELETE nn1 DELETE", answer(200, R"({"boolean":false})")},
                             {"DELETE nn1 DELETE", answer(200, R"({"boolean":false})")}});
  EXPECT_EQ(fs.remove("/f").to_string(), "OK");
  EXPECT_EQ(fs.remove("/f").code(), StatusCode::kNotFound);
}

}  // namespace
}  // namespace weir::web_hdfs_tests
