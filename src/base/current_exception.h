#pragma once

#include <string>

namespace weir {

/// In a `catch (...)`: "threw: file not found", for the exception that is being handled. The
/// unwinding of a thread that is canceled (pthread_cancel, pthread_exit) looks like an exception
/// and must not end here: it is thrown on.
std::string describe_current_exception();

}  // namespace weir
