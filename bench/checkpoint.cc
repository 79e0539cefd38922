// The cost of an incremental checkpoint, and of a restore from one, beside a full one.
//
// A value state of --megabytes of entries of 56 bytes, in the pages of one operator, without a job
// around it: the parts of the engine that write and read it are called as a worker calls them.
// Between two checkpoints 1 % of the keys change, spread evenly. Printed: bytes and time of a full
// checkpoint, of the incremental ones after it, and of one after no change; then the time to
// restore the full one and the last incremental one, alternately.
//
//   checkpoint [--megabytes N] [--checkpoints N] [--directory PATH]

#include <weir/weir.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "checkpoint/keyed_layers.h"
#include "checkpoint/keyed_stream.h"
#include "checkpoint/protocol/paths.h"
#include "checkpoint/state_reader.h"
#include "fs/local/local_file_system.h"
#include "runtime/incremental_base.h"
#include "runtime/task_snapshot.h"
#include "weir/detail/state/keyed_backend.h"

namespace {

using weir::CheckpointId;
using Clock = std::chrono::steady_clock;

struct Payload {
  int64_t count = 0;
  int64_t a = 1, b = 2, c = 3, d = 4, e = 5;
  WEIR_FIELDS(Payload, count, a, b, c, d, e)
};
using Backend = weir::detail::KeyedBackend<uint64_t>;

template <class T>
T valid(weir::StatusOr<T> result) {
  if (result.ok()) return *std::move(result);
  std::fprintf(stderr, "%s\n", result.status().to_string().c_str());
  std::exit(1);
}
void check(const weir::Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "%s\n", status.to_string().c_str());
  std::exit(1);
}

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

struct Written {
  double seconds = 0;
  int64_t bytes = 0;
  weir::SnapshotWriteResult result;
};

class Bench {
 public:
  Bench(std::string directory, uint64_t keys)
      : directory_(std::move(directory)), keys_(keys), states_("bench", {0, 127}, 128) {
    states_.tracker().track_changes(true);
    state_ = states_.state(weir::ValueStateDescriptor<Payload>("payload"));
    for (const char* name : {"/job/chk-1", "/job/shared"})
      std::filesystem::create_directories(directory_ + name);
  }

  void update(uint64_t key) {
    states_.set_current_key(key, states_.places().place(weir::Serializer<uint64_t>::hash(key),
                                                        weir::detail::table_hash(key)));
    ++state_.mutable_value().count;
  }
  void fill() {
    for (uint64_t key = 0; key < keys_; ++key) update(key);
    states_.clear_current_key();
  }
  void change_one_percent() {
    for (uint64_t i = 0; i < keys_ / 100; ++i)
      update((++changed_ * 0x9E3779B97F4A7C15u >> 20) % keys_);
    states_.clear_current_key();
  }

  Written full() { return write("chk-1", "data-0-0000000000000001", nullptr); }
  Written incremental() {
    const weir::DataFileName file{0, static_cast<uint64_t>(++id_)};
    Written written =
        write(weir::kSharedDirectory, weir::shared_file_name({id_, file}), &incremental_base_);
    incremental_base_.completed(id_);
    states_.set_base(epoch_);
    durable_ = id_;
    return written;
  }

  double restore(const Written& written) {
    const auto begin = Clock::now();
    Backend restored("bench", {0, 127}, 128);
    restored.state(weir::ValueStateDescriptor<Payload>("payload"));
    weir::Sidecar sidecar;
    sidecar.files = written.result.files;
    weir::StateReader reader(
        {fs_, directory_ + "/job/chk-1", "file://" + directory_ + "/job/chk-1"}, nullptr, &sidecar);
    const auto& handle = *written.result.states.at(0).state.keyed_state;
    for (const weir::KeyedStateHandle& layer : weir::layers_of(handle)) {
      const auto read = valid(reader.open(layer.stream));
      check(weir::restore_keyed_state(layer, layer.range, read, nullptr, false, restored));
    }
    return seconds_since(begin);
  }

 private:
  Written write(std::string_view directory, const std::string& file,
                weir::IncrementalBase* incremental) {
    const auto begin = Clock::now();
    std::vector<weir::TaskSnapshot> tasks(1);
    tasks[0].id = id_;
    weir::OperatorSnapshot op;
    op.uid = op.label = "bench";
    op.keyed = states_.snapshot();
    op.base = durable_;
    epoch_ = op.keyed->epoch();
    tasks[0].operators.push_back(std::move(op));
    weir::SnapshotWriteOptions options{.inline_threshold = 20480};
    options.incremental = incremental;
    auto result = valid(weir::write_snapshots(*fs_, directory_ + "/job/" + std::string(directory),
                                              file, options, std::move(tasks)));
    return {seconds_since(begin), result.bytes, std::move(result)};
  }

  const std::string directory_;
  const uint64_t keys_;
  const std::shared_ptr<weir::FileSystem> fs_ = std::make_shared<weir::LocalFileSystem>();
  Backend states_;
  weir::ValueState<Payload> state_;
  weir::IncrementalBase incremental_base_;
  CheckpointId id_ = 0;
  CheckpointId durable_ = 0;
  int64_t epoch_ = 0;
  uint64_t changed_ = 0;
};

void print(const char* what, double seconds, int64_t bytes, const Written& full) {
  std::printf("%-26s %8.1f MB %6.2f %%   %7.3f s %6.2f %%\n", what,
              static_cast<double>(bytes) / 1e6,
              100 * static_cast<double>(bytes) / static_cast<double>(full.bytes), seconds,
              100 * seconds / full.seconds);
}

}  // namespace

int main(int argc, char** argv) {
  auto env = weir::StreamExecutionEnvironment::from_args(argc, argv);
  const int64_t megabytes = env.flag("megabytes", int64_t{1000}, "size of the state");
  const int64_t checkpoints = env.flag("checkpoints", int64_t{21}, "incremental checkpoints");
  const std::string directory =
      env.flag("directory", std::string("/tmp/weir-bench-checkpoint"), "where they are written");
  std::filesystem::remove_all(directory);
  // Key, namespace, value and their lengths.
  constexpr int64_t kEntryBytes = 74;
  Bench bench(directory, static_cast<uint64_t>(megabytes * 1'000'000 / kEntryBytes));
  bench.fill();
  const Written full = bench.full();
  print("full", full.seconds, full.bytes, full);
  Written last = bench.incremental();
  print("first incremental", last.seconds, last.bytes, full);
  double most_seconds = 0, all_seconds = 0;
  int64_t most_bytes = 0, all_bytes = 0;
  for (int64_t i = 0; i < checkpoints; ++i) {
    bench.change_one_percent();
    last = bench.incremental();
    most_seconds = std::max(most_seconds, last.seconds);
    most_bytes = std::max(most_bytes, last.bytes);
    all_seconds += last.seconds;
    all_bytes += last.bytes;
  }
  print("1 % changed, on average", all_seconds / static_cast<double>(checkpoints),
        all_bytes / checkpoints, full);
  print("1 % changed, at most", most_seconds, most_bytes, full);
  const Written unchanged = bench.incremental();
  print("nothing changed", unchanged.seconds, unchanged.bytes, full);
  double of_full = 1e9, of_layers = 1e9;
  for (int i = 0; i < 3; ++i) {
    of_full = std::min(of_full, bench.restore(full));
    of_layers = std::min(of_layers, bench.restore(last));
  }
  std::printf("restore: full %.3f s, from %zu layers %.3f s, %.2f times as long\n", of_full,
              weir::layers_of(*last.result.states.at(0).state.keyed_state).size(), of_layers,
              of_layers / of_full);
  std::filesystem::remove_all(directory);
  return 0;
}
