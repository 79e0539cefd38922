#include "fs/hdfs/namenode_address.h"

#include <gtest/gtest.h>

#include "fs/memory/memory_file_system.h"

#include "base/strings.h"

namespace weir {
namespace {

HadoopConf conf_of(std::initializer_list<std::pair<std::string, std::string>> properties) {
  std::string xml = "<configuration>";
  for (const auto& [name, value] : properties)
    xml += cat("<property><name>", name, "</name><value>", value, "</value></property>");
  HadoopConf conf;
  MemoryFileSystem fs;
  EXPECT_TRUE(conf.add(xml + "</configuration>", "/test", fs).ok());
  return conf;
}

std::string found(const StatusOr<NameNodes>& namenodes) {
  if (!namenodes.ok()) return namenodes.status().to_string();
  std::string text;
  for (const std::string& base : namenodes->http_bases) text += base + " ";
  return text + "from " + namenodes->origin;
}

TEST(FindNameNodes, WithoutConfigurationPort9870IsUsed) {
  EXPECT_EQ(found(find_namenodes(HadoopConf(), "nn:8020", {})),
            "http://nn:9870 from port 9870, the default");
  EXPECT_EQ(found(find_namenodes(HadoopConf(), "nn.host", {})),
            "http://nn.host:9870 from port 9870, the default");
  EXPECT_EQ(found(find_namenodes(HadoopConf(), "[::1]:8020", {})),
            "http://[::1]:9870 from port 9870, the default");
}

TEST(FindNameNodes, UsersKeyWins) {
  const HadoopConf conf =
      conf_of({{"dfs.namenode.http-address", "nn:1"}, {"fs.defaultFS", "hdfs://nn:8020"}});
  EXPECT_EQ(found(find_namenodes(conf, "nn:8020", "h:5070")),
            "http://h:5070 from fs.hdfs.http-address");
  EXPECT_EQ(found(find_namenodes(conf, "nn:8020", "https://a , http://b:1/")),
            "https://a:9871 http://b:1 from fs.hdfs.http-address");
  EXPECT_EQ(find_namenodes(conf, "nn:8020", "http://h:5070/webhdfs").status().code(),
            StatusCode::kInvalidArgument);
}

TEST(FindNameNodes, HttpAddressOfTheSameNameNodeIsUsed) {
  const HadoopConf by_default =
      conf_of({{"dfs.namenode.http-address", "0.0.0.0:5070"}, {"fs.defaultFS", "hdfs://nn:8020/"}});
  EXPECT_EQ(found(find_namenodes(by_default, "nn:8020", {})),
            "http://nn:5070 from dfs.namenode.http-address of the Hadoop configuration");
  EXPECT_EQ(found(find_namenodes(by_default, "other:8020", {})),
            "http://other:9870 from port 9870, the default");
  const HadoopConf by_rpc = conf_of({{"dfs.namenode.rpc-address.ns.nn2", "b:8020"},
                                     {"dfs.namenode.http-address.ns.nn2", "b:7"},
                                     {"dfs.namenode.http-address.ns.nn1", "a:6"}});
  EXPECT_EQ(found(find_namenodes(by_rpc, "b:8020", {})),
            "http://b:7 from dfs.namenode.http-address.ns.nn2 of the Hadoop configuration");
}

TEST(FindNameNodes, WithoutAuthorityTheDefaultFileSystemIsUsed) {
  EXPECT_EQ(found(find_namenodes(conf_of({{"fs.defaultFS", "hdfs://nn:8020"},
                                          {"dfs.namenode.http-address", "nn:5070"}}),
                                 "", {})),
            "http://nn:5070 from dfs.namenode.http-address of the Hadoop configuration");
  EXPECT_EQ(find_namenodes(HadoopConf(), "", {}).status().code(), StatusCode::kInvalidArgument);
  const auto local = find_namenodes(conf_of({{"fs.defaultFS", "file:///"}}), "", {});
  EXPECT_NE(local.status().message().find("\"file:///\""), std::string_view::npos);
}

TEST(FindNameNodes, NameserviceHasAllItsNameNodes) {
  const HadoopConf conf = conf_of({{"dfs.nameservices", "other, ns"},
                                   {"dfs.ha.namenodes.ns", "nn1,nn2"},
                                   {"dfs.namenode.http-address.ns.nn1", "a:1"},
                                   {"dfs.namenode.rpc-address.ns.nn2", "b:8020"},
                                   {"fs.defaultFS", "hdfs://ns"}});
  EXPECT_EQ(
      found(find_namenodes(conf, "ns", {})),
      "http://a:1 http://b:9870 from dfs.namenode.http-address.ns.* of the Hadoop configuration");
  EXPECT_EQ(
      found(find_namenodes(conf, "", {})),
      "http://a:1 http://b:9870 from dfs.namenode.http-address.ns.* of the Hadoop configuration");
  EXPECT_EQ(
      found(find_web_namenodes(conf, "ns")),
      "http://a:1 http://b:9870 from dfs.namenode.http-address.ns.* of the Hadoop configuration");
  EXPECT_NE(find_namenodes(conf, "other", {}).status().message().find("dfs.ha.namenodes.other"),
            std::string_view::npos);
}

TEST(FindNameNodes, NameNodeWithoutAddressIsNamed) {
  const auto namenodes = find_namenodes(
      conf_of({{"dfs.nameservices", "ns"}, {"dfs.ha.namenodes.ns", "nn1"}}), "ns", {});
  EXPECT_EQ(namenodes.status().to_string(),
            "INVALID_ARGUMENT: the Hadoop configuration lists the NameNode nn1 in "
            "dfs.ha.namenodes.ns but gives it no "
            "address: set dfs.namenode.http-address.ns.nn1");
}

TEST(FindNameNodes, HttpsOnlyUsesHttps) {
  const HadoopConf conf = conf_of({{"dfs.http.policy", "HTTPS_ONLY"},
                                   {"dfs.namenode.https-address", "nn:5071"},
                                   {"dfs.namenode.rpc-address", "nn:8020"}});
  EXPECT_EQ(found(find_namenodes(conf, "nn:8020", {})),
            "https://nn:5071 from dfs.namenode.https-address of the Hadoop configuration");
  EXPECT_EQ(found(find_namenodes(conf, "x:8020", {})),
            "https://x:9871 from port 9871, the default");
}

TEST(FindWebNameNodes, AuthorityIsTheAddress) {
  EXPECT_EQ(found(find_web_namenodes(HadoopConf(), "nn:5070")), "http://nn:5070 from the URI");
  EXPECT_EQ(found(find_web_namenodes(HadoopConf(), "nn")), "http://nn:9870 from the URI");
  EXPECT_EQ(find_web_namenodes(HadoopConf(), "").status().code(), StatusCode::kInvalidArgument);
}

TEST(FindNameNodes, UndefinedVariableIsNamedWithItsPlace) {
  const HadoopConf conf =
      conf_of({{"dfs.nameservices", "ns"}, {"dfs.namenode.http-address.ns", "${host}:9870"}});
  EXPECT_EQ(find_namenodes(conf, "ns", {}).status().message(),
            "/test:1 sets dfs.namenode.http-address.ns to an address with ${host}, which neither "
            "the Hadoop configuration nor the environment defines");
}

TEST(FindNameNodes, MessageSaysThatAHostWithoutAPortMayBeANameservice) {
  EXPECT_NE(find_namenodes(HadoopConf(), "mycluster", {})
                ->origin.find("if mycluster is a nameservice, set HADOOP_CONF_DIR"),
            std::string::npos);
  EXPECT_EQ(find_namenodes(HadoopConf(), "nn:8020", {})->origin, "port 9870, the default");
}

}  // namespace
}  // namespace weir
