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
/// A checksum of the executable file of this process, in hexadecimal. Distinguishes builds. Empty
/// if the file cannot be read. Reads the whole file.
std::string own_executable_id();
/// The same for an executable already in memory.
std::string executable_id(std::string_view bytes);

/// Keeps a number of copies of this process's own executable running. One that ends is restarted:
/// at once if it lived for a while, otherwise after a growing pause. They die with the process that
/// started them, even if that is killed. They inherit only the standard streams and the descriptors
/// in `inherited`. Thread: any; its own thread waits for the processes.
class ProcessGroup {
 public:
  struct Options {
    int count = 1;
    std::vector<std::string> arguments;  ///< without the program name
    std::vector<int> inherited;  ///< descriptors, with the same numbers in the child; they stay
                                 ///< open as long as the group lives
    /// Gets a line about each unexpected end, on the group's thread.
    std::function<void(const std::string&)> report;
  };
  /// Starts the processes. UNAVAILABLE: the system can't.
  static StatusOr<std::unique_ptr<ProcessGroup>> start(Options options);
  virtual ~ProcessGroup() = default;

  /// Stops restarting. Waits at most `milliseconds` for all to end by themselves, then sends
  /// SIGTERM, and a second later SIGKILL.
  virtual void finish(int milliseconds) = 0;
  virtual std::vector<int> pids() const = 0;
};

}  // namespace weir
