// expect: a bucket assigner takes a const T&
#include "weir/weir.h"

#ifdef MENDED
std::string bucket_of(const std::string& line) { return line.substr(0, 1); }
#else
int bucket_of(const std::string& line) { return static_cast<int>(line.size()); }
#endif

void write(const weir::DataStream<std::string>& lines) {
  lines.sink_to(weir::FileSink<std::string>("out").with_bucket_assigner(bucket_of));
}
