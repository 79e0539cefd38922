#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "weir/format/schema.h"

namespace weir {

/// The message is the string, whatever its bytes. Flink's SimpleStringSchema.
class SimpleStringSchema final : public Format<std::string> {
 public:
  StatusOr<std::string> deserialize(std::string_view message) override {
    return std::string(message);
  }
  Status serialize(const std::string& record, std::string& out) override {
    out += record;
    return {};
  }
};

/// The message is the bytes.
class BytesFormat final : public Format<std::vector<uint8_t>> {
 public:
  StatusOr<std::vector<uint8_t>> deserialize(std::string_view message) override {
    return std::vector<uint8_t>(message.begin(), message.end());
  }
  Status serialize(const std::vector<uint8_t>& record, std::string& out) override {
    out.append(record.begin(), record.end());
    return {};
  }
};

}  // namespace weir
