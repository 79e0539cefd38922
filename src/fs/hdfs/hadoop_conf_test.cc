#include "fs/hdfs/hadoop_conf.h"

#include <gtest/gtest.h>

#include "fs/memory/memory_file_system.h"

namespace weir {
namespace {

TEST(HadoopConf, LaterFilesWinAndValuesAreTrimmed) {
  HadoopConf conf;
  ASSERT_TRUE(conf.add("<?xml version=\"1.0\"?><!-- c --><configuration><property><name> a </name><value> 1\n</value></property>"
                       "<property><name>b</name><value></value><final>true</final></property></configuration>", "one").ok());
  ASSERT_TRUE(conf.add("<configuration><property><name>a</name><value>2</value></property></configuration>", "two").ok());
  EXPECT_EQ(conf.get("a"), "2");
  EXPECT_EQ(conf.get("b"), std::nullopt);
  EXPECT_EQ(conf.get("c"), std::nullopt);
}

TEST(HadoopConf, ValuesMayNameOtherKeys) {
  HadoopConf conf;
  ASSERT_TRUE(conf.add("<configuration><property><name>host</name><value>nn</value></property>"
                       "<property><name>address</name><value>${host}:${port}:${host}</value></property>"
                       "<property><name>loop</name><value>x${loop}</value></property></configuration>", "f").ok());
  EXPECT_EQ(conf.get("address"), "nn:${port}:nn");
  EXPECT_TRUE(conf.get("loop").has_value());  // and ends
}

TEST(HadoopConf, WhatIsNoConfigurationIsRefusedByName) {
  HadoopConf conf;
  for (const std::string xml : {"", "<configuration>", "<html></html>", "not xml", "\xff<"}) {
    const Status status = conf.add(xml, "/etc/core-site.xml");
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << xml;
    EXPECT_NE(status.message().find("/etc/core-site.xml"), std::string_view::npos);
  }
}

TEST(HadoopConf, IsReadFromBothFilesOfADirectory) {
  MemoryFileSystem fs;
  EXPECT_EQ(load_hadoop_conf(fs, "/conf").status().code(), StatusCode::kNotFound);
  ASSERT_TRUE(write_file(fs, "/conf/hdfs-site.xml", "<configuration><property><name>a</name><value>hdfs</value></property></configuration>").ok());
  EXPECT_EQ(load_hadoop_conf(fs, "/conf")->get("a"), "hdfs");
  ASSERT_TRUE(write_file(fs, "/conf/core-site.xml", "<configuration><property><name>b</name><value>core</value></property></configuration>").ok());
  EXPECT_EQ(load_hadoop_conf(fs, "/conf")->get("b"), "core");
}

}  // namespace
}  // namespace weir
