#include "api/command_line.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

using Strings = std::vector<std::string>;

CommandLine line(Strings arguments) { return CommandLine("job", std::move(arguments)); }

TEST(CommandLine, ValuesFollowABlankOrAnEqualsSign) {
  CommandLine command = line({"--input", "a.csv", "--output=b=c", "--level", "-5"});
  EXPECT_EQ(command.take_value("input"), "a.csv");
  EXPECT_EQ(command.take_value("output"), "b=c");
  EXPECT_EQ(command.take_value("level"), "-5");
  EXPECT_EQ(command.take_value("missing"), std::nullopt);
  EXPECT_EQ(command.problems(), Strings{});
}

TEST(CommandLine, Switches) {
  CommandLine command = line({"--a", "--b=false", "--c=maybe", "-h"});
  EXPECT_EQ(command.take_switch("a"), true);
  EXPECT_EQ(command.take_switch("b"), false);
  EXPECT_EQ(command.take_switch("c"), std::nullopt);
  EXPECT_EQ(command.take_switch("help"), true);
  EXPECT_EQ(command.problems(), Strings{"--c: 'maybe' is neither 'true' nor 'false'"});
}

TEST(CommandLine, MissingValueIsAProblem) {
  CommandLine command = line({"--input", "--help"});
  EXPECT_EQ(command.take_value("input"), std::nullopt);
  EXPECT_EQ(command.take_switch("help"), true);
  EXPECT_EQ(command.problems(),
            Strings{"--input has no value; write --input VALUE or --input=VALUE"});
}

TEST(CommandLine, FlagGivenTwiceIsAProblem) {
  CommandLine command = line({"--input", "a", "--input", "b"});
  command.take_value("input");
  EXPECT_EQ(command.problems(), Strings{"--input is given twice"});
}

TEST(CommandLine, UnknownFlagIsRefusedWithTheNearestOne) {
  CommandLine command = line({"--imput", "a.csv", "--paralelism=4", "stray", "--zzz"});
  command.declare({"input", "TEXT", "", ""});
  command.take_value("input");
  EXPECT_EQ(
      command.problems(),
      (Strings{"there is no flag --imput; did you mean --input?",
               "there is no flag --paralelism; did you mean --parallelism?",
               "'stray' is not a flag, and nothing was expected there", "there is no flag --zzz"}));
}

TEST(CommandLine, TakenFlagCannotBeDeclared) {
  CommandLine command = line({});
  command.declare({"parallelism", "N", "", ""});
  command.declare({"--input", "TEXT", "", ""});
  EXPECT_EQ(command.problems(), (Strings{"the program declares the flag --parallelism, but there "
                                         "is one already; give it another name",
                                         "the program declares a flag '--input', which cannot be "
                                         "one: write it without dashes, blanks and '='"}));
}

TEST(CommandLine, Assignments) {
  CommandLine command = line({"-D", "a=1", "-Db=2", "-D"});
  EXPECT_EQ(command.take_assignments(), (Strings{"a=1", "b=2"}));
  EXPECT_EQ(command.problems(), Strings{"-D has no setting after it; write -D key=value"});
}

TEST(CommandLine, ProgramsArgumentsRemainWithoutTheBuiltInFlags) {
  EXPECT_EQ(CommandLine::without_built_in({"--input",
                                           "in",
                                           "--target",
                                           "flink",
                                           "--rest=http://h:1",
                                           "-D",
                                           "a=b",
                                           "--fast",
                                           "--detached",
                                           "-Dc=d",
                                           "--parallelism=2",
                                           "--output",
                                           "hdfs://nn/out",
                                           "--from",
                                           "latest",
                                           "--config",
                                           "x.yaml",
                                           "--jar-out",
                                           "f.jar",
                                           "--explain"}),
            (std::vector<std::string>{"--input", "in", "--fast", "--output", "hdfs://nn/out"}));
}

TEST(CommandLine, HelpListsTheProgramsFlagsFirst) {
  CommandLine command = line({});
  command.declare({"input", "TEXT", "the CSV to read", "flights.csv"});
  command.declare({"fast", "", "do not wait", ""});
  EXPECT_EQ(
      command.help(),
      "Usage: job [flags]\n"
      "\n"
      "Flags of this program:\n"
      "  --input TEXT             the CSV to read (default: flights.csv)\n"
      "  --fast                   do not wait\n"
      "\n"
      "Flags of every weir program:\n"
      "  --parallelism N          subtasks of every operator that says nothing else (default: 1)\n"
      "  --max-parallelism N      key groups of the state, and so the most subtasks that the job "
      "can ever have\n"
      "  --from WHERE             start from a checkpoint: latest (the newest of this job), a "
      "checkpoint's directory, or none "
      "(default: none)\n"
      "  --name TEXT              the job's name\n"
      "  --job-id HEX             the job's id, 32 hexadecimal digits; otherwise made from its "
      "name\n"
      "  --workers N              run in a coordinator, which is this process, and N worker "
      "processes on this host\n"
      "  --slots N                slots of a worker; a slot runs one subtask of every operator\n"
      "  --role ROLE              this process's part of a cluster: coordinator or worker\n"
      "  --listen HOST:PORT       coordinator: where it listens for workers\n"
      "  --coordinator HOST:PORT  worker: where the coordinator listens\n"
      "  --target WHERE           what runs the job: weir, or flink, a cluster of Apache Flink "
      "(default: weir)\n"
      "  --rest URL               --target flink: the cluster's REST address\n"
      "  --jar-out FILE           --target flink: write the job's jar for `flink run`, and submit "
      "nothing\n"
      "  --detached               --target flink: return when the cluster has accepted the job\n"
      "  --config FILE            settings; otherwise $WEIR_CONF_DIR/weir.yaml or ./weir.yaml, if "
      "there is one\n"
      "  -D key=value             one setting; docs/configuration.md lists them\n"
      "  --explain                print what would be run, and do not run it\n"
      "  --version                print weir's version\n"
      "  --help                   print this\n");
}

}  // namespace
}  // namespace weir
