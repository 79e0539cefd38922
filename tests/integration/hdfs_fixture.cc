#include "hdfs_fixture.h"

#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "base/strings.h"

namespace weir {

std::optional<std::string> environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr || *value == '\0') return std::nullopt;
  return value;
}

std::string test_hdfs() { return environment("WEIR_TEST_HDFS").value_or(""); }

std::unique_ptr<RealFileSystems> files_as(const std::string& user,
                                          std::map<std::string, std::string> config,
                                          std::function<void(std::chrono::milliseconds)> sleep) {
  config.emplace("fs.hdfs.client", "webhdfs");
  RealFileSystemsOptions options;
  options.config = [config](std::string_view key) -> std::optional<std::string> {
    const auto found = config.find(std::string(key));
    if (found == config.end()) return std::nullopt;
    return found->second;
  };
  options.environment = [user](std::string_view name) {
    return name == "HADOOP_USER_NAME" ? std::optional<std::string>(user)
                                      : environment(std::string(name));
  };
  options.login_user = process_login_user();
  options.sleep =
      sleep ? sleep : [](std::chrono::milliseconds time) { std::this_thread::sleep_for(time); };
  return std::make_unique<RealFileSystems>(options);
}

namespace {

std::string tool_line(const std::string& command) {
  const auto tool = environment("WEIR_TEST_HDFS_TOOL");
  const auto home = environment("WEIR_TEST_HDFS_HOME");
  EXPECT_TRUE(tool && home)
      << "WEIR_TEST_HDFS_TOOL and WEIR_TEST_HDFS_HOME have to be set: run tests/integration/run.sh";
  const size_t space = command.find(' ');
  return cat("'", tool.value_or("false"), "' ", command.substr(0, space), " --home '",
             home.value_or(""), "'", space == std::string::npos ? "" : command.substr(space));
}

}  // namespace

bool run_tool(const std::string& command) {
  return std::system((tool_line(command) + " >&2").c_str()) == 0;
}

std::string tool_output(const std::string& command) {
  std::string text;
  FILE* pipe = ::popen(tool_line(command).c_str(), "r");
  if (pipe == nullptr) return text;
  for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) text += static_cast<char>(c);
  EXPECT_EQ(::pclose(pipe), 0) << command;
  return text;
}

void HdfsTest::SetUp() {
  if (test_hdfs().empty())
    GTEST_SKIP() << "WEIR_TEST_HDFS names no HDFS: run tests/integration/run.sh";
  if (environment("WEIR_TEST_HDFS_KERBEROS")) GTEST_SKIP() << "for an HDFS without Kerberos";
  static std::atomic<int> next{0};
  files_ = files_as(process_login_user());
  auto location = files_->resolve(cat(test_hdfs(), "/weir-test-", ::getpid(), "-", next++));
  ASSERT_TRUE(location.ok()) << location.status().to_string();
  directory_ = *location;
  const Status made = directory_.fs->make_directories(directory_.path);
  ASSERT_TRUE(made.ok()) << made.to_string();
}

void HdfsTest::TearDown() {
  if (directory_.fs == nullptr) return;
  const Status removed = directory_.fs->remove_all(directory_.path);
  EXPECT_TRUE(removed.ok()) << removed.to_string();
}

}  // namespace weir
