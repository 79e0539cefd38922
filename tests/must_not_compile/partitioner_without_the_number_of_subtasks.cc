// expect: partition_custom: the partitioner takes a key and the number of subtasks
#include "weir/stream/environment.h"

int64_t itself(const int64_t& number) { return number; }

void describe(const weir::DataStream<int64_t>& numbers) {
#ifdef MENDED
  numbers.partition_custom([](int64_t key, int subtasks) { return int(key) % subtasks; }, &itself);
#else
  numbers.partition_custom([](int64_t key) { return int(key); }, &itself);
#endif
}
