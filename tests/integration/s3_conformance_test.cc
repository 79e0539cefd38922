#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>

#include "base/strings.h"
#include "fs/file_system_conformance.h"
#include "s3_fixture.h"

namespace weir {
namespace {

FileSystemUnderTest real_s3(std::map<std::string, std::string> more) {
  if (test_s3().empty()) return {};  // run.sh sets it; never fall back to a local directory
  static std::atomic<int> next{0};
  auto files = s3_files(std::move(more));
  auto location = files->resolve(cat("s3://weir-test/conformance-", ::getpid(), "-", next++));
  EXPECT_TRUE(location.ok()) << location.status().to_string();
  if (!location.ok()) return {};
  const Status made = location->fs->make_directories(location->path);
  EXPECT_TRUE(made.ok()) << made.to_string();
  std::shared_ptr<FileSystem> fs(location->fs.get(), [location = *location](FileSystem*) {
    (void)location.fs->remove_all(location.path);
  });
  return {fs, location->path};
}

// 11 MB are a group of two parts, and a rest.
INSTANTIATE_TEST_SUITE_P(
    S3, FileSystemConformance,
    testing::Values(
        ConformanceParameter{"Real",
                             [] { return real_s3({{"s3.upload.max.concurrent.uploads", "2"}}); },
                             false, false, 11'000'000},
        ConformanceParameter{"WithoutConditionalWrites",
                             [] { return real_s3({{"s3.conditional-writes", "false"}}); }, false,
                             false, 6'000'000}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace weir
