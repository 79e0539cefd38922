#include "fs/hdfs/namenode_login.h"

#include "base/log.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "fs/file_system.h"
#include "fs/hdfs/security/digest_md5.h"
#include "fs/local/local_file_system.h"
#include "platform/tcp_client.h"

namespace weir {
namespace {

constexpr std::string_view kVariable = "$HADOOP_TOKEN_FILE_LOCATION";

/// The names by which tokens may know a NameNode, as Hadoop chooses them (SecurityUtil.java).
std::vector<std::string> services_of(const std::string& authority,
                                     const NameNodeAddress& namenode) {
  std::vector<std::string> services{cat("ha-hdfs:", authority), namenode.text()};
  for (const std::string& address : addresses_of_host(namenode.host))
    services.push_back(cat(address, ":", namenode.port));
  return services;
}

}  // namespace

StatusOr<std::optional<NameNodeToken>> find_token(const NativeSecurity& security,
                                                  const std::string& authority,
                                                  const NameNodeAddress& namenode) {
  if (security.token_file.empty()) return std::optional<NameNodeToken>();
  const auto invalid = [&security](const Status& status) {
    return invalid_argument(cat(kVariable, " is ", security.token_file, ": ", status.message()));
  };
  LocalFileSystem local;
  const auto bytes = read_file(local, security.token_file);
  if (!bytes.ok()) return invalid(bytes.status());
  const auto tokens = parse_token_file(*bytes);
  if (!tokens.ok()) return invalid(tokens.status());
  const HadoopToken* token = delegation_token_of(*tokens, services_of(authority, namenode));
  if (token != nullptr)
    return std::optional(NameNodeToken{*token, owner_of_token(token->identifier)});
  std::string others;
  for (const HadoopToken& other : *tokens)
    others += cat(" ", other.kind, " of ", other.service, ";");
  WEIR_LOG(kWarning) << "HDFS: " << kVariable << ", " << security.token_file
                     << ", has no delegation token for " << namenode.text()
                     << ". It has:" << (others.empty() ? " nothing" : others);
  return std::optional<NameNodeToken>();
}

RpcUser NameNodeLogin::user_after(RpcLogin login) const {
  switch (login) {
    case RpcLogin::kToken: return {};
    case RpcLogin::kKerberos: return {.effective = proxy_user};
    case RpcLogin::kSimple: break;
  }
  return proxy_user.empty() ? RpcUser{.effective = user}
                            : RpcUser{.effective = proxy_user, .real = user};
}

StatusOr<std::shared_ptr<RpcConnection>> NameNodeLogin::connect(
    const NameNodeAddress& namenode) const {
  WEIR_ASSIGN_OR_RETURN(auto transport, connect_tcp(namenode.host, namenode.port, connect_timeout));
  WEIR_ASSIGN_OR_RETURN(const auto found, find_token(security, authority, namenode));
  const bool sasl = security.kerberos || found;
  RpcLogin login = RpcLogin::kSimple;
  if (sasl) {
    RpcAuthentication authentication = security.rpc;
    if (!security.kerberos) authentication.kerberos = nullptr;
    if (found) {
      authentication.token = [this,
                              &found](const std::string& uri) -> RpcAuthentication::Mechanism {
        DigestLogin holder{base64(found->token.identifier), base64(found->token.password), uri};
        holder.advice = "set hadoop.rpc.protection in core-site.xml to the NameNode's value";
        return digest_md5_mechanism(std::move(holder), security.accepted, nonce());
      };
    }
    auto authenticated =
        authenticate_rpc(std::move(transport), authentication, namenode.host, timeout);
    if (!authenticated.ok() && found &&
        authenticated.status().code() == StatusCode::kPermissionDenied) {
      return permission_denied(
          cat(authenticated.status().message(), "; this process has the token of ", found->owner,
              " in ", security.token_file, " (", kVariable,
              "): put a valid one there, or set security.kerberos.login.keytab"));
    }
    WEIR_RETURN_IF_ERROR(authenticated.status());
    transport = std::move(authenticated->transport);
    login = authenticated->login;
  }
  return RpcConnection::open(std::move(transport),
                             {.client_id = client_id, .user = user_after(login)}, sasl, now);
}

}  // namespace weir
