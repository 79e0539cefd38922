#include "config/secret_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "config/configuration.h"

namespace weir {
namespace {

class SecretFile : public testing::Test {
 protected:
  SecretFile() { EXPECT_NE(::mkdtemp(directory_.data()), nullptr); }
  ~SecretFile() override { std::filesystem::remove_all(directory_); }

  std::string file(const std::string& name, const std::string& bytes, mode_t mode) {
    const std::string path = directory_ + "/" + name;
    std::ofstream(path, std::ios::binary) << bytes;
    EXPECT_EQ(::chmod(path.c_str(), mode), 0);
    return path;
  }
  std::string refusal(const std::string& path) {
    const auto secret = read_secret_file("some.key", path);
    EXPECT_EQ(secret.status().code(), StatusCode::kFailedPrecondition);
    return std::string(secret.status().message());
  }

  std::string directory_ = (std::filesystem::temp_directory_path() / "weir-secret-XXXXXX").string();
};

TEST_F(SecretFile, ContentIsTheSecret) {
  EXPECT_EQ(read_secret_file("some.key", file("a", " swordfish\n", 0600)).value(), "swordfish");
  EXPECT_EQ(read_secret_file("some.key", file("b", "sword fish", 0400)).value(), "sword fish");
}

TEST_F(SecretFile, FileThatOthersMayReadIsRefused) {
  for (const mode_t mode : {0640u, 0604u, 0644u, 0620u, 0610u}) {
    const std::string path = file("a", "swordfish", mode);
    char octal[8];
    std::snprintf(octal, sizeof octal, "0%o", mode);
    EXPECT_EQ(refusal(path), "some.key " + path + " has mode " + octal +
                                 ", so others may read it: chmod 600 " + path);
  }
}

TEST_F(SecretFile, OnlyRootsFilesMayBelongToAnotherUserAndBeGroupReadable) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give files away";
  const std::string path = file("a", "swordfish", 0600);
  ASSERT_EQ(::chown(path.c_str(), 12345, 12345), 0);
  EXPECT_NE(refusal(path).find("belongs to another user (12345)"), std::string::npos)
      << refusal(path);
  // As in a pod: root owns the file, and its group is the process's.
  const std::string mounted = file("b", "swordfish", 0440);
  const std::string open_to_all = file("c", "swordfish", 0444);
  ASSERT_EQ(::chmod(directory_.c_str(), 0755), 0);
  ASSERT_EQ(::chown(mounted.c_str(), 0, ::getegid()), 0);
  EXPECT_EXIT(
      {
        if (::seteuid(12345) != 0) std::_Exit(1);
        if (read_secret_file("some.key", mounted).value() != "swordfish") std::_Exit(2);
        std::_Exit(read_secret_file("some.key", open_to_all).ok() ? 3 : 0);
      },
      testing::ExitedWithCode(0), "");
}

TEST_F(SecretFile, PathWithoutASecretIsRefused) {
  EXPECT_EQ(refusal("/nowhere/secret"),
            "cannot read some.key /nowhere/secret: No such file or directory");
  EXPECT_EQ(refusal(directory_), "some.key " + directory_ + " is not a plain file");
  const std::string pipe = directory_ + "/pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_EQ(refusal(pipe), "some.key " + pipe + " is not a plain file");
  const std::string empty = file("empty", " \n", 0600);
  EXPECT_EQ(refusal(empty), "some.key " + empty + " is empty");
  EXPECT_NE(refusal(file("huge", std::string(70'000, 'x'), 0600)).find("that is no secret"),
            std::string::npos);
}

const ConfigOrigin kFromFile{ConfigLayer::kFile, "weir.yaml line 1"};
const ConfigOrigin kFromFlag{ConfigLayer::kCommandLine, "-D"};

TEST_F(SecretFile, EverySecretHasAKeyForItsFile) {
  int secrets = 0;
  for (const ConfigKey* key : config_keys()) {
    if (key->type != ConfigType::kSecret) continue;
    ++secrets;
    Configuration configuration;
    ASSERT_TRUE(
        configuration.set(std::string(key->name) + ".file", file("a", "swordfish", 0600), kFromFile)
            .ok())
        << key->name;
    ASSERT_TRUE(configuration.read_secret_files().ok()) << key->name;
    EXPECT_EQ(configuration.get_optional(static_cast<const Option<std::string>&>(*key)),
              "swordfish");
  }
  EXPECT_GE(secrets, 4);
}

TEST_F(SecretFile, StrongerLayerWinsAndTwoOfOneLayerAreRefused) {
  const auto read = [&](const ConfigOrigin& of_value, const ConfigOrigin& of_file) {
    Configuration configuration;
    EXPECT_TRUE(
        configuration.set("security.ssl.internal.keystore-password", "value", of_value).ok());
    EXPECT_TRUE(configuration
                    .set("security.ssl.internal.keystore-password.file", file("a", "content", 0600),
                         of_file)
                    .ok());
    const Status status = configuration.read_secret_files();
    return status.ok() ? configuration.get_optional(options::kInternalKeystorePassword).value()
                       : std::string(status.message());
  };
  EXPECT_EQ(read(kFromFile, kFromFlag), "content");
  EXPECT_EQ(read(kFromFlag, kFromFile), "value");
  EXPECT_EQ(read(kFromFlag, kFromFlag),
            "security.ssl.internal.keystore-password and "
            "security.ssl.internal.keystore-password.file are both set: leave one of them out");
}

TEST(Secrets, AppearInNoMessage) {
  for (const ConfigKey* key : config_keys()) {
    if (key->type != ConfigType::kSecret) continue;
    Configuration configuration;
    std::string said;
    ASSERT_TRUE(configuration.set(key->name, "swordfish", kFromFile).ok());
    ASSERT_TRUE(configuration.set(key->name, "swordfish2", kFromFlag).ok());
    ASSERT_TRUE(configuration.set(key->name, "swordfish3", kFromFile).ok());
    for (const std::string& line : configuration.overridden()) said += line + "\n";
    ASSERT_EQ(configuration.overridden().size(), 2u);
    said += configuration.describe(*key) + "\n";
    said +=
        configuration.set_assignment(std::string(key->name) + ":swordfish", kFromFlag).message();
    said +=
        configuration.set_assignment(std::string(key->name) + " swordfish", kFromFlag).message();
    said += configuration.set(key->name, "", kFromFlag).message();
    EXPECT_NE(said.find(key->name), std::string::npos);
    EXPECT_EQ(said.find("swordfish"), std::string::npos) << said;
  }
}

TEST_F(SecretFile, ConfigurationWithASecretIsRefusedIfOthersMayReadIt) {
  const std::string text =
      "parallelism.default: 2\nsecurity:\n  ssl:\n    internal.keystore-password: swordfish\n";
  Configuration configuration;
  const std::string path = file("weir.yaml", text, 0644);
  const Status refused = read_yaml_file(path, &configuration);
  EXPECT_EQ(refused.code(), StatusCode::kFailedPrecondition);
  EXPECT_EQ(refused.message(),
            path + " has mode 0644, so others may read it: chmod 600 " + path +
                ". Line 4 has the secret security.ssl.internal.keystore-password: or give it in a "
                "file of its own, with security.ssl.internal.keystore-password.file");
  EXPECT_TRUE(read_yaml_file(file("weir.yaml", text, 0600), &configuration).ok());
}

TEST_F(SecretFile, ConfigurationWithoutASecretMayBeReadByAll) {
  Configuration configuration;
  const std::string path =
      file("weir.yaml", "security.ssl.internal.keystore-password.file: /secret\n", 0644);
  EXPECT_TRUE(read_yaml_file(path, &configuration).ok());
}

}  // namespace
}  // namespace weir
