#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "rest/request.h"

namespace weir::rest {

struct PageAsset {
  const char* name;
  std::string_view content;
};
/// The files of weir's own page, which are part of the executable. cmake/EmbedPage.cmake makes them
/// of src/rest/page/bundle.
std::span<const PageAsset> page_assets();

/// The reply to a GET of "/", which leads to the page, or of a file below "/weir/"; none: it is
/// another request. Pure.
std::optional<RestReply> page_file(const RestRequest& request);

}  // namespace weir::rest
