#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "checkpoint/sidecar.h"
#include "weir/status.h"

namespace weir {

// The two lines of a sidecar as JSON (docs/formats/sidecar.md), and the parts that other formats
// share.

/// The first line: describes the second.
struct SidecarFrame {
  int64_t version = 0;
  int64_t length = 0;
  uint64_t checksum = 0;
};
std::string frame_to_json(const SidecarFrame& frame);
StatusOr<SidecarFrame> frame_from_json(std::string_view line);

std::string sidecar_to_json(const Sidecar& sidecar);
StatusOr<Sidecar> sidecar_from_json(std::string_view line);

/// {"operators": […]}. DATA_LOSS: anything else.
std::string operators_to_json(const std::vector<OperatorStateDescription>& operators);
StatusOr<std::vector<OperatorStateDescription>> operators_from_json(std::string_view text);

/// One type. DATA_LOSS: anything else.
std::string type_to_text(const TypeDescription& type);
StatusOr<TypeDescription> type_from_text(std::string_view text);

}  // namespace weir
