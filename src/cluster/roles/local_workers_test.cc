#include "cluster/roles/local_workers.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/strings.h"
#include "config/secret_file.h"

namespace weir {
namespace {

const ConfigOrigin kFromFlag{ConfigLayer::kCommandLine, "-D"};
const ConfigOrigin kFromFile{ConfigLayer::kFile, "weir.yaml line 1"};

std::string joined(const std::vector<std::string>& arguments) {
  std::string text;
  for (const std::string& argument : arguments) text += argument + " ";
  return text;
}

/// The content that a child would read.
std::string content_of(const std::vector<std::string>& arguments, const std::string& key) {
  for (const std::string& argument : arguments) {
    if (argument.starts_with(key + "="))
      return read_secret_file(key, argument.substr(key.size() + 1)).value();
  }
  return "";
}

TEST(LocalWorkers, DrawsASecretIfNothingElseProtectsTheCluster) {
  Configuration configuration;
  const auto secrets = secrets_for_local_workers(&configuration);
  ASSERT_TRUE(secrets.ok()) << secrets.status().to_string();
  const auto arguments =
      local_worker_arguments({"--input", "in"}, configuration, 2, {"127.0.0.1", 4711}, *secrets);
  const std::string theirs = content_of(arguments, "security.shared-secret.file");
  EXPECT_GE(theirs.size(), 32u);
  EXPECT_EQ(read_secret_file("own", configuration.get_optional(options::kSharedSecretFile).value())
                .value(),
            theirs);
  EXPECT_EQ(joined(arguments).find(theirs), std::string::npos);

  Configuration another;
  const auto others = secrets_for_local_workers(&another);
  EXPECT_NE(content_of(local_worker_arguments({}, another, 2, {"127.0.0.1", 4711}, *others),
                       "security.shared-secret.file"),
            theirs);
}

TEST(LocalWorkers, DrawsNoSecretIfThereIsOneOrTls) {
  Configuration with_secret;
  ASSERT_TRUE(with_secret.set("security.shared-secret.file", "/etc/weir/secret", kFromFile).ok());
  EXPECT_TRUE(secrets_for_local_workers(&with_secret)->empty());
  Configuration with_tls;
  ASSERT_TRUE(with_tls.set("security.ssl.internal.enabled", "true", kFromFile).ok());
  EXPECT_TRUE(secrets_for_local_workers(&with_tls)->empty());
  EXPECT_FALSE(with_tls.is_set(options::kSharedSecretFile));
}

TEST(LocalWorkers, PassesSecretsOnOutsideTheCommandLine) {
  const std::string password = "security.ssl.internal.keystore-password";
  Configuration configuration;
  ASSERT_TRUE(configuration.set("security.ssl.internal.enabled", "true", kFromFile).ok());
  ASSERT_TRUE(configuration.set(password, "swordfish", kFromFlag).ok());
  ASSERT_TRUE(configuration
                  .set("security.ssl.internal.truststore-password",
                       "in the file that children read, too", kFromFile)
                  .ok());
  const auto secrets = secrets_for_local_workers(&configuration);
  ASSERT_TRUE(secrets.ok());
  const std::vector<std::string> own = {
      "-D", password + "=swordfish", "--rate", "5", "-D" + password + "=swordfish",
      "-D", "parallelism.default=4"};
  const auto arguments =
      local_worker_arguments(own, configuration, 2, {"127.0.0.1", 4711}, *secrets);
  EXPECT_EQ(joined(arguments).find("swordfish"), std::string::npos) << joined(arguments);
  EXPECT_EQ(content_of(arguments, password + ".file"), "swordfish");
  EXPECT_TRUE(
      joined(arguments).starts_with("--rate 5 -D parallelism.default=4 -D weir.role=worker "))
      << joined(arguments);
  EXPECT_EQ(secrets->size(), 1u);
}

TEST(LocalWorkers, WorkersShareTheSlotsOfTheJob) {
  Configuration configuration;
  ASSERT_TRUE(configuration.set("parallelism.default", "5").ok());
  EXPECT_NE(joined(local_worker_arguments({}, configuration, 2, {"h", 1}, {}))
                .find("taskmanager.numberOfTaskSlots=3"),
            std::string::npos);
  ASSERT_TRUE(configuration.set("taskmanager.numberOfTaskSlots", "1").ok());
  EXPECT_EQ(joined(local_worker_arguments({}, configuration, 2, {"h", 1}, {}))
                .find("taskmanager.numberOfTaskSlots"),
            std::string::npos);
}

}  // namespace
}  // namespace weir
