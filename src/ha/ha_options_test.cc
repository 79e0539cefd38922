#include "ha/ha_options.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

const JobId kJob = JobId::from_hex("0123456789abcdef0123456789abcdef").value();

Configuration configuration_of(
    std::initializer_list<std::pair<const char*, const char*>> settings) {
  Configuration configuration;
  for (const auto& [key, value] : settings) EXPECT_TRUE(configuration.set(key, value).ok()) << key;
  return configuration;
}

Status refusal(std::initializer_list<std::pair<const char*, const char*>> settings) {
  return ha_options(configuration_of(settings), kJob).status();
}

TEST(HaOptions, NoneByDefault) {
  EXPECT_FALSE(ha_options(configuration_of({}), kJob).value().has_value());
  EXPECT_FALSE(ha_options(configuration_of({{"high-availability.zookeeper.quorum", "a:1"}}), kJob)
                   .value()
                   .has_value());
}

TEST(HaOptions, ClusterIdDefaultsToTheJobId) {
  const auto options =
      ha_options(configuration_of({{"high-availability.type", "ZOOKEEPER"},
                                   {"high-availability.zookeeper.quorum", "a:1,b:2"}}),
                 kJob);
  ASSERT_TRUE(options.ok()) << options.status().to_string();
  EXPECT_EQ((*options)->paths.base, "/weir/0123456789abcdef0123456789abcdef");
  EXPECT_EQ((*options)->client.quorum, "a:1,b:2");
  EXPECT_EQ((*options)->client.session_timeout, std::chrono::seconds(10));
  EXPECT_EQ((*options)->client.connection_timeout, std::chrono::seconds(15));
  EXPECT_FALSE((*options)->client.creator_only);
}

TEST(HaOptions, EverySettingIsPassedOn) {
  const auto options = ha_options(
      configuration_of({{"high-availability", "zookeeper"},
                        {"high-availability.zookeeper.quorum", "a:1"},
                        {"high-availability.zookeeper.path.root", "flink/"},
                        {"high-availability.cluster-id", "/team//one"},
                        {"high-availability.zookeeper.client.session-timeout", "4 s"},
                        {"high-availability.zookeeper.client.connection-timeout", "2 s"},
                        {"high-availability.zookeeper.client.acl", "creator"},
                        {"high-availability.zookeeper.client.authorization", "digest:me:se:cret"}}),
      kJob);
  ASSERT_TRUE(options.ok()) << options.status().to_string();
  EXPECT_EQ((*options)->paths.base, "/flink/team/one");
  EXPECT_EQ((*options)->client.session_timeout, std::chrono::seconds(4));
  EXPECT_EQ((*options)->client.connection_timeout, std::chrono::seconds(2));
  EXPECT_TRUE((*options)->client.creator_only);
  EXPECT_EQ((*options)->client.digest, "me:se:cret");
}

TEST(HaOptions, MissingOrWrongKeyIsNamed) {
  EXPECT_NE(refusal({{"high-availability.type", "zookeeper"}})
                .message()
                .find("high-availability.zookeeper.quorum"),
            std::string_view::npos);
  EXPECT_EQ(refusal({{"high-availability.type", "zookeeper"}}).code(),
            StatusCode::kFailedPrecondition);
  EXPECT_NE(refusal({{"high-availability.type", "zookeeper"},
                     {"high-availability.zookeeper.quorum", "a:1"},
                     {"high-availability.cluster-id", "a/../b"}})
                .message()
                .find("high-availability.cluster-id"),
            std::string_view::npos);
  EXPECT_EQ(refusal({{"high-availability.type", "zookeeper"},
                     {"high-availability.zookeeper.quorum", "a:1"},
                     {"high-availability.zookeeper.client.acl", "creator"}})
                .code(),
            StatusCode::kFailedPrecondition);
  EXPECT_EQ(refusal({{"high-availability.type", "zookeeper"},
                     {"high-availability.zookeeper.quorum", "a:1"},
                     {"high-availability.zookeeper.client.authorization", "me:secret"}})
                .code(),
            StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace weir
