#include "rest/page_files.h"

#include "base/strings.h"
#include "base/version.h"
#include "rest/static_files.h"

namespace weir::rest {
namespace {

/// Nothing but what this server sends: no script or style in the page itself, no other server.
constexpr const char* kPolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
constexpr std::string_view kFolder = "/weir/";

}  // namespace

std::optional<RestReply> page_file(const RestRequest& request) {
  if (request.method != "GET") return std::nullopt;
  RestReply reply;
  if (request.path == "/" || request.path == "/weir") {
    reply.status = 302;
    // Relative, so that it holds behind a proxy that adds a prefix.
    reply.location = "weir/";
    reply.content_type = "text/plain; charset=UTF-8";
    return reply;
  }
  if (!request.path.starts_with(kFolder)) return std::nullopt;
  std::string_view name = std::string_view(request.path).substr(kFolder.size());
  if (name.empty()) name = "index.html";
  for (const PageAsset& asset : page_assets()) {
    if (asset.name != name) continue;
    reply.content_type = content_type_of(name);
    reply.content_security_policy = kPolicy;
    reply.cache_control = "no-cache";
    reply.etag = cat('"', weir_version(), '-', asset.content.size(), '-',
                     std::hash<std::string_view>()(asset.content), '"');
    if (request.if_none_match == reply.etag) {
      reply.status = 304;
    } else {
      reply.body = asset.content;
    }
    return reply;
  }
  return std::nullopt;
}

}  // namespace weir::rest
