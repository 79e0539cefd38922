#include "base/log.h"

#include <atomic>
#include <cstdio>
#include <ctime>
#include <mutex>

#include "weir/detail/base/warn.h"

namespace weir {
namespace {

void write_to_stderr(LogLevel level, std::string_view text) {
  static constexpr const char* kNames[] = {"DEBUG", "INFO ", "WARN ", "ERROR"};
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);  // only a label for readers; no decision depends on it
  tm parts{};
  gmtime_r(&now.tv_sec, &parts);
  std::fprintf(stderr, "%02d:%02d:%02d.%03ld %s %.*s\n", parts.tm_hour, parts.tm_min, parts.tm_sec,
               now.tv_nsec / 1000000, kNames[static_cast<int>(level)],
               static_cast<int>(text.size()), text.data());
}

std::atomic<LogSink> g_sink{&write_to_stderr};
std::atomic<LogLevel> g_level{LogLevel::kInfo};
std::mutex g_mutex;

}  // namespace

void set_log_sink(LogSink sink) { g_sink = sink != nullptr ? sink : &write_to_stderr; }
void set_log_level(LogLevel level) { g_level = level; }
bool log_enabled(LogLevel level) { return level >= g_level.load(std::memory_order_relaxed); }
void log_line(LogLevel level, std::string_view text) {
  std::lock_guard lock(g_mutex);
  g_sink.load()(level, text);
}

void detail::warn(std::string_view text) { log_line(LogLevel::kWarning, text); }

}  // namespace weir
