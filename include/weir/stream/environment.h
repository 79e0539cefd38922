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

/// The start of a job: its configuration, flags and sources. Describe the job with streams, then
/// call execute() or run(). Nothing runs before that, and no other call fails: execute() and run()
/// report all errors in flags, settings and the job together, as sentences. Thread: one.
class StreamExecutionEnvironment {
 public:
  /// Settings come from the configuration file, the command line and the calls below. Later ones
  /// override earlier ones. `--help` lists the flags.
  static StreamExecutionEnvironment from_args(int argc, const char* const* argv);
  /// For a job inside a larger program. Reads no command line and no file.
  StreamExecutionEnvironment();

  StreamExecutionEnvironment(StreamExecutionEnvironment&&) noexcept;
  StreamExecutionEnvironment& operator=(StreamExecutionEnvironment&&) noexcept;
  ~StreamExecutionEnvironment();

  // Flags of the program itself, "--name VALUE" or "--name=VALUE". --help lists them. Write `name`
  // without dashes. execute() reports a value that cannot be parsed; until then flag() returns the
  // default.
  std::string flag(std::string_view name, std::string default_value, std::string_view doc);
  std::string flag(std::string_view name, const char* default_value, std::string_view doc) {
    return flag(name, std::string(default_value), doc);
  }
  /// A switch: "--name" or "--name=false".
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
  /// A duration, such as "30 s" or "500ms".
  std::chrono::milliseconds flag(std::string_view name, std::chrono::milliseconds default_value,
                                 std::string_view doc);

  /// The values of the program's flags are part of the job's identity. With other values the job
  /// refuses to restore a checkpoint, unless weir.accept-changed-job is set. Call may_vary() for a
  /// flag that does not change the job's results, such as one that sets its rate.
  StreamExecutionEnvironment& may_vary(std::string_view flag);

  /// Sets one configuration key; docs/configuration.md lists them.
  StreamExecutionEnvironment& configure(std::string_view key, std::string_view value);
  /// Triggers a checkpoint every `interval`. See CheckpointingMode.
  StreamExecutionEnvironment& enable_checkpointing(
      std::chrono::milliseconds interval, CheckpointingMode mode = CheckpointingMode::kExactlyOnce);
  StreamExecutionEnvironment& set_state_backend(const FsStateBackend& backend);
  StreamExecutionEnvironment& set_restart_strategy(const RestartStrategy& strategy);
  /// Sets the parallelism of every operator that has none of its own.
  StreamExecutionEnvironment& set_parallelism(int parallelism);
  StreamExecutionEnvironment& set_max_parallelism(int max_parallelism);
  /// A batch that is not full leaves for other tasks after this time; 0: at once; -1: only when it
  /// is full, or its slot has nothing else to do.
  StreamExecutionEnvironment& set_buffer_timeout(std::chrono::milliseconds timeout);

  /// Registers a file system of the program for URIs with this scheme, in sources, sinks and
  /// checkpoints. In a cluster each process creates its own.
  StreamExecutionEnvironment& register_file_system(std::string scheme, FileSystemFactory make);

  /// `source`: a Source<T>, which is copied. `strategy`: sets timestamps and watermarks.
  template <class SourceT>
  requires std::derived_from<SourceT, Source<typename SourceT::Record, typename SourceT::Split>>
  SingleOutputStreamOperator<typename SourceT::Record> from_source(
      SourceT source, WatermarkStrategy<typename SourceT::Record> strategy, std::string name) {
    return SingleOutputStreamOperator<typename SourceT::Record>::add(
        stream_graph(), detail::source_node(*stream_graph(), std::move(source), std::move(strategy),
                                            std::move(name)));
  }

  /// Emits the elements in order, from one subtask.
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

  /// Emits the numbers from `from` to `to`, both included, from all subtasks.
  SingleOutputStreamOperator<int64_t> from_sequence(int64_t from, int64_t to);

  /// Runs the job to its end and returns the program's exit code. 0: the job ended. 1: it failed.
  /// 2: it was refused before the first record, with all reasons on standard error. docs/deploy.md
  /// lists the others. Also prints the output of --help and --explain. Call it once. The
  /// configuration and --name override `job_name`.
  [[nodiscard]] int execute(std::string job_name = "");

  /// Runs the job in this process, for larger programs. It prints nothing, handles no signals and
  /// never ends the process. Blocks until the job has ended. Another thread can end it through
  /// `options`. Returns the job's failure, or INVALID_ARGUMENT with everything that is wrong with
  /// the job. Jobs of several environments may run one after another or at the same time. Log lines
  /// go to the sink of weir/log.h.
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
