#include "fs/hdfs/native_security.h"

#include <mutex>

#include "base/status_macros.h"
#include "base/strings.h"
#include "fs/hdfs/data/transfer_protection.h"
#include "fs/hdfs/hdfs_settings.h"
#include "fs/hdfs/rpc/hadoop.pb.h"

namespace weir {
namespace {

const std::string kCluster = "the files of this cluster";  // for messages, instead of a path

/// A list of levels, the most liked first; empty if the key is not set.
StatusOr<std::vector<Protection>> protections(const HadoopConf& conf, const std::string& key) {
  std::vector<Protection> levels;
  const std::string text = conf.get(key).value_or("");
  for (const std::string_view item : split(text, ',')) {
    const std::string_view name = trim(item);
    if (name == "authentication") levels.push_back(Protection::kAuthentication);
    else if (name == "integrity") levels.push_back(Protection::kIntegrity);
    else if (name == "privacy") levels.push_back(Protection::kPrivacy);
    else if (!name.empty())
      return invalid_argument(cat(conf.place(key), " sets ", key, " to \"", text,
                                  "\"; there are authentication, integrity and privacy"));
  }
  return levels;
}

/// The principal of the NameNode at `host`.
std::string service_principal(const std::string& configured, const std::string& host) {
  if (configured.empty()) return cat("hdfs@", host);
  constexpr std::string_view kHost = "_HOST";
  std::string principal = configured;
  const size_t at = principal.find(kHost);
  return at == std::string::npos ? principal : principal.replace(at, kHost.size(), host);
}

/// The key of dfs.encrypt.data.transfer, which the NameNode changes from time to time.
class TransferProtector {
 public:
  TransferProtector(const NativeSecurity& security, std::shared_ptr<NameNodeClient> namenode,
                    std::function<std::string()> nonce, std::chrono::milliseconds timeout)
      : security_(security),
        namenode_(std::move(namenode)),
        nonce_(std::move(nonce)),
        timeout_(timeout) {}

  StatusOr<std::unique_ptr<TcpClient>> protect(std::unique_ptr<TcpClient> plain,
                                               const hadoop::Token& token) {
    WEIR_ASSIGN_OR_RETURN(const bool encrypted, encrypts());
    bool key_unknown = false;
    if (encrypted) {
      WEIR_ASSIGN_OR_RETURN(DigestLogin login, key_login());
      auto safe = protect_transfer(std::move(plain), std::move(login), Protection::kPrivacy,
                                   nonce_(), timeout_, &key_unknown);
      // The next connection takes a new key.
      std::lock_guard lock(mutex_);
      if (key_unknown) key_.reset();
      if (key_unknown) return unavailable(std::string(safe.status().message()));
      return safe;
    }
    if (!security_.transfer || token.identifier().empty()) return plain;
    DigestLogin login{base64(token.identifier()), base64(token.password()), "hdfs/0"};
    return protect_transfer(std::move(plain), std::move(login), *security_.transfer, nonce_(),
                            timeout_, &key_unknown);
  }

 private:
  StatusOr<bool> encrypts() {
    std::lock_guard lock(mutex_);
    if (encrypts_) return *encrypts_;
    hadoop::GetServerDefaultsResponse response;
    const auto answer = namenode_->call({"getServerDefaults", "reach", kCluster},
                                        hadoop::GetServerDefaultsRequest(), &response);
    WEIR_RETURN_IF_ERROR(answer.status);
    encrypts_ = response.serverdefaults().encryptdatatransfer();
    return *encrypts_;
  }
  StatusOr<DigestLogin> key_login() {
    std::lock_guard lock(mutex_);
    if (!key_) {
      hadoop::GetDataEncryptionKeyResponse response;
      const auto answer = namenode_->call({"getDataEncryptionKey", "reach", kCluster},
                                          hadoop::GetDataEncryptionKeyRequest(), &response);
      WEIR_RETURN_IF_ERROR(answer.status);
      key_ = response.dataencryptionkey();
    }
    return DigestLogin{cat(key_->keyid(), " ", key_->blockpoolid(), " ", base64(key_->nonce())),
                       base64(key_->encryptionkey()), "hdfs/0"};
  }

  const NativeSecurity security_;
  const std::shared_ptr<NameNodeClient> namenode_;
  const std::function<std::string()> nonce_;
  const std::chrono::milliseconds timeout_;
  std::mutex mutex_;
  std::optional<bool> encrypts_;                  ///< guarded by mutex_
  std::optional<hadoop::DataEncryptionKey> key_;  ///< guarded by mutex_
};

}  // namespace

StatusOr<NativeSecurity> native_security(const HadoopConf& conf,
                                         const RealFileSystemsOptions& options) {
  NativeSecurity security;
  KerberosLogin& login = security.login;
  login.keytab = look_up_setting(options.config, "security.kerberos.login.keytab").value_or("");
  login.principal =
      look_up_setting(options.config, "security.kerberos.login.principal").value_or("");
  if (!login.keytab.empty() && login.principal.empty())
    return invalid_argument(
        "security.kerberos.login.keytab is set without "
        "security.kerberos.login.principal: set both");
  security.kerberos =
      !login.keytab.empty() || conf.get("hadoop.security.authentication") == "kerberos";
  if (login.keytab.empty())
    security.token_file =
        look_up_setting(options.environment, "HADOOP_TOKEN_FILE_LOCATION").value_or("");
  if (security.kerberos)
    security.user = login.principal.substr(0, login.principal.find_first_of("/@"));
  security.rpc.simple_allowed = conf.get("ipc.client.fallback-to-simple-auth-allowed") == "true";
  WEIR_ASSIGN_OR_RETURN(security.accepted, protections(conf, "hadoop.rpc.protection"));
  const std::string configured = conf.get("dfs.namenode.kerberos.principal").value_or("");
  security.rpc.kerberos = [login = security.login, accepted = security.accepted,
                           configured](const std::string& host) {
    return gssapi_mechanism(login, service_principal(configured, host), accepted);
  };
  WEIR_ASSIGN_OR_RETURN(const auto transfer, protections(conf, "dfs.data.transfer.protection"));
  if (security.kerberos && !transfer.empty()) security.transfer = transfer.front();
  return security;
}

DataNodeDialer::Protect transfer_protector(const NativeSecurity& security,
                                           std::shared_ptr<NameNodeClient> namenode,
                                           std::function<std::string()> nonce,
                                           std::chrono::milliseconds timeout) {
  auto protector =
      std::make_shared<TransferProtector>(security, std::move(namenode), std::move(nonce), timeout);
  return [protector](std::unique_ptr<TcpClient> plain, const hadoop::Token& token) {
    return protector->protect(std::move(plain), token);
  };
}

}  // namespace weir
