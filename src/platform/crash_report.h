#pragma once

namespace weir {

/// From now on a signal that ends this process because of a mistake in it (SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, and so an exception that
/// nobody catches) leaves "weir: `what` was ended by signal 11 (SIGSEGV)" and a back trace on standard error first. The signal ends
/// the process as it would have. A stack that is full is survived by the calling thread only. `what` is kept by address. Call it once.
void report_crashes(const char* what);

/// The process is killed when the thread that started it ends.
void end_with_parent();

}  // namespace weir
