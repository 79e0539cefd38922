#pragma once

#include <chrono>
#include <string>

namespace weir {

/// A profile of this process's CPU time: its stack is recorded after every 10 ms of CPU time
/// that its threads have used together (SIGPROF). The first call begins a recording and returns
/// nothing; the next one ends it and returns it. A call that comes after more than
/// kMaxProfilePause begins anew. A recording ends by itself after kMaxProfileSamples. It costs
/// about 1 % of the CPU time.
/// One line for each stack, "THREAD;outermost;…;innermost COUNT", as flamegraph.pl takes them.
/// Names of functions that the executable does not export are read from its symbol table, if it was
/// not stripped. Thread: any.
std::string cpu_profile();

inline constexpr std::chrono::seconds kMaxProfilePause{120};
inline constexpr size_t kMaxProfileSamples = 20'000;

}  // namespace weir
