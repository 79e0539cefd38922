// Writes and reads files of an HDFS by one of weir's two clients; bench/hdfs_speed.py compares
// them.
//
//     hdfs_copy native|webhdfs URI MEGABYTES FILES
//
// Prints "write S C", "read S C" and "small S C": seconds and processor seconds of this process for
// a file of MEGABYTES, and the median time of one of FILES files of 1 MiB.

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "fs/file_system.h"
#include "fs/real_registry.h"

namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

double processor_seconds() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

void check(const weir::Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "%s\n", status.to_string().c_str());
  std::exit(1);
}

weir::Status write(weir::FileSystem& fs, const std::string& path, int pieces,
                   const std::string& piece) {
  auto file = fs.create(path, weir::CreateMode::kReplace);
  if (!file.ok()) return file.status();
  for (int i = 0; i < pieces; ++i) {
    const weir::Status status = (*file)->append(piece);
    if (!status.ok()) return status;
  }
  return (*file)->close();
}

weir::Status read(weir::FileSystem& fs, const std::string& path, int64_t expected) {
  auto file = fs.open(path);
  if (!file.ok()) return file.status();
  std::string part;
  int64_t at = 0;
  while (at < expected) {
    const weir::Status status = (*file)->read_at(at, 8 << 20, &part);
    if (!status.ok()) return status;
    if (part.empty()) return weir::data_loss("the file is too short");
    at += static_cast<int64_t>(part.size());
  }
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fprintf(stderr, "usage: hdfs_copy native|webhdfs URI MEGABYTES FILES\n");
    return 2;
  }
  const std::string client = argv[1];
  const int megabytes = std::atoi(argv[3]), files = std::atoi(argv[4]);
  weir::RealFileSystemsOptions options;
  options.config = [&client](std::string_view key) -> std::optional<std::string> {
    if (key == "fs.hdfs.client") return client;
    return std::nullopt;
  };
  options.environment = weir::process_environment;
  options.login_user = weir::process_login_user();
  options.sleep = [](std::chrono::milliseconds time) { std::this_thread::sleep_for(time); };
  weir::RealFileSystems registry(options);
  const auto location = registry.resolve(argv[2]);
  check(location.status());
  weir::FileSystem& fs = *location->fs;
  const std::string path = location->path + "/large-" + client;
  std::string piece(1 << 20, '\0');
  uint64_t random = 1;
  for (char& c : piece)
    c = static_cast<char>((random = random * 6364136223846793005 + 1442695040888963407) >> 56);
  check(write(fs, path, 1, piece));  // connections, and the servers' own warming up

  const auto measure = [](const char* name, const auto& work) {
    const double processor = processor_seconds();
    const auto begin = Clock::now();
    check(work());
    std::printf("%s %.3f %.3f\n", name, seconds_since(begin), processor_seconds() - processor);
    std::fflush(stdout);
  };
  measure("write", [&] { return write(fs, path, megabytes, piece); });
  measure("read", [&] { return read(fs, path, static_cast<int64_t>(megabytes) << 20); });
  std::vector<double> times;
  const double processor = processor_seconds();
  for (int i = 0; i < files; ++i) {
    const auto begin = Clock::now();
    check(write(fs, location->path + "/small-" + std::to_string(i), 1, piece));
    times.push_back(seconds_since(begin));
  }
  if (!times.empty()) {
    std::sort(times.begin(), times.end());
    std::printf("small %.4f %.3f\n", times[times.size() / 2], processor_seconds() - processor);
  }
  return 0;
}
