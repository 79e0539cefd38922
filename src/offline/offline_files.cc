#include "offline/offline_files.h"

#include "platform/real_clock.h"

namespace weir {

std::unique_ptr<FileSystemRegistry> offline_file_systems(
    std::function<std::optional<std::string>(std::string_view key)> setting) {
  return std::make_unique<RealFileSystems>(
      RealFileSystemsOptions{.config = std::move(setting),
                             .environment = process_environment,
                             .login_user = process_login_user(),
                             .sleep = sleep_for,
                             .now = [] { return RealClock().now(); },
                             .wall_ms = [] { return RealClock().wall_ms(); },
                             .own = {}});
}

}  // namespace weir
