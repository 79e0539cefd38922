#include "fs/file_system_conformance.h"

#include <cstdlib>
#include <filesystem>

#include "fs/capped_file_system.h"
#include "fs/local/local_file_system.h"
#include "fs/memory/memory_file_system.h"

namespace weir {
namespace {

/// Removed with the last file system of the case. In memory if there is such a place, because each
/// case syncs many times.
std::shared_ptr<std::string> temporary_directory() {
  const std::filesystem::path memory = "/dev/shm";
  std::string name =
      ((std::filesystem::is_directory(memory) ? memory : std::filesystem::temp_directory_path()) /
       "weir-fs-XXXXXX")
          .string();
  EXPECT_NE(::mkdtemp(name.data()), nullptr);
  return {new std::string(name), [](std::string* path) {
            std::filesystem::remove_all(*path);
            delete path;
          }};
}

FileSystemUnderTest local(LocalFileSystemOptions options) {
  auto directory = temporary_directory();
  std::string path = *directory;
  std::shared_ptr<FileSystem> fs(new LocalFileSystem(options),
                                 [directory](FileSystem* made) { delete made; });
  return {std::move(fs), std::move(path)};
}

std::string name_of(const testing::TestParamInfo<ConformanceParameter>& info) {
  return info.param.name;
}

INSTANTIATE_TEST_SUITE_P(
    All, FileSystemConformance,
    testing::Values(ConformanceParameter{"Memory",
                                         [] {
                                           return FileSystemUnderTest{
                                               std::make_shared<MemoryFileSystem>(), "/"};
                                         }},
                    ConformanceParameter{"CappedToOneCallAtATime",
                                         [] {
                                           return FileSystemUnderTest{
                                               capped(std::make_shared<MemoryFileSystem>(),
                                                      {.most = 1, .now = {}, .sleep = {}}, "x"),
                                               "/"};
                                         }},
                    ConformanceParameter{"Local", [] { return local({}); }},
                    ConformanceParameter{"LocalWithoutRenameat2",
                                         [] { return local({.use_renameat2 = false}); }, false}),
    name_of);

}  // namespace
}  // namespace weir
