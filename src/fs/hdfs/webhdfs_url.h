#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace weir {

/// Percent-encodes all but unreserved characters; '/' too, unless `keep_slashes`.
std::string percent_encode(std::string_view text, bool keep_slashes);

/// base + "/webhdfs/v1" + path + "?op=…" + the parameters with non-empty names, all encoded.
std::string webhdfs_url(
    std::string_view base, std::string_view path, std::string_view op,
    std::initializer_list<std::pair<std::string_view, std::string_view>> parameters);

/// "http://host:port" of a URL. Messages may show only this part, since the query can hold a
/// delegation token.
std::string url_origin(std::string_view url);
/// "host" of a URL.
std::string url_host(std::string_view url);

}  // namespace weir
