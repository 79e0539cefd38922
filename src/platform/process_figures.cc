#include "platform/process_figures.h"

#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

namespace weir {
namespace {

/// The number of entries; 0 if the folder cannot be read.
int64_t entries_of(const char* folder) {
  std::error_code error;
  std::filesystem::directory_iterator entries(folder, error);
  int64_t count = 0;
  for (; !error && entries != std::filesystem::directory_iterator(); entries.increment(error))
    ++count;
  return count;
}

int64_t milliseconds(const timeval& time) { return time.tv_sec * 1000 + time.tv_usec / 1000; }

}  // namespace

ProcessFigures own_process_figures() {
  ProcessFigures figures;
  std::ifstream statm("/proc/self/statm");
  int64_t pages = 0;
  int64_t resident = 0;
  if (statm >> pages >> resident) figures.resident_bytes = resident * ::sysconf(_SC_PAGESIZE);
  rusage use{};
  if (::getrusage(RUSAGE_SELF, &use) == 0)
    figures.cpu_ms = milliseconds(use.ru_utime) + milliseconds(use.ru_stime);
  figures.open_files = entries_of("/proc/self/fd");
  figures.threads = entries_of("/proc/self/task");
  return figures;
}

}  // namespace weir
