#include "platform/process_text.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <system_error>
#include <vector>

#include "base/recent_log.h"
#include "base/strings.h"
#include "config/value_text.h"
#include "platform/cpu_profile.h"
#include "platform/unique_fd.h"

namespace weir {
namespace {

/// Opened anew, so that the offset of the process's own writes does not change.
std::string end_of_standard_output() {
  struct stat facts{};
  // Only files: opening a pipe or a terminal could block, or take data from its reader.
  if (::fstat(STDOUT_FILENO, &facts) != 0 || !S_ISREG(facts.st_mode)) return "";
  const UniqueFd file(::open("/proc/self/fd/1", O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return "";
  const int64_t size = std::min<int64_t>(facts.st_size, kMaxTextBytes);
  std::string text(static_cast<size_t>(size), '\0');
  const ssize_t read = ::pread(file.get(), text.data(), text.size(), facts.st_size - size);
  text.resize(read < 0 ? 0 : static_cast<size_t>(read));
  return text;
}

std::string state_of(char letter) {
  switch (letter) {
    case 'R': return "RUNNABLE";
    case 'S': return "WAITING";
    case 'D': return "BLOCKED in the kernel";
    case 'T':
    case 't': return "STOPPED";
    default: return {letter};
  }
}

/// "name" Id=7 WAITING cpu=120 ms
std::string line_of_thread(const std::filesystem::path& folder) {
  std::string stat;
  std::getline(std::ifstream(folder / "stat"), stat);
  // The name is in parentheses, and may contain some.
  const size_t begin = stat.find('(');
  const size_t end = stat.rfind(')');
  if (begin == std::string::npos || end == std::string::npos || end + 2 >= stat.size()) return "";
  std::istringstream rest(stat.substr(end + 2));
  const std::vector<std::string> fields{std::istream_iterator<std::string>(rest), {}};
  if (fields.size() < 13) return "";
  const auto user = parse_int(fields[11]);
  const auto system = parse_int(fields[12]);
  const int64_t ticks = user.ok() && system.ok() ? *user + *system : 0;
  return cat('"', stat.substr(begin + 1, end - begin - 1), "\" Id=", folder.filename().string(),
             " ", state_of(fields[0][0]), " cpu=", ticks * 1000 / ::sysconf(_SC_CLK_TCK), " ms\n");
}

std::string threads() {
  std::error_code error;
  std::vector<std::filesystem::path> folders;
  std::filesystem::directory_iterator next("/proc/self/task", error);
  for (; !error && next != std::filesystem::directory_iterator(); next.increment(error))
    folders.push_back(next->path());
  std::sort(folders.begin(), folders.end());
  std::string text;
  for (const auto& folder : folders) text += line_of_thread(folder);
  return text.substr(0, static_cast<size_t>(kMaxTextBytes));
}

}  // namespace

std::string own_process_text(ProcessText what) {
  switch (what) {
    case ProcessText::kLog: return recent_log();
    case ProcessText::kStandardOutput: return end_of_standard_output();
    case ProcessText::kThreads: return threads();
    case ProcessText::kCpuProfile: return cpu_profile().substr(0, kMaxTextBytes);
  }
  return "";
}

}  // namespace weir
