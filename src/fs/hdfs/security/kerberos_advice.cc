#include "fs/hdfs/security/gssapi_mechanism.h"

namespace weir {
namespace {

struct Advice {
  std::string_view part;  // of the text of MIT Kerberos
  std::string_view advice;
};

constexpr Advice kAdvice[] = {
    {"Clock skew too great",
     "the clocks of this host and of the KDC or the NameNode differ by more than Kerberos allows "
     "(5 minutes): synchronize them"},
    {"Ticket expired",
     "the ticket has expired: run kinit again, or set "
     "security.kerberos.login.keytab, with which weir fetches tickets itself"},
    {"Ticket not yet valid", "the ticket's time has not begun: are the clocks synchronized?"},
    {"Cannot contact any KDC",
     "no KDC answers: does krb5.conf ($KRB5_CONFIG, else /etc/krb5.conf) name the right ones, and "
     "are their ports open to this host?"},
    {"Cannot find KDC for realm",
     "krb5.conf ($KRB5_CONFIG, else /etc/krb5.conf) names no KDC for that realm: add it to "
     "[realms]"},
    {"Configuration file does not specify default realm",
     "set default_realm in krb5.conf ($KRB5_CONFIG, else /etc/krb5.conf), or write the principal "
     "with its @REALM"},
    {"Cannot determine realm",
     "map the host to its realm under [domain_realm] in krb5.conf, or set "
     "dfs.namenode.kerberos.principal in hdfs-site.xml"},
    {"Server not found in Kerberos database",
     "the KDC does not know the service: does dfs.namenode.kerberos.principal in hdfs-site.xml "
     "fit, "
     "and does the name of the NameNode's host resolve to the one in its principal (rdns = false "
     "in "
     "krb5.conf)?"},
    {"Server HTTP/",
     "the KDC does not know that web server: write the NameNode's host in the URI, "
     "fs.hdfs.http-address or dfs.namenode.http-address as in its principal HTTP/host"},
    {"Server hdfs/",
     "the KDC does not know the service: does dfs.namenode.kerberos.principal in "
     "hdfs-site.xml fit, and does the name of the NameNode's host resolve to the "
     "one in its principal (rdns = false in krb5.conf)?"},
    {"not found in Kerberos database",
     "the KDC does not know the principal: check security.kerberos.login.principal"},
    {"No key table entry found",
     "the keytab has no key of that principal: klist -k shows which it has"},
    {"Client keytab", "the keytab has no key of that principal: klist -k shows which it has"},
    {"does not match desired name", "the ticket cache is of another principal: klist shows it"},
    {"Matching credential not found",
     "the ticket cache has no ticket of that principal: klist shows it"},
    {"Key table file", "security.kerberos.login.keytab must be a file that this process can read"},
    {"Preauthentication failed",
     "the keytab's key is not the current one of that principal: fetch a new keytab"},
    {"No Kerberos credentials available",
     "run kinit, or set security.kerberos.login.keytab and security.kerberos.login.principal"},
    {"No credentials cache found",
     "run kinit, or set security.kerberos.login.keytab and security.kerberos.login.principal"},
    {"Wrong principal in request",
     "the NameNode has another principal than the one it was asked for: check "
     "dfs.namenode.kerberos.principal in hdfs-site.xml"},
};

}  // namespace

std::string_view kerberos_advice(std::string_view error) {
  for (const Advice& advice : kAdvice) {
    if (error.find(advice.part) != std::string_view::npos) return advice.advice;
  }
  return "";
}

}  // namespace weir
