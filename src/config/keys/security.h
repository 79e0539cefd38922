#pragma once

#include "config/config_key.h"

namespace weir {

namespace options {

inline constexpr Option<std::string> kSharedSecretFile{
    {"security.shared-secret.file", ConfigType::kString, "",
     "A file with the shared secret of coordinators and workers, readable by its owner only. Unset "
     "with --workers: a secret is generated for the workers of this run."}};
inline constexpr Option<bool> kInternalTls{
    {"security.ssl.internal.enabled", ConfigType::kBool, "false",
     "Coordinators and workers use TLS and authenticate with certificates."}};
inline constexpr Option<std::string> kInternalKeystore{
    {"security.ssl.internal.keystore", ConfigType::kString, "",
     "Certificate and key of this process: a PKCS #12 or PEM file."}};
inline constexpr Option<std::string> kInternalKeystorePassword{
    {"security.ssl.internal.keystore-password", ConfigType::kSecret, "",
     "Password of the keystore."}};
inline constexpr Option<std::string> kInternalKeystorePasswordFile{
    {"security.ssl.internal.keystore-password.file", ConfigType::kString, "",
     "A file that contains it, readable by its owner only."}};
inline constexpr Option<std::string> kInternalKeyPassword{
    {"security.ssl.internal.key-password", ConfigType::kSecret, "",
     "Password of the key in a keystore that is a PEM file."}};
inline constexpr Option<std::string> kInternalKeyPasswordFile{
    {"security.ssl.internal.key-password.file", ConfigType::kString, "",
     "A file that contains it, readable by its owner only."}};
inline constexpr Option<std::string> kInternalTruststore{
    {"security.ssl.internal.truststore", ConfigType::kString, "",
     "The certificates that sign those of the peers: a PKCS #12 or PEM file."}};
inline constexpr Option<std::string> kInternalTruststorePassword{
    {"security.ssl.internal.truststore-password", ConfigType::kSecret, "",
     "Password of the truststore."}};
inline constexpr Option<std::string> kInternalTruststorePasswordFile{
    {"security.ssl.internal.truststore-password.file", ConfigType::kString, "",
     "A file that contains it, readable by its owner only."}};

}  // namespace options

/// Who may take part in a cluster.
inline constexpr const ConfigKey* kSecurityKeys[] = {
    &options::kSharedSecretFile,
    &options::kInternalTls,
    &options::kInternalKeystore,
    &options::kInternalKeystorePassword,
    &options::kInternalKeystorePasswordFile,
    &options::kInternalKeyPassword,
    &options::kInternalKeyPasswordFile,
    &options::kInternalTruststore,
    &options::kInternalTruststorePassword,
    &options::kInternalTruststorePasswordFile,
};

}  // namespace weir
