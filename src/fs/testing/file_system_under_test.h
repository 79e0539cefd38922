#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/strings.h"
#include "fs/file_path.h"
#include "fs/file_system.h"

namespace weir {

struct FileSystemUnderTest {
  std::shared_ptr<FileSystem> fs;
  std::string directory;  ///< exists, is empty, and belongs to this case alone; may be "/"
};

struct ConformanceParameter {
  std::string name;
  std::function<FileSystemUnderTest()> make;
  bool renames_directories = true;
  /// False: an object store, which has no rename and whose directories are prefixes of names: one
  /// that make_directories() did not make ends with its last entry, and a name below a file is
  /// possible.
  bool has_tree = true;
  /// The largest file that a case writes. Larger than the implementation's buffer, so that it has
  /// to write before close().
  size_t large_bytes = 1 << 20;
};

inline constexpr const char* kNoTree = "has no tree of directories";

inline void PrintTo(const ConformanceParameter& parameter, std::ostream* out) {
  *out << parameter.name;
}

class FileSystemConformance : public testing::TestWithParam<ConformanceParameter> {
 protected:
  void SetUp() override {
    FileSystemUnderTest made = GetParam().make();
    fs_ = std::move(made.fs);
    directory_ = std::move(made.directory);
    ASSERT_NE(fs_, nullptr);
  }

  bool has_tree() const { return GetParam().has_tree; }
  Status stage(const StagedFile& file, std::string_view bytes) {
    return stage_file(*fs_, file, bytes);
  }
  std::string at(std::string_view name) const { return join_path(directory_, name); }
  void write(const std::string& path, std::string_view bytes) {
    const Status status = write_file(*fs_, path, bytes);
    ASSERT_TRUE(status.ok()) << status.to_string();
  }
  std::string read(const std::string& path) {
    auto bytes = read_file(*fs_, path);
    EXPECT_TRUE(bytes.ok()) << bytes.status().to_string();
    return bytes.ok() ? *bytes : std::string("(unreadable)");
  }
  bool exists(const std::string& path) {
    const auto info = fs_->stat(path);
    EXPECT_TRUE(info.ok() || info.status().code() == StatusCode::kNotFound)
        << info.status().to_string();
    return info.ok();
  }
  std::vector<std::string> names(const std::string& path) {
    const auto entries = fs_->list(path);
    EXPECT_TRUE(entries.ok()) << entries.status().to_string();
    std::vector<std::string> found;
    if (entries.ok()) {
      for (const FileInfo& entry : *entries) found.push_back(entry.path);
    }
    return found;
  }

  std::shared_ptr<FileSystem> fs_;
  std::string directory_;
};

#define EXPECT_OK(expr)                                   \
  do {                                                    \
    const ::weir::Status weir_got_ = (expr);              \
    EXPECT_TRUE(weir_got_.ok()) << weir_got_.to_string(); \
  } while (false)
/// Also checks that the message names `path`, as all messages must.
#define EXPECT_REFUSED(expr, wanted, path)                                                      \
  do {                                                                                          \
    const ::weir::Status weir_got_ = (expr);                                                    \
    EXPECT_EQ(to_string(weir_got_.code()), to_string(wanted)) << weir_got_.to_string();         \
    EXPECT_NE(weir_got_.message().find(path), std::string_view::npos) << weir_got_.to_string(); \
  } while (false)

}  // namespace weir
