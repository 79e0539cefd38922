// Writes and reads files of an HDFS by one of weir's two clients; bench/hdfs_speed.py compares
// them.
//
//     hdfs_copy native|webhdfs URI MEGABYTES FILES
//
// Prints "NAME A B". For write, read and write-unsynced, a file of MEGABYTES: seconds, and
// processor seconds of this process. For small (1 MiB) and page (4 KiB), FILES files that are
// created, written, synced and closed: the median time and the 99th percentile.

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

std::shared_ptr<weir::FileSystem> client_of(const std::string& client, const std::string& uri,
                                            bool sync, std::string* path) {
  weir::RealFileSystemsOptions options;
  options.config = [client, sync](std::string_view key) -> std::optional<std::string> {
    if (key == "fs.hdfs.client") return client;
    if (key == "fs.hdfs.sync-on-close") return sync ? "true" : "false";
    return std::nullopt;
  };
  options.environment = weir::process_environment;
  options.login_user = weir::process_login_user();
  options.sleep = [](std::chrono::milliseconds time) { std::this_thread::sleep_for(time); };
  const auto location = weir::RealFileSystems(options).resolve(uri);
  check(location.status());
  *path = location->path;
  return location->fs;
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
    weir::Status status = (*file)->read_at(at, 8 << 20, &part);
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
  std::string directory;
  const auto fs = client_of(client, argv[2], true, &directory);
  const auto unsynced = client_of(client, argv[2], false, &directory);
  const std::string large = directory + "/large-" + client, small = directory + "/small-" + client;
  std::string piece(1 << 20, '\0');
  uint64_t random = 1;
  for (char& c : piece)
    c = static_cast<char>((random = random * 6364136223846793005 + 1442695040888963407) >> 56);
  // Connections, and the servers' own warming up.
  check(write(*fs, large, 128, piece));
  check(write(*unsynced, large, 1, piece));

  const auto measure = [](const char* name, const auto& work) {
    const double processor = processor_seconds();
    const auto begin = Clock::now();
    check(work());
    std::printf("%s %.4f %.3f\n", name, seconds_since(begin), processor_seconds() - processor);
  };
  measure("write", [&] { return write(*fs, large, megabytes, piece); });
  measure("read", [&] { return read(*fs, large, static_cast<int64_t>(megabytes) << 20); });
  measure("write-unsynced", [&] { return write(*unsynced, large, megabytes, piece); });
  const auto measure_each = [files](const char* name, const auto& work) {
    std::vector<double> times;
    for (int i = 0; i < files; ++i) {
      const auto begin = Clock::now();
      check(work());
      times.push_back(seconds_since(begin));
    }
    std::sort(times.begin(), times.end());
    if (files > 0)
      std::printf("%s %.4f %.4f\n", name, times[times.size() / 2], times[times.size() * 99 / 100]);
  };
  measure_each("small", [&] { return write(*fs, small, 1, piece); });
  const std::string page = piece.substr(0, 4096);
  measure_each("page", [&] { return write(*fs, small, 1, page); });
  return 0;
}
