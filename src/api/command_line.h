#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "weir/status.h"

namespace weir {

/// The arguments of a program. Flags are taken one by one, because the set of flags is known only
/// after all have been declared. "--name value" and "--name=value" are the same. Nothing fails
/// here: errors are kept for problems(). Thread: one.
class CommandLine {
 public:
  struct Flag {
    std::string name;        ///< without dashes
    std::string value_name;  ///< "N" in "--parallelism N"; empty: a switch
    std::string doc;
    std::string default_value;  ///< for the help; may be empty
  };

  CommandLine(std::string program, std::vector<std::string> arguments);

  const std::string& program() const { return program_; }

  /// Declares one of the program's own flags; the built-in ones are already declared. Reusing a
  /// name is a problem.
  void declare(Flag flag);
  /// The value of a flag, if it was given. Giving it twice is a problem.
  std::optional<std::string> take_value(std::string_view name);
  /// "--name" and "--name=true" are true; "--name=false" is false.
  std::optional<bool> take_switch(std::string_view name);
  /// The values of all "-D key=value" and "-Dkey=value".
  std::vector<std::string> take_assignments();

  void add_problem(std::string sentence) { problems_.push_back(std::move(sentence)); }
  /// All errors so far, and the arguments that were not taken. Call it when all flags are declared.
  std::vector<std::string> problems() const;
  std::string help() const;

  static const std::vector<Flag>& built_in();
  /// The program's own part of a command line (without the program's name): the built-in flags are
  /// removed with their values.
  static std::vector<std::string> without_built_in(std::vector<std::string> arguments);

 private:
  struct Argument {
    std::string text;
    bool taken = false;
  };
  bool is_declared(std::string_view name) const;

  const std::string program_;
  std::vector<Argument> arguments_;
  std::vector<Flag> declared_;
  std::vector<std::string> problems_;
};

}  // namespace weir
