#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace weir::kafka {

/// RFC 4648, section 4, with padding.
std::string to_base64(std::string_view bytes);
std::optional<std::string> from_base64(std::string_view text);
/// RFC 4648, section 5, without padding: for JSON Web Tokens.
std::string to_base64url(std::string_view bytes);
std::optional<std::string> from_base64url(std::string_view text);

}  // namespace weir::kafka
