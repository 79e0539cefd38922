// The program `weir`.

#include <algorithm>
#include <cstdio>
#include <exception>
#include <span>
#include <vector>

#include "base/strings.h"
#include "base/version.h"
#include "config/configuration.h"
#include "offline/offline_files.h"
#include "tool/commands.h"

namespace weir::tool {
namespace {

constexpr OptionSpec kRest{"rest", "URL", "where the job's REST interface listens (or WEIR_REST)"};
constexpr OptionSpec kToken{"token-file", "FILE",
                            "a file with weir.rest.token (or WEIR_REST_TOKEN_FILE)"};
constexpr OptionSpec kJson{"json", "", "JSON instead of text"};
constexpr OptionSpec kDirectory{"directory", "URI",
                                "of the savepoint; otherwise the job's own setting"};

struct Command {
  std::string_view name;
  std::string_view operands;  ///< for the help
  size_t operands_min;
  size_t operands_max;
  std::string_view help;
  std::vector<OptionSpec> options;
  int (*on_job)(const Arguments&);                         ///< or null
  int (*on_files)(const Arguments&, FileSystemRegistry&);  ///< or null
};

const std::vector<Command>& commands() {
  static const std::vector<Command> all = {
      {"list", "", 0, 0, "the running jobs", {kRest, kToken, kJson}, &list_jobs, nullptr},
      {"info",
       "[JOB]",
       0,
       1,
       "state, records, checkpoints and failures of a job",
       {kRest, kToken, kJson},
       &show_job,
       nullptr},
      {"watch", "[JOB]", 0, 1, "the same, every second", {kRest, kToken}, &watch_job, nullptr},
      {"metrics",
       "[JOB]",
       0,
       1,
       "figures of a job",
       {kRest,
        kToken,
        kJson,
        {"vertex", "ID", "of one vertex of the job"},
        {"get", "NAMES", "only these, separated by commas"}},
       &show_metrics,
       nullptr},
      {"trace",
       "[JOB]",
       0,
       1,
       "checkpoints and load of a job on a time line, for ui.perfetto.dev or chrome://tracing",
       {kRest,
        kToken,
        {"seconds", "N", "how long to look; 10"},
        {"out", "FILE", "instead of standard output"}},
       &trace_job,
       nullptr},
      {"checkpoint",
       "[JOB]",
       0,
       1,
       "takes a checkpoint and prints its number",
       {kRest, kToken, kJson, {"full", "", "not incremental"}},
       &take_checkpoint,
       nullptr},
      {"savepoint",
       "[JOB]",
       0,
       1,
       "takes a savepoint and prints its path",
       {kRest, kToken, kJson, kDirectory, {"dispose", "PATH", "removes a savepoint instead"}},
       &take_savepoint,
       nullptr},
      {"stop",
       "[JOB]",
       0,
       1,
       "ends a job with a savepoint and prints its path",
       {kRest, kToken, kJson, kDirectory, {"drain", "", "end event time first: all windows fire"}},
       &stop_job,
       nullptr},
      {"rescale",
       "[JOB]",
       0,
       1,
       "continues a job on fewer or more slots, without a restart of its processes",
       {kRest, kToken, {"parallelism", "N", "slots to use; otherwise prints what it may use now"}},
       &rescale_job,
       nullptr},
      {"cancel", "[JOB]", 0, 1, "cancels a job", {kRest, kToken}, &cancel_job, nullptr},
      {"inspect",
       "PATH",
       1,
       1,
       "what a checkpoint or savepoint contains, weir's or Flink's",
       {kJson, {"state", "UID/NAME", "prints the keys and values of one state"}},
       nullptr,
       &inspect},
      {"verify",
       "PATH",
       1,
       1,
       "reads all of a snapshot and checks every length and checksum",
       {},
       nullptr,
       &verify},
      {"diff", "A B", 2, 2, "what differs between two snapshots", {}, nullptr, &diff},
      {"checkpoints",
       "DIR",
       1,
       1,
       "jobs, checkpoints and savepoints in a directory",
       {kJson,
        {"clean", "", "shows what nothing needs"},
        {"yes", "", "removes it"},
        {"older-than", "TIME", "unfinished for this long is left over; 1 d"}},
       nullptr,
       &list_directory},
#ifdef WEIR_WITH_KAFKA
      {"kafka",
       "transactions list|commit|abort [CHECKPOINT|ID]",
       2,
       3,
       "shows transactions of KafkaSinks, commits those of a checkpoint, aborts one",
       {{"brokers", "HOST:PORT", "of Kafka"},
        {"command-config", "FILE", "properties of librdkafka, such as security.protocol=SSL"},
        {"prefix", "TEXT", "lists only ids that begin with it"},
        {"yes", "", "aborts it"}},
       nullptr,
       &kafka_transactions},
#endif
  };
  return all;
}

std::string usage() {
  std::string text = "weir COMMAND …\n\n";
  for (const Command& command : commands()) {
    std::string head = cat("  ", command.name, " ", command.operands);
    head.resize(std::max<size_t>(head.size() + 1, 22), ' ');
    text += cat(head, command.help, "\n");
  }
  return text +
         "\n  weir COMMAND --help describes the options. -D key=value sets Flink's keys for "
         "file systems.\n";
}

std::string usage_of(const Command& command) {
  std::string text = cat("weir ", command.name, " ", command.operands, "\n  ", command.help, "\n");
  for (const OptionSpec& option : command.options)
    text += cat("  --", option.name, option.value.empty() ? "" : " ", option.value, "\n      ",
                option.help, "\n");
  return text;
}

int wrong(const std::string& sentence) {
  std::fprintf(stderr, "weir: %s\n", sentence.c_str());
  return kUsage;
}

int run_on_files(const Command& command, const Arguments& arguments) {
  Configuration configuration;
  for (const std::string& setting : arguments.settings) {
    if (const Status status = configuration.set_assignment(setting, ConfigOrigin{}); !status.ok())
      return wrong(std::string(status.message()));
  }
  const auto files =
      offline_file_systems([&configuration](std::string_view key) -> std::optional<std::string> {
        for (const Configuration::Entry& entry : configuration.entries()) {
          if (entry.key == key) return entry.value;
        }
        return std::nullopt;
      });
  return command.on_files(arguments, *files);
}

int run(std::vector<std::string> words) {
  if (words.empty()) return wrong(usage());
  const std::string name = words.front();
  words.erase(words.begin());
  if (name == "--help" || name == "-h" || name == "help") return print(usage()), kDone;
  if (name == "--version") return print(cat("weir ", weir_version(), "\n")), kDone;
  const auto command = std::find_if(commands().begin(), commands().end(),
                                    [&](const Command& each) { return each.name == name; });
  if (command == commands().end())
    return wrong(cat("there is no command ", name, "; weir --help lists them"));
  if (std::find(words.begin(), words.end(), "--help") != words.end())
    return print(usage_of(*command)), kDone;
  const auto arguments = parse_arguments(words, command->options);
  if (!arguments.ok()) return wrong(std::string(arguments.status().message()));
  const size_t operands = arguments->operands.size();
  if (operands < command->operands_min || operands > command->operands_max)
    return wrong(usage_of(*command));
  return command->on_job != nullptr ? command->on_job(*arguments)
                                    : run_on_files(*command, *arguments);
}

}  // namespace

}  // namespace weir::tool

int main(int argc, char** argv) {
  try {
    const int code = weir::tool::run(std::vector<std::string>(argv + 1, argv + argc));
    return std::fflush(stdout) == 0 ? code : weir::tool::kFailed;
  } catch (const std::exception& error) {  // of a library
    std::fprintf(stderr, "weir: %s\n", error.what());
    return weir::tool::kFailed;
  }
}
