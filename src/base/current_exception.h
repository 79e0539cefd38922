#pragma once

#include <string>

namespace weir {

/// Call it in a `catch (...)`. Describes the exception being handled: "threw: file not found". The
/// unwinding of a canceled thread (pthread_cancel, pthread_exit) looks like an exception and must
/// not end here, so it is rethrown.
std::string describe_current_exception();

}  // namespace weir
