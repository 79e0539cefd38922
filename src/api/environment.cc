#include "weir/stream/environment.h"

#include <cstdlib>
#include <map>

#include "api/command_line.h"
#include "api/launch.h"
#include "base/component.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "cluster/roles/run_in_process.h"
#include "cluster/roles/run_job.h"
#include "flink/flink_component.h"
#include "fs/file_system_registry.h"
#include "platform/byte_pipe.h"
#include "platform/process_group.h"
#include "platform/transport.h"
#include "weir/connector/generator_source.h"

namespace weir {

struct StreamExecutionEnvironment::Impl {
  explicit Impl(CommandLine line) : command_line(std::move(line)) {}

  /// Keeps errors for execute().
  void note(const Status& status) {
    if (status.ok()) return;
    for (const std::string_view line : split(status.message(), '\n'))
      command_line.add_problem(std::string(line));
  }
  void set(std::string_view key, std::string_view value) { note(configuration.set(key, value)); }

  template <class V, class Parse>
  V flag(std::string_view name, std::string_view value_name, V default_value,
         const std::string& default_text, std::string_view doc, Parse parse) {
    command_line.declare(
        {std::string(name), std::string(value_name), std::string(doc), default_text});
    const auto text = command_line.take_value(name);
    arguments[std::string(name)] = text.value_or(default_text);
    if (!text) return default_value;
    auto value = parse(*text);
    if (value.ok()) {
      arguments[std::string(name)] = text_of(*value);
      return *std::move(value);
    }
    command_line.add_problem(cat("--", name, ": '", *text, "' ", value.status().message()));
    return default_value;
  }

  /// The arguments for the graph, without passwords: those do not affect results, and must not be
  /// shown.
  std::map<std::string, std::string> arguments_of_job() const {
    std::map<std::string, std::string> result = arguments;
    std::erase_if(result, [](const auto& argument) {
      return argument.first.find("password") != std::string::npos ||
             argument.first.find("secret") != std::string::npos ||
             argument.first.find("token") != std::string::npos;
    });
    return result;
  }

  /// Of the flags so far. An environment runs once.
  std::vector<std::string> problems() {
    std::vector<std::string> problems = command_line.problems();
    if (std::exchange(executed, true))
      problems.push_back(
          "execute() or run() was called a second time; an environment describes one job, which "
          "runs once");
    return problems;
  }

  static std::string text_of(std::chrono::milliseconds value) { return format_duration(value); }
  static std::string text_of(const std::string& value) { return value; }
  template <class V>
  static std::string text_of(const V& value) {
    return cat(value);
  }

  CommandLine command_line;
  /// The program's flags, except those that may vary.
  std::map<std::string, std::string> arguments;
  Configuration configuration;
  LaunchMode mode;
  std::optional<StatusOr<BytePipe>> pipe;  ///< a chain in Flink: connects it to its operator
  std::shared_ptr<detail::StreamGraph> graph = std::make_shared<detail::StreamGraph>();
  bool executed = false;
};

namespace {

/// A file named by --config must exist; the others need not. A chain in Flink reads no file,
/// because files on its machine are not the job's. It gets the job's settings as -D.
Status read_configuration(const std::optional<std::string>& named, Configuration* configuration) {
  if (configuration->get(options::kRole) == ProcessRole::kChain) return {};
  if (named) return read_yaml_file(*named, configuration);
  const char* directory = std::getenv("WEIR_CONF_DIR");
  Status status = read_yaml_file(
      directory != nullptr ? join_path(directory, "weir.yaml") : "weir.yaml", configuration);
  return status.code() == StatusCode::kNotFound ? Status() : status;
}

bool needs_flink(const Configuration& configuration) {
  return configuration.get(options::kTarget) == ExecutionTarget::kFlink ||
         configuration.get(options::kRole) == ProcessRole::kChain;
}

/// The runner of a process that is not a chain in Flink: runs the job in the configured place.
int run_program(const JobGraph& graph, const Configuration& configuration) {
  if (configuration.get(options::kTarget) == ExecutionTarget::kFlink) {
    std::vector<std::string> arguments = own_command_line();
    if (!arguments.empty()) arguments.erase(arguments.begin());
    return weir_component_flink()->submit(graph, configuration,
                                          CommandLine::without_built_in(std::move(arguments)));
  }
  return run_job(graph, configuration);
}

std::string program_name(int argc, const char* const* argv) {
  if (argc < 1) return "job";
  return std::string(split(argv[0], '/').back());
}

}  // namespace

StreamExecutionEnvironment::StreamExecutionEnvironment(std::unique_ptr<Impl> impl)
    : impl_(std::move(impl)) {}
StreamExecutionEnvironment::StreamExecutionEnvironment(StreamExecutionEnvironment&&) noexcept =
    default;
StreamExecutionEnvironment& StreamExecutionEnvironment::operator=(
    StreamExecutionEnvironment&&) noexcept = default;
StreamExecutionEnvironment::~StreamExecutionEnvironment() = default;

StreamExecutionEnvironment StreamExecutionEnvironment::from_args(int argc,
                                                                 const char* const* argv) {
  std::vector<std::string> arguments;
  for (int i = 1; i < argc; ++i) arguments.emplace_back(argv[i]);
  auto impl = std::make_unique<Impl>(CommandLine(program_name(argc, argv), std::move(arguments)));
  CommandLine& line = impl->command_line;
  Configuration& configuration = impl->configuration;

  const std::vector<std::string> assignments = line.take_assignments();
  for (const std::string& assignment : assignments)
    impl->note(configuration.set_assignment(assignment, {ConfigLayer::kCommandLine, "-D"}));
  impl->note(read_configuration(line.take_value("config"), &configuration));
  static constexpr std::pair<std::string_view, const ConfigKey*> kFlags[] = {
      {"parallelism", &options::kParallelism},
      {"max-parallelism", &options::kMaxParallelism},
      {"from", &options::kStateRecoveryPath},
      {"name", &options::kPipelineName},
      {"job-id", &options::kJobId},
      {"workers", &options::kWorkers},
      {"slots", &options::kTaskSlots},
      {"role", &options::kRole},
      {"target", &options::kTarget},
      {"rest", &options::kFlinkRest},
      {"jar-out", &options::kFlinkJarOut}};
  for (const auto& [flag, key] : kFlags) {
    if (const auto value = line.take_value(flag))
      impl->note(
          configuration.set(key->name, *value, {ConfigLayer::kCommandLine, cat("--", flag)}));
  }
  const auto set_address = [&](std::string_view flag, const ConfigKey& host,
                               const ConfigKey& port) {
    const auto value = line.take_value(flag);
    if (!value) return;
    const auto address = Address::parse(*value);
    if (!address.ok()) return impl->note(address.status().with_context(cat("--", flag)));
    impl->note(
        configuration.set(host.name, address->host, {ConfigLayer::kCommandLine, cat("--", flag)}));
    impl->note(configuration.set(port.name, cat(address->port),
                                 {ConfigLayer::kCommandLine, cat("--", flag)}));
  };
  set_address("listen", options::kCoordinatorBindHost, options::kCoordinatorPort);
  set_address("coordinator", options::kCoordinatorAddress, options::kCoordinatorPort);
  if (line.take_switch("detached").value_or(false))
    impl->note(configuration.set(options::kFlinkDetached.name, "true",
                                 {ConfigLayer::kCommandLine, "--detached"}));
  impl->mode.explain = line.take_switch("explain").value_or(false);
  impl->mode.version = line.take_switch("version").value_or(false);
  impl->mode.help = line.take_switch("help").value_or(false);
  if (configuration.get(options::kRole) == ProcessRole::kChain && !impl->mode.explain &&
      !impl->mode.help) {
    impl->pipe = BytePipe::claim_standard_streams();  // before the program prints anything
    impl->note(impl->pipe->status());
  }
  return StreamExecutionEnvironment(std::move(impl));
}

std::string StreamExecutionEnvironment::flag(std::string_view name, std::string default_value,
                                             std::string_view doc) {
  const std::string text = default_value;
  return impl_->flag(name, "TEXT", std::move(default_value), text, doc,
                     [](const std::string& value) { return StatusOr<std::string>(value); });
}

bool StreamExecutionEnvironment::flag(std::string_view name, bool default_value,
                                      std::string_view doc) {
  impl_->command_line.declare(
      {std::string(name), "", std::string(doc), default_value ? "true" : ""});
  const bool value = impl_->command_line.take_switch(name).value_or(default_value);
  impl_->arguments[std::string(name)] = value ? "true" : "false";
  return value;
}

double StreamExecutionEnvironment::flag(std::string_view name, double default_value,
                                        std::string_view doc) {
  return impl_->flag(name, "NUMBER", default_value, cat(default_value), doc,
                     [](const std::string& value) { return parse_double(value); });
}

int64_t StreamExecutionEnvironment::integer_flag(std::string_view name, int64_t default_value,
                                                 std::string_view doc, int64_t least,
                                                 int64_t most) {
  return impl_->flag(name, "N", default_value, cat(default_value), doc,
                     [&](const std::string& value) -> StatusOr<int64_t> {
                       auto parsed = parse_int(value);
                       if (parsed.ok() && (*parsed < least || *parsed > most))
                         return invalid_argument(cat("is not between ", least, " and ", most));
                       return parsed;
                     });
}

std::chrono::milliseconds StreamExecutionEnvironment::flag(std::string_view name,
                                                           std::chrono::milliseconds default_value,
                                                           std::string_view doc) {
  return impl_->flag(name, "DURATION", default_value, format_duration(default_value), doc,
                     [](const std::string& value) { return parse_duration(value); });
}

StreamExecutionEnvironment& StreamExecutionEnvironment::may_vary(std::string_view flag) {
  impl_->arguments.erase(std::string(flag));
  return *this;
}

StreamExecutionEnvironment& StreamExecutionEnvironment::configure(std::string_view key,
                                                                  std::string_view value) {
  impl_->set(key, value);
  return *this;
}

StreamExecutionEnvironment& StreamExecutionEnvironment::enable_checkpointing(
    std::chrono::milliseconds interval, CheckpointingMode mode) {
  impl_->set(options::kCheckpointInterval.name, format_duration(interval));
  impl_->set(options::kCheckpointMode.name,
             mode == CheckpointingMode::kExactlyOnce ? "EXACTLY_ONCE" : "AT_LEAST_ONCE");
  return *this;
}

StreamExecutionEnvironment& StreamExecutionEnvironment::set_buffer_timeout(
    std::chrono::milliseconds timeout) {
  if (timeout.count() < -1) {
    stream_graph()->problems.push_back(cat("set_buffer_timeout() is given ", timeout.count(),
                                           " ms; it must be 0 or more, or -1 for none"));
    return *this;
  }
  impl_->set(options::kBufferTimeoutEnabled.name, timeout.count() < 0 ? "false" : "true");
  if (timeout.count() >= 0) impl_->set(options::kBufferTimeout.name, format_duration(timeout));
  return *this;
}

SingleOutputStreamOperator<int64_t> StreamExecutionEnvironment::from_sequence(int64_t from,
                                                                              int64_t to) {
  const uint64_t difference = static_cast<uint64_t>(to) - static_cast<uint64_t>(from);
  const bool too_many = from <= to && difference >= uint64_t{INT64_MAX};
  if (from > to || too_many) {
    stream_graph()->problems.push_back(
        cat("from_sequence() is given ", from, " to ", to,
            too_many ? ", which are more than 2^63 - 1 numbers; use several sequences"
                     : "; the first number must not be larger than the last"));
  }
  const int64_t count = from > to || too_many ? 0 : static_cast<int64_t>(difference) + 1;
  return from_source(GeneratorSource<int64_t>(count, [from](int64_t i) { return from + i; }),
                     no_watermarks(), "sequence");
}

StreamExecutionEnvironment& StreamExecutionEnvironment::set_state_backend(
    const FsStateBackend& backend) {
  impl_->set(options::kStateBackend.name, "hashmap");
  impl_->set(options::kCheckpointDir.name, backend.checkpoint_dir());
  return *this;
}

StreamExecutionEnvironment& StreamExecutionEnvironment::set_restart_strategy(
    const RestartStrategy& strategy) {
  for (const auto& [key, value] : strategy.settings()) impl_->set(key, value);
  return *this;
}

StreamExecutionEnvironment& StreamExecutionEnvironment::set_parallelism(int parallelism) {
  impl_->set(options::kParallelism.name, cat(parallelism));
  return *this;
}

StreamExecutionEnvironment& StreamExecutionEnvironment::set_max_parallelism(int max_parallelism) {
  impl_->set(options::kMaxParallelism.name, cat(max_parallelism));
  return *this;
}

StreamExecutionEnvironment& StreamExecutionEnvironment::register_file_system(
    std::string scheme, FileSystemFactory make) {
  const auto uri = parse_file_uri(scheme + ":///x");
  if (!uri.ok() || uri->scheme != scheme) {
    impl_->command_line.add_problem(
        cat("register_file_system() is given the scheme '", scheme,
            "', which cannot be one: write lower-case letters and digits, without ://"));
  } else if (!make) {
    impl_->command_line.add_problem(
        cat("register_file_system() is given no factory for ", scheme, "://"));
  } else if (!impl_->graph->file_systems.emplace(scheme, std::move(make)).second) {
    impl_->command_line.add_problem(
        cat("register_file_system() is given the scheme ", scheme, " twice"));
  }
  return *this;
}

const std::shared_ptr<detail::StreamGraph>& StreamExecutionEnvironment::stream_graph() {
  return impl_->graph;
}

StreamExecutionEnvironment::StreamExecutionEnvironment()
    : impl_(std::make_unique<Impl>(CommandLine("job", {}))) {}

StatusOr<JobResult> StreamExecutionEnvironment::run(std::string job_name,
                                                    const RunOptions& options) {
  std::vector<std::string> problems = impl_->problems();
  const LaunchMode& mode = impl_->mode;
  if (mode.help || mode.version || mode.explain) {
    problems.emplace_back(
        "--help, --version and --explain print something, which is for execute(); run() runs the "
        "job and prints nothing");
  }
  WEIR_ASSIGN_OR_RETURN(const JobGraph graph,
                        describe_job(std::move(problems), *impl_->graph, impl_->configuration,
                                     job_name, impl_->arguments_of_job()));
  return run_in_process(graph, impl_->configuration, options);
}

int StreamExecutionEnvironment::execute(std::string job_name) {
  std::vector<std::string> problems = impl_->problems();
  if (needs_flink(impl_->configuration) && &weir_component_flink == nullptr)
    problems.emplace_back(component_missing("a job inside Flink", "flink").message());
  const auto run = [&](const JobGraph& graph, const Configuration& configuration) {
    return impl_->pipe ? weir_component_flink()->run_chain_process(graph, configuration,
                                                                   *std::move(*impl_->pipe))
                       : run_program(graph, configuration);
  };
  return launch(impl_->command_line.program(), impl_->command_line.help(), impl_->mode,
                std::move(problems), *impl_->graph, impl_->configuration, job_name, run,
                impl_->arguments_of_job());
}

}  // namespace weir
