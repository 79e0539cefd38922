#include "platform/process_figures.h"

#include <gtest/gtest.h>

#include <fstream>
#include <vector>

namespace weir {
namespace {

TEST(ProcessFigures, CountFilesAndMemoryOfThisProcess) {
  const ProcessFigures before = own_process_figures();
  EXPECT_GE(before.threads, 1);
  EXPECT_GT(before.resident_bytes, 100 * 1024);
  std::ifstream a("/proc/self/stat");
  std::ifstream b("/proc/self/stat");
  const std::vector<char> touched(64 << 20, 1);
  const ProcessFigures after = own_process_figures();
  EXPECT_EQ(after.open_files, before.open_files + 2);
  EXPECT_GT(after.resident_bytes, before.resident_bytes + (32 << 20)) << touched.size();
  EXPECT_GE(after.cpu_ms, before.cpu_ms);
}

}  // namespace
}  // namespace weir
