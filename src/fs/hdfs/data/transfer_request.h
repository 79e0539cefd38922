#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace google::protobuf {
class MessageLite;
}

namespace weir {
namespace hadoop {
class BlockOpResponse;
}

/// Operations of DataTransferProtocol (Op.java).
inline constexpr uint8_t kWriteBlock = 80;
inline constexpr uint8_t kReadBlock = 81;

/// The bytes of a request to a DataNode.
std::string transfer_request(uint8_t operation, const google::protobuf::MessageLite& message);

/// "ERROR_ACCESS_TOKEN", for messages.
std::string transfer_status_name(int status);
/// Why a DataNode refused.
std::string transfer_problem(const hadoop::BlockOpResponse& answer);

}  // namespace weir
