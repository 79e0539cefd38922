#include <weir/weir.h>

#include <string>

/// Copies lines from one bucket to another.
int main(int argc, char** argv) {
  auto env = weir::StreamExecutionEnvironment::from_args(argc, argv);
  env.from_source(weir::FileSource<std::string>::lines("s3://bucket-of-lines/in"),
                  weir::no_watermarks(), "lines")
      .uid("lines")
      .sink_to(weir::FileSink<std::string>("s3://bucket-of-lines/out"))
      .uid("copies");
  return env.execute("copy");
}
