#include "cluster/roles/local_workers.h"

#include "base/status_macros.h"
#include "base/strings.h"
#include "config/options.h"
#include "platform/memory_file.h"
#include "platform/transport_security.h"

namespace weir {
namespace {

bool is_secret(std::string_view assignment) {
  const ConfigKey* key = find_config_key(trim(assignment.substr(0, assignment.find('='))));
  return key != nullptr && key->type == ConfigType::kSecret;
}

std::vector<std::string> without_secrets(const std::vector<std::string>& arguments) {
  std::vector<std::string> kept;
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (argument == "-D" && i + 1 < arguments.size() && is_secret(arguments[i + 1])) {
      ++i;
    } else if (!argument.starts_with("-D") || !is_secret(std::string_view(argument).substr(2))) {
      kept.push_back(argument);
    }
  }
  return kept;
}

}  // namespace

StatusOr<std::vector<InheritedSecret>> secrets_for_local_workers(Configuration* configuration) {
  std::vector<InheritedSecret> secrets;
  const auto add = [&](std::string file_key, std::string_view secret) -> Status {
    WEIR_ASSIGN_OR_RETURN(UniqueFd file, memory_file(secret));
    secrets.push_back({std::move(file_key), std::move(file)});
    return {};
  };
  for (const Configuration::Entry& entry : configuration->entries()) {
    const bool on_command_line =
        entry.origin.layer == ConfigLayer::kCommandLine && entry.origin.where == "-D";
    if (on_command_line && is_secret(entry.key))
      WEIR_RETURN_IF_ERROR(add(entry.key + ".file", entry.value));
  }
  if (!configuration->is_set(options::kSharedSecretFile) &&
      !configuration->get(options::kInternalTls)) {
    WEIR_ASSIGN_OR_RETURN(const std::string secret, draw_secret());
    WEIR_RETURN_IF_ERROR(add(std::string(options::kSharedSecretFile.name), secret));
    WEIR_RETURN_IF_ERROR(configuration->set(options::kSharedSecretFile.name,
                                            path_of_descriptor(secrets.back().file.get())));
  }
  return secrets;
}

std::vector<std::string> local_worker_arguments(const std::vector<std::string>& own,
                                                const Configuration& configuration, int count,
                                                const Address& coordinator,
                                                const std::vector<InheritedSecret>& secrets) {
  std::vector<std::string> arguments = without_secrets(own);
  const auto set = [&](std::string_view key, const std::string& value) {
    arguments.push_back("-D");
    arguments.push_back(cat(key, '=', value));
  };
  set(options::kRole.name, "worker");
  set(options::kCoordinatorAddress.name, coordinator.host);
  set(options::kCoordinatorPort.name, cat(coordinator.port));
  set(options::kProgress.name, "false");
  if (!configuration.is_set(options::kTaskSlots)) {
    const int64_t wanted = configuration.get(options::kParallelism);
    set(options::kTaskSlots.name, cat((wanted + count - 1) / count));
  }
  for (const InheritedSecret& secret : secrets)
    set(secret.file_key, path_of_descriptor(secret.file.get()));
  return arguments;
}

StatusOr<std::unique_ptr<ProcessGroup>> start_local_workers(
    const Configuration& configuration, int count, const Address& coordinator,
    const std::vector<InheritedSecret>& secrets, std::function<void(const std::string&)> report) {
  std::vector<std::string> own = own_command_line();
  if (!own.empty()) own.erase(own.begin());
  ProcessGroup::Options options;
  options.count = count;
  options.report = std::move(report);
  options.arguments = local_worker_arguments(own, configuration, count, coordinator, secrets);
  for (const InheritedSecret& secret : secrets) options.inherited.push_back(secret.file.get());
  return ProcessGroup::start(std::move(options));
}

}  // namespace weir
