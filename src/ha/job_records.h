#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "checkpoint/leader_store.h"
#include "weir/status.h"

namespace weir {

/// The records that ZooKeeper holds about a job, as bytes: docs/formats/zookeeper.md. `epoch` is
/// that of the leader that wrote the record.
struct PointerRecord {
  CompletedPointer pointer;
  int64_t epoch = 0;
};
struct ResultRecord {
  RecordedResult result;
  int64_t epoch = 0;
};
struct JobRecord {
  RecordedJob job;
  int64_t epoch = 0;
};

std::string encode(const PointerRecord& record);
std::string encode(const ResultRecord& record);
/// Bytes of arguments that are no UTF-8 are replaced.
std::string encode(const JobRecord& record);
/// DATA_LOSS names `path`: the record is damaged, or has an unknown version.
StatusOr<PointerRecord> decode_pointer_record(std::string_view bytes, const std::string& path);
StatusOr<ResultRecord> decode_result_record(std::string_view bytes, const std::string& path);
StatusOr<JobRecord> decode_job_record(std::string_view bytes, const std::string& path);

/// As it is when it is read again.
RecordedJob as_recorded(const RecordedJob& job);

/// True if a job never leaves that state: FINISHED, FAILED, CANCELED.
bool is_final_state(std::string_view state);

}  // namespace weir
