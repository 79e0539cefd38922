#include "checkpoint/lineage.h"

#include <xxhash.h>

#include <algorithm>
#include <charconv>
#include <cstdio>

#include "base/bug_switch.h"
#include "base/status_macros.h"
#include "base/strings.h"
#include "checkpoint/protocol/paths.h"
#include "checkpoint/storage.h"

namespace weir {
namespace {

constexpr std::string_view kMagic = "weir-lineage";
constexpr int kFormatVersion = 1;
// CheckpointLine::after of a line that was not continued last.
constexpr CheckpointId kClosed = INT64_MAX;

std::string hex16(uint64_t number) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(number));
  return text;
}

void append(const CheckpointLine& line, std::string* text) {
  *text += cat("line ", line.start, " ", line.after, " ", hex16(line.run),
               line.origin.empty() ? "" : " ", line.origin, "\n");
  for (const LineSegment& segment : line.before)
    *text += cat("before ", segment.start, " ", segment.after, " ", segment.last, "\n");
}

template <class Number>
bool parse(std::string_view text, int base, Number* number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *number, base);
  return error == std::errc() && end == text.data() + text.size();
}

/// The text after the first `fields` fields; the last field may contain spaces.
std::string rest_of(std::string_view text, int fields) {
  for (; fields > 0; --fields) {
    const size_t space = text.find(' ');
    if (space == std::string_view::npos) return {};
    text.remove_prefix(space + 1);
  }
  return std::string(text);
}

bool read_row(std::string_view row, Lineage* lineage) {
  const auto fields = split(row, ' ');
  uint64_t writer = 0;
  if (fields[0] == "newest")
    return fields.size() == 4 && parse(fields[1], 10, &lineage->newest) &&
           parse(fields[2], 10, &lineage->epoch) && parse(fields[3], 16, &writer);
  if (fields[0] == "line" && fields.size() >= 4) {
    CheckpointLine& line = lineage->lines.emplace_back();
    line.origin = rest_of(row, 4);
    return parse(fields[1], 10, &line.start) && parse(fields[2], 10, &line.after) &&
           parse(fields[3], 16, &line.run);
  }
  if (fields[0] != "before" || fields.size() != 4 || lineage->lines.empty()) return false;
  LineSegment& segment = lineage->lines.back().before.emplace_back();
  return parse(fields[1], 10, &segment.start) && parse(fields[2], 10, &segment.after) &&
         parse(fields[3], 10, &segment.last);
}

Status damaged(std::string_view how) {
  return data_loss(cat("the record of the job's starts is damaged: ", how));
}

/// Cuts a line after one of its checkpoints.
std::vector<LineSegment> segments_up_to(const CheckpointLine& line, CheckpointId id) {
  std::vector<LineSegment> segments;
  for (LineSegment segment : line.before) {
    if (segment.after >= id) break;
    segment.last = std::min(segment.last, id);
    segments.push_back(segment);
  }
  if (id > line.after) segments.push_back({line.start, line.after, id});
  return segments;
}

/// A newer start exists, so the line's own start completes no further checkpoint.
CheckpointLine closed(CheckpointLine line, const std::vector<CheckpointId>& completed) {
  if (line.after == kClosed) return line;
  const auto last = std::max_element(completed.begin(), completed.end());
  if (last != completed.end() && *last > line.after)
    line.before.push_back({line.start, line.after, *last});
  line.after = kClosed;
  return line;
}

/// The numbers of the starts with records, ascending, and the names of all other files.
struct Records {
  std::vector<StartNumber> starts;
  std::vector<std::string> temporaries;
};
StatusOr<Records> list_records(const FileLocation& job) {
  const FileLocation directory = job.child(kLineageDirectory);
  Records records;
  const auto entries = directory.fs->list(directory.path);
  if (entries.status().code() == StatusCode::kNotFound) return records;
  if (!entries.ok())
    return entries.status().with_context(
        cat("cannot look for earlier starts of the job in ", directory.uri));
  for (const FileInfo& entry : *entries) {
    const std::string name = entry.path.substr(entry.path.rfind('/') + 1);
    if (const auto start = parse_start_record_name(name)) records.starts.push_back(*start);
    else records.temporaries.push_back(name);
  }
  std::sort(records.starts.begin(), records.starts.end());
  return records;
}

/// Best effort: the next start removes the rest.
void remove_older_records(const FileLocation& directory, const Records& records,
                          StartNumber newest) {
  for (const StartNumber start : records.starts) {
    if (start < newest) (void)directory.fs->remove(directory.child(start_record_name(start)).path);
  }
  for (const std::string& name : records.temporaries) {
    const auto start = parse_start_record_name(std::string_view(name).substr(0, name.find('.')));
    if (start && *start < newest) (void)directory.fs->remove(directory.child(name).path);
  }
  // An object store does not list what starts have left that were killed while they recorded
  // themselves. None of them can have the newest number: it is taken.
  const auto unfinished = directory.fs->unfinished(directory.path);
  if (!unfinished.ok()) return;
  for (const std::string& path : *unfinished) {
    const auto start = parse_start_record_name(path.substr(path.rfind('/') + 1));
    if (start && *start <= newest) (void)directory.fs->discard(publication_of(path, "killed"));
  }
}

}  // namespace

bool CheckpointLine::holds(CheckpointId id, std::optional<StartNumber> of) const {
  if (id > after && (!of || *of == start)) return true;
  return std::any_of(before.begin(), before.end(), [&](const LineSegment& segment) {
    return id > segment.after && id <= segment.last && (!of || *of == segment.start);
  });
}

bool CheckpointLine::holds_any(const std::vector<CheckpointId>& ids) const {
  return std::any_of(ids.begin(), ids.end(),
                     [this](CheckpointId id) { return holds(id, std::nullopt); });
}

const CheckpointLine* Lineage::living(const std::vector<CheckpointId>& completed) const {
  for (auto line = lines.rbegin(); line != lines.rend(); ++line) {
    if (!line->empty() || line->holds_any(completed)) return &*line;
  }
  return lines.empty() ? nullptr : &lines.back();
}

const CheckpointLine* Lineage::line_of(CheckpointId id, StartNumber start) const {
  const auto found = std::find_if(lines.rbegin(), lines.rend(), [&](const CheckpointLine& line) {
    return line.holds(id, start);
  });
  return found == lines.rend() ? nullptr : &*found;
}

Lineage begin_line(const Lineage& before, const LineBeginning& beginning, CheckpointId highest,
                   const std::vector<CheckpointId>& completed) {
  CheckpointLine line;
  line.run = beginning.new_run;
  line.after = std::max(highest, beginning.from);
  const CheckpointLine* parent = nullptr;
  bool forced = false;
  if (beginning.from < 0 || beginning.elsewhere) {
    line.origin = beginning.origin;
    const CheckpointLine* last = before.lines.empty() ? nullptr : &before.lines.back();
    const bool same_beginning =
        last != nullptr && last->before.empty() && last->origin == line.origin;
    const bool again = !beginning.new_line && same_beginning && !last->holds_any(completed);
    if (again || (beginning.taken_over && same_beginning)) parent = last;
    if (parent != nullptr) line.run = parent->run;
  } else {
    parent = before.line_of(beginning.from, beginning.from_start);
    if (parent != nullptr) {
      line.run = parent->run;
      line.before = segments_up_to(
          *parent, bug_enabled(Bug::kGoingBackNotRecorded) ? line.after : beginning.from);
      line.origin = beginning.origin.empty() ? parent->origin : beginning.origin;
    } else if (before.lines.empty()) {
      line.before = {{beginning.from_start, 0, beginning.from}};
    } else {
      // An abandoned checkpoint: nothing is known to be good about the checkpoints before it, or
      // about other lines, which may share its output.
      forced = true;
      line.before = {{beginning.from_start, beginning.from - 1, beginning.from}};
    }
  }
  const bool unknown_before = before.lines.empty() && !completed.empty() && line.before.empty();
  Lineage after;
  if (unknown_before)
    after.lines.push_back(
        {0, kClosed, {{0, 0, *std::max_element(completed.begin(), completed.end())}}, 0, {}});
  after.newest = line.start = before.newest + 1;
  after.epoch = before.epoch;
  if (!before.lines.empty()) line.after = std::max(line.after, before.lines.back().after);
  for (const CheckpointLine& other : before.lines) {
    if (!forced && &other != parent && other.run != line.run && other.holds_any(completed))
      after.lines.push_back(closed(other, completed));
  }
  after.lines.push_back(std::move(line));
  return after;
}

std::string encode_lineage(const Lineage& lineage, uint64_t writer) {
  std::string body = cat("newest ", lineage.newest, " ", lineage.epoch, " ", hex16(writer), "\n");
  for (const CheckpointLine& line : lineage.lines) append(line, &body);
  return cat(kMagic, " ", kFormatVersion, " ", body.size(), " ",
             hex16(XXH3_64bits(body.data(), body.size())), "\n", body);
}

StatusOr<Lineage> decode_lineage(std::string_view bytes) {
  const size_t newline = bytes.find('\n');
  const auto head = split(bytes.substr(0, newline), ' ');
  if (newline == std::string_view::npos || head.size() != 4 || head[0] != kMagic)
    return damaged("it does not begin as one");
  if (head[1] != cat(kFormatVersion)) {
    return failed_precondition(cat("the record of the job's starts is in format ", head[1],
                                   ", and this weir reads format ", kFormatVersion,
                                   ": use the weir that wrote it, or a newer one"));
  }
  const std::string_view body = bytes.substr(newline + 1);
  if (head[2] != cat(body.size()) || head[3] != hex16(XXH3_64bits(body.data(), body.size())))
    return damaged("its checksum does not match");
  Lineage lineage;
  for (const std::string_view row : split(body, '\n')) {
    if (!row.empty() && !read_row(row, &lineage)) return damaged(cat("'", row, "' says nothing"));
  }
  return lineage;
}

StatusOr<Lineage> read_lineage(const FileLocation& job) {
  constexpr int kTries = 3;  // another start may remove listed files
  for (int i = 0;; ++i) {
    WEIR_ASSIGN_OR_RETURN(const Records records, list_records(job));
    if (records.starts.empty()) return Lineage();
    const FileLocation newest =
        job.child(kLineageDirectory).child(start_record_name(records.starts.back()));
    const auto bytes = read_file(*newest.fs, newest.path);
    if (bytes.status().code() == StatusCode::kNotFound && i + 1 < kTries) continue;
    if (!bytes.ok()) return bytes.status();
    auto lineage = decode_lineage(*bytes);
    if (!lineage.ok()) {
      return lineage.status().with_context(cat(
          newest.uri,
          " says which checkpoints may be gone on from; remove it only if no start of the job has "
          "gone back to an older checkpoint"));
    }
    return lineage;
  }
}

Status record_lineage(const FileLocation& job, const Lineage& lineage, uint64_t nonce) {
  const FileLocation directory = job.child(kLineageDirectory);
  const FileLocation record = directory.child(start_record_name(lineage.newest));
  const std::string bytes = encode_lineage(lineage, nonce);
  const std::string unique = hex16(nonce);
  WEIR_RETURN_IF_ERROR(directory.fs->make_directories(directory.path));
  const auto is_ours = [&]() -> StatusOr<bool> {
    const auto there = read_file(*record.fs, record.path);
    if (there.status().code() == StatusCode::kNotFound) return false;
    if (!there.ok()) return there.status();
    if (*there == bytes) return true;
    return already_exists(cat("another start of the job has been recorded as ", record.uri));
  };
  Status status = publish_file(*record.fs, record.path, bytes, unique);
  bool there = status.ok();
  if (!there) {
    // Find out whether the record was published. A delayed publication must not take effect later,
    // so discard what was staged before the last look.
    WEIR_ASSIGN_OR_RETURN(there, is_ours());
    if (!there) {
      Status removed = record.fs->discard(publication_of(record.path, unique));
      if (!removed.ok() && removed.code() != StatusCode::kNotFound) return removed;
      WEIR_ASSIGN_OR_RETURN(there, is_ours());
    }
  }
  // A later start also removes what is being written here.
  WEIR_ASSIGN_OR_RETURN(const Records records, list_records(job));
  if (!records.starts.empty() && records.starts.back() > lineage.newest) {
    return already_exists(cat("another start of the job has been recorded after ", record.uri));
  }
  if (!there) return status.with_context("cannot record the start of the job");
  remove_older_records(directory, records, lineage.newest);
  return {};
}

Status record_fence(const FileLocation& job, Lineage* lineage, uint64_t nonce) {
  Lineage fence = *lineage;
  ++fence.newest;
  WEIR_RETURN_IF_ERROR(record_lineage(job, fence, nonce));
  *lineage = std::move(fence);
  return {};
}

Status record_deletion(const FileLocation& job, StartNumber start, uint64_t nonce) {
  WEIR_ASSIGN_OR_RETURN(const Lineage lineage, read_lineage(job));
  if (lineage.newest != start) {
    return already_exists(cat("another process has started the job since (start ", lineage.newest,
                              " in ", job.uri, "; this is start ", start, ")"));
  }
  WEIR_ASSIGN_OR_RETURN(const CheckpointInventory inventory, list_checkpoints(job));
  const LineBeginning nothing{.origin = {}, .new_run = nonce, .new_line = true};
  return record_lineage(job, begin_line(lineage, nothing, inventory.highest, {}), nonce);
}

Status check_newest_start(const FileLocation& job, StartNumber start) {
  WEIR_ASSIGN_OR_RETURN(const Records records, list_records(job));
  if (records.starts.empty() || records.starts.back() <= start) return {};
  return aborted(cat("the job has been started again by another process (start ",
                     records.starts.back(), " in ", job.uri, "; this is start ", start,
                     "): only the newest start completes checkpoints; stop one of the two"));
}

}  // namespace weir
