#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "weir/status.h"

namespace weir {

/// The command line that this process was started with.
std::vector<std::string> own_command_line();
/// A checksum of the file that this process runs, in hexadecimal: tells two builds apart. Empty if
/// it cannot be read. Reads all of it.
std::string own_executable_id();
/// The same for an executable that has been read already.
std::string executable_id(std::string_view bytes);

/// Keeps a number of copies of this process's own executable running: one that ends is started
/// again, at once if it lived for a while, else after a growing pause. They die with the process
/// that started them, even if that is killed. They inherit the standard streams and no other
/// descriptor but those in `inherited`. Thread: any; a thread of its own waits for the processes.
class ProcessGroup {
 public:
  struct Options {
    int count = 1;
    std::vector<std::string> arguments;  ///< without the program's name
    std::vector<int>
        inherited;  ///< descriptors, of the same number there; open for as long as the group lives
    std::function<void(const std::string&)>
        report;  ///< a line about an end that was not asked for; on the group's thread
  };
  /// Starts them. UNAVAILABLE: the system can't.
  static StatusOr<std::unique_ptr<ProcessGroup>> start(Options options);
  virtual ~ProcessGroup() = default;

  /// Starts none again; waits until all have ended by themselves, at most `milliseconds`, then
  /// sends SIGTERM, and a second later SIGKILL.
  virtual void finish(int milliseconds) = 0;
  virtual std::vector<int> pids() const = 0;
};

}  // namespace weir
