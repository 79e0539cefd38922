#pragma once

#include <string>
#include <utility>
#include <vector>

#include "rest/json_value.h"
#include "rest/report/otlp.h"

// Parts that all bodies of OTLP have. Pure.

namespace weir::rest {

/// Numbers of 64 bits are text in the JSON encoding of protobuf.
std::string nanoseconds_of(int64_t ms);
Json attributes_of(const std::vector<std::pair<std::string, std::string>>& variables);
Json resource_json(const OtlpService& service);
/// The instrumentation scope.
Json scope_json();

}  // namespace weir::rest
