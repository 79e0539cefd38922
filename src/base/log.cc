#include "base/log.h"

#include <array>
#include <atomic>
#include <cstdio>
#include <ctime>
#include <deque>
#include <mutex>

#include "base/recent_log.h"
#include "weir/detail/base/warn.h"

namespace weir {
namespace {

/// "HH:MM:SS.mmm LEVEL text", with the end of the line.
std::string line_of(LogLevel level, std::string_view text) {
  static constexpr const char* kNames[] = {"DEBUG", "INFO ", "WARN ", "ERROR"};
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);  // only a label for readers; no decision depends on it
  tm parts{};
  gmtime_r(&now.tv_sec, &parts);
  std::array<char, 32> head{};
  std::snprintf(head.data(), head.size(), "%02d:%02d:%02d.%03ld %s ", parts.tm_hour, parts.tm_min,
                parts.tm_sec, now.tv_nsec / 1000000, kNames[static_cast<int>(level)]);
  std::string line = head.data();
  line += text;
  line += '\n';
  return line;
}

void write_to_stderr(LogLevel level, std::string_view text) {
  const std::string line = line_of(level, text);
  std::fwrite(line.data(), 1, line.size(), stderr);
}

/// The newest lines that fit. Thread: one at a time.
class RecentLines {
 public:
  void set_limit(size_t most_bytes) { most_bytes_ = most_bytes; }
  bool keeps_any() const { return most_bytes_ > 0; }
  void add(std::string line) {
    bytes_ += line.size();
    lines_.push_back(std::move(line));
    while (bytes_ > most_bytes_ && !lines_.empty()) {
      bytes_ -= lines_.front().size();
      lines_.pop_front();
    }
  }
  std::string text() const {
    std::string all;
    all.reserve(bytes_);
    for (const std::string& line : lines_) all += line;
    return all;
  }

 private:
  size_t most_bytes_ = 0;
  size_t bytes_ = 0;
  std::deque<std::string> lines_;
};

std::atomic<LogSink> g_sink{&write_to_stderr};
std::atomic<LogLevel> g_level{LogLevel::kInfo};
std::mutex g_mutex;
RecentLines g_recent;  // guarded by g_mutex

}  // namespace

void set_log_sink(LogSink sink) { g_sink = sink != nullptr ? sink : &write_to_stderr; }
void set_log_level(LogLevel level) { g_level = level; }
bool log_enabled(LogLevel level) { return level >= g_level.load(std::memory_order_relaxed); }
void log_line(LogLevel level, std::string_view text) {
  std::lock_guard lock(g_mutex);
  g_sink.load()(level, text);
  if (g_recent.keeps_any()) g_recent.add(line_of(level, text));
}

void keep_recent_log(size_t most_bytes) {
  std::lock_guard lock(g_mutex);
  g_recent.set_limit(most_bytes);
}

std::string recent_log() {
  std::lock_guard lock(g_mutex);
  return g_recent.text();
}

void detail::warn(std::string_view text) { log_line(LogLevel::kWarning, text); }

}  // namespace weir
