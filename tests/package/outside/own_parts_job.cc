// A job whose source, operator, sink and file system are the user's own. It fails once after a
// checkpoint, is restored from it, and must give each number once, at the right position.

#include <weir/weir.h>

#include <atomic>
#include <iostream>
#include <set>
#include <sstream>
#include <stdexcept>

#include "lines_sink.h"
#include "numbers_source.h"
#include "own_files.h"
#include "position_operator.h"

namespace {

constexpr int64_t kNumbers = 10'000;

std::string show(const Positioned& p) {
  return std::to_string(p.number) + " " + std::to_string(p.position);
}

/// The failure that the job must survive: with the first batch after a completed checkpoint.
class OneFailure {
 public:
  void checkpoint_completed() { completed_ = true; }
  bool may_continue() const { return completed_; }
  void before_batch() {
    if (completed_ && !failed_.exchange(true)) throw std::runtime_error("the failure of the test");
  }
  bool happened() const { return failed_; }

 private:
  std::atomic<bool> completed_ = false;
  std::atomic<bool> failed_ = false;
};

/// The lines of all committed files.
std::multiset<std::string> read_results(weir::FileSystem& files, const std::string& directory) {
  std::multiset<std::string> lines;
  const auto entries = files.list(directory);
  for (const weir::FileInfo& file : *entries) {
    if (file.path.find("/.") != std::string::npos) continue;
    std::string bytes;
    if (!files.open(file.path).value()->read_at(0, file.size, &bytes).ok()) continue;
    std::istringstream in(bytes);
    for (std::string line; std::getline(in, line);) lines.insert(line);
  }
  return lines;
}

std::string check_results(const std::multiset<std::string>& lines) {
  std::set<int64_t> numbers;
  std::set<int64_t> positions;
  for (const std::string& line : lines) {
    std::istringstream in(line);
    Positioned p;
    in >> p.number >> p.position;
    numbers.insert(p.number);
    positions.insert(p.position);
  }
  const auto n = static_cast<size_t>(kNumbers);
  if (lines.size() != n || numbers.size() != n || positions.size() != n ||
      *positions.begin() != 1 || *positions.rbegin() != kNumbers)
    return std::to_string(lines.size()) + " lines with " + std::to_string(numbers.size()) +
           " numbers at " + std::to_string(positions.size()) + " positions";
  return "";
}

}  // namespace

int main() {
  const auto files = std::make_shared<OwnFiles>();
  const auto failure = std::make_shared<OneFailure>();

  weir::StreamExecutionEnvironment env;
  env.register_file_system("own", [files](const std::string&) { return files; });
  env.enable_checkpointing(std::chrono::milliseconds(20));
  env.set_state_backend(weir::FsStateBackend("own://files/checkpoints"));
  env.set_restart_strategy(weir::RestartStrategy::fixed_delay(1, std::chrono::milliseconds(1)));
  env.set_parallelism(2);
  env.from_source(NumbersSource(kNumbers, 4)
                      .hold_back(kNumbers / 8, [failure] { return failure->may_continue(); }),
                  weir::no_watermarks(), "numbers")
      .transform<Positioned>("positions",
                             [failure] {
                               return std::make_unique<PositionOperator>(PositionOperator::Hooks{
                                   .completed = [failure] { failure->checkpoint_completed(); },
                                   .before_batch = [failure] { failure->before_batch(); }});
                             })
      .set_parallelism(1)
      .sink_to(LinesSink<Positioned>("own://files/results", show));

  const auto result = env.run("own parts");
  if (!result.ok()) {
    std::cerr << result.status().to_string() << "\n";
    return 1;
  }
  std::string wrong = check_results(read_results(*files, "/results"));
  if (!failure->happened() || result->restarts != 1) wrong += "; the job was not restored once";
  if (!result->last_checkpoint.starts_with("own://files/checkpoints/"))
    wrong += "; the last checkpoint is " + result->last_checkpoint;
  std::cout << (wrong.empty() ? "each number once" : wrong) << "\n";
  return wrong.empty() ? 0 : 1;
}
