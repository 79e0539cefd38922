#include "fs/hdfs/namenode_address.h"

#include <algorithm>

#include "base/status_macros.h"
#include "base/strings.h"
#include "config/value_text.h"
#include "fs/file_system_registry.h"

namespace weir {
namespace {

struct HostPort {
  std::string host;  // with brackets if it is an IPv6 address
  std::string port;  // may be empty
};

HostPort split_port(std::string_view address) {
  const size_t colon = address.rfind(':');
  const size_t bracket = address.rfind(']');
  if (colon == std::string_view::npos || (bracket != std::string_view::npos && colon < bracket))
    return {std::string(address), ""};
  return {std::string(address.substr(0, colon)), std::string(address.substr(colon + 1))};
}

std::vector<std::string> list_of(const std::optional<std::string>& value) {
  std::vector<std::string> items;
  if (!value) return items;
  for (const std::string_view item : split(*value, ',')) {
    if (!trim(item).empty()) items.emplace_back(trim(item));
  }
  return items;
}

/// The configured protocol, HTTP or HTTPS.
struct Web {
  bool https;
  std::string address_key() const {
    return https ? "dfs.namenode.https-address" : "dfs.namenode.http-address";
  }
  std::string port() const { return https ? "9871" : "9870"; }
  std::string base(const HostPort& address) const {
    return cat(https ? "https://" : "http://", address.host, ":",
               address.port.empty() ? port() : address.port);
  }
};

Web web_of(const HadoopConf& conf) { return {conf.get("dfs.http.policy") == "HTTPS_ONLY"}; }

/// A NameNode may listen on all interfaces; then a client needs `host` instead.
HostPort reachable(HostPort address, const std::string& host) {
  if (address.host.empty() || address.host == "0.0.0.0" || address.host == "[::]")
    address.host = host;
  return address;
}

/// The base for one NameNode, whose keys end in `suffix` ("", ".ns" or ".ns.nn"); nullopt if no key
/// names a host.
std::optional<std::string> base_of(const HadoopConf& conf, const Web& web,
                                   const std::string& suffix) {
  const auto rpc = conf.get("dfs.namenode.rpc-address" + suffix);
  const std::string host = rpc ? split_port(*rpc).host : "";
  if (const auto http = conf.get(web.address_key() + suffix)) {
    const HostPort address = reachable(split_port(*http), host);
    if (!address.host.empty()) return web.base(address);
  }
  if (!host.empty()) return web.base({host, ""});
  return std::nullopt;
}

bool is_nameservice(const HadoopConf& conf, const std::string& name) {
  const auto services = list_of(conf.get("dfs.nameservices"));
  return std::find(services.begin(), services.end(), name) != services.end();
}

StatusOr<NameNodes> of_nameservice(const HadoopConf& conf, const Web& web,
                                   const std::string& name) {
  NameNodes found;
  found.origin = cat(web.address_key(), ".", name, ".* of the Hadoop configuration");
  const std::string list_key = cat("dfs.ha.namenodes.", name);
  const auto ids = list_of(conf.get(list_key));
  for (const std::string& id : ids) {
    const auto base = base_of(conf, web, cat(".", name, ".", id));
    if (!base) {
      return invalid_argument(cat("the Hadoop configuration lists the NameNode ", id, " in ",
                                  list_key, " but gives it no address: set ", web.address_key(),
                                  ".", name, ".", id));
    }
    found.http_bases.push_back(*base);
  }
  if (ids.empty()) {
    const auto base = base_of(conf, web, cat(".", name));
    if (!base) {
      return invalid_argument(cat("the Hadoop configuration has the nameservice ", name,
                                  " but no NameNode for it: set ", list_key, ", or ",
                                  web.address_key(), ".", name));
    }
    found.http_bases.push_back(*base);
  }
  return found;
}

/// The suffix ("", ".ns" or ".ns.nn") of the NameNode whose RPC address is `authority`.
std::optional<std::string> suffix_of_rpc_address(const HadoopConf& conf,
                                                 const std::string& authority) {
  const std::string prefix = "dfs.namenode.rpc-address";
  for (const std::string& key : conf.keys()) {
    if (key.starts_with(prefix) && (key.size() == prefix.size() || key[prefix.size()] == '.') &&
        conf.get(key) == authority) {
      return key.substr(prefix.size());
    }
  }
  // A single NameNode may have only fs.defaultFS as its address.
  const auto default_fs = conf.get("fs.defaultFS");
  if (default_fs) {
    const auto uri = parse_file_uri(*default_fs);
    if (uri.ok() && uri->scheme == "hdfs" && uri->authority == authority) return "";
  }
  return std::nullopt;
}

StatusOr<std::string> configured_base(const Web& web, const std::string& item) {
  std::string_view rest = item;
  Web own = web;
  if (rest.starts_with("http://")) {
    own.https = false;
    rest.remove_prefix(7);
  } else if (rest.starts_with("https://")) {
    own.https = true;
    rest.remove_prefix(8);
  }
  while (rest.ends_with('/')) rest.remove_suffix(1);
  if (rest.empty() || rest.find_first_of("/?#@ ") != std::string_view::npos) {
    return invalid_argument(cat("fs.hdfs.http-address: \"", item,
                                "\" is not an address: write host:port, or http://host:port"));
  }
  return own.base(split_port(rest));
}

}  // namespace

namespace {

/// Refuses addresses with a "${x}", which is an undefined variable.
StatusOr<NameNodes> resolved(const HadoopConf& conf, StatusOr<NameNodes> found) {
  if (!found.ok()) return found;
  for (const std::string& base : found->http_bases) {
    const size_t begin = base.find("${");
    if (begin == std::string::npos) continue;
    const std::string variable = base.substr(begin, base.find('}', begin) + 1 - begin);
    for (const std::string& key : conf.keys()) {
      if (!key.starts_with("dfs.namenode.") ||
          conf.get(key).value_or("").find(variable) == std::string::npos)
        continue;
      return invalid_argument(
          cat(conf.place(key), " sets ", key, " to an address with ", variable,
              ", which neither the Hadoop configuration nor the environment defines"));
    }
  }
  return found;
}

/// `given`, or the authority of fs.defaultFS if it is empty.
StatusOr<std::string> authority_of(const HadoopConf& conf, const std::string& given) {
  if (!given.empty()) return given;
  const auto default_fs = conf.get("fs.defaultFS");
  if (!default_fs) {
    return invalid_argument(
        "an hdfs: URI without a host needs fs.defaultFS, and no Hadoop configuration gives it: "
        "set HADOOP_CONF_DIR to the directory of core-site.xml, or write hdfs://host:port/path");
  }
  const auto uri = parse_file_uri(*default_fs);
  if (!uri.ok() || uri->scheme != "hdfs" || uri->authority.empty()) {
    return invalid_argument(cat("an hdfs: URI without a host means fs.defaultFS, which is \"",
                                *default_fs,
                                "\" and not hdfs://host:port: write the host into the URI"));
  }
  return uri->authority;
}

StatusOr<NameNodes> find_any(const HadoopConf& conf, const std::string& given,
                             const std::optional<std::string>& configured) {
  const Web web = web_of(conf);
  if (const auto items = list_of(configured); !items.empty()) {
    NameNodes found{{}, "fs.hdfs.http-address"};
    for (const std::string& item : items) {
      WEIR_ASSIGN_OR_RETURN(std::string base, configured_base(web, item));
      found.http_bases.push_back(std::move(base));
    }
    return found;
  }
  WEIR_ASSIGN_OR_RETURN(const std::string authority, authority_of(conf, given));
  if (is_nameservice(conf, authority)) return of_nameservice(conf, web, authority);
  const std::string host = split_port(authority).host;
  if (const auto suffix = suffix_of_rpc_address(conf, authority)) {
    if (const auto http = conf.get(web.address_key() + *suffix)) {
      return NameNodes{{web.base(reachable(split_port(*http), host))},
                       cat(web.address_key(), *suffix, " of the Hadoop configuration")};
    }
  }
  const bool may_be_nameservice = host == authority && host.find('.') == std::string::npos;
  return NameNodes{{web.base({host, ""})},
                   cat("port ", web.port(), ", the default",
                       may_be_nameservice ? cat(" (if ", authority,
                                                " is a nameservice, set HADOOP_CONF_DIR to the "
                                                "directory of the hdfs-site.xml that lists it "
                                                "in dfs.nameservices)")
                                          : "")};
}

}  // namespace

StatusOr<NameNodes> find_namenodes(const HadoopConf& conf, const std::string& authority,
                                   const std::optional<std::string>& configured) {
  return resolved(conf, find_any(conf, authority, configured));
}

StatusOr<NameNodes> find_web_namenodes(const HadoopConf& conf, const std::string& authority,
                                       bool https) {
  if (authority.empty())
    return invalid_argument(
        "a webhdfs: URI needs the NameNode's HTTP address: write webhdfs://host:9870/path");
  const Web web{https || (is_nameservice(conf, authority) && web_of(conf).https)};
  if (is_nameservice(conf, authority)) return resolved(conf, of_nameservice(conf, web, authority));
  return NameNodes{{web.base(split_port(authority))}, "the URI"};
}

namespace {

constexpr int kRpcPort = 8020;

StatusOr<NameNodeAddress> rpc_address(const std::string& text, const std::string& origin) {
  const HostPort parts = split_port(text);
  std::string host = parts.host;
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  const auto port = parts.port.empty() ? StatusOr<int64_t>(kRpcPort) : parse_int(parts.port);
  if (host.empty() || host.find_first_of("/?#@ $") != std::string::npos || !port.ok() ||
      *port < 1 || *port > 65535)
    return invalid_argument(cat(origin, ": \"", text, "\" is not an address: write host:port"));
  return NameNodeAddress{host, static_cast<int>(*port)};
}

/// The addresses of a nameservice, as texts with the keys that give them.
StatusOr<RpcNameNodes> rpc_of_nameservice(const HadoopConf& conf, const std::string& name) {
  RpcNameNodes found;
  found.authority = name;
  found.origin = cat("dfs.namenode.rpc-address.", name, ".* of the Hadoop configuration");
  const std::string list_key = cat("dfs.ha.namenodes.", name);
  auto ids = list_of(conf.get(list_key));
  if (ids.empty()) ids.emplace_back();
  for (const std::string& id : ids) {
    const std::string key = cat("dfs.namenode.rpc-address.", name, id.empty() ? "" : ".", id);
    const auto value = conf.get(key);
    if (!value) {
      return invalid_argument(cat("the Hadoop configuration has the nameservice ", name,
                                  " but no RPC address of its NameNode", id.empty() ? "" : " ", id,
                                  ": set ", key));
    }
    WEIR_ASSIGN_OR_RETURN(NameNodeAddress address,
                          rpc_address(*value, cat(conf.place(key), ", ", key)));
    found.addresses.push_back(std::move(address));
  }
  return found;
}

}  // namespace

std::string NameNodeAddress::text() const { return cat(host, ":", port); }

StatusOr<RpcNameNodes> find_rpc_namenodes(const HadoopConf& conf, const std::string& given,
                                          const std::optional<std::string>& configured) {
  RpcNameNodes found;
  if (const auto items = list_of(configured); !items.empty()) {
    if (auto authority = authority_of(conf, given); authority.ok())
      found.authority = *std::move(authority);
    found.origin = "fs.hdfs.rpc-address";
    for (const std::string& item : items) {
      WEIR_ASSIGN_OR_RETURN(NameNodeAddress address, rpc_address(item, found.origin));
      found.addresses.push_back(std::move(address));
    }
    return found;
  }
  WEIR_ASSIGN_OR_RETURN(const std::string authority, authority_of(conf, given));
  if (is_nameservice(conf, authority)) return rpc_of_nameservice(conf, authority);
  found.authority = authority;
  const HostPort parts = split_port(authority);
  const bool may_be_nameservice = parts.port.empty() && parts.host.find('.') == std::string::npos;
  found.origin =
      cat(given.empty() ? "fs.defaultFS" : "the URI",
          may_be_nameservice ? cat(" (if ", authority,
                                   " is a nameservice, set HADOOP_CONF_DIR to the directory of the "
                                   "hdfs-site.xml that lists it in dfs.nameservices)")
                             : "");
  WEIR_ASSIGN_OR_RETURN(NameNodeAddress address, rpc_address(authority, found.origin));
  found.addresses.push_back(std::move(address));
  return found;
}

}  // namespace weir
