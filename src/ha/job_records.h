#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "checkpoint/leader_store.h"
#include "weir/status.h"

namespace weir {

/// What ZooKeeper holds of a job, as bytes: docs/formats/zookeeper.md. `epoch`: of the leader that
/// wrote it.
struct PointerRecord {
  CompletedPointer pointer;
  int64_t epoch = 0;
};
struct ResultRecord {
  JobResult result;
  int64_t epoch = 0;
};

std::string encode(const PointerRecord& record);
std::string encode(const ResultRecord& record);
/// DATA_LOSS names `path`: the record is damaged, or of a version that is not known.
StatusOr<PointerRecord> decode_pointer_record(std::string_view bytes, const std::string& path);
StatusOr<ResultRecord> decode_result_record(std::string_view bytes, const std::string& path);

/// Whether a job never leaves that state: FINISHED, FAILED, CANCELED.
bool is_final_state(std::string_view state);

}  // namespace weir
