#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "rest/request.h"
#include "weir/status.h"

namespace weir {

/// The files of one directory, such as Flink's dashboard, for browsers. They are listed once, when
/// the server starts, and only listed files are served: no request can reach another file.
/// Thread: any.
class StaticFiles {
 public:
  /// INVALID_ARGUMENT: it is not a directory with an index.html, cannot be read, or has too many
  /// files.
  static StatusOr<StaticFiles> list(const std::string& directory);

  /// The reply with the file; none if it is not listed, or the request is not a GET.
  std::optional<RestReply> find(const RestRequest& request) const;

  static constexpr size_t kMaxFiles = 10'000;

 private:
  std::map<std::string, std::string, std::less<>> files_;  ///< file by the path of a request
};

/// The content type of a file of this name.
std::string content_type_of(std::string_view name);

}  // namespace weir
