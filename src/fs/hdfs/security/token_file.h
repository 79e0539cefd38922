#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "weir/status.h"

namespace weir {

/// A token of Hadoop: an identifier that says whose it is, and the password that proves the right
/// to use it.
struct HadoopToken {
  std::string identifier;
  std::string password;
  std::string kind;     ///< "HDFS_DELEGATION_TOKEN"
  std::string service;  ///< "10.0.0.1:8020" or "ha-hdfs:mycluster"
};

/// The tokens of a file as YARN gives it to a process ($HADOOP_TOKEN_FILE_LOCATION), and as `hdfs
/// fetchdt` writes it, in either of its formats (Credentials.java of Hadoop 3.4.2). Its other
/// secrets are skipped. INVALID_ARGUMENT if it is another file. Pure.
StatusOr<std::vector<HadoopToken>> parse_token_file(std::string_view bytes);

/// The delegation token for the first of these services that has one; null if none has.
const HadoopToken* delegation_token_of(const std::vector<HadoopToken>& tokens,
                                       const std::vector<std::string>& services);

/// The user whom the NameNode sees, "alice" (AbstractDelegationTokenIdentifier.java); empty if the
/// identifier cannot be read. Pure.
std::string owner_of_token(std::string_view identifier);

}  // namespace weir
