#include "runtime/watermark_valve.h"

#include <gtest/gtest.h>

#include <sstream>
#include <string>

namespace weir {
namespace {

std::string show(const EventTime& time) {
  const std::string watermark = time.watermark == kMinWatermark   ? "-"
                                : time.watermark == kMaxWatermark ? "end"
                                                                  : std::to_string(time.watermark);
  return time.idle ? watermark + " idle" : watermark;
}

/// Each step is "channel:what", where `what` is a watermark, "idle", "active" or "end". `expected`:
/// the input's time after each step.
struct Row {
  const char* name;
  int channels;
  const char* steps;
  const char* expected;
};

std::string run(const Row& row) {
  WatermarkValve valve(row.channels);
  std::istringstream steps(row.steps);
  std::string result;
  for (std::string step; steps >> step;) {
    const int channel = step[0] - '0';
    const std::string what = step.substr(2);
    if (what == "idle" || what == "active") {
      valve.on_status(channel, what == "idle");
    } else {
      valve.on_watermark(channel, what == "end" ? kMaxWatermark : std::stoll(what));
    }
    result += (result.empty() ? "" : ", ") + show(valve.time());
  }
  return result;
}

constexpr Row kRows[] = {
    {"one channel passes its watermarks on", 1, "0:10 0:20", "10, 20"},
    {"a watermark that goes back is ignored", 1, "0:10 0:9 0:10", "10, 10, 10"},
    {"a negative watermark is one like others", 2, "0:-5 1:-3", "-, -5"},
    {"the minimum of all channels counts", 2, "0:10 1:5 1:20", "-, 5, 10"},
    {"nothing is known before each channel has spoken", 3, "0:10 1:20", "-, -"},
    {"a single idle channel makes the input idle", 1, "0:10 0:idle", "10, 10 idle"},
    {"an input that is idle from the start has no watermark", 2, "0:idle 1:idle", "-, - idle"},
    {"an idle channel does not hold back", 2, "0:10 1:5 1:idle 0:12", "-, 5, 10, 12"},
    {"an idle channel that was ahead changes nothing", 2, "0:10 1:5 0:idle 1:7", "-, 5, 5, 7"},
    {"a watermark of an idle channel is ignored", 2, "0:10 1:idle 1:99 0:11", "-, 10, 10, 11"},
    {"when all are idle the greatest watermark counts", 2, "0:10 1:5 0:idle 1:idle",
     "-, 5, 5, 10 idle"},
    {"the order in which channels become idle does not matter", 2, "0:10 1:5 1:idle 0:idle",
     "-, 5, 10, 10 idle"},
    {"a repeated status changes nothing", 2, "0:10 1:5 1:idle 1:idle 1:active 1:active",
     "-, 5, 10, 10, 10, 10"},
    {"one active channel makes the input active", 2, "0:idle 1:idle 1:active 1:3",
     "-, - idle, -, 3"},
    {"an active channel that is behind does not hold back", 2, "0:10 1:5 1:idle 1:active 1:7 0:12",
     "-, 5, 10, 10, 10, 12"},
    {"it holds back again when it has caught up", 2, "0:10 1:5 1:idle 1:active 1:10 0:15 1:12",
     "-, 5, 10, 10, 10, 10, 12"},
    {"a channel that was ahead when it became idle holds back at once", 2,
     "0:5 1:10 1:idle 1:active 0:20 1:30", "-, 5, 5, 5, 10, 20"},
    {"time does not go back when the only active channel is behind", 2,
     "0:10 1:5 1:idle 0:idle 1:active 1:6 1:11", "-, 5, 10, 10 idle, 10, 10, 11"},
    {"a channel behind does not count when the others become idle", 2,
     "0:10 1:5 1:idle 1:active 0:20 0:idle 1:21", "-, 5, 10, 10, 20, 20, 21"},
    {"an ended channel no longer holds back", 2, "0:end 1:-3", "-, -3"},
    {"an ended channel does not make an idle input jump to the end", 2,
     "0:10 1:5 0:end 1:idle 1:active 1:11", "-, 5, 5, 10 idle, 10, 11"},
    {"the input ends with its last channel", 2, "0:end 1:5 1:idle 1:active 1:end",
     "-, 5, 5 idle, 5, end"},
};

TEST(WatermarkValve, Table) {
  for (const Row& row : kRows) EXPECT_EQ(run(row), row.expected) << row.name << ": " << row.steps;
}

}  // namespace
}  // namespace weir
