#include "fs/file_system_registry.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "fs/memory/memory_file_system.h"
#include "fs/real_registry.h"

namespace weir {
namespace {

std::string parsed(const std::string& uri) {
  const auto result = parse_file_uri(uri);
  if (!result.ok()) return std::string(to_string(result.status().code()));
  return result->scheme + "|" + result->authority + "|" + result->path;
}

TEST(FileUri, IsSplitAtItsAuthority) {
  EXPECT_EQ(parsed("hdfs://nn:8020/a/b"), "hdfs|nn:8020|/a/b");
  EXPECT_EQ(parsed("hdfs://nn"), "hdfs|nn|/");
  EXPECT_EQ(parsed("hdfs:///a"), "hdfs||/a");
  EXPECT_EQ(parsed("hdfs:/a"), "hdfs||/a");
  EXPECT_EQ(parsed("HDFS://NN/a"), "hdfs|NN|/a");
  EXPECT_EQ(parsed("s3://bucket/key with space"), "s3|bucket|/key with space");
}

TEST(FileUri, WithoutASchemeIsALocalPath) {
  const std::string here = std::filesystem::current_path().string();
  EXPECT_EQ(parsed("/a/b"), "file||/a/b");
  EXPECT_EQ(parsed("a"), "file||" + here + "/a");
  EXPECT_EQ(parsed("./a:b"), "file||" + here + "/a:b");
  EXPECT_EQ(parsed("/a/../b/./c//d/"), "file||/b/c/d");
  EXPECT_EQ(parsed("file:///a"), "file||/a");
  EXPECT_EQ(parsed("file:/a"), "file||/a");
  EXPECT_EQ(parsed("file://localhost/a"), "file||/a");
  EXPECT_EQ(parsed("//a"), "file||/a");
  EXPECT_EQ(parsed("/"), "file||/");
}

TEST(FileUri, PathsAreNormalized) {
  EXPECT_EQ(parsed("hdfs://nn/a//b/./c/"), "hdfs|nn|/a/b/c");
  EXPECT_EQ(parsed("hdfs://nn//"), "hdfs|nn|/");
  EXPECT_EQ(parsed("hdfs://nn/100%25"), "hdfs|nn|/100%25");
}

TEST(FileUri, InvalidUriIsRefusedWithAReason) {
  for (const std::string uri : {"", "  ", "hdfs:a", "hdfs:", "1x://a/b", "://a", "hdfs://nn/a/../b",
                                "hdfs://n n/a", "file://host/a", "hdfs://a%2fb/c"}) {
    const auto result = parse_file_uri(uri);
    ASSERT_FALSE(result.ok()) << uri;
    EXPECT_EQ(result.status().code(), StatusCode::kInvalidArgument) << uri;
    EXPECT_NE(result.status().message().find(uri.empty() || uri == "  " ? "empty" : uri),
              std::string_view::npos)
        << result.status().to_string();
  }
}

TEST(FileUri, PrintsTheOriginalUri) {
  EXPECT_EQ(parse_file_uri("hdfs://nn:8020/a/b")->to_string(), "hdfs://nn:8020/a/b");
  EXPECT_EQ(parse_file_uri("/a/b")->to_string(), "file:///a/b");
}

TEST(FileLocation, ChildAppendsAName) {
  RealFileSystems files({});
  const auto location = files.resolve("memory://x/a");
  ASSERT_TRUE(location.ok());
  const FileLocation child = location->child("b").child("c");
  EXPECT_EQ(child.path, "/a/b/c");
  EXPECT_EQ(child.uri, "memory://x/a/b/c");
  EXPECT_EQ(child.fs, location->fs);
  EXPECT_EQ(files.resolve("memory://x")->child("b").path, "/b");
}

TEST(RealFileSystems, ShareFileSystemsBySchemeAndAuthority) {
  RealFileSystems files({});
  EXPECT_EQ(files.resolve("memory://x/a")->fs, files.resolve("memory://x/b")->fs);
  EXPECT_NE(files.resolve("memory://x/a")->fs, files.resolve("memory://y/a")->fs);
  EXPECT_EQ(files.resolve("/a")->fs, files.resolve("file:///b")->fs);
}

TEST(RealFileSystems, RefuseUnknownSchemesByName) {
  RealFileSystems files({});
  const auto location = files.resolve("ftp://host/a");
  ASSERT_FALSE(location.ok());
  EXPECT_EQ(location.status().to_string(),
            "INVALID_ARGUMENT: cannot use ftp://host/a: weir has no file system for the scheme "
            "\"ftp\": it knows file, hdfs, webhdfs, swebhdfs, s3 and memory, and what the program "
            "gives to "
            "register_file_system()");
}

TEST(RealFileSystems, AskTheProgramsOwnFactoryOnceForEachAuthority) {
  RealFileSystemsOptions options;
  std::vector<std::string> asked;
  options.own["own"] = [&](const std::string& authority) {
    asked.push_back(authority);
    if (authority == "down")
      return StatusOr<std::shared_ptr<FileSystem>>(unavailable("it is down"));
    return StatusOr<std::shared_ptr<FileSystem>>(std::make_shared<MemoryFileSystem>());
  };
  RealFileSystems files(options);
  EXPECT_EQ(files.resolve("own://a/x")->fs, files.resolve("own://a/y")->fs);
  EXPECT_EQ(files.resolve("own://down/x").status().to_string(),
            "UNAVAILABLE: cannot use own://down/x: it is down");
  EXPECT_EQ(asked, (std::vector<std::string>{"a", "down"}));
}

TEST(RealFileSystems, RefuseRelativePathsIfConfigured) {
  RealFileSystems files({.relative_paths = false});
  EXPECT_TRUE(files.resolve("/a").ok());
  EXPECT_TRUE(files.resolve("file:/a").ok());
  EXPECT_TRUE(files.resolve("memory://x/a").ok());
  const auto refused = files.resolve("out/a");
  EXPECT_EQ(refused.status().code(), StatusCode::kInvalidArgument);
  EXPECT_NE(refused.status().message().find("\"out/a\" is a relative path"), std::string::npos);
}

TEST(RealFileSystems, DateMemoryFilesByTheGivenClock) {
  RealFileSystemsOptions options;
  options.wall_ms = [] { return int64_t{1234}; };
  RealFileSystems files(options);
  const auto location = files.resolve("memory://x/a");
  ASSERT_TRUE(write_file(*location->fs, location->path, "x").ok());
  EXPECT_EQ(location->fs->stat("/a")->modified_ms, 1234);
}

}  // namespace
}  // namespace weir
