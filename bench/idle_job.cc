// A job with almost nothing to do: one record a second, printed. tools/run_benchmarks.py measures
// how soon the first one comes out after the process was started, and how much memory and time the
// job takes while it waits.

#include <weir/weir.h>

int main(int argc, char** argv) {
  auto env = weir::StreamExecutionEnvironment::from_args(argc, argv);
  env.configure("weir.progress", "false");
  env.from_source(weir::GeneratorSource<int64_t>::unbounded([](int64_t i) { return i; }).rate(1),
                  weir::no_watermarks(), "numbers")
      .key_by([](int64_t i) { return i % 10; })
      .reduce([](int64_t a, int64_t b) { return a + b; })
      .print();
  return env.execute("idle job");
}
