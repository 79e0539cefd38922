#include "rest/request.h"

#include <algorithm>
#include <string_view>

#include "base/strings.h"

namespace weir {
namespace {

/// "host" of "host:port", without the brackets of an IPv6 address.
std::string_view without_port(std::string_view host) {
  if (host.starts_with('[')) {
    const size_t end = host.find(']');
    return end == std::string_view::npos ? host : host.substr(1, end - 1);
  }
  return host.substr(0, host.rfind(':'));
}

bool is_address(std::string_view host) {
  if (host.empty()) return false;
  const bool v6 = host.find(':') != std::string_view::npos;
  return std::all_of(host.begin(), host.end(), [v6](char c) {
    const bool hex = (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    return (c >= '0' && c <= '9') || c == '.' || (v6 && (c == ':' || hex));
  });
}

bool same_name(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
    return lower(x) == lower(y);
  });
}

/// Takes the same time wherever they differ.
bool same_secret(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  unsigned different = 0;
  for (size_t i = 0; i < a.size(); ++i)
    different |= static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i]);
  return different == 0;
}

/// The "host:port" of an origin or of the address of a page.
std::string_view host_of_url(std::string_view url) {
  const size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return {};
  const std::string_view rest = url.substr(scheme + 3);
  return rest.substr(0, rest.find('/'));
}

}  // namespace

Status check_sender(const RestRules& rules, const RestRequest& request) {
  const std::string_view name = without_port(request.host);
  const bool known = request.host.empty() || is_address(name) || same_name(name, "localhost") ||
                     std::any_of(rules.names.begin(), rules.names.end(),
                                 [&](const std::string& each) { return same_name(each, name); });
  if (!known) {
    return permission_denied(cat("this server does not answer under the name ", name,
                                 ": use its address, or set rest.address to that name"));
  }
  if (!request.origin.empty() && host_of_url(request.origin) != request.host) {
    return permission_denied(
        cat("a page of ", request.origin, " may not use this server; only its own pages may"));
  }
  return {};
}

Status check_may_change(const RestRules& rules, const RestRequest& request) {
  if (!rules.token.empty()) {
    if (same_secret(request.authorization, cat("Bearer ", rules.token))) return {};
    return permission_denied(
        "to change something, a request needs the header `Authorization: Bearer TOKEN` with the "
        "token of weir.rest.token");
  }
  if (request.from_loopback) return {};
  return permission_denied(
      "requests from other machines may only read: to let them change something, set "
      "weir.rest.token, and send it in the header `Authorization: Bearer TOKEN`");
}

Status check_same_page(const RestRequest& request) {
  const bool same = request.fetch_site.empty()
                        ? !request.host.empty() && host_of_url(request.referer) == request.host
                        : request.fetch_site == "same-origin";
  if (same) return {};
  return permission_denied(
      "only a page of this server may cancel the job by GET: send PATCH /jobs/JOBID?mode=cancel");
}

}  // namespace weir
