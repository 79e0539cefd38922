#include "fs/hdfs/webhdfs_json.h"

#include <nlohmann/json.hpp>

#include "base/status_macros.h"
#include "base/strings.h"

namespace weir {
namespace {

using Json = nlohmann::json;

constexpr size_t kMessageBytesMax = 1000;

Json parse(std::string_view body) { return Json::parse(body, nullptr, /*allow_exceptions=*/false); }

/// The member, or null if `object` is not an object or has no such member.
const Json& member(const Json& object, const char* name) {
  static const Json kNull;
  if (!object.is_object()) return kNull;
  const auto found = object.find(name);
  return found == object.end() ? kNull : *found;
}

int64_t number(const Json& object, const char* name) {
  const Json& value = member(object, name);
  return value.is_number_integer() ? value.get<int64_t>() : 0;
}

Status malformed(std::string_view what, std::string_view body) {
  return unavailable(cat("the answer is not a WebHDFS ", what, " (", body.size(),
                         " bytes, cut off or from another kind of server)"));
}

StatusOr<HdfsFileStatus> file_status(const Json& json, std::string_view body) {
  HdfsFileStatus status;
  const Json& type = member(json, "type");
  const Json& length = member(json, "length");
  const Json& name = member(json, "pathSuffix");
  if (!type.is_string() || !length.is_number_integer() || !name.is_string())
    return malformed("FileStatus", body);
  status.is_directory = type.get_ref<const std::string&>() == "DIRECTORY";
  status.length = status.is_directory ? 0 : length.get<int64_t>();
  status.name = name.get<std::string>();
  status.modified_ms = number(json, "modificationTime");
  status.file_id = number(json, "fileId");
  if (status.length < 0 || status.name.find('/') != std::string::npos || status.name == "." ||
      status.name == "..")
    return malformed("FileStatus", body);
  return status;
}

}  // namespace

StatusOr<HdfsFileStatus> parse_file_status(std::string_view body) {
  return file_status(member(parse(body), "FileStatus"), body);
}

StatusOr<HdfsListing> parse_listing(std::string_view body) {
  const Json json = parse(body);
  const Json& listing = member(json, "DirectoryListing");
  const Json& entries =
      member(member(member(listing, "partialListing"), "FileStatuses"), "FileStatus");
  const Json& remaining = member(listing, "remainingEntries");
  if (!entries.is_array() || !remaining.is_number_integer())
    return malformed("DirectoryListing", body);
  HdfsListing result;
  result.remaining = remaining.get<int64_t>();
  for (const Json& entry : entries) {
    WEIR_ASSIGN_OR_RETURN(HdfsFileStatus status, file_status(entry, body));
    result.entries.push_back(std::move(status));
  }
  // The next page is requested by the last name of this one; without a name the caller would loop
  // forever.
  if (result.remaining < 0 || (result.remaining > 0 && result.entries.empty()))
    return malformed("DirectoryListing", body);
  return result;
}

bool parse_under_construction(std::string_view body) {
  const Json json = parse(body);
  const Json& under_construction = member(member(json, "LocatedBlocks"), "isUnderConstruction");
  return under_construction.is_boolean() && under_construction.get<bool>();
}

StatusOr<bool> parse_boolean(std::string_view body) {
  const Json json = parse(body);
  const Json& value = member(json, "boolean");
  if (!value.is_boolean()) return malformed("boolean", body);
  return value.get<bool>();
}

RemoteException parse_remote_exception(std::string_view body) {
  const Json json = parse(body);
  const Json& remote = member(json, "RemoteException");
  const Json& exception = member(remote, "exception");
  const Json& message = member(remote, "message");
  RemoteException result;
  if (!exception.is_string()) return result;
  result.exception = exception.get<std::string>();
  if (message.is_string()) {
    const std::string& text = message.get_ref<const std::string&>();
    result.message = std::string(
        trim(std::string_view(text).substr(0, text.find('\n')).substr(0, kMessageBytesMax)));
  }
  return result;
}

}  // namespace weir
