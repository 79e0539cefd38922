#include "fs/hdfs/native_component.h"

#include <algorithm>

#include "base/log.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "config/value_text.h"
#include "fs/hdfs/hdfs_settings.h"
#include "fs/hdfs/namenode_address.h"
#include "fs/hdfs/namenode_login.h"
#include "fs/hdfs/native_file_system.h"
#include "fs/hdfs/native_security.h"
#include "fs/hdfs/rpc/hadoop.pb.h"
#include "platform/real_clock.h"
#include "platform/real_random.h"

namespace weir {
namespace {

constexpr std::chrono::seconds kConnectTimeout{10};
constexpr std::chrono::seconds kAuthenticationTimeout{30};

std::string random_bytes(size_t count) {
  // With a seed of the kernel's each time: after a fork, both processes would draw the same ids,
  // and the NameNode would take the calls of one for repetitions of the other's.
  RealRandom random;
  std::string bytes;
  while (bytes.size() < count) {
    const uint64_t word = random.next();
    bytes.append(reinterpret_cast<const char*>(&word), sizeof word);
  }
  bytes.resize(count);
  return bytes;
}

MonotonicTime real_now() {
  static const RealClock clock;
  return clock.now();
}

/// "134217728" or "128m", as Hadoop writes sizes.
StatusOr<int64_t> size_of_key(const HadoopConf& conf, const std::string& key) {
  const auto text = conf.get(key);
  if (!text) return 0;
  constexpr std::string_view kUnits = "kmgt";
  const size_t unit = kUnits.find(static_cast<char>(text->back() | 0x20));
  const auto number = parse_int(unit == std::string_view::npos
                                    ? std::string_view(*text)
                                    : std::string_view(*text).substr(0, text->size() - 1));
  const int shift = unit == std::string_view::npos ? 0 : 10 * (static_cast<int>(unit) + 1);
  if (!number.ok() || *number < 1 || *number > INT64_MAX >> shift)
    return invalid_argument(
        cat(conf.place(key), " sets ", key, " to \"", *text, "\", which is not a size"));
  return *number << shift;
}

Status renew_lease(NameNodeClient& namenode, const std::string& client_name) {
  static const std::string kNoPath = "the open files of this process";
  hadoop::RenewLeaseRequest request;
  request.set_clientname(client_name);
  hadoop::Nothing nothing;
  return namenode.call({"renewLease", "keep", kNoPath}, request, &nothing).status;
}

}  // namespace

StatusOr<std::shared_ptr<FileSystem>> make_native_hdfs(const FileUri& uri, const HadoopConf& conf,
                                                       const RealFileSystemsOptions& options) {
  WEIR_ASSIGN_OR_RETURN(const HdfsSettings settings, hdfs_settings(options));
  WEIR_ASSIGN_OR_RETURN(const RpcNameNodes namenodes,
                        find_rpc_namenodes(conf, uri.authority,
                                           look_up_setting(options.config, "fs.hdfs.rpc-address")));
  NameNodeClientOptions rpc;
  static_cast<HdfsRetryOptions&>(rpc) = settings.retry;
  rpc.now = options.now ? options.now : real_now;
  rpc.namenodes = namenodes.addresses;
  rpc.origin = namenodes.origin;
  rpc.user = settings.user;
  rpc.answer_timeout = settings.silence;
  WEIR_ASSIGN_OR_RETURN(const NativeSecurity security, native_security(conf, options));
  // A file of tokens that cannot be read is found now, and not by the first checkpoint.
  WEIR_ASSIGN_OR_RETURN(const auto token,
                        find_token(security, namenodes.authority, namenodes.addresses.front()));
  // For messages: the user whom the NameNode sees.
  if (!security.user.empty()) rpc.user = security.user;
  if (!settings.proxy_user.empty()) rpc.user = settings.proxy_user;
  if (token) rpc.user = token->owner;
  const auto nonce = [] { return to_hex(random_bytes(16)); };
  const NameNodeLogin login{.security = security,
                            .authority = namenodes.authority,
                            .user = settings.user,
                            .proxy_user = settings.proxy_user,
                            .client_id = random_bytes(16),
                            .nonce = nonce,
                            .connect_timeout = kConnectTimeout,
                            .timeout = kAuthenticationTimeout,
                            .now = rpc.now};
  rpc.connect = [login](const NameNodeAddress& namenode) { return login.connect(namenode); };

  auto hdfs = std::make_shared<NativeHdfs>();
  hdfs->namenode = std::make_shared<NameNodeClient>(std::move(rpc));
  hdfs->dialer.connect = connect_tcp;
  hdfs->dialer.protect =
      transfer_protector(security, hdfs->namenode, nonce, kAuthenticationTimeout);
  hdfs->dialer.by_host_name = conf.get("dfs.client.use.datanode.hostname") == "true";
  hdfs->client_name = cat("weir_", to_hex(random_bytes(12)));
  hdfs->options = settings.hdfs;
  hdfs->silence = settings.silence;
  WEIR_ASSIGN_OR_RETURN(const int64_t replication, size_of_key(conf, "dfs.replication"));
  hdfs->replication = static_cast<int>(std::min<int64_t>(replication, 512));
  WEIR_ASSIGN_OR_RETURN(hdfs->block_bytes, size_of_key(conf, "dfs.blocksize"));
  hdfs->leases =
      std::make_shared<LeaseKeeper>([namenode = hdfs->namenode, client_name = hdfs->client_name] {
        const Status renewed = renew_lease(*namenode, client_name);
        if (!renewed.ok()) { WEIR_LOG(kWarning) << "HDFS: " << renewed.message(); }
      });
  return std::shared_ptr<FileSystem>(std::make_shared<NativeFileSystem>(std::move(hdfs)));
}

}  // namespace weir
