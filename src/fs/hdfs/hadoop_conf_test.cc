#include "fs/hdfs/hadoop_conf.h"

#include <gtest/gtest.h>

#include "fs/memory/memory_file_system.h"

namespace weir {
namespace {

TEST(HadoopConf, LaterFilesWinAndValuesAreTrimmed) {
  HadoopConf conf;
  MemoryFileSystem fs;
  ASSERT_TRUE(conf.add("<?xml version=\"1.0\"?><!-- c --><configuration><property><name> a "
                       "</name><value> 1\n</value></property>"
                       "<property><name>b</name><value></value><final>true</final></property></"
                       "configuration>",
                       "/one", fs)
                  .ok());
  ASSERT_TRUE(
      conf.add("<configuration><property><name>a</name><value>2</value></property></configuration>",
               "/two", fs)
          .ok());
  EXPECT_EQ(conf.get("a"), "2");
  EXPECT_EQ(conf.get("b"), std::nullopt);
  EXPECT_EQ(conf.get("c"), std::nullopt);
}

TEST(HadoopConf, ConfigurationWithinAnotherIsRead) {
  HadoopConf conf;
  MemoryFileSystem fs;
  ASSERT_TRUE(conf.add("<configuration><configuration><property name='a' value='inner'/>"
                       "</configuration><property name='b' value='outer'/></configuration>",
                       "/f", fs)
                  .ok());
  EXPECT_EQ(conf.get("a"), "inner");
  EXPECT_EQ(conf.get("b"), "outer");
}

TEST(HadoopConf, ValuesMayNameOtherKeys) {
  HadoopConf conf;
  MemoryFileSystem fs;
  ASSERT_TRUE(
      conf.add("<configuration><property><name>host</name><value>nn</value></property>"
               "<property><name>address</name><value>${host}:${port}:${host}</value></property>"
               "<property><name>loop</name><value>x${loop}</value></property></configuration>",
               "/f", fs)
          .ok());
  EXPECT_EQ(conf.get("address"), "nn:${port}:nn");
  EXPECT_TRUE(conf.get("loop").has_value());  // also proves that it ends
}

TEST(HadoopConf, InvalidConfigurationIsRefusedByName) {
  HadoopConf conf;
  MemoryFileSystem fs;
  for (const std::string xml : {"", "<configuration>", "<html></html>", "not xml", "\xff<"}) {
    const Status status = conf.add(xml, "/etc/core-site.xml", fs);
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << xml;
    EXPECT_NE(status.message().find("/etc/core-site.xml"), std::string_view::npos);
  }
}

TEST(HadoopConf, FinalValueStays) {
  HadoopConf conf;
  MemoryFileSystem fs;
  ASSERT_TRUE(conf.add("<configuration><property><name>a</name><value>1</value><final>true</"
                       "final></property>"
                       "<property name='b' value='1' final='false'/></configuration>",
                       "/one", fs)
                  .ok());
  ASSERT_TRUE(conf.add("<configuration>\n<property name='a' value='2'/>\n<property name='b' "
                       "value='2'/></configuration>",
                       "/two", fs)
                  .ok());
  EXPECT_EQ(conf.get("a"), "1");
  EXPECT_EQ(conf.get("b"), "2");
  EXPECT_EQ(conf.place("a"), "/one:1");
  EXPECT_EQ(conf.place("b"), "/two:3");
}

TEST(HadoopConf, ValuesMayNameEnvironmentVariablesAndSystemProperties) {
  HadoopConf conf(
      [](std::string_view name) {
        return name == "NN"      ? std::optional<std::string>("nn1")
               : name == "EMPTY" ? std::optional<std::string>("")
                                 : std::nullopt;
      },
      [](std::string_view name) {
        return name == "user.name" ? std::optional<std::string>("bob") : std::nullopt;
      });
  MemoryFileSystem fs;
  ASSERT_TRUE(
      conf.add(
              "<configuration><property name='a' value='${env.NN}:${env.PORT:-8020}/${user.name}'/>"
              "<property name='b' "
              "value='${env.EMPTY:-x}${env.EMPTY-y}${env.NONE-z}${env.NN-no}'/><property name='c' "
              "value='${env.NONE}'/>"
              "<property name='fs.default.name' value='hdfs://nn'/><property name='d' "
              "value='${fs.default.name}'/></configuration>",
              "/f", fs)
          .ok());
  EXPECT_EQ(conf.get("a"), "nn1:8020/bob");
  EXPECT_EQ(conf.get("b"), "xznn1");
  EXPECT_EQ(conf.get("c"), "${env.NONE}");
  EXPECT_EQ(conf.get("fs.defaultFS"), "hdfs://nn");
  EXPECT_EQ(conf.get("d"), "hdfs://nn");
}

TEST(HadoopConf, IncludedFilesTakeEffectWhereTheyAreNamed) {
  HadoopConf conf;
  MemoryFileSystem fs;
  ASSERT_TRUE(write_file(fs, "/etc/sites/nn.xml",
                         "<configuration>\n<property name='a' value='included'/><property name='b' "
                         "value='included'/></configuration>")
                  .ok());
  ASSERT_TRUE(conf.add("<configuration xmlns:xi='http://www.w3.org/2001/XInclude'><property "
                       "name='a' value='before'/><xi:include href='sites/nn.xml'/>"
                       "<property name='b' value='after'/>"
                       "<xi:include href='/none.xml'><xi:fallback><property name='c' "
                       "value='fallback'/></xi:fallback></xi:include></configuration>",
                       "/etc/core-site.xml", fs)
                  .ok());
  EXPECT_EQ(conf.get("a"), "included");
  EXPECT_EQ(conf.place("a"), "/etc/sites/nn.xml:2");
  EXPECT_EQ(conf.get("b"), "after");
  EXPECT_EQ(conf.get("c"), "fallback");
}

TEST(HadoopConf, UnreadableIncludeIsRefusedWithItsLine) {
  HadoopConf conf;
  MemoryFileSystem fs;
  ASSERT_TRUE(
      write_file(fs, "/etc/self.xml", "<configuration><include href='self.xml'/></configuration>")
          .ok());
  const auto problem = [&](const std::string& xml) {
    return std::string(
        conf.add("<configuration>\n" + xml + "</configuration>", "/etc/f.xml", fs).message());
  };
  EXPECT_NE(problem("<include href='none.xml'/>")
                .find("/etc/f.xml:2: it includes /etc/none.xml, and has no fallback"),
            std::string::npos);
  EXPECT_NE(problem("<include xpointer='x'/>").find("/etc/f.xml:2: an include without href"),
            std::string::npos);
  EXPECT_NE(problem("<include href='http://x/y.xml'/>")
                .find("/etc/f.xml:2: it includes http://x/y.xml, but"),
            std::string::npos);
  EXPECT_NE(problem("<include href='self.xml'/>").find("does a file include itself?"),
            std::string::npos);
}

TEST(HadoopConf, IsReadFromBothFilesOfADirectory) {
  MemoryFileSystem fs;
  HadoopConf conf;
  EXPECT_EQ(load_hadoop_conf(fs, "/conf", conf).code(), StatusCode::kNotFound);
  ASSERT_TRUE(
      write_file(
          fs, "/conf/hdfs-site.xml",
          "<configuration><property><name>a</name><value>hdfs</value></property></configuration>")
          .ok());
  ASSERT_TRUE(load_hadoop_conf(fs, "/conf", conf).ok());
  EXPECT_EQ(conf.get("a"), "hdfs");
  ASSERT_TRUE(
      write_file(
          fs, "/conf/core-site.xml",
          "<configuration><property><name>b</name><value>core</value></property></configuration>")
          .ok());
  ASSERT_TRUE(load_hadoop_conf(fs, "/conf", conf).ok());
  EXPECT_EQ(conf.get("b"), "core");
}

}  // namespace
}  // namespace weir
