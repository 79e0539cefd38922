#pragma once

#include <chrono>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "fs/real_registry.h"
#include "platform/real_clock.h"

namespace weir {

/// An environment variable; empty if it is unset.
inline std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

/// The endpoint under test, from WEIR_TEST_S3.
inline std::string test_s3() { return variable("WEIR_TEST_S3"); }

/// The file systems with the keys of the server under test, changed by `more`: an empty value takes
/// a key away. `variables` is the whole environment.
inline std::unique_ptr<RealFileSystems> s3_files(
    std::map<std::string, std::string> more = {}, std::map<std::string, std::string> variables = {},
    std::function<void(std::chrono::milliseconds)> sleep = {}) {
  std::map<std::string, std::string> config = {
      {"s3.endpoint", test_s3()},
      {"s3.access-key", variable("WEIR_TEST_S3_ACCESS_KEY")},
      {"s3.secret-key", variable("WEIR_TEST_S3_SECRET_KEY")}};
  for (const auto& [key, value] : more) config[key] = value;
  const auto lookup = [](std::map<std::string, std::string> in) {
    return [in = std::move(in)](std::string_view name) -> std::optional<std::string> {
      const auto found = in.find(std::string(name));
      if (found == in.end() || found->second.empty()) return std::nullopt;
      return found->second;
    };
  };
  RealFileSystemsOptions options;
  options.config = lookup(std::move(config));
  variables.emplace("AWS_EC2_METADATA_DISABLED", "true");
  options.environment = lookup(std::move(variables));
  options.sleep = std::move(sleep);
  options.now = [] { return RealClock().now(); };
  options.wall_ms = [] { return RealClock().wall_ms(); };
  return std::make_unique<RealFileSystems>(std::move(options));
}

}  // namespace weir
