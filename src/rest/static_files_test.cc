#include "rest/static_files.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace weir {
namespace {

namespace fs = std::filesystem;

class StaticFilesTest : public testing::Test {
 protected:
  StaticFilesTest() {
    EXPECT_NE(::mkdtemp(home_.data()), nullptr);
    write("secret.txt", "secret");
    write("web/index.html", "<html>");
    write("web/main.0a1b.js", "script");
    write("web/assets/index.html", "below");
    write("web/assets/logo.svg", "<svg/>");
  }
  ~StaticFilesTest() override { fs::remove_all(home_); }

  void write(const std::string& name, const std::string& text) const {
    fs::create_directories((fs::path(home_) / name).parent_path());
    std::ofstream(fs::path(home_) / name) << text;
  }
  StatusOr<StaticFiles> list() const { return StaticFiles::list(home_ + "/web"); }
  static std::optional<RestReply> get(const StaticFiles& files, const std::string& path,
                                      const std::string& etag = "") {
    RestRequest request;
    request.path = path;
    request.if_none_match = etag;
    return files.find(request);
  }
  static std::string content(const RestReply& reply) {
    std::string text(reply.file_size, '\0');
    EXPECT_EQ(::pread(reply.file.get(), text.data(), text.size(), 0),
              static_cast<ssize_t>(text.size()));
    return text;
  }

  std::string home_ = (fs::temp_directory_path() / "weir-static-XXXXXX").string();
};

TEST_F(StaticFilesTest, ServesEachFileWithItsType) {
  const StaticFiles files = list().value();
  const auto script = get(files, "/main.0a1b.js");
  ASSERT_TRUE(script.has_value());
  EXPECT_EQ(script->status, 200);
  EXPECT_EQ(script->content_type, "application/javascript; charset=UTF-8");
  EXPECT_EQ(script->cache_control, "private, max-age=300");
  EXPECT_EQ(content(*script), "script");
  EXPECT_EQ(get(files, "/assets/logo.svg")->content_type, "image/svg+xml");
}

TEST_F(StaticFilesTest, APathThatEndsWithASlashIsThatOfItsIndex) {
  const StaticFiles files = list().value();
  EXPECT_EQ(content(*get(files, "/")), "<html>");
  EXPECT_EQ(content(*get(files, "/assets/")), "below");
  EXPECT_EQ(get(files, "/")->cache_control, "no-cache") << "its scripts have new names later";
}

TEST_F(StaticFilesTest, NothingOutsideOfTheDirectoryIsServed) {
  fs::create_symlink(home_ + "/secret.txt", home_ + "/web/link.txt");
  fs::create_directory_symlink(home_, home_ + "/web/up");
  fs::create_symlink("/dev/zero", home_ + "/web/zero");
  const StaticFiles files = list().value();
  for (const std::string& path :
       {std::string("/../secret.txt"), std::string("/assets/../../secret.txt"),
        std::string("/%2e%2e/secret.txt"), std::string("//secret.txt"), std::string("secret.txt"),
        std::string("/..\\secret.txt"), std::string("/link.txt"), std::string("/up/secret.txt"),
        std::string("/zero"), std::string("/assets"), std::string("/nothing/"), std::string(),
        home_ + "/secret.txt", std::string("/index.html\0.js", 15), std::string(100'000, 'a')})
    EXPECT_FALSE(get(files, path).has_value()) << path;
  RestRequest post;
  post.method = "POST";
  post.path = "/index.html";
  EXPECT_FALSE(files.find(post).has_value());
}

TEST_F(StaticFilesTest, AFileThatWasReplacedByALinkIsNotServed) {
  const StaticFiles files = list().value();
  fs::remove(home_ + "/web/main.0a1b.js");
  EXPECT_FALSE(get(files, "/main.0a1b.js").has_value());
  fs::create_symlink(home_ + "/secret.txt", home_ + "/web/main.0a1b.js");
  EXPECT_FALSE(get(files, "/main.0a1b.js").has_value());
}

TEST_F(StaticFilesTest, ABrowserThatHasTheFileGetsItOnlyAfterAChange) {
  const StaticFiles files = list().value();
  const std::string etag = get(files, "/main.0a1b.js")->etag;
  ASSERT_FALSE(etag.empty());
  const auto same = get(files, "/main.0a1b.js", etag);
  EXPECT_EQ(same->status, 304);
  EXPECT_FALSE(same->file.valid());
  write("web/main.0a1b.js", "longer script");
  EXPECT_EQ(content(*get(files, "/main.0a1b.js", etag)), "longer script");
}

TEST_F(StaticFilesTest, ADirectoryWithoutAnIndexIsRefused) {
  fs::remove(home_ + "/web/index.html");
  for (const std::string& directory : {home_ + "/web", home_ + "/none", home_ + "/secret.txt"}) {
    const auto files = StaticFiles::list(directory);
    ASSERT_FALSE(files.ok()) << directory;
    EXPECT_EQ(files.status().code(), StatusCode::kInvalidArgument);
    EXPECT_NE(files.status().message().find("web.dashboard.dir"), std::string::npos);
  }
  EXPECT_NE(list().status().message().find("flink-runtime-web"), std::string::npos);
}

}  // namespace
}  // namespace weir
