// expect: process: the function must be a weir::ProcessJoinFunction of the types of both streams
#include "weir/stream/environment.h"

using Text = std::string;

struct Pair : weir::ProcessJoinFunction<int64_t, Text, Text> {
  void process_element(const int64_t&, const Text&, Context&, weir::Collector<Text>&) override {}
};

int64_t itself(const int64_t& number) { return number; }
int64_t length(const Text& text) { return static_cast<int64_t>(text.size()); }

void describe(const weir::DataStream<int64_t>& numbers, const weir::DataStream<Text>& texts) {
  using std::chrono::milliseconds;
#ifdef MENDED
  const auto join = numbers.key_by(&itself).interval_join(texts.key_by(&length));
#else
  const auto join = texts.key_by(&length).interval_join(numbers.key_by(&itself));
#endif
  join.between(milliseconds(0), milliseconds(1)).process(Pair{});
}
