#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "fs/real_registry.h"

namespace weir {

/// An environment variable; nullopt if it is unset or empty.
std::optional<std::string> environment(const std::string& name);

/// The root of the HDFS under test, from WEIR_TEST_HDFS; without it the case is skipped.
std::string test_hdfs();

/// The file systems for a user, with additional configuration keys; by default with the WebHDFS
/// client. `sleep` replaces the waits
/// between attempts; without it they are real.
std::unique_ptr<RealFileSystems> files_as(
    const std::string& user, std::map<std::string, std::string> config = {},
    std::function<void(std::chrono::milliseconds)> sleep = {});

/// Runs `tools/real/hdfs.py COMMAND --home $WEIR_TEST_HDFS_HOME …`; true if it succeeded.
/// WEIR_TEST_HDFS_TOOL names the tool.
bool run_tool(const std::string& command);
/// The output of such a command.
std::string tool_output(const std::string& command);

/// Gives each case its own directory on the HDFS under test, removed at the end.
class HdfsTest : public testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;

  std::string at(std::string_view name) const { return directory_.child(name).path; }

  std::unique_ptr<RealFileSystems> files_;
  FileLocation directory_;
};

}  // namespace weir
