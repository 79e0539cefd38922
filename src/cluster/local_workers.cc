#include "cluster/local_workers.h"

#include "base/strings.h"
#include "config/options.h"

namespace weir {

StatusOr<std::unique_ptr<ProcessGroup>> start_local_workers(const Configuration& configuration, int count, const Address& coordinator,
                                                            std::function<void(const std::string&)> report) {
  ProcessGroup::Options options;
  options.count = count;
  options.report = std::move(report);
  options.arguments = own_command_line();
  if (!options.arguments.empty()) options.arguments.erase(options.arguments.begin());
  const auto set = [&](const ConfigKey& key, const std::string& value) {
    options.arguments.push_back("-D");
    options.arguments.push_back(cat(key.name, '=', value));
  };
  set(options::kRole, "worker");
  set(options::kCoordinatorAddress, coordinator.host);
  set(options::kCoordinatorPort, cat(coordinator.port));
  set(options::kProgress, "false");
  if (!configuration.is_set(options::kTaskSlots)) {
    const int64_t wanted = configuration.get(options::kParallelism);
    set(options::kTaskSlots, cat((wanted + count - 1) / count));
  }
  return ProcessGroup::start(std::move(options));
}

}  // namespace weir
