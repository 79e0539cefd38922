// An almost idle job: it prints one record a second. tools/run_benchmarks.py measures the time from
// the process's start to the first record, and the memory and time that the job takes while it
// waits.

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
