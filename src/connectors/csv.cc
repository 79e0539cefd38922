#include "weir/csv.h"

#include <algorithm>
#include <cstdio>

#include "base/strings.h"

namespace weir {
namespace {

/// Takes `digits` digits off the front of `text`.
bool take_number(std::string_view& text, size_t digits, int* value) {
  if (text.size() < digits) return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + digits, *value);
  if (error != std::errc() || end != text.data() + digits || *value < 0) return false;
  text.remove_prefix(digits);
  return true;
}

bool take(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

/// The offset from UTC in minutes that `text` consists of.
std::optional<int> parse_zone(std::string_view text) {
  if (text.empty() || text == "Z" || text == "z") return 0;
  const int sign = text.front() == '-' ? -1 : 1;
  int hours = 0;
  int minutes = 0;
  if (!take(text, '+') && !take(text, '-')) return std::nullopt;
  if (!take_number(text, 2, &hours)) return std::nullopt;
  take(text, ':');
  if (!take_number(text, 2, &minutes) || !text.empty() || hours > 18 || minutes > 59) return std::nullopt;
  return sign * (hours * 60 + minutes);
}

}  // namespace

std::optional<Timestamp> parse_timestamp(std::string_view text) {
  using namespace std::chrono;
  int y = 0, mo = 0, d = 0, h = 0, mi = 0, s = 0, ms = 0;
  if (!take_number(text, 4, &y) || !take(text, '-') || !take_number(text, 2, &mo) || !take(text, '-') || !take_number(text, 2, &d)) {
    return std::nullopt;
  }
  const year_month_day date{year(y), month(static_cast<unsigned>(mo)), day(static_cast<unsigned>(d))};
  if (!date.ok()) return std::nullopt;
  if (!text.empty()) {
    if (!take(text, 'T') && !take(text, ' ')) return std::nullopt;
    if (!take_number(text, 2, &h) || !take(text, ':') || !take_number(text, 2, &mi)) return std::nullopt;
    if (take(text, ':') && !take_number(text, 2, &s)) return std::nullopt;
    if (take(text, '.')) {
      int weight = 100;
      int digit = 0;
      bool any = false;
      while (!text.empty() && text.front() >= '0' && text.front() <= '9' && take_number(text, 1, &digit)) {
        ms += digit * weight;
        weight /= 10;
        any = true;
      }
      if (!any) return std::nullopt;
    }
  }
  const std::optional<int> zone = parse_zone(text);
  if (!zone || h > 23 || mi > 59 || s > 59) return std::nullopt;
  const auto point = sys_days(date) + hours(h) + minutes(mi) + seconds(s) + milliseconds(ms) - minutes(*zone);
  return duration_cast<milliseconds>(point.time_since_epoch()).count();
}

std::string format_timestamp(Timestamp ms) {
  using namespace std::chrono;
  const sys_time<milliseconds> point{milliseconds(ms)};
  const auto midnight = floor<days>(point);
  const year_month_day date(midnight);
  const hh_mm_ss time(point - midnight);
  char text[48];
  int length = std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d", static_cast<int>(date.year()),
                             static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), static_cast<int>(time.hours().count()),
                             static_cast<int>(time.minutes().count()), static_cast<int>(time.seconds().count()));
  if (const auto fraction = time.subseconds().count(); fraction != 0) {
    length += std::snprintf(text + length, sizeof text - static_cast<size_t>(length), ".%03d", static_cast<int>(fraction));
  }
  return std::string(text, static_cast<size_t>(length)) + "Z";
}

void detail::append_csv_text(std::string& out, std::string_view text, char separator) {
  const bool plain = std::none_of(text.begin(), text.end(),
                                  [separator](char c) { return c == separator || c == '"' || c == '\n' || c == '\r'; });
  if (plain) {
    out += text;
    return;
  }
  out += '"';
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
}

CsvRow::CsvRow(CsvOptions options) : options_(std::move(options)), columns_(options_.columns) {}

void CsvRow::set_columns(std::vector<std::string> names) {
  columns_ = std::move(names);
  lookups_.clear();
}

void CsvRow::parse(std::string_view line) {
  fields_.clear();
  problem_.clear();
  unknown_column_ = false;
  next_lookup_ = 0;
  unescaped_.clear();
  unescaped_.reserve(line.size());  // fields point into it
  size_t at = 0;
  while (true) {
    Field field;
    if (at < line.size() && line[at] == '"') {
      field.quoted = true;
      const size_t begin = ++at;
      const size_t kept = unescaped_.size();
      bool escaped = false;
      while (true) {
        const size_t quote = line.find('"', at);
        if (quote == std::string_view::npos) {
          return fail(options_.multiline ? "a quoted field does not end"
                                         : "a quoted field does not end on its line; if fields may hold line breaks, set CsvOptions::multiline");
        }
        if (quote + 1 < line.size() && line[quote + 1] == '"') {
          unescaped_.append(line, escaped ? at : begin, quote + 1 - (escaped ? at : begin));
          escaped = true;
          at = quote + 2;
          continue;
        }
        if (escaped) {
          unescaped_.append(line, at, quote - at);
          field.text = std::string_view(unescaped_).substr(kept);
        } else {
          field.text = line.substr(begin, quote - begin);
        }
        at = quote + 1;
        break;
      }
      if (at < line.size() && line[at] != options_.separator) {
        return fail(cat("after the quoted field ", fields_.size() + 1, " comes '", line[at], "' instead of a separator"));
      }
    } else {
      const size_t end = std::min(line.find(options_.separator, at), line.size());
      field.text = line.substr(at, end - at);
      at = end;
    }
    fields_.push_back(field);
    if (at >= line.size()) break;
    ++at;  // the separator
  }
  if (!columns_.empty() && fields_.size() != columns_.size()) {
    fail(cat("it has ", fields_.size(), " fields, but there are ", columns_.size(), " columns"));
  }
}

void CsvRow::fail(std::string why) {
  if (problem_.empty()) problem_ = std::move(why);
}

int CsvRow::find(std::string_view column) {
  if (!ok()) return -1;
  if (next_lookup_ < lookups_.size() && lookups_[next_lookup_].column == column) return lookups_[next_lookup_++].index;
  const auto found = std::find(columns_.begin(), columns_.end(), column);
  if (found == columns_.end()) {
    std::string names;
    for (const std::string& name : columns_) names += (names.empty() ? "" : ", ") + name;
    unknown_column_ = true;
    fail(cat("there is no column '", column, "'; the columns are: ", names));
    return -1;
  }
  const int index = static_cast<int>(found - columns_.begin());
  lookups_.resize(std::min(next_lookup_, lookups_.size()));
  lookups_.push_back({std::string(column), index});
  ++next_lookup_;
  return index;
}

bool CsvRow::is_null(int index) const {
  const Field& field = fields_[static_cast<size_t>(index)];
  return !field.quoted && std::find(options_.nulls.begin(), options_.nulls.end(), field.text) != options_.nulls.end();
}

void CsvRow::fail_conversion(std::string_view column, int index) {
  fail(cat("'", fields_[static_cast<size_t>(index)].text, "' in column '", column, "' is not of the type asked for"));
}

}  // namespace weir
