#pragma once

#include <string>
#include <type_traits>
#include <utility>

#include "runtime/user_code.h"
#include "weir/status.h"

namespace weir {

/// Calls code of a user's source or sink before the job runs. Never returns ABORTED, which would
/// mean that another coordinator leads.
template <class Call>
std::invoke_result_t<Call&> call_at_start(const std::string& label, Call call) {
  auto result = call_user_code(label, call);
  if (result.ok()) return result;
  Status status;
  if constexpr (std::is_same_v<decltype(result), Status>) {
    status = std::move(result);
  } else {
    status = result.status();
  }
  if (status.code() != StatusCode::kAborted) return status;
  return Status(StatusCode::kFailedPrecondition, std::string(status.message()));
}

}  // namespace weir
