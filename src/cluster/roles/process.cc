#include "cluster/roles/process.h"

#include <optional>
#include <string>

#include "config/options.h"

namespace weir {
namespace {

std::optional<std::string> setting(const Configuration& configuration, std::string_view key) {
  for (const Configuration::Entry& entry : configuration.entries()) {
    if (entry.key == key) return entry.value;
  }
  return std::nullopt;
}

TransportSecurity security_options(const Configuration& configuration) {
  TransportSecurity security;
  security.shared_secret_file = configuration.get_optional(options::kSharedSecretFile).value_or("");
  security.tls = configuration.get(options::kInternalTls);
  security.keystore = configuration.get_optional(options::kInternalKeystore).value_or("");
  security.keystore_password =
      configuration.get_optional(options::kInternalKeystorePassword).value_or("");
  security.key_password = configuration.get_optional(options::kInternalKeyPassword).value_or("");
  security.truststore = configuration.get_optional(options::kInternalTruststore).value_or("");
  security.truststore_password =
      configuration.get_optional(options::kInternalTruststorePassword).value_or("");
  return security;
}

}  // namespace

ProcessPlatform::ProcessPlatform(const Configuration& configuration, const JobGraph& graph)
    : files(
          {.config = [&configuration](std::string_view key) { return setting(configuration, key); },
           .environment = process_environment,
           .login_user = process_login_user(),
           .sleep = sleep_for,
           .now = [] { return RealClock().now(); },
           .wall_ms = [] { return RealClock().wall_ms(); },
           .own = graph.file_systems,
           .max_calls = static_cast<int>(configuration.get(options::kMaxFileSystemCalls)),
           .relative_paths = configuration.get(options::kTarget) == ExecutionTarget::kWeir &&
                             configuration.get(options::kRole) != ProcessRole::kChain}),
      platform(files, static_cast<int>(configuration.get(options::kIoThreads)),
               security_options(configuration)) {}

}  // namespace weir
