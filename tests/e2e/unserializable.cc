// A job whose records weir cannot serialize: it can only run in one process.

#include <memory>

#include "weir/weir.h"

struct Opaque {
  std::shared_ptr<int64_t> number;
};

int main(int argc, char** argv) {
  auto env = weir::StreamExecutionEnvironment::from_args(argc, argv);
  env.from_source(weir::GeneratorSource<int64_t>(10, [](int64_t i) { return i; }),
                  weir::no_watermarks(), "numbers")
      .map([](int64_t i) { return Opaque{std::make_shared<int64_t>(i)}; })
      .rebalance()
      .map([](const Opaque& o) { return *o.number; })
      .print();
  return env.execute("unserializable");
}
