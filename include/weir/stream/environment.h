#pragma once

#include <chrono>
#include <concepts>
#include <initializer_list>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "weir/config.h"
#include "weir/connector/file_system.h"
#include "weir/connector/source.h"
#include "weir/detail/connector/collection_source.h"
#include "weir/detail/stream/source_node.h"
#include "weir/stream/data_stream.h"
#include "weir/stream/job_result.h"
#include "weir/time/watermark_strategy.h"

namespace weir {

/// Where a job begins: its configuration, its flags and its sources. Describe the job with the
/// streams that it gives, then execute() or run() it. Nothing runs before that, and no call here
/// fails: what is wrong with flags, settings or the job is reported then, all at once, in
/// sentences. Thread: one.
class StreamExecutionEnvironment {
 public:
  /// Settings come from the configuration file, then the command line, then the calls below; the
  /// later wins. `--help` lists the flags.
  static StreamExecutionEnvironment from_args(int argc, const char* const* argv);
  /// For a job inside a larger program: reads no command line and no file.
  StreamExecutionEnvironment();

  StreamExecutionEnvironment(StreamExecutionEnvironment&&) noexcept;
  StreamExecutionEnvironment& operator=(StreamExecutionEnvironment&&) noexcept;
  ~StreamExecutionEnvironment();

  // Flags of the program's own, "--name VALUE" or "--name=VALUE", listed by --help. `name` is
  // written without dashes. A value that cannot be read is reported by execute(); until then the
  // default stands for it.
  std::string flag(std::string_view name, std::string default_value, std::string_view doc);
  std::string flag(std::string_view name, const char* default_value, std::string_view doc) {
    return flag(name, std::string(default_value), doc);
  }
  /// A switch: "--name", or "--name=false".
  bool flag(std::string_view name, bool default_value, std::string_view doc);
  double flag(std::string_view name, double default_value, std::string_view doc);
  template <std::integral I>
  requires(!std::same_as<I, bool>)
  I flag(std::string_view name, I default_value, std::string_view doc) {
    static_assert(sizeof(I) < 8 || std::is_signed_v<I>,
                  "a flag is at most a signed 64-bit integer");
    return static_cast<I>(integer_flag(name, default_value, doc, std::numeric_limits<I>::min(),
                                       std::numeric_limits<I>::max()));
  }
  /// Written like "30 s" or "500ms".
  std::chrono::milliseconds flag(std::string_view name, std::chrono::milliseconds default_value,
                                 std::string_view doc);

  /// The values of the program's own flags are part of what the job is: with other ones it does not
  /// go on from a checkpoint, unless weir.accept-changed-job is set. This says that a flag does not
  /// change the job's results, such as one that sets its pace.
  StreamExecutionEnvironment& may_vary(std::string_view flag);

  /// One setting, by its key; docs/configuration.md lists them.
  StreamExecutionEnvironment& configure(std::string_view key, std::string_view value);
  StreamExecutionEnvironment& enable_checkpointing(
      std::chrono::milliseconds interval, CheckpointingMode mode = CheckpointingMode::kExactlyOnce);
  StreamExecutionEnvironment& set_state_backend(const FsStateBackend& backend);
  StreamExecutionEnvironment& set_restart_strategy(const RestartStrategy& strategy);
  /// Of every operator that says nothing else.
  StreamExecutionEnvironment& set_parallelism(int parallelism);
  StreamExecutionEnvironment& set_max_parallelism(int max_parallelism);

  /// Gives the job a file system of the program's own, for URIs with this scheme: in sources, sinks
  /// and for checkpoints. In a cluster each process has its own.
  StreamExecutionEnvironment& register_file_system(std::string scheme, FileSystemFactory make);

  /// `source`: a Source<T>, copied. `strategy`: where timestamps and watermarks come from.
  template <class SourceT>
  requires std::derived_from<SourceT, Source<typename SourceT::Record>>
  SingleOutputStreamOperator<typename SourceT::Record> from_source(
      SourceT source, WatermarkStrategy<typename SourceT::Record> strategy, std::string name) {
    return SingleOutputStreamOperator<typename SourceT::Record>::add(
        stream_graph(), detail::source_node(*stream_graph(), std::move(source), std::move(strategy),
                                            std::move(name)));
  }

  /// The elements, in order, from one subtask.
  template <class T>
  SingleOutputStreamOperator<T> from_collection(std::vector<T> elements,
                                                std::string name = "collection") {
    return from_source(detail::CollectionSource<T>(std::move(elements)), no_watermarks(),
                       std::move(name))
        .set_parallelism(1);
  }
  template <class T>
  SingleOutputStreamOperator<T> from_elements(std::initializer_list<T> elements) {
    return from_collection(std::vector<T>(elements), "elements");
  }

  /// Runs the job to its end, and gives the program's exit code: 0 it ended, 1 it failed, 2 it was
  /// refused before the first record, with every reason on standard error; docs/deploy.md has the
  /// others. Also prints what --help and --explain ask for. Call it once. `job_name` stands unless
  /// the configuration or --name has another.
  [[nodiscard]] int execute(std::string job_name = "");

  /// Runs the job in this process, for programs that do more than that: it prints nothing, takes no
  /// signals and never ends the process. Blocks until the job has ended; `options` ends it from
  /// another thread. The failure is that of the job, or INVALID_ARGUMENT with everything that is
  /// wrong with it. Jobs of several environments may run one after another and at the same time.
  /// What weir logs goes to weir/log.h.
  StatusOr<JobResult> run(std::string job_name = "", const RunOptions& options = {});

 private:
  struct Impl;
  explicit StreamExecutionEnvironment(std::unique_ptr<Impl> impl);

  int64_t integer_flag(std::string_view name, int64_t default_value, std::string_view doc,
                       int64_t least, int64_t most);
  const std::shared_ptr<detail::StreamGraph>& stream_graph();

  std::unique_ptr<Impl> impl_;
};

}  // namespace weir
