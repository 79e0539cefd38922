#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "connectors/test_host.h"
#include "connectors/test_reading.h"
#include "weir/connector/file_source.h"

namespace weir {

/// Reads files in memory.
class FileSourceTest : public ::testing::Test {
 protected:
  void write(const std::string& path, std::string_view bytes) {
    (void)fs->remove(path);
    ASSERT_TRUE(write_file(*fs, path, bytes).ok());
  }
  std::vector<std::string> splits(const auto& source, int parallelism = 1) {
    TestHost host(fs, {});
    auto found = source.enumerate(host, parallelism);
    EXPECT_TRUE(found.ok()) << found.status().to_string();
    return found.ok() ? *found : std::vector<std::string>();
  }
  template <class T>
  std::vector<T> read_all(const FileSource<T>& source) {
    Reading<T> reading(fs, source);
    reading.reader->add_splits(splits(source));
    reading.read();
    EXPECT_TRUE(reading.ended) << reading.host.failure.to_string();
    return reading.records;
  }
  std::shared_ptr<FileSystem> fs = std::make_shared<MemoryFileSystem>();
};

}  // namespace weir
