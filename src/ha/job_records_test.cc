#include "ha/job_records.h"

#include <gtest/gtest.h>

#include "ha/leader_nodes.h"

namespace weir {
namespace {

const PointerRecord kPointer{{7, "hdfs://nn:8020/flink/0123/chk-7", 4096, 0x00000000feedface}, 3};
// The example in docs/formats/zookeeper.md.
constexpr char kPointerBytes[] =
    "{\"epoch\":3,\"id\":7,\"metadata_length\":4096,\"metadata_xxh3\":\"00000000feedface\","
    "\"uri\":\"hdfs://nn:8020/flink/0123/chk-7\",\"version\":1}\nfd2e755456bf2496\n";

TEST(JobRecords, PointerBytesMatchTheFormatsPage) { EXPECT_EQ(encode(kPointer), kPointerBytes); }

TEST(JobRecords, PointerRoundTrips) {
  const auto read = decode_pointer_record(kPointerBytes, "/p");
  ASSERT_TRUE(read.ok()) << read.status().to_string();
  EXPECT_EQ(read->pointer.id, 7);
  EXPECT_EQ(read->pointer.uri, kPointer.pointer.uri);
  EXPECT_EQ(read->pointer.metadata_length, 4096);
  EXPECT_EQ(read->pointer.metadata_checksum, 0x00000000feedfaceu);
  EXPECT_EQ(read->epoch, 3);
}

TEST(JobRecords, ResultRoundTrips) {
  const auto read =
      decode_result_record(encode(ResultRecord{{"FAILED", "line 1\nline \"2\" \xff"}, 9}), "/r");
  ASSERT_TRUE(read.ok()) << read.status().to_string();
  EXPECT_EQ(read->result.state, "FAILED");
  EXPECT_EQ(read->result.message, "line 1\nline \"2\" \xef\xbf\xbd")
      << "bytes that are no UTF-8 are replaced";
  EXPECT_EQ(read->epoch, 9);
}

TEST(JobRecords, TheJobOfAClusterRoundTrips) {
  const RecordedJob job{murmur3_128("job"), "flights", "00ff", {{"gap", "1 \"h\""}, {"out", ""}}};
  const auto read = decode_job_record(encode(JobRecord{job, 5}), "/job");
  ASSERT_TRUE(read.ok()) << read.status().to_string();
  EXPECT_EQ(read->job, job);
  EXPECT_EQ(read->epoch, 5);
}

TEST(JobRecords, ArgumentsThatAreNoUtf8AreTheSameEachTime) {
  const RecordedJob job{murmur3_128("job"), "j", "00", {{"in", "/caf\xe9"}}};
  const RecordedJob recorded = as_recorded(job);
  EXPECT_EQ(recorded.arguments.at("in"), "/caf\xef\xbf\xbd");
  EXPECT_EQ(as_recorded(recorded), recorded);
}

TEST(JobRecords, AJobOfAClusterThatLacksPartsIsRefused) {
  const std::string good = encode(JobRecord{{murmur3_128("job"), "j", "00", {}}, 5});
  ASSERT_TRUE(decode_job_record(good, "/job").ok());
  EXPECT_EQ(decode_job_record(kPointerBytes, "/job").status().code(), StatusCode::kDataLoss);
  EXPECT_EQ(decode_job_record(good.substr(1), "/job").status().code(), StatusCode::kDataLoss);
}

TEST(JobRecords, EveryChangedByteIsNoticed) {
  const std::string good = kPointerBytes;
  for (size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 1);
    EXPECT_EQ(decode_pointer_record(bad, "/p").status().code(), StatusCode::kDataLoss)
        << "byte " << i;
  }
  for (size_t length = 0; length < good.size(); ++length) {
    EXPECT_EQ(decode_pointer_record(good.substr(0, length), "/p").status().code(),
              StatusCode::kDataLoss)
        << length << " bytes";
  }
}

TEST(JobRecords, RecordsOfDifferentKindsAreDistinguished) {
  const std::string result = encode(ResultRecord{{"FINISHED", ""}, 1});
  const Status status = decode_pointer_record(result, "/weir/x/checkpoint").status();
  EXPECT_EQ(status.code(), StatusCode::kDataLoss);
  EXPECT_NE(status.message().find("/weir/x/checkpoint"), std::string_view::npos);
  EXPECT_EQ(decode_result_record(kPointerBytes, "/r").status().code(), StatusCode::kDataLoss);
}

TEST(LeaderRecords, LeaderRecordRoundTrips) {
  const LeaderRecord record{"host:6123", 12, "00ff"};
  EXPECT_EQ(encode(record), R"({"address":"host:6123","contender":"00ff","epoch":12})");
  EXPECT_EQ(decode_leader_record(encode(record), "/l").value(), record);
}

TEST(LeaderRecords, InvalidLeaderRecordIsRefused) {
  for (const char* bytes :
       {"", "{}", "[]", "host:6123", R"({"address":"h","contender":1,"epoch":12})",
        R"({"address":"h","contender":"c","epoch":"12"})",
        R"({"address":"h","contender":"c","epoch":1.5})"}) {
    EXPECT_EQ(decode_leader_record(bytes, "/l").status().code(), StatusCode::kDataLoss) << bytes;
  }
}

}  // namespace
}  // namespace weir
