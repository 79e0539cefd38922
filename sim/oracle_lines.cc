#include "oracle_lines.h"

#include <algorithm>
#include <cstdio>
#include <sstream>

namespace weir::sim {

RecordedLines RecordedLines::read(MemoryFileSystem& disk, const std::string& job_directory) {
  RecordedLines lines;
  const auto entries = disk.list(job_directory + "/lineage");
  if (!entries.ok()) return lines;
  std::string newest;
  int64_t newest_start = 0;
  for (const FileInfo& entry : *entries) {
    const std::string name = entry.path.substr(entry.path.rfind('/') + 1);
    char end = 0;
    long long start = 0;
    if (std::sscanf(name.c_str(), "start-%lld%c", &start, &end) != 1 || start < newest_start)
      continue;
    newest = entry.path;
    newest_start = start;
  }
  const auto bytes = read_file(disk, newest);
  if (!bytes.ok()) return lines;
  std::istringstream text(*bytes);
  for (std::string row; std::getline(text, row);) {
    std::istringstream fields(row);
    std::string kind;
    fields >> kind;
    Segment segment;
    if (kind == "line") {
      std::string run;
      std::string origin;
      fields >> segment.start >> segment.after >> run >> origin;
      lines.lines_.push_back({{segment}, !origin.empty()});
    } else if (kind == "before") {
      fields >> segment.start >> segment.after >> segment.last;
      lines.lines_.back().segments.push_back(segment);
    }
  }
  return lines;
}

bool RecordedLines::Line::holds(int64_t id, int64_t start) const {
  return std::any_of(segments.begin(), segments.end(), [&](const Segment& segment) {
    return segment.start == start && id > segment.after && id <= segment.last;
  });
}

bool RecordedLines::lives(int64_t id, int64_t start,
                          const std::vector<std::pair<int64_t, int64_t>>& complete) const {
  for (auto line = lines_.rbegin(); line != lines_.rend(); ++line) {
    const bool begun = line->segments.size() > 1 || line->has_origin ||
                       std::any_of(complete.begin(), complete.end(), [&](const auto& each) {
                         return line->holds(each.first, each.second);
                       });
    if (begun) return line->holds(id, start);
  }
  return lines_.empty();
}

bool RecordedLines::on_a_line(int64_t id, int64_t start) const {
  return lines_.empty() || std::any_of(lines_.begin(), lines_.end(),
                                       [&](const Line& line) { return line.holds(id, start); });
}

}  // namespace weir::sim
