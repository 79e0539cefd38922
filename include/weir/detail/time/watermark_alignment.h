#pragma once

#include <cstdint>
#include <string>

namespace weir::detail {

/// The parameters of WatermarkStrategy::with_watermark_alignment().
struct WatermarkAlignment {
  std::string group;
  int64_t max_drift_ms = 0;
  int64_t update_interval_ms = 1000;
};

}  // namespace weir::detail
