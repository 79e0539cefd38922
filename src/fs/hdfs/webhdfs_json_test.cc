#include "fs/hdfs/webhdfs_json.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace weir {
namespace {

const std::string kStatus =
    R"({"FileStatus":{"accessTime":1,"blockSize":134217728,"childrenNum":0,"fileId":16387,"group":"supergroup","length":5,)"
    R"("modificationTime":1795370408360,"owner":"root","pathSuffix":"","permission":"644","replication":1,"storagePolicy":0,"type":"FILE"}})";
const std::string kListing =
    R"({"DirectoryListing":{"partialListing":{"FileStatuses":{"FileStatus":[)"
    R"({"fileId":1,"length":5,"modificationTime":7,"pathSuffix":"b","type":"FILE"},)"
    R"({"fileId":2,"length":0,"modificationTime":8,"pathSuffix":"d","type":"DIRECTORY"}]}},"remainingEntries":3}})";
const std::string kException =
    R"({"RemoteException":{"exception":"AccessControlException","javaClassName":"org.apache.hadoop.security.AccessControlException",)"
    R"json("message":"Permission denied: user=bob\n\tat org.apache.hadoop.X.y(X.java:1)"}})json";

TEST(WebHdfsJson, DecodesAFileStatus) {
  const auto status = parse_file_status(kStatus);
  ASSERT_TRUE(status.ok());
  EXPECT_FALSE(status->is_directory);
  EXPECT_EQ(status->length, 5);
  EXPECT_EQ(status->modified_ms, 1795370408360);
  EXPECT_EQ(status->file_id, 16387);
  EXPECT_EQ(status->name, "");
}

TEST(WebHdfsJson, DecodesAPageOfAListing) {
  const auto listing = parse_listing(kListing);
  ASSERT_TRUE(listing.ok());
  EXPECT_EQ(listing->remaining, 3);
  ASSERT_EQ(listing->entries.size(), 2u);
  EXPECT_EQ(listing->entries[0].name, "b");
  EXPECT_TRUE(listing->entries[1].is_directory);
}

TEST(WebHdfsJson, DecodesBooleans) {
  EXPECT_TRUE(*parse_boolean(R"({"boolean":true})"));
  EXPECT_FALSE(*parse_boolean(R"({"boolean": false})"));
}

TEST(WebHdfsJson, KeepsTheFirstLineOfAnException) {
  const RemoteException remote = parse_remote_exception(kException);
  EXPECT_EQ(remote.exception, "AccessControlException");
  EXPECT_EQ(remote.message, "Permission denied: user=bob");
  EXPECT_EQ(parse_remote_exception("<html>").exception, "");
  EXPECT_EQ(
      parse_remote_exception(R"({"RemoteException":{"exception":"X","message":null}})").message,
      "");
}

TEST(WebHdfsJson, RefusesMalformedAnswers) {
  for (
      const std::string body :
      {"", "{}", "[]", "null", "true", R"({"boolean":1})", R"({"boolean":"true"})",
       R"({"FileStatus":[]})", R"({"FileStatus":{"type":"FILE","length":-1,"pathSuffix":""}})",
       R"({"FileStatus":{"type":"FILE","length":18446744073709551615,"pathSuffix":""}})",
       R"({"FileStatus":{"type":"FILE","length":1,"pathSuffix":"../../etc"}})",
       R"({"FileStatus":{"type":"FILE","length":1,"pathSuffix":".."}})",
       R"({"DirectoryListing":{"partialListing":{"FileStatuses":{"FileStatus":[]}},"remainingEntries":1}})",
       R"({"DirectoryListing":{"partialListing":{"FileStatuses":{"FileStatus":[7]}},"remainingEntries":0}})",
       R"({"DirectoryListing":{"partialListing":{"FileStatuses":{"FileStatus":[]}},"remainingEntries":-1}})"}) {
    EXPECT_EQ(parse_file_status(body).status().code(), StatusCode::kUnavailable) << body;
    EXPECT_EQ(parse_listing(body).status().code(), StatusCode::kUnavailable) << body;
    EXPECT_EQ(parse_boolean(body).status().code(), StatusCode::kUnavailable) << body;
  }
}

TEST(WebHdfsJson, ListingCutOffAnywhereIsRefused) {
  for (size_t length = 0; length < kListing.size(); ++length) {
    EXPECT_FALSE(parse_listing(std::string_view(kListing).substr(0, length)).ok()) << length;
  }
}

// Arbitrary bytes must give an answer or a refusal, and nothing that breaks a caller.
TEST(WebHdfsJson, DamagedAnswersNeverBreakTheDecoders) {
  const std::string deep(20000, '[');
  uint64_t random = 42;
  const auto next = [&random] {
    random ^= random << 13;
    random ^= random >> 7;
    random ^= random << 17;
    return random;
  };
  const auto decode_all = [](std::string_view body) {
    if (const auto status = parse_file_status(body); status.ok()) { EXPECT_GE(status->length, 0); }
    if (const auto listing = parse_listing(body); listing.ok()) {
      EXPECT_GE(listing->remaining, 0);
      for (const auto& entry : listing->entries) EXPECT_EQ(entry.name.find('/'), std::string::npos);
    }
    (void)parse_boolean(body);
    EXPECT_EQ(parse_remote_exception(body).message.find('\n'), std::string::npos);
  };
  decode_all(deep);
  decode_all("{\"FileStatus\":" + deep);
  for (const std::string& seed : {kStatus, kListing, kException}) {
    for (int round = 0; round < 3000; ++round) {
      std::string body = seed;
      for (uint64_t edits = next() % 4 + 1; edits > 0; --edits) {
        const size_t at = next() % body.size();
        switch (next() % 4) {
          case 0: body[at] = static_cast<char>(next()); break;
          case 1: body.erase(at, next() % 8); break;
          case 2:
            body.insert(at, std::vector<std::string>{"\"", "{", "}", "null", "-1", "\\u0000",
                                                     "9e999", "/", "\\n"}[next() % 9]);
            break;
          default: body += body.substr(at, next() % 40); break;
        }
        if (body.empty()) body = "{";
      }
      decode_all(body);
    }
  }
}

TEST(WebHdfsJson, TellsWhetherAFileIsBeingWritten) {
  EXPECT_TRUE(parse_under_construction(
      R"({"LocatedBlocks":{"fileLength":0,"isLastBlockComplete":false,"isUnderConstruction":true,"locatedBlocks":[]}})"));
  EXPECT_FALSE(parse_under_construction(
      R"({"LocatedBlocks":{"fileLength":9,"isLastBlockComplete":true,"isUnderConstruction":false}})"));
  EXPECT_FALSE(parse_under_construction("{}"));
}

}  // namespace
}  // namespace weir
