// The keyed count as a separate job, for bench/flink_host.py. It runs in one process or, with
// --target flink, in a Flink cluster.
//
//   flink_keyed_count --records N --keys N --digest FILE

#include <cstdio>
#include <string>

#include "keyed_count.h"

namespace {

/// Adds up the digests of all records, and writes the sum to a file at the end.
class DigestSink final : public weir::Sink<Count> {
 public:
  explicit DigestSink(std::string path) : path_(std::move(path)) {}
  std::unique_ptr<weir::SinkWriter<Count>> create_writer() const override {
    return std::make_unique<Writer>(path_);
  }
  std::unique_ptr<weir::Committer> create_committer(weir::FileSystemRegistry&) const override {
    return nullptr;
  }
  weir::Status probe(weir::FileSystemRegistry&) const override { return {}; }

 private:
  class Writer final : public weir::SinkWriter<Count> {
   public:
    explicit Writer(std::string path) : path_(std::move(path)) {}
    weir::Status open(weir::OperatorContext&) override { return {}; }
    void write(weir::BatchOf<Count>& batch) override {
      for (const Count& count : batch.records) digest_ += digest_of(count.key, count.count);
    }
    std::vector<std::string> prepare_commit(weir::SnapshotContext&) override { return {}; }
    void close() override {
      if (std::FILE* file = std::fopen(path_.c_str(), "w")) {
        std::fprintf(file, "%lu\n", digest_);
        std::fclose(file);
      }
    }

   private:
    std::string path_;
    uint64_t digest_ = 0;
  };
  std::string path_;
};

}  // namespace

int main(int argc, char** argv) {
  auto env = weir::StreamExecutionEnvironment::from_args(argc, argv);
  const auto records = env.flag("records", int64_t{20000000}, "how many");
  const auto keys = static_cast<uint64_t>(env.flag("keys", int64_t{100000}, "how many"));
  const std::string digest = env.flag("digest", "digest", "the file for the sum of all results");
  env.from_source(
         weir::GeneratorSource<Event>(
             records, [keys](int64_t i) { return Event{key_of(static_cast<uint64_t>(i), keys)}; }),
         weir::no_watermarks(), "events")
      .uid("events")
      .key_by(&Event::key)
      .process(CountPerKey{})
      .uid("count")
      .sink_to(DigestSink(digest))
      .uid("digest");
  return env.execute("keyed count");
}
