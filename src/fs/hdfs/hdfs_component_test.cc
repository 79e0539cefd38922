#include <gtest/gtest.h>

#include <map>

#include "fs/real_registry.h"

namespace weir {
namespace {

/// Why nothing can be read at a port where no server listens.
std::string refusal(std::map<std::string, std::string> config) {
  RealFileSystemsOptions options;
  options.config = [config](std::string_view key) -> std::optional<std::string> {
    const auto found = config.find(std::string(key));
    return found == config.end() ? std::nullopt : std::optional(found->second);
  };
  options.environment = [](std::string_view) { return std::nullopt; };
  options.login_user = "user";
  options.sleep = [](std::chrono::milliseconds) {};
  RealFileSystems files(options);
  return files.resolve("hdfs://127.0.0.1:1/a")->fs->stat("/a").status().to_string();
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST(HdfsComponent, IsNativeUnlessAnHttpAddressIsSet) {
  const std::string native = refusal({});
  EXPECT_TRUE(contains(native, "fs.hdfs.rpc-address")) << native;
  const std::string web = refusal({{"fs.hdfs.http-address", "127.0.0.1:1"}});
  EXPECT_TRUE(contains(web, "fs.hdfs.http-address")) << web;
}

TEST(HdfsComponent, TheClientCanBeChosen) {
  const std::string web = refusal({{"fs.hdfs.client", "webhdfs"}});
  EXPECT_TRUE(contains(web, "fs.hdfs.http-address")) << web;
  const std::string native =
      refusal({{"fs.hdfs.client", "native"}, {"fs.hdfs.http-address", "127.0.0.1:1"}});
  EXPECT_TRUE(contains(native, "fs.hdfs.rpc-address")) << native;
}

}  // namespace
}  // namespace weir
