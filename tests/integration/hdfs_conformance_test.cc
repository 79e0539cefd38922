#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>

#include "base/strings.h"
#include "fs/file_system_conformance.h"
#include "hdfs_fixture.h"

namespace weir {
namespace {

FileSystemUnderTest real_hdfs(const std::string& client) {
  if (test_hdfs().empty()) return {};  // run.sh sets it; never fall back to a local directory
  static std::atomic<int> next{0};
  std::map<std::string, std::string> config{{"fs.hdfs.client", client}};
  if (const auto keytab = environment("WEIR_TEST_KEYTAB")) {
    config["security.kerberos.login.keytab"] = *keytab;
    config["security.kerberos.login.principal"] = "hdfs/localhost@WEIR.TEST";
  }
  auto files = files_as(process_login_user(), std::move(config));
  auto location = files->resolve(cat(test_hdfs(), "/weir-conformance-", ::getpid(), "-", next++));
  EXPECT_TRUE(location.ok()) << location.status().to_string();
  if (!location.ok()) return {};
  const Status made = location->fs->make_directories(location->path);
  EXPECT_TRUE(made.ok()) << made.to_string();
  std::shared_ptr<FileSystem> fs(location->fs.get(), [location = *location](FileSystem*) {
    (void)location.fs->remove_all(location.path);
  });
  return {fs, location->path};
}

// 10 MB exceeds a writer's buffer, so the file is sent while it is written.
INSTANTIATE_TEST_SUITE_P(
    Hdfs, FileSystemConformance,
    testing::Values(ConformanceParameter{.name = "Web",
                                         .make = [] { return real_hdfs("webhdfs"); },
                                         .large_bytes = 10'000'000},
                    ConformanceParameter{.name = "Native",
                                         .make = [] { return real_hdfs("native"); },
                                         .large_bytes = 10'000'000}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace weir
