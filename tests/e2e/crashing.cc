// A job whose user code ends the process in the way named by --how.

#include <csignal>
#include <cstdlib>
#include <exception>
#include <stdexcept>
#include <string>

#include "weir/weir.h"

__attribute__((noinline)) int64_t deeper(int64_t depth) {
  volatile char room[4096] = {};
  room[depth % 4096] = 1;
  return depth < 0 ? 0 : deeper(depth + 1) + room[0];
}

namespace {

void throw_where_nothing_may() noexcept { throw std::runtime_error("thrown through noexcept"); }

}  // namespace

__attribute__((noinline)) void end_the_process(const std::string& how) {
  if (how == "segv") *static_cast<volatile int*>(nullptr) = 1;
  if (how == "abort") std::abort();
  if (how == "terminate") throw_where_nothing_may();
  if (how == "overflow") std::printf("%lld", static_cast<long long>(deeper(0)));
  if (how == "exit") std::exit(0);
}

int main(int argc, char** argv) {
  auto env = weir::StreamExecutionEnvironment::from_args(argc, argv);
  const std::string how = env.flag("how", "", "segv, abort, terminate, overflow or exit");
  env.from_source(weir::GeneratorSource<int64_t>(20000, [](int64_t i) { return i; }),
                  weir::no_watermarks(), "numbers")
      .rebalance()
      .map([how](int64_t i) {
        if (i == 700) end_the_process(how);
        return i;
      })
      .name("fatal")
      .print();
  return env.execute("crashing");
}
