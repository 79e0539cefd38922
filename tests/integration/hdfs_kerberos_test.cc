#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/strings.h"
#include "hdfs_fixture.h"

namespace weir {
namespace {

bool contains(const Status& status, std::string_view part) {
  return status.message().find(part) != std::string_view::npos;
}

/// An HDFS in a Kerberos realm, whose servers accept every level of protection. The client's level
/// is in a copy of Hadoop's files.
class HdfsKerberosTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!environment("WEIR_TEST_HDFS_KERBEROS")) GTEST_SKIP() << "not in a Kerberos realm";
    scratch_ = std::filesystem::temp_directory_path() / cat("weir-kerberos-", ::getpid());
    std::filesystem::create_directories(scratch_);
    // Other cases must not find a ticket by accident.
    ::setenv("KRB5CCNAME", cat("FILE:", scratch_.string(), "/none").c_str(), 1);
    as_hdfs_ = files("hdfs/localhost");
    directory_ = cat("/weir-kerberos-", ::getpid());
    const auto root = as_hdfs_->resolve(test_hdfs() + directory_);
    ASSERT_TRUE(root.ok()) << root.status().to_string();
    const Status made = root->fs->make_directories(directory_);
    ASSERT_TRUE(made.ok()) << made.to_string();
  }
  void TearDown() override {
    ::unsetenv("HADOOP_TOKEN_FILE_LOCATION");
    ::unsetenv("HADOOP_PROXY_USER");
    if (as_hdfs_) {
      EXPECT_TRUE(as_hdfs_->resolve(test_hdfs() + "/")->fs->remove_all(directory_).ok());
    }
    std::filesystem::remove_all(scratch_);
  }

  /// The file systems of a principal, by keytab. `edits` replace parts of Hadoop's files.
  std::unique_ptr<RealFileSystems> files(const std::string& principal,
                                         const std::map<std::string, std::string>& edits = {},
                                         std::map<std::string, std::string> config = {}) {
    const auto conf = scratch_ / cat("conf-", next_++);
    std::filesystem::create_directories(conf);
    for (const char* name : {"core-site.xml", "hdfs-site.xml"}) {
      std::ifstream in(std::filesystem::path(*environment("HADOOP_CONF_DIR")) / name);
      std::string text{std::istreambuf_iterator<char>(in), {}};
      for (const auto& [key, value] : edits) {
        const std::string begin = cat("<name>", key, "</name><value>");
        const size_t at = text.find(begin);
        if (at == std::string::npos) continue;
        text.replace(at + begin.size(), text.find('<', at + begin.size()) - at - begin.size(),
                     value);
      }
      std::ofstream(conf / name) << text;
    }
    config.emplace("env.hadoop.conf.dir", conf.string());
    config.emplace("fs.hdfs.client", "native");
    config.emplace("fs.hdfs.retry.attempts", "2");
    if (!principal.empty()) {
      config.emplace("security.kerberos.login.principal", principal + "@WEIR.TEST");
      config.emplace("security.kerberos.login.keytab", *environment("WEIR_TEST_KEYTAB"));
    }
    return files_as("nobody", std::move(config), [](std::chrono::milliseconds) {});
  }
  Status stat_root(RealFileSystems& files) {
    const auto location = files.resolve(test_hdfs() + "/");
    return location.ok() ? location->fs->stat("/").status() : location.status();
  }

  std::filesystem::path scratch_;
  std::string directory_;
  int next_ = 0;
  std::unique_ptr<RealFileSystems> as_hdfs_;
};

TEST_F(HdfsKerberosTest, EachLevelOfProtectionCarriesFiles) {
  std::string bytes(3'000'001, '\0');
  uint64_t random = 7;
  for (char& c : bytes)
    c = static_cast<char>((random = random * 6364136223846793005 + 1442695040888963407) >> 56);
  for (const std::string rpc : {"authentication", "integrity", "privacy"}) {
    for (const std::string transfer : {"authentication", "integrity", "privacy"}) {
      auto own = files("hdfs/localhost", {{"hadoop.rpc.protection", rpc},
                                          {"dfs.data.transfer.protection", transfer}});
      const std::string path = cat(directory_, "/", rpc, "-", transfer);
      const auto location = own->resolve(test_hdfs() + path);
      ASSERT_TRUE(location.ok()) << location.status().to_string();
      EXPECT_EQ(write_file(*location->fs, path, bytes).to_string(), "OK") << path;
      const auto read = read_file(*location->fs, path);
      ASSERT_TRUE(read.ok()) << path << read.status().to_string();
      EXPECT_TRUE(*read == bytes) << path;
      // Another level reads the same bytes.
      EXPECT_TRUE(*read_file(*as_hdfs_->resolve(test_hdfs() + path)->fs, path) == bytes);
    }
  }
  EXPECT_EQ(as_hdfs_->resolve(test_hdfs() + "/")->fs->list(directory_)->size(), 9u);
}

TEST_F(HdfsKerberosTest, PrincipalIsTheUser) {
  auto alice = files("alice");
  const auto location = alice->resolve(cat(test_hdfs(), directory_, "/of-alice"));
  ASSERT_TRUE(location.ok());
  const Status made = location->fs->make_directories(location->path);
  EXPECT_EQ(made.code(), StatusCode::kPermissionDenied) << made.to_string();
  EXPECT_TRUE(contains(made, "user=alice")) << made.to_string();
}

TEST_F(HdfsKerberosTest, WithoutALoginTheMessageSaysHowToLogIn) {
  auto none = files("");
  const Status status = stat_root(*none);
  EXPECT_EQ(status.code(), StatusCode::kPermissionDenied) << status.to_string();
  EXPECT_TRUE(contains(status, "run kinit, or set security.kerberos.login.keytab"))
      << status.to_string();
}

TEST_F(HdfsKerberosTest, TicketCacheIsUsedWithoutAKeytab) {
  const std::string cache = cat("FILE:", scratch_.string(), "/cache");
  ASSERT_EQ(std::system(cat("kinit -c ", cache, " -k -t '", *environment("WEIR_TEST_KEYTAB"),
                            "' hdfs/localhost@WEIR.TEST >&2")
                            .c_str()),
            0);
  ::setenv("KRB5CCNAME", cache.c_str(), 1);
  auto own = files("");
  EXPECT_EQ(stat_root(*own).to_string(), "OK");
}

TEST_F(HdfsKerberosTest, ExpiredTicketIsSaid) {
  const std::string cache = cat("FILE:", scratch_.string(), "/short");
  ASSERT_EQ(std::system(cat("kinit -c ", cache, " -l 1s -k -t '", *environment("WEIR_TEST_KEYTAB"),
                            "' alice@WEIR.TEST >&2 && sleep 2")
                            .c_str()),
            0);
  ::setenv("KRB5CCNAME", cache.c_str(), 1);
  auto own = files("");
  const Status status = stat_root(*own);
  EXPECT_EQ(status.code(), StatusCode::kPermissionDenied) << status.to_string();
  EXPECT_TRUE(contains(status, "expired")) << status.to_string();
}

TEST_F(HdfsKerberosTest, TokenFileServesInsteadOfATicketUntilTheTokenEnds) {
  const std::string file = cat(scratch_.string(), "/token");
  ASSERT_TRUE(run_tool(cat("token ", file, " hdfs/localhost")));
  ::setenv("HADOOP_TOKEN_FILE_LOCATION", file.c_str(), 1);
  for (const std::string rpc : {"authentication", "integrity", "privacy"}) {
    auto own = files("", {{"hadoop.rpc.protection", rpc}});
    const std::string path = cat(directory_, "/by-token-", rpc);
    const auto location = own->resolve(test_hdfs() + path);
    ASSERT_TRUE(location.ok()) << location.status().to_string();
    EXPECT_EQ(write_file(*location->fs, path, rpc).to_string(), "OK");
    EXPECT_EQ(*read_file(*location->fs, path), rpc);
  }
  // The keytab is used if there is a token too: it does not end.
  const Status by_keytab =
      files("alice")->resolve(test_hdfs() + "/")->fs->make_directories(directory_ + "/of-alice");
  EXPECT_TRUE(contains(by_keytab, "user=alice")) << by_keytab.to_string();
  ASSERT_TRUE(run_tool(cat("token ", file, " hdfs/localhost --cancel")));
  const Status ended = stat_root(*files(""));
  EXPECT_EQ(ended.code(), StatusCode::kPermissionDenied) << ended.to_string();
  EXPECT_TRUE(contains(ended, "InvalidToken")) << ended.to_string();
  EXPECT_TRUE(contains(ended, "token of hdfs in " + file)) << ended.to_string();
}

TEST_F(HdfsKerberosTest, UnusableTokenFileIsSaidAtOnce) {
  const std::string file = cat(scratch_.string(), "/not-a-token");
  ::setenv("HADOOP_TOKEN_FILE_LOCATION", file.c_str(), 1);
  for (int i = 0; i < 2; ++i) {
    const Status status = files("")->resolve(test_hdfs() + "/").status();
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << status.to_string();
    EXPECT_TRUE(contains(status, "$HADOOP_TOKEN_FILE_LOCATION is " + file)) << status.to_string();
    std::ofstream(file) << "nonsense";
  }
}

TEST_F(HdfsKerberosTest, WebHdfsProvesTheIdentityToo) {
  const std::string port =
      environment("WEIR_TEST_HDFS_HTTP")->substr(environment("WEIR_TEST_HDFS_HTTP")->rfind(':'));
  const auto web = [&](const std::string& principal) {
    return files(principal, {},
                 {{"fs.hdfs.client", "webhdfs"}, {"fs.hdfs.http-address", "localhost" + port}});
  };
  const std::string path = directory_ + "/by-web", bytes(5'000'000, 'x');
  auto own = web("hdfs/localhost");
  const auto location = own->resolve(test_hdfs() + path);
  ASSERT_TRUE(location.ok()) << location.status().to_string();
  EXPECT_EQ(write_file(*location->fs, path, bytes).to_string(), "OK");
  EXPECT_TRUE(*read_file(*location->fs, path) == bytes);
  auto alice = web("alice");
  const Status made =
      alice->resolve(test_hdfs() + "/")->fs->make_directories(directory_ + "/of-alice");
  EXPECT_EQ(made.code(), StatusCode::kPermissionDenied) << made.to_string();
  EXPECT_TRUE(contains(made, "user=alice")) << made.to_string();
  // Principals have names of hosts.
  const Status by_number =
      files("alice", {},
            {{"fs.hdfs.client", "webhdfs"}, {"fs.hdfs.http-address", "127.0.0.1" + port}})
          ->resolve(test_hdfs() + "/")
          .status();
  EXPECT_EQ(by_number.code(), StatusCode::kPermissionDenied) << by_number.to_string();
  EXPECT_TRUE(contains(by_number, "fs.hdfs.http-address")) << by_number.to_string();
  auto none = web("");
  const Status refused = none->resolve(test_hdfs() + "/").status();
  EXPECT_EQ(refused.code(), StatusCode::kPermissionDenied) << refused.to_string();
  EXPECT_TRUE(contains(refused, "run kinit, or set security.kerberos.login.keytab"))
      << refused.to_string();
}

TEST_F(HdfsKerberosTest, ProxyUserIsTheUserIfTheNameNodeAllowsIt) {
  const auto act = [this](const char* proxy_user) {
    ::setenv("HADOOP_PROXY_USER", proxy_user, 1);
    return files("alice")->resolve(test_hdfs() + "/")->fs->make_directories(directory_ + "/x");
  };
  const Status as_bob = act("bob");
  EXPECT_EQ(as_bob.code(), StatusCode::kPermissionDenied) << as_bob.to_string();
  EXPECT_TRUE(contains(as_bob, "user=bob")) << as_bob.to_string();
  const Status as_hdfs = act("hdfs");
  EXPECT_EQ(as_hdfs.code(), StatusCode::kPermissionDenied) << as_hdfs.to_string();
  EXPECT_TRUE(contains(as_hdfs, "not allowed to impersonate hdfs")) << as_hdfs.to_string();
}

TEST_F(HdfsKerberosTest, UnknownPrincipalsAreSaid) {
  const Status of_client = stat_root(*files("carol"));
  EXPECT_EQ(of_client.code(), StatusCode::kPermissionDenied) << of_client.to_string();
  EXPECT_TRUE(contains(of_client, "carol@WEIR.TEST")) << of_client.to_string();
  EXPECT_TRUE(contains(of_client, "keytab")) << of_client.to_string();
  const Status of_server =
      stat_root(*files("alice", {{"dfs.namenode.kerberos.principal", "hdfs/other@WEIR.TEST"}}));
  EXPECT_EQ(of_server.code(), StatusCode::kPermissionDenied) << of_server.to_string();
  EXPECT_TRUE(contains(of_server, "dfs.namenode.kerberos.principal")) << of_server.to_string();
}

TEST_F(HdfsKerberosTest, UserNameAloneIsRefused) {
  auto simple = files("", {{"hadoop.security.authentication", "simple"}});
  const Status status = stat_root(*simple);
  EXPECT_EQ(status.code(), StatusCode::kPermissionDenied) << status.to_string();
  EXPECT_TRUE(contains(status, "hadoop.security.authentication")) << status.to_string();
}

}  // namespace
}  // namespace weir
