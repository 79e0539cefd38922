#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "checkpoint/sidecar.h"
#include "weir/status.h"

namespace weir {

// The two lines of a sidecar as JSON (docs/formats/sidecar.md). For sidecar.cc only.

/// The first line: what the second must be.
struct SidecarFrame {
  int64_t version = 0;
  int64_t length = 0;
  uint64_t checksum = 0;
};
std::string frame_to_json(const SidecarFrame& frame);
StatusOr<SidecarFrame> frame_from_json(std::string_view line);

std::string sidecar_to_json(const Sidecar& sidecar);
StatusOr<Sidecar> sidecar_from_json(std::string_view line);

}  // namespace weir
