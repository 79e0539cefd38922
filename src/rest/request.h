#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "platform/unique_fd.h"
#include "weir/status.h"

namespace weir {

/// An HTTP request, as far as the interface looks at it.
struct RestRequest {
  std::string method = "GET";
  std::string path;  ///< decoded, without the query
  std::map<std::string, std::string> query{};
  std::string body{};
  bool from_loopback = true;  ///< the address of the peer
  // Headers; empty: not there.
  std::string host{};
  std::string origin{};
  std::string authorization{};
  std::string fetch_site{};  ///< Sec-Fetch-Site, which browsers send
  std::string referer{};
  std::string if_none_match{};
};

struct RestReply {
  int status = 200;
  std::string body{};
  std::string content_type = "application/json; charset=UTF-8";
  std::string cache_control = "no-store";
  std::string etag{};      ///< empty: none
  std::string location{};  ///< of a redirection; empty: none
  /// No page of another server may show this one in a frame, and have it clicked.
  std::string content_security_policy = "frame-ancestors 'self'";
  UniqueFd file{};  ///< if it is open, its first `file_size` bytes are sent instead of `body`
  uint64_t file_size = 0;
  /// If set, the rest of this object means nothing, and the reply is not known yet: the server
  /// calls it once with a function that takes the reply, on any thread.
  std::function<void(std::function<void(RestReply)>)> later{};
};

/// Who may do what.
struct RestRules {
  /// Names, besides localhost and addresses, by which browsers may reach this server.
  std::vector<std::string> names{};
  std::string token{};         ///< for requests that change something; empty: there is none
  bool offers_changes = true;  ///< whether pages have buttons that change the job
};

/// PERMISSION_DENIED: the request may have been sent by a web page of somebody else, to this server
/// under a name that leads here (DNS rebinding), or across sites.
Status check_sender(const RestRules& rules, const RestRequest& request);
/// Whether the sender may change something. With a token: whoever knows it. Without: processes of
/// this machine.
Status check_may_change(const RestRules& rules, const RestRequest& request);
/// Whether a GET that changes something, as the dashboard's Cancel button sends it, comes from a
/// page of this server.
Status check_same_page(const RestRequest& request);

}  // namespace weir
