#include "fs/hdfs/webhdfs_url.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

TEST(WebHdfsUrl, EncodesPathAndParameters) {
  EXPECT_EQ(webhdfs_url("http://nn:9870", "/a b/100%/ä?#&=+;", "RENAME",
                        {{"destination", "/x y/z&w"}, {"", "left out"}, {"k", ""}}),
            "http://nn:9870/webhdfs/v1/a%20b/100%25/"
            "%C3%A4%3F%23%26%3D%2B%3B?op=RENAME&destination=%2Fx%20y%2Fz%26w&k=");
}

TEST(WebHdfsUrl, OriginHidesSecrets) {
  EXPECT_EQ(url_origin("http://dn:9864/webhdfs/v1/a?op=CREATE&delegation=SECRET"),
            "http://dn:9864");
  EXPECT_EQ(url_origin("http://dn:9864?delegation=SECRET"), "http://dn:9864");
  EXPECT_EQ(url_origin("http://user:SECRET@dn:9864/a"), "http://dn:9864");
  EXPECT_EQ(url_origin("SECRET"), "(not a URL)");
}

TEST(WebHdfsUrl, HostIsWithoutItsPort) {
  EXPECT_EQ(url_host("http://dn.example:9864/a"), "dn.example");
  EXPECT_EQ(url_host("http://dn/a"), "dn");
  EXPECT_EQ(url_host("http://[::1]:9864/a"), "[::1]");
  EXPECT_EQ(url_host("http://[::1]/a"), "[::1]");
  EXPECT_EQ(url_host("/relative"), "");
}

}  // namespace
}  // namespace weir
