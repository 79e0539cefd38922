#include "api/command_line.h"

#include <algorithm>

#include "base/strings.h"
#include "config/nearest.h"
#include "config/options.h"
#include "config/value_text.h"

namespace weir {
namespace {

bool is_flag(std::string_view text) { return text.starts_with("--") && text.size() > 2; }

/// "--name" for "--name=value".
std::string_view name_of(std::string_view text) {
  return text.substr(2, text.find('=') == std::string_view::npos ? text.npos : text.find('=') - 2);
}

std::string usage(const CommandLine::Flag& flag) {
  return cat("--", flag.name, flag.value_name.empty() ? "" : " ", flag.value_name);
}

void append_flags(const std::vector<CommandLine::Flag>& flags, size_t width, std::string* text) {
  for (const CommandLine::Flag& flag : flags) {
    std::string left = flag.name == "D" ? "-D key=value" : usage(flag);
    left.resize(std::max(width, left.size()), ' ');
    *text += cat("  ", left, "  ", flag.doc);
    if (!flag.default_value.empty()) *text += cat(" (default: ", flag.default_value, ")");
    *text += "\n";
  }
}

}  // namespace

const std::vector<CommandLine::Flag>& CommandLine::built_in() {
  static const std::vector<Flag> flags = {
      {"parallelism", "N", "subtasks of every operator that says nothing else",
       std::string(options::kParallelism.default_value)},
      {"max-parallelism", "N",
       "key groups of the state, and so the most subtasks that the job can ever have", ""},
      {"from", "WHERE",
       "start from a checkpoint: latest (the newest of this job), a checkpoint's directory, or "
       "none",
       "none"},
      {"name", "TEXT", "the job's name", ""},
      {"job-id", "HEX", "the job's id, 32 hexadecimal digits; otherwise made from its name", ""},
      {"workers", "N",
       "run in a coordinator, which is this process, and N worker processes on this host", ""},
      {"slots", "N", "slots of a worker; a slot runs one subtask of every operator", ""},
      {"role", "ROLE", "this process's part of a cluster: coordinator or worker", ""},
      {"listen", "HOST:PORT", "coordinator: where it listens for workers", ""},
      {"coordinator", "HOST:PORT", "worker: where the coordinator listens", ""},
      {"target", "WHERE", "what runs the job: weir, or flink, a cluster of Apache Flink",
       std::string(options::kTarget.default_value)},
      {"rest", "URL", "--target flink: the cluster's REST address", ""},
      {"jar-out", "FILE", "--target flink: write the job's jar for `flink run`, and submit nothing",
       ""},
      {"detached", "", "--target flink: return when the cluster has accepted the job", ""},
      {"config", "FILE",
       "settings; otherwise $WEIR_CONF_DIR/weir.yaml or ./weir.yaml, if there is one", ""},
      {"D", "key=value", "one setting; docs/configuration.md lists them", ""},
      {"explain", "", "print what would be run, and do not run it", ""},
      {"version", "", "print weir's version", ""},
      {"help", "", "print this", ""},
  };
  return flags;
}

std::vector<std::string> CommandLine::without_built_in(std::vector<std::string> arguments) {
  CommandLine line("", std::move(arguments));
  (void)line.take_assignments();
  for (const Flag& flag : built_in()) {
    if (flag.value_name.empty()) {
      (void)line.take_switch(flag.name);
    } else {
      (void)line.take_value(flag.name);
    }
  }
  std::vector<std::string> left;
  for (Argument& argument : line.arguments_) {
    if (!argument.taken) left.push_back(std::move(argument.text));
  }
  return left;
}

CommandLine::CommandLine(std::string program, std::vector<std::string> arguments)
    : program_(std::move(program)) {
  for (std::string& argument : arguments)
    arguments_.push_back({argument == "-h" ? "--help" : std::move(argument), false});
}

bool CommandLine::is_declared(std::string_view name) const {
  const auto named = [&](const Flag& flag) { return flag.name == name; };
  return std::any_of(built_in().begin(), built_in().end(), named) ||
         std::any_of(declared_.begin(), declared_.end(), named);
}

void CommandLine::declare(Flag flag) {
  if (flag.name.empty() || flag.name.starts_with("-") ||
      flag.name.find_first_of("= \t\n") != std::string::npos) {
    add_problem(cat("the program declares a flag '", flag.name,
                    "', which cannot be one: write it without dashes, blanks and '='"));
  } else if (is_declared(flag.name)) {
    add_problem(cat("the program declares the flag --", flag.name,
                    ", but there is one already; give it another name"));
  }
  declared_.push_back(std::move(flag));
}

std::optional<std::string> CommandLine::take_value(std::string_view name) {
  std::optional<std::string> value;
  for (size_t i = 0; i < arguments_.size(); ++i) {
    if (arguments_[i].taken || !is_flag(arguments_[i].text) || name_of(arguments_[i].text) != name)
      continue;
    arguments_[i].taken = true;
    if (value) add_problem(cat("--", name, " is given twice"));
    if (const size_t equals = arguments_[i].text.find('='); equals != std::string::npos) {
      value = arguments_[i].text.substr(equals + 1);
    } else if (i + 1 < arguments_.size() && !arguments_[i + 1].taken &&
               !is_flag(arguments_[i + 1].text)) {
      arguments_[i + 1].taken = true;
      value = arguments_[i + 1].text;
    } else {
      add_problem(cat("--", name, " has no value; write --", name, " VALUE or --", name, "=VALUE"));
    }
  }
  return value;
}

std::optional<bool> CommandLine::take_switch(std::string_view name) {
  std::optional<bool> value;
  for (Argument& argument : arguments_) {
    if (argument.taken || !is_flag(argument.text) || name_of(argument.text) != name) continue;
    argument.taken = true;
    const size_t equals = argument.text.find('=');
    const auto parsed = equals == std::string::npos ? StatusOr<bool>(true)
                                                    : parse_bool(argument.text.substr(equals + 1));
    if (parsed.ok()) value = *parsed;
    else
      add_problem(cat("--", name, ": '", argument.text.substr(equals + 1), "' ",
                      parsed.status().message()));
  }
  return value;
}

std::vector<std::string> CommandLine::take_assignments() {
  std::vector<std::string> assignments;
  for (size_t i = 0; i < arguments_.size(); ++i) {
    if (arguments_[i].taken || !arguments_[i].text.starts_with("-D")) continue;
    arguments_[i].taken = true;
    if (arguments_[i].text.size() > 2) {
      assignments.push_back(arguments_[i].text.substr(2));
    } else if (i + 1 < arguments_.size() && !arguments_[i + 1].taken) {
      arguments_[++i].taken = true;
      assignments.push_back(arguments_[i].text);
    } else {
      add_problem("-D has no setting after it; write -D key=value");
    }
  }
  return assignments;
}

std::vector<std::string> CommandLine::problems() const {
  std::vector<std::string> problems = problems_;
  std::vector<std::string> names;
  for (const auto* flags : {&declared_, &built_in()}) {
    for (const Flag& flag : *flags) names.push_back((flag.name == "D" ? "-" : "--") + flag.name);
  }
  for (size_t i = 0; i < arguments_.size(); ++i) {
    if (arguments_[i].taken) continue;
    const std::string& text = arguments_[i].text;
    if (!text.starts_with("-") || text == "-") {
      problems.push_back(cat("'", text, "' is not a flag, and nothing was expected there"));
      continue;
    }
    const std::string name = text.substr(0, text.find('='));
    std::string problem = cat("there is no flag ", name);
    if (const auto meant = nearest(name, {names.begin(), names.end()}))
      problem += cat("; did you mean ", *meant, "?");
    problems.push_back(std::move(problem));
    // The argument after an unknown flag is most likely its value.
    if (text.find('=') == std::string::npos && i + 1 < arguments_.size() &&
        !arguments_[i + 1].text.starts_with("-"))
      ++i;
  }
  return problems;
}

std::string CommandLine::help() const {
  size_t width = 0;
  for (const auto* flags : {&declared_, &built_in()}) {
    for (const Flag& flag : *flags) width = std::max(width, usage(flag).size());
  }
  std::string text = cat("Usage: ", program_, " [flags]\n");
  if (!declared_.empty()) {
    text += "\nFlags of this program:\n";
    append_flags(declared_, width, &text);
  }
  text += "\nFlags of every weir program:\n";
  append_flags(built_in(), width, &text);
  return text;
}

}  // namespace weir
