#include "fs/hdfs/data/transfer_request.h"

#include "base/strings.h"
#include "fs/hdfs/rpc/delimited.h"
#include "fs/hdfs/rpc/hadoop.pb.h"

namespace weir {

std::string transfer_request(uint8_t operation, const google::protobuf::MessageLite& message) {
  std::string bytes("\x00\x1C", 2);  // version 28
  bytes.push_back(static_cast<char>(operation));
  append_delimited(message, &bytes);
  return bytes;
}

std::string transfer_status_name(int status) {
  if (!hadoop::DataStatus_IsValid(status)) return cat("status ", status);
  return hadoop::DataStatus_Name(static_cast<hadoop::DataStatus>(status));
}

std::string transfer_problem(const hadoop::BlockOpResponse& answer) {
  return answer.message().empty()
             ? transfer_status_name(answer.status())
             : cat(transfer_status_name(answer.status()), ", ", answer.message());
}

}  // namespace weir
