// Exchange: what does it cost when records cross from one process to another?
//
// The keyed count of keyed_count.cc at parallelism 2, alternately with both subtasks in this
// process and on two worker processes of one slot each, where half of the records cross. Rates
// exclude the time of a run without records. For comparison, each round also measures how fast a
// bare socket copies between two processes.
//
//   exchange [--records N] [--keys N] [--rounds N]
//   exchange job [flags of every weir program]       one run

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <weir/weir.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "keyed_count.h"

namespace {

/// Each subtask prints the digest of its records.
class DigestSink final : public weir::Sink<Count> {
 public:
  std::unique_ptr<weir::SinkWriter<Count>> create_writer() const override {
    return std::make_unique<Writer>();
  }
  std::unique_ptr<weir::Committer> create_committer(weir::FileSystemRegistry&) const override {
    return nullptr;
  }
  weir::Status probe(weir::FileSystemRegistry&) const override { return {}; }

 private:
  class Writer final : public weir::SinkWriter<Count> {
   public:
    ~Writer() override {
      std::printf("digest %lu\n", digest_);
      std::fflush(stdout);
    }
    weir::Status open(weir::OperatorContext&) override { return {}; }
    void write(weir::BatchOf<Count>& batch) override {
      for (const Count& count : batch.records) digest_ += digest_of(count.key, count.count);
    }
    std::vector<std::string> prepare_commit(weir::SnapshotContext&) override { return {}; }

   private:
    uint64_t digest_ = 0;
  };
};

int job(int argc, char** argv) {
  auto env = weir::StreamExecutionEnvironment::from_args(argc, argv);
  const auto records = env.flag("records", int64_t{0}, "how many");
  const auto keys = static_cast<uint64_t>(env.flag("keys", int64_t{1}, "how many"));
  env.from_source(
         weir::GeneratorSource<Event>(
             records, [keys](int64_t i) { return Event{key_of(static_cast<uint64_t>(i), keys)}; }),
         weir::no_watermarks(), "events")
      .key_by(&Event::key)
      .process(CountPerKey{})
      .sink_to(DigestSink());
  return env.execute("exchange");
}

using Clock = std::chrono::steady_clock;
double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

struct Run {
  double seconds = 0;
  uint64_t digest = 0;
};
Run run(const std::string& program, const std::string& flags) {
  const std::string command =
      program + " job --parallelism 2 -D weir.progress=false " + flags + " 2>/dev/null";
  const auto begin = Clock::now();
  Run result;
  std::FILE* output = popen(command.c_str(), "r");
  char line[128];
  while (std::fgets(line, sizeof line, output) != nullptr) {
    uint64_t digest = 0;
    if (std::sscanf(line, "digest %lu", &digest) == 1) result.digest += digest;
  }
  if (pclose(output) != 0) {
    std::fprintf(stderr, "error: this failed: %s\n", command.c_str());
    std::exit(1);
  }
  result.seconds = seconds_since(begin);
  return result;
}

/// Bytes per second between two processes, over loopback, in pieces of `piece` bytes.
double bare_copy(size_t total, size_t piece) {
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  if (bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      listen(listener, 1) != 0 ||
      getsockname(listener, reinterpret_cast<sockaddr*>(&address), &length) != 0) {
    std::perror("error: no socket");
    std::exit(1);
  }
  const pid_t child = fork();
  std::vector<char> buffer(piece, 'x');
  if (child == 0) {
    const int out = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(out, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) _exit(1);
    for (size_t sent = 0; sent < total;) {
      const ssize_t n = write(out, buffer.data(), piece);
      if (n <= 0) _exit(1);
      sent += static_cast<size_t>(n);
    }
    _exit(0);
  }
  const int in = accept(listener, nullptr, nullptr);
  const auto begin = Clock::now();
  size_t got = 0;
  for (ssize_t n = 0; (n = read(in, buffer.data(), piece)) > 0;) got += static_cast<size_t>(n);
  const double seconds = seconds_since(begin);
  waitpid(child, nullptr, 0);
  close(in);
  close(listener);
  return static_cast<double>(got) / seconds;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1 && std::strcmp(argv[1], "job") == 0) return job(argc - 1, argv + 1);
  std::map<std::string, std::string> flags = {
      {"--records", "60000000"}, {"--keys", "1000000"}, {"--rounds", "5"}};
  for (int i = 1; i + 1 < argc; i += 2) {
    if (!flags.contains(argv[i])) {
      std::fprintf(stderr, "error: unknown flag %s\n", argv[i]);
      return 2;
    }
    flags[argv[i]] = argv[i + 1];
  }
  const double records = std::stod(flags["--records"]);
  const std::string input = "--keys " + flags["--keys"] + " --records ";
  std::printf("exchange: %s records, %s keys, parallelism 2\n", flags["--records"].c_str(),
              flags["--keys"].c_str());
  std::printf("round   one process   two workers   speed of two/one   crossing      bare socket\n");
  std::vector<double> ratios;
  for (int round = 0; round < std::stoi(flags["--rounds"]); ++round) {
    const double nothing_in_one = run(argv[0], input + "0").seconds;
    const double nothing_in_two = run(argv[0], input + "0 --workers 2").seconds;
    const Run one = run(argv[0], input + flags["--records"]);
    const Run two = run(argv[0], input + flags["--records"] + " --workers 2");
    if (one.digest != two.digest || one.digest == 0) {
      std::fprintf(stderr, "error: the results differ: %lu and %lu\n", one.digest, two.digest);
      return 1;
    }
    const double in_one = one.seconds - nothing_in_one;
    const double in_two = two.seconds - nothing_in_two;
    ratios.push_back(in_one / in_two);
    // A crossing record takes 8 bytes plus 4 for its key's hash; half of the records cross.
    std::printf("%-5d %10.1f ns %10.1f ns %18.2f %7.0f MB/s %10.0f MB/s\n", round,
                in_one / records * 1e9, in_two / records * 1e9, ratios.back(),
                records / 2 * 12 / in_two / 1e6, bare_copy(size_t{4} << 30, 8192) / 1e6);
    std::fflush(stdout);
  }
  std::printf("median of the speed of two/one: %.2f\n", median(ratios));
  return 0;
}
