#include "fs/hdfs/hdfs_file_system.h"

#include <gtest/gtest.h>

#include <deque>
#include <vector>

#include "base/strings.h"

namespace weir {
namespace {

using Outcome = HttpReply::Outcome;

HttpReply answer(int status, std::string body = "", std::string location = "") {
  return {Outcome::kAnswered, "", status, std::move(location), std::move(body)};
}
HttpReply lost() { return {Outcome::kUnknown, "connection reset", 0, "", ""}; }
HttpReply unreachable() { return {Outcome::kNotSent, "connection refused", 0, "", ""}; }
HttpReply redirect(const std::string& host = "dn") {
  return answer(
      307, "",
      cat("http://", host, ":9864/webhdfs/v1/f?op=X&createflag=SYNC_BLOCK&delegation=SECRET"));
}
HttpReply refusal(int status, const std::string& exception,
                  const std::string& message = "said so") {
  return answer(status, cat(R"({"RemoteException":{"exception":")", exception, R"(","message":")",
                            message, R"("}})"));
}
HttpReply nothing_there() { return refusal(404, "FileNotFoundException"); }
HttpReply file_there(int64_t length, int64_t id = 1) {
  return answer(200, cat(R"({"FileStatus":{"type":"FILE","pathSuffix":"","length":)", length,
                         R"(,"fileId":)", id, "}}"));
}

/// A cluster that follows a script: each exchange must be the expected next one, and gets the
/// answer listed with it.
class ScriptedHttp final : public Http {
 public:
  struct Step {
    std::string expected;  ///< "GET nn1 GETFILESTATUS", "PUT dn" with the body after it
    HttpReply reply;
  };
  struct Script {
    std::deque<Step> steps;
    std::vector<std::string> urls;
    std::vector<int64_t> waits_ms;
  };
  explicit ScriptedHttp(std::shared_ptr<Script> script) : script_(std::move(script)) {}

  HttpReply send(HttpMethod method, const std::string& url, int64_t body_bytes_max) override {
    const HttpReply reply = play(*script_,
                                 cat(method == HttpMethod::kGet   ? "GET "
                                     : method == HttpMethod::kPut ? "PUT "
                                                                  : "DELETE ",
                                     place(url)),
                                 url);
    EXPECT_LE(static_cast<int64_t>(reply.body.size()), body_bytes_max);
    return reply;
  }

  std::unique_ptr<HttpDownload> download(const std::string& url) override {
    class Download final : public HttpDownload {
     public:
      explicit Download(HttpReply reply) : reply_(std::move(reply)) {}
      bool read(int64_t length, std::string* into) override {
        if (reply_.outcome != Outcome::kAnswered) return false;
        into->append(reply_.body, 0, static_cast<size_t>(length));
        reply_.body.erase(0, static_cast<size_t>(length));
        return true;
      }

     private:
      HttpReply reply_;
    };
    return std::make_unique<Download>(play(*script_, cat("STREAM ", place(url)), url));
  }

  HttpReply post(const std::string& url, const std::string&, std::string_view, int64_t) override {
    return play(*script_, "POST", url);
  }

  std::unique_ptr<HttpUpload> upload(const std::string& url, std::optional<int64_t> length,
                                     bool hear_first) override {
    class Upload final : public HttpUpload {
     public:
      Upload(std::shared_ptr<Script> script, std::string start, std::string url)
          : script_(std::move(script)), start_(std::move(start)), url_(std::move(url)) {}
      bool write(std::string_view bytes) override {
        body_ += bytes;
        return true;
      }
      HttpReply finish() override { return play(*script_, start_ + body_, url_); }

     private:
      std::shared_ptr<Script> script_;
      std::string start_, url_, body_;
    };
    return std::make_unique<Upload>(
        script_,
        cat("UPLOAD ", place(url), length ? "" : " chunked", hear_first ? " hear-first " : " "),
        url);
  }

 private:
  /// "nn1 GETFILESTATUS" for a NameNode's URL, "dn" for a DataNode's.
  static std::string place(const std::string& url) {
    const std::string host = url.substr(7, url.find(':', 7) - 7);
    if (host.starts_with("dn")) return host;
    const size_t op = url.find("op=") + 3;
    return host + " " + url.substr(op, url.find('&', op) - op);
  }
  static HttpReply play(Script& script, const std::string& exchange, const std::string& url) {
    script.urls.push_back(url);
    if (script.steps.empty()) {
      ADD_FAILURE() << "unexpected at the end: " << exchange;
      return unreachable();
    }
    Step step = std::move(script.steps.front());
    script.steps.pop_front();
    EXPECT_EQ(exchange, step.expected);
    return step.reply;
  }

  std::shared_ptr<Script> script_;
};

class HdfsFileSystemTest : public testing::Test {
 protected:
  HdfsFileSystem& play(std::deque<ScriptedHttp::Step> steps,
                       std::vector<std::string> hosts = {"nn1"}, size_t buffer_bytes = 100) {
    script_->steps = std::move(steps);
    WebHdfsOptions web;
    for (const std::string& host : hosts)
      web.namenodes.http_bases.push_back(cat("http://", host, ":9870"));
    web.namenodes.origin = "the test";
    web.user = "bob";
    web.retry = {.attempts_max = 4, .first_contact_attempts_max = 2};
    web.retry.deadline = deadline_;
    web.sleep = [this, script = script_](std::chrono::milliseconds time) {
      script->waits_ms.push_back(time.count());
      now_ += time;
    };
    web.now = [this] { return now_; };
    HdfsOptions options;
    options.buffer_bytes = buffer_bytes;
    fs_ = std::make_unique<HdfsFileSystem>(options, std::move(web),
                                           std::make_unique<ScriptedHttp>(script_));
    return *fs_;
  }
  void TearDown() override {
    EXPECT_TRUE(script_->steps.empty())
        << script_->steps.size() << " exchanges did not happen, first "
        << script_->steps.front().expected;
  }

  std::chrono::milliseconds deadline_{300'000};
  MonotonicTime now_{0};
  std::shared_ptr<ScriptedHttp::Script> script_ = std::make_shared<ScriptedHttp::Script>();
  std::unique_ptr<HdfsFileSystem> fs_;
};

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

TEST_F(HdfsFileSystemTest, FileBeingWrittenIsDetected) {
  HdfsFileSystem& fs =
      play({{"GET nn1 GETFILESTATUS", file_there(5)},
            {"GET nn1 GET_BLOCK_LOCATIONS",
             answer(200, R"({"LocatedBlocks":{"fileLength":5,"isUnderConstruction":true}})")},
            {"GET nn1 GET_BLOCK_LOCATIONS", refusal(400, "IllegalArgumentException")}});
  const auto file = fs.open("/f");
  ASSERT_TRUE(file.ok());
  EXPECT_EQ(*(*file)->being_written(), true);
  EXPECT_EQ(*(*file)->being_written(), false);  // a gateway doesn't know
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

TEST_F(HdfsFileSystemTest, ListingIsReadPageByPage) {
  const auto page = [](const std::string& name, int remaining) {
    return answer(
        200,
        cat(R"({"DirectoryListing":{"partialListing":{"FileStatuses":{"FileStatus":[{"type":"FILE","length":1,"pathSuffix":")",
            name, R"("}]}},"remainingEntries":)", remaining, "}}"));
  };
  HdfsFileSystem& fs = play(
      {{"GET nn1 LISTSTATUS_BATCH", page("b", 1)}, {"GET nn1 LISTSTATUS_BATCH", page("c&d", 0)}});
  const auto entries = fs.list("/d");
  ASSERT_TRUE(entries.ok());
  ASSERT_EQ(entries->size(), 2u);
  EXPECT_EQ((*entries)[1].path, "/d/c&d");
  EXPECT_NE(script_->urls[1].find("&startAfter=b&"), std::string::npos);
}

TEST_F(HdfsFileSystemTest, BrokenReadIsRetriedAtAnotherDataNode) {
  HdfsFileSystem& fs = play({{"GET nn1 GETFILESTATUS", file_there(5)},
                             {"GET nn1 OPEN", redirect("dn1")},
                             {"GET dn1", lost()},
                             {"GET nn1 OPEN", redirect("dn2")},
                             {"GET dn2", answer(200, "hello")}});
  EXPECT_EQ(*read_file(fs, "/f"), "hello");
  EXPECT_NE(script_->urls[3].find("&excludedatanodes=dn1&"), std::string::npos);
}

constexpr int64_t kMegabyte = 1 << 20;
std::string megabytes(int64_t count) {
  std::string bytes(static_cast<size_t>(count * kMegabyte), '\0');
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>('a' + (i >> 10) % 23);
  return bytes;
}
/// Reads at each place, and reports those with wrong bytes.
void expect_reads(HdfsFileSystem& fs, const std::string& bytes,
                  const std::vector<std::pair<int64_t, int64_t>>& places) {
  auto file = fs.open("/f");
  ASSERT_TRUE(file.ok());
  std::string got;
  for (const auto& [offset, length] : places) {
    EXPECT_EQ((*file)->read_at(offset, length, &got).to_string(), "OK")
        << length << " at " << offset;
    EXPECT_TRUE(got == bytes.substr(static_cast<size_t>(offset), static_cast<size_t>(length)))
        << length << " at " << offset;
  }
}

TEST_F(HdfsFileSystemTest, ConsecutiveLargeReadsShareOneStream) {
  const std::string bytes = megabytes(9);
  HdfsFileSystem& fs = play({{"GET nn1 GETFILESTATUS", file_there(9 * kMegabyte)},
                             {"GET nn1 OPEN", redirect()},
                             {"GET dn", answer(200, bytes.substr(0, 2 * kMegabyte))},
                             {"GET nn1 OPEN", redirect()},
                             {"STREAM dn", answer(200, bytes.substr(2 * kMegabyte))}});
  // The second read begins a little before the first one's end, and the last asks for more than
  // there is.
  expect_reads(fs, bytes,
               {{0, 2 * kMegabyte},
                {2 * kMegabyte - 1000, 2 * kMegabyte},
                {4 * kMegabyte - 1000, 2 * kMegabyte},
                {6 * kMegabyte - 1000, 5 * kMegabyte}});
  EXPECT_NE(script_->urls[3].find("op=OPEN&offset=2097152&user.name"), std::string::npos)
      << script_->urls[3];
}

TEST_F(HdfsFileSystemTest, BrokenStreamFallsBackToSingleReads) {
  const std::string bytes = megabytes(6);
  const auto part = [&](int64_t from, int64_t to) {
    return answer(200, bytes.substr(from * kMegabyte, (to - from) * kMegabyte));
  };
  HdfsFileSystem& fs = play({{"GET nn1 GETFILESTATUS", file_there(6 * kMegabyte)},
                             {"GET nn1 OPEN", redirect()},
                             {"GET dn", part(0, 2)},
                             {"GET nn1 OPEN", redirect()},
                             {"STREAM dn", lost()},
                             {"GET nn1 OPEN", redirect()},
                             {"GET dn", part(2, 4)},
                             {"GET nn1 OPEN", redirect()},
                             {"STREAM dn", part(4, 5)},
                             {"GET nn1 OPEN", redirect()},
                             {"GET dn", part(4, 6)}});
  expect_reads(
      fs, bytes,
      {{0, 2 * kMegabyte}, {2 * kMegabyte, 2 * kMegabyte}, {4 * kMegabyte, 2 * kMegabyte}});
}

TEST_F(HdfsFileSystemTest, ScatteredReadsGetNoStream) {
  const std::string bytes = megabytes(6);
  const auto part = [&](int64_t from, int64_t to) {
    return answer(200, bytes.substr(from * kMegabyte, (to - from) * kMegabyte));
  };
  HdfsFileSystem& fs = play({{"GET nn1 GETFILESTATUS", file_there(6 * kMegabyte)},
                             {"GET nn1 OPEN", redirect()},
                             {"GET dn", part(0, 2)},
                             {"GET nn1 OPEN", redirect()},
                             {"GET dn", part(3, 5)},
                             {"GET nn1 OPEN", redirect()},
                             {"GET dn", answer(200, bytes.substr(5 * kMegabyte, 1000))},
                             {"GET nn1 OPEN", redirect()},
                             {"GET dn", part(0, 2)}});
  expect_reads(fs, bytes,
               {{0, 2 * kMegabyte},
                {3 * kMegabyte, 2 * kMegabyte},
                {5 * kMegabyte, 1000},
                {0, 2 * kMegabyte}});
}

TEST_F(HdfsFileSystemTest, BytesOfAnEarlierLargeReadAreNotUsedAfterASmallOne) {
  const std::string bytes = megabytes(8);
  HdfsFileSystem& fs =
      play({{"GET nn1 GETFILESTATUS", file_there(8 * kMegabyte)},
            {"GET nn1 OPEN", redirect()},
            {"GET dn", answer(200, bytes.substr(0, 2 * kMegabyte))},
            {"GET nn1 OPEN", redirect()},
            {"GET dn", answer(200, bytes.substr(5 * kMegabyte, 1000))},
            {"GET nn1 OPEN", redirect()},
            {"GET dn", answer(200, bytes.substr(5 * kMegabyte + 500, 2 * kMegabyte))}});
  expect_reads(fs, bytes,
               {{0, 2 * kMegabyte}, {5 * kMegabyte, 1000}, {5 * kMegabyte + 500, 2 * kMegabyte}});
}

TEST_F(HdfsFileSystemTest, ReadOfAFileThatBecameShorterIsDataLoss) {
  HdfsFileSystem& fs = play({{"GET nn1 GETFILESTATUS", file_there(5)},
                             {"GET nn1 OPEN", redirect()},
                             {"GET dn", answer(200, "hell")}});
  auto file = fs.open("/f");
  ASSERT_TRUE(file.ok());
  std::string bytes;
  EXPECT_EQ((*file)->read_at(0, 5, &bytes).code(), StatusCode::kDataLoss);
  EXPECT_EQ(bytes, "");
}

}  // namespace
}  // namespace weir
