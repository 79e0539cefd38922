// How much time and memory does one call of user code take that emits many results? And what does
// every step pay so that such a call can be suspended?
//
//   burst [--results N]

#include <weir/weir.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <iostream>
#include <string>

#include "platform/fiber.h"

namespace {

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

/// In MiB, as counted by the kernel.
long peak_memory() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmHWM:")) return std::stol(line.substr(6)) / 1024;
  }
  return 0;
}

/// Processor time of a call on its own stack, there and back.
double ns_per_call() {
  constexpr int kCalls = 3'000'000;
  weir::FiberPool fibers;
  const std::clock_t begin = std::clock();
  for (int i = 0; i < kCalls; ++i) {
    auto fiber = fibers.take();
    fiber->start([](void*) {}, nullptr);
    fibers.recycle(std::move(fiber));
  }
  return static_cast<double>(std::clock() - begin) * 1e9 / CLOCKS_PER_SEC / kCalls;
}

}  // namespace

int main(int argc, char** argv) {
  auto env = weir::StreamExecutionEnvironment::from_args(argc, argv);
  const auto results = env.flag("results", int64_t{50'000'000}, "how many of one record");
  const long before = peak_memory();
  const double call = ns_per_call();
  env.from_elements<int64_t>({results})
      .flat_map([](const int64_t& count, weir::Collector<int64_t>& out) {
        for (int64_t i = 0; i < count; ++i) out.collect(i);
      })
      .disable_chaining()
      .rebalance()
      .filter([](int64_t) { return false; })
      .print();
  const auto begin = std::chrono::steady_clock::now();
  env.execute("burst");
  const double seconds = seconds_since(begin);
  std::printf("%lld results of one record: %.1f ns each; peak memory %ld MiB, %ld before\n",
              static_cast<long long>(results), seconds * 1e9 / static_cast<double>(results),
              peak_memory(), before);
  std::printf("a call that could wait: %.0f ns more than one that could not\n", call);
  return 0;
}
