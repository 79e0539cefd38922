#pragma once

#include <string>
#include <string_view>

#include "weir/status.h"

namespace weir {

/// The Status for an errno: "cannot <what>: <reason>", with advice where a user can act. `what`
/// names the operation and the path, such as "create the file /a/b"; the advice is about `path`.
Status local_error(int error, std::string_view what, const std::string& path);

}  // namespace weir
