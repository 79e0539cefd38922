#include "platform/own_executable.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "platform/process_group.h"

namespace weir {
namespace {

bool names(const std::vector<std::string>& paths, const std::string& part) {
  return std::any_of(paths.begin(), paths.end(),
                     [&](const std::string& path) { return path.find(part) != std::string::npos; });
}

TEST(OwnExecutable, IsThisTestWithItsLibrariesAndLoader) {
  const auto own = own_executable();
  ASSERT_TRUE(own.ok()) << own.status().message();
  EXPECT_TRUE(own->path.ends_with("/weir_platform_test")) << own->path;
  EXPECT_TRUE(
      own->bytes.starts_with("\x7f"
                             "ELF"));
  EXPECT_EQ(executable_id(own->bytes), own_executable_id());
  EXPECT_NE(own->loader.find("/ld-"), std::string::npos) << own->loader;
  EXPECT_TRUE(names(own->libraries, "/libc.so"));
  EXPECT_TRUE(names(own->libraries, "/libstdc++.so"));
  EXPECT_FALSE(names(own->libraries, own->loader));
  EXPECT_FALSE(names(own->libraries, "vdso"));
  EXPECT_EQ(std::set<std::string>(own->libraries.begin(), own->libraries.end()).size(),
            own->libraries.size());
}

}  // namespace
}  // namespace weir
