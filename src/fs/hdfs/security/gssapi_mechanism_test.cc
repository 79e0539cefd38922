#include "fs/hdfs/security/gssapi_mechanism.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

TEST(KerberosAdviceTest, EachMistakeHasItsRemedy) {
  const std::pair<std::string_view, std::string_view> kCases[] = {
      {"Clock skew too great", "synchronize"},
      {"Ticket expired", "run kinit again"},
      {"Client 'alice@WEIR.TEST' not found in Kerberos database",
       "check security.kerberos.login.principal"},
      {"Server HTTP/10.0.0.1@WEIR.TEST not found in Kerberos database", "fs.hdfs.http-address"},
      {"Server hdfs/other@WEIR.TEST not found in Kerberos database",
       "dfs.namenode.kerberos.principal"},
      {"Cannot contact any KDC for realm 'WEIR.TEST'", "krb5.conf"},
      {"Cannot find KDC for realm \"NOWHERE\"", "[realms]"},
      {"Configuration file does not specify default realm", "default_realm"},
      {"No Kerberos credentials available (default cache: FILE:/tmp/krb5cc_0)", "run kinit"},
      {"Preauthentication failed", "new keytab"},
  };
  for (const auto& [error, remedy] : kCases)
    EXPECT_NE(kerberos_advice(error).find(remedy), std::string_view::npos) << error;
  EXPECT_EQ(kerberos_advice("something else"), "");
}

TEST(GssapiMechanismTest, KeytabThatIsMissingIsNamed) {
  const auto mechanism =
      gssapi_mechanism({"alice@WEIR.TEST", "/nowhere/alice.keytab"}, "hdfs/h@WEIR.TEST", {});
  ASSERT_FALSE(mechanism.ok());
  EXPECT_EQ(mechanism.status().code(), StatusCode::kPermissionDenied);
  EXPECT_NE(mechanism.status().message().find("alice@WEIR.TEST with the keytab /nowhere"),
            std::string_view::npos)
      << mechanism.status().to_string();
}

TEST(GssapiMechanismTest, HeaderForAWebServerNeedsALoginToo) {
  const auto header = negotiate_header({"alice@WEIR.TEST", "/nowhere/alice.keytab"}, "HTTP@h");
  EXPECT_EQ(header.status().code(), StatusCode::kPermissionDenied);
  EXPECT_NE(header.status().message().find("alice@WEIR.TEST with the keytab /nowhere"),
            std::string_view::npos)
      << header.status().to_string();
}

}  // namespace
}  // namespace weir
