#include "fs/file_system_registry.h"

#include <filesystem>

#include "base/status_macros.h"
#include "base/strings.h"

namespace weir {
namespace {

bool is_scheme(std::string_view text) {
  if (text.empty() || !((text[0] >= 'a' && text[0] <= 'z') || (text[0] >= 'A' && text[0] <= 'Z')))
    return false;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (!plain && c != '+' && c != '-' && c != '.') return false;
  }
  return true;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

StatusOr<std::string> local_path(const std::string& uri, std::string_view text) {
  std::filesystem::path path(text);
  if (path.is_relative()) {
    std::error_code error;
    const auto here = std::filesystem::current_path(error);
    if (error)
      return invalid_argument(
          cat("cannot make \"", uri, "\" absolute: ", error.message(), "; give an absolute path"));
    path = here / path;
  }
  std::string normal = path.lexically_normal().string();
  // The standard library keeps "//a" as a name of its own; for weir it is "/a".
  while (normal.size() > 1 && normal[1] == '/') normal.erase(0, 1);
  while (normal.size() > 1 && normal.back() == '/') normal.pop_back();
  return normal;
}

StatusOr<std::string> remote_path(const std::string& uri, std::string_view text) {
  std::string path;
  for (const std::string_view part : split(text, '/')) {
    if (part.empty() || part == ".") continue;
    if (part == "..")
      return invalid_argument(cat("\"", uri, "\" contains \"..\": write the path without it"));
    path += '/';
    path += part;
  }
  return path.empty() ? std::string("/") : path;
}

}  // namespace

std::string FileUri::to_string() const { return cat(scheme, "://", authority, path); }

StatusOr<FileUri> parse_file_uri(const std::string& uri) {
  if (trim(uri).empty())
    return invalid_argument(
        "an empty text is not a file URI: give a path, or scheme://authority/path");
  if (uri.find('\0') != std::string::npos) return invalid_argument("a file URI holds a zero byte");
  FileUri parsed;
  const size_t colon = uri.find(':');
  const size_t slash = uri.find('/');
  if (colon == std::string::npos || slash < colon) {
    parsed.scheme = "file";
    WEIR_ASSIGN_OR_RETURN(parsed.path, local_path(uri, uri));
    return parsed;
  }
  const std::string_view scheme = std::string_view(uri).substr(0, colon);
  if (!is_scheme(scheme)) {
    return invalid_argument(
        cat("\"", uri,
            "\" has no valid scheme before its ':'; for a local file of that name write \"./", uri,
            "\""));
  }
  std::string_view rest = std::string_view(uri).substr(colon + 1);
  if (!rest.starts_with('/')) {
    return invalid_argument(cat("\"", uri, "\" has a scheme but no absolute path: write ", scheme,
                                "://authority/path, or \"./", uri,
                                "\" for a local file of that name"));
  }
  parsed.scheme = lower(scheme);
  if (rest.starts_with("//")) {
    rest.remove_prefix(2);
    const size_t end = rest.find('/');
    parsed.authority = std::string(rest.substr(0, end));
    rest = end == std::string_view::npos ? std::string_view("/") : rest.substr(end);
  }
  for (const char c : parsed.authority) {
    if (static_cast<unsigned char>(c) <= ' ' || c == '?' || c == '#' || c == '\\' || c == '%' ||
        c == 0x7f) {
      return invalid_argument(
          cat("\"", uri, "\" has a character in its authority that no host name has"));
    }
  }
  if (parsed.scheme == "file") {
    if (!parsed.authority.empty() && parsed.authority != "localhost") {
      return invalid_argument(cat("\"", uri, "\" names the host \"", parsed.authority,
                                  "\": local files have none; write file:///", parsed.authority,
                                  rest, " if that is part of the path"));
    }
    parsed.authority.clear();
    WEIR_ASSIGN_OR_RETURN(parsed.path, local_path(uri, rest));
  } else {
    WEIR_ASSIGN_OR_RETURN(parsed.path, remote_path(uri, rest));
  }
  return parsed;
}

FileLocation FileLocation::child(std::string_view name) const {
  return {fs, join_path(path, name), join_path(uri, name)};
}

}  // namespace weir
