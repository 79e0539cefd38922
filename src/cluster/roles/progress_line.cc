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
  if (const auto& last = view.checkpoints->latest_completed) {
    line += cat("  checkpoint ", last->id, " (", whole_ms(last->duration()), " ms, ", last->bytes,
                " B, ", whole_ms(now - last->ended) / 1000, " s ago)");
  }
  if (view.checkpoints->failed > 0) line += cat("  failed checkpoints ", view.checkpoints->failed);
  if (view.restarts > 0) line += cat("  restarts ", view.restarts);
  return line;
}

}  // namespace weir
