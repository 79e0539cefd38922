#pragma once

#include <string>
#include <string_view>

#include "weir/status.h"

namespace weir {

/// The Status for an errno: "cannot <what>: <reason>", and what to do where a person can do
/// something. `what` names the operation and the path, such as "create the file /a/b"; `path` is
/// the one the advice is about.
Status local_error(int error, std::string_view what, const std::string& path);

}  // namespace weir
