#include "fs/hdfs/webhdfs_url.h"

namespace weir {

std::string percent_encode(std::string_view text, bool keep_slashes) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_' || c == '~';
    if (plain || (c == '/' && keep_slashes)) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += '%';
      out += kDigits[byte >> 4];
      out += kDigits[byte & 15];
    }
  }
  return out;
}

std::string webhdfs_url(
    std::string_view base, std::string_view path, std::string_view op,
    std::initializer_list<std::pair<std::string_view, std::string_view>> parameters) {
  std::string url(base);
  url += "/webhdfs/v1";
  url += percent_encode(path, true);
  url += "?op=";
  url += op;
  for (const auto& [name, value] : parameters) {
    if (name.empty()) continue;
    url += '&';
    url += name;
    url += '=';
    url += percent_encode(value, false);
  }
  return url;
}

std::string url_origin(std::string_view url) {
  const size_t scheme = url.find("://");
  if (scheme == std::string_view::npos) return "(not a URL)";
  const size_t end = url.find_first_of("/?#", scheme + 3);
  const std::string_view origin = url.substr(0, end);
  const size_t user = origin.rfind('@');
  if (user == std::string_view::npos) return std::string(origin);
  return std::string(origin.substr(0, scheme + 3)) + std::string(origin.substr(user + 1));
}

std::string url_host(std::string_view url) {
  std::string origin = url_origin(url);
  const size_t scheme = origin.find("://");
  if (scheme == std::string::npos) return "";
  origin.erase(0, scheme + 3);
  const size_t colon = origin.rfind(':');
  const size_t bracket = origin.rfind(']');
  if (colon != std::string::npos && (bracket == std::string::npos || colon > bracket))
    origin.resize(colon);
  return origin;
}

}  // namespace weir
