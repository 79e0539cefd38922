#include "fs/hdfs/hdfs_file_system.h"
#include "fs/hdfs/testing/scripted_web_hdfs.h"

namespace weir::web_hdfs_tests {
namespace {

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
}  // namespace weir::web_hdfs_tests
