#include "oracle.h"

#include <algorithm>
#include <optional>

#include "base/strings.h"

namespace weir::sim {
namespace {

constexpr size_t kMaxComplaints = 5;

/// The numbers after the letter of a line such as "c 3 1 17".
std::vector<int64_t> numbers(const std::string& line) {
  std::vector<int64_t> result;
  for (const std::string_view word :
       split(std::string_view(line).substr(std::min<size_t>(2, line.size())), ' ')) {
    result.push_back(std::strtoll(std::string(word).c_str(), nullptr, 10));
  }
  return result;
}

/// True for the line that a late record makes in a window or interval.
bool is_late(const std::string& line) {
  return line.starts_with("w ") && std::strtoll(line.c_str() + 2, nullptr, 10) >= kLateKeys;
}

int64_t interval_of(int64_t time, int64_t length) { return time / length * length; }

/// "c <key> <count> <sum>": one for each record of the key, with count and sum up to that record.
struct RunningLine {
  int64_t count;
  int64_t sum;
};

}  // namespace

Oracle::Oracle(const WorkloadPlan& plan) : exactly_once_(plan.exactly_once), ending_(plan.ending) {
  std::vector<PlannedEvent> events;
  for (size_t source = 0; source < plan.sources.size(); ++source) {
    for (int64_t i = 0; i < plan.sources[source].count; ++i)
      events.push_back(event_of(plan, source, i));
  }
  for (size_t step = 0; step < plan.steps.size(); ++step) {
    std::vector<PlannedEvent> next;
    for (const PlannedEvent& event : events) {
      for (const PlannedEvent& made : apply_step(plan.steps[step], step, event))
        next.push_back(made);
    }
    events = std::move(next);
  }

  struct Sum {
    int64_t count = 0;
    int64_t sum = 0;
  };
  std::map<std::pair<int64_t, int64_t>, Sum> by_interval;
  for (const PlannedEvent& event : events) {
    if (ending_ == Ending::kPlain)
      expect(cat("r ", event.id, ' ', event.key, ' ', event.value, ' ', event.time));
    if (ending_ == Ending::kReduce || ending_ == Ending::kTimers || ending_ == Ending::kAlarms)
      values_of_key_[event.key].push_back(event.value);
    if (event.key >= kLateKeys) {
      ++late_[event.key];
      continue;
    }
    Sum& sum = by_interval[{event.key, interval_of(event.time, plan.window_ms)}];
    ++sum.count;
    sum.sum += event.value;
  }
  if (ending_ == Ending::kTimers || ending_ == Ending::kWindows || ending_ == Ending::kLists) {
    for (const auto& [where, sum] : by_interval)
      expect(cat("w ", where.first, ' ', where.second, ' ', sum.count, ' ', sum.sum));
  }
  for (const auto& [key, values] : values_of_key_) expected_count_ += values.size();
}

void Oracle::expect(std::string line) {
  ++expected_[std::move(line)];
  ++expected_count_;
}

std::vector<std::string> Oracle::check_so_far(const std::vector<OutputPart>& parts) const {
  return check(parts, false);
}
std::vector<std::string> Oracle::check_finished(const std::vector<OutputPart>& parts) const {
  return check(parts, true);
}

std::vector<std::string> Oracle::check(const std::vector<OutputPart>& parts, bool finished) const {
  std::map<std::string, int> lines;
  for (const OutputPart& part : parts) {
    for (const std::string& line : part.lines) {
      if (!line.starts_with("c ") && !line.starts_with("t ") && !is_late(line)) ++lines[line];
    }
  }
  std::vector<std::string> complaints = check_lines(lines, finished);
  for (auto& more :
       {ending_ == Ending::kAlarms ? check_alarms(parts, finished) : check_running(parts, finished),
        check_late(parts), check_order(parts)})
    complaints.insert(complaints.end(), more.begin(), more.end());
  if (complaints.size() > kMaxComplaints) {
    complaints[kMaxComplaints] = cat("and ", complaints.size() - kMaxComplaints, " more");
    complaints.resize(kMaxComplaints + 1);
  }
  return complaints;
}

std::vector<std::string> Oracle::check_lines(const std::map<std::string, int>& lines,
                                             bool finished) const {
  std::vector<std::string> complaints;
  // With at-least-once, state counts some records twice after a restart. Then only the key and the
  // interval of a line are certain.
  const bool exact = exactly_once_ || ending_ == Ending::kPlain;
  const auto reduced = [&](const std::map<std::string, int>& of) {
    if (exact) return of;
    std::map<std::string, int> result;
    for (const auto& [line, count] : of) {
      const std::vector<int64_t> n = numbers(line);
      if (n.size() == 4) result[cat("w ", n[0], ' ', n[1])] += count;
      else result[line] += count;
    }
    return result;
  };
  const std::map<std::string, int> expected = reduced(expected_);
  const std::map<std::string, int> found = reduced(lines);
  for (const auto& [line, count] : found) {
    const auto wanted = expected.find(line);
    if (wanted == expected.end())
      complaints.push_back(cat("output has '", line, "', which does not belong there"));
    else if (exactly_once_ && count > wanted->second)
      complaints.push_back(
          cat("output has '", line, "' ", count, " times instead of ", wanted->second));
  }
  if (!finished) return complaints;
  for (const auto& [line, count] : expected) {
    const auto there = found.find(line);
    const int times = there == found.end() ? 0 : there->second;
    if (times < count)
      complaints.push_back(cat("output has '", line, "' ", times, " times instead of ", count));
  }
  return complaints;
}

std::vector<std::string> Oracle::check_running(const std::vector<OutputPart>& parts,
                                               bool finished) const {
  std::map<int64_t, std::vector<RunningLine>> of_key;
  std::vector<std::string> complaints;
  for (const OutputPart& part : parts) {
    for (const std::string& line : part.lines) {
      if (!line.starts_with("c ")) continue;
      const std::vector<int64_t> n = numbers(line);
      if (n.size() != 3 || !values_of_key_.contains(n[0]))
        complaints.push_back(cat("output has '", line, "', which does not belong there"));
      else of_key[n[0]].push_back({n[1], n[2]});
    }
  }
  for (const auto& [key, values] : values_of_key_) {
    std::vector<RunningLine>& found = of_key[key];
    if (!exactly_once_) {
      if (finished && found.size() < values.size())
        complaints.push_back(
            cat("key ", key, " has only ", found.size(), " of ", values.size(), " results"));
      continue;
    }
    std::sort(found.begin(), found.end(),
              [](const RunningLine& a, const RunningLine& b) { return a.count < b.count; });
    // Each result is the previous one plus one record of the key that is not counted yet.
    std::multiset<int64_t> left(values.begin(), values.end());
    RunningLine last{0, 0};
    for (const RunningLine& line : found) {
      const bool next = line.count == last.count + 1;
      if (line.count == last.count)
        complaints.push_back(cat("key ", key, " has the result number ", line.count, " twice"));
      // While the job returns to an older checkpoint, the files written since then disappear one by
      // one.
      else if (!next && !finished) break;
      else if (!next)
        complaints.push_back(cat("key ", key, " lacks the results between number ", last.count,
                                 " and ", line.count));
      else if (const auto used = left.find(line.sum - last.sum); used == left.end())
        complaints.push_back(cat("key ", key, ": no record of it makes the sum ", last.sum,
                                 " number ", line.count, "'s ", line.sum));
      else left.erase(used);
      last = line;
    }
    if (finished && found.size() != values.size())
      complaints.push_back(
          cat("key ", key, " has ", found.size(), " results instead of ", values.size()));
  }
  return complaints;
}

/// Late records may be dropped, but windows and intervals must not count one twice.
std::vector<std::string> Oracle::check_late(const std::vector<OutputPart>& parts) const {
  std::vector<std::string> complaints;
  std::map<int64_t, int64_t> counted;
  for (const OutputPart& part : parts) {
    for (const std::string& line : part.lines) {
      if (!is_late(line)) continue;
      const std::vector<int64_t> n = numbers(line);
      const auto planned = late_.find(n[0]);
      if (planned == late_.end() || n.size() != 4 || n[2] < 1)
        complaints.push_back(cat("output has '", line, "', which does not belong there"));
      else if ((counted[n[0]] += n[2]) > planned->second)
        complaints.push_back(
            cat("late records of key ", n[0], " count more than once: '", line, "'"));
    }
  }
  return complaints;
}

/// "t <key> <from> <to>": the records of a key from one number to another. Each number occurs once.
std::vector<std::string> Oracle::check_alarms(const std::vector<OutputPart>& parts,
                                              bool finished) const {
  std::vector<std::string> complaints;
  std::map<int64_t, std::map<int64_t, int64_t>> of_key;
  for (const OutputPart& part : parts) {
    for (const std::string& line : part.lines) {
      const std::vector<int64_t> n = numbers(line);
      if (!line.starts_with("t ") || n.size() != 3 || !values_of_key_.contains(n[0]) || n[2] < n[1])
        complaints.push_back(cat("output has '", line, "', which does not belong there"));
      else if (!of_key[n[0]].emplace(n[1], n[2]).second && exactly_once_)
        complaints.push_back(cat("key ", n[0], " has the records from number ", n[1], " twice"));
    }
  }
  for (const auto& [key, values] : values_of_key_) {
    if (!exactly_once_) continue;
    int64_t last = 0;
    for (const auto& [from, to] : of_key[key]) {
      if (from <= last)
        complaints.push_back(cat("key ", key, " has record number ", from, " twice"));
      else if (finished && from != last + 1)
        complaints.push_back(
            cat("key ", key, " lacks the records from number ", last + 1, " to ", from - 1));
      last = to;
    }
    const auto count = static_cast<int64_t>(values.size());
    if (last > count || (finished && last < count))
      complaints.push_back(cat("key ", key, " has ", last, " records instead of ", count));
  }
  return complaints;
}

/// Within a part file the results of a key are in order.
std::vector<std::string> Oracle::check_order(const std::vector<OutputPart>& parts) const {
  std::vector<std::string> complaints;
  for (const OutputPart& part : parts) {
    std::map<int64_t, int64_t> last_of_key;
    for (const std::string& line : part.lines) {
      if (!line.starts_with("c ")) continue;
      const std::vector<int64_t> n = numbers(line);
      if (n.size() != 3) continue;
      int64_t& last = last_of_key[n[0]];
      if (n[1] <= last)
        complaints.push_back(
            cat(part.name, " has result ", n[1], " of key ", n[0], " after ", last));
      last = n[1];
    }
  }
  return complaints;
}

std::vector<std::string> prove_oracle(const Oracle& oracle, const std::vector<OutputPart>& good) {
  std::vector<std::string> missed;
  const auto certain = [](const std::string& line) { return !is_late(line); };
  const auto part = std::find_if(good.begin(), good.end(), [&](const OutputPart& p) {
    return std::any_of(p.lines.begin(), p.lines.end(), certain);
  });
  if (part == good.end()) return missed;
  const size_t index = static_cast<size_t>(part - good.begin());
  const auto middle = part->lines.begin() + static_cast<std::ptrdiff_t>(part->lines.size() / 2);
  const auto after = std::find_if(middle, part->lines.end(), certain);
  const auto chosen =
      after != part->lines.end() ? after : std::find_if(part->lines.begin(), middle, certain);
  const size_t line = static_cast<size_t>(chosen - part->lines.begin());
  const auto must_object = [&](const char* what, const std::vector<OutputPart>& broken) {
    if (oracle.check_finished(broken).empty())
      missed.push_back(cat("the oracle does not notice ", what, " of '", part->lines[line], "'"));
  };
  std::vector<OutputPart> lost = good;
  lost[index].lines.erase(lost[index].lines.begin() + static_cast<std::ptrdiff_t>(line));
  must_object("the loss", lost);
  std::vector<OutputPart> repeated = good;
  repeated[index].lines.push_back(part->lines[line]);
  must_object("a repetition", repeated);
  std::vector<OutputPart> swapped = good;
  std::string& one = swapped[index].lines[line];
  for (OutputPart& other_part : swapped) {
    for (std::string& other : other_part.lines) {
      std::string of_one = one.substr(one.rfind(' '));
      std::string of_other = other.substr(other.rfind(' '));
      if (of_one == of_other || other[0] != one[0] || is_late(other) ||
          one.substr(0, one.rfind(' ')) == other.substr(0, other.rfind(' ')))
        continue;
      one.replace(one.rfind(' '), std::string::npos, of_other);
      other.replace(other.rfind(' '), std::string::npos, of_one);
      must_object("an exchange with another", swapped);
      return missed;
    }
  }
  return missed;
}

}  // namespace weir::sim
