#include "cluster/roles/progress_line.h"

#include <cstdio>
#include <ctime>

#include "base/strings.h"

namespace weir {
namespace {

std::string time_text(Timestamp ms) {
  if (ms == kMinWatermark) return "-";
  if (ms == kMaxWatermark) return "end";
  const auto seconds = static_cast<time_t>(ms / 1000);
  tm parts{};
  gmtime_r(&seconds, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &parts);
  return text;
}

std::string rate_text(double per_second) {
  char text[32];
  if (per_second >= 1e6) std::snprintf(text, sizeof text, "%.1f M/s", per_second / 1e6);
  else if (per_second >= 1e4) std::snprintf(text, sizeof text, "%.0f k/s", per_second / 1e3);
  else std::snprintf(text, sizeof text, "%.0f/s", per_second);
  return text;
}

}  // namespace

std::string progress_line(const JobView& view, double records_per_second, MonotonicTime now) {
  std::string line = cat(to_string(view.state), "  records ", view.source_records, " (",
                         rate_text(records_per_second), ")  watermark ", time_text(view.watermark));
  if (view.late_records > 0) line += cat("  late records dropped ", view.late_records);
  const CheckpointStatistics& checkpoints = view.checkpoints;
  if (checkpoints.completed > 0) {
    line += cat("  checkpoint ", checkpoints.last_completed_id, " (",
                whole_ms(checkpoints.last_duration), " ms, ", checkpoints.last_bytes, " B, ",
                whole_ms(now - checkpoints.last_completed_at) / 1000, " s ago)");
  }
  if (checkpoints.failed > 0) line += cat("  failed checkpoints ", checkpoints.failed);
  if (view.restarts > 0) line += cat("  restarts ", view.restarts);
  return line;
}

}  // namespace weir
