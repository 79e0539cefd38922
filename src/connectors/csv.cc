#include "weir/connector/csv.h"

#include <algorithm>

#include "base/strings.h"
#include "connectors/file_split.h"

namespace weir {
namespace {

bool is_null_text(std::string_view text, const CsvOptions& options) {
  return std::find(options.nulls.begin(), options.nulls.end(), text) != options.nulls.end();
}

bool needs_quotes(std::string_view text, const CsvOptions& options) {
  const auto special = [separator = options.separator](char c) {
    return c == separator || c == '"' || c == '\n' || c == '\r';
  };
  // At the beginning of a file an unquoted byte order mark would not be read as text.
  return text.empty() || std::any_of(text.begin(), text.end(), special) ||
         is_null_text(text, options) || text.starts_with(kByteOrderMark);
}

}  // namespace

void detail::append_csv_text(std::string& out, std::string_view text, const CsvOptions& options) {
  if (!needs_quotes(text, options)) {
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

void detail::quote_csv_text(std::string& out, size_t begin, const CsvOptions& options) {
  if (!needs_quotes(std::string_view(out).substr(begin), options)) return;
  const std::string text = out.substr(begin);
  out.resize(begin);
  append_csv_text(out, text, options);
}

void detail::append_csv_null(std::string& out, const CsvOptions& options, bool alone) {
  const auto visible =
      std::find_if(options.nulls.begin(), options.nulls.end(),
                   [&](const std::string& null) { return !alone || !null.empty(); });
  if (visible != options.nulls.end()) out += *visible;
}

std::string detail::csv_header(const std::vector<std::string>& names, const CsvOptions& options) {
  std::string line;
  for (const std::string& name : names) {
    if (!line.empty()) line += options.separator;
    append_csv_text(line, name, options);
  }
  return line + "\n";
}

const CsvOptions& detail::default_csv_options() {
  static const CsvOptions options;
  return options;
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
                                         : "a quoted field does not end on its line; if fields may "
                                           "hold line breaks, set CsvOptions::multiline");
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
        return fail(cat("after the quoted field ", fields_.size() + 1, " comes '", line[at],
                        "' instead of a separator"));
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
  if (next_lookup_ < lookups_.size() && lookups_[next_lookup_].column == column)
    return lookups_[next_lookup_++].index;
  const auto found = std::find(columns_.begin(), columns_.end(), column);
  if (found == columns_.end() || std::find(found + 1, columns_.end(), column) != columns_.end()) {
    unknown_column_ = true;
    fail(cat("there is ", found == columns_.end() ? "no column '" : "more than one column '",
             column, "'; the columns are: ", join_names(columns_)));
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
  return !field.quoted && is_null_text(field.text, options_);
}

void CsvRow::fail_conversion(std::string_view column, int index) {
  fail(cat("'", fields_[static_cast<size_t>(index)].text, "' in column '", column,
           "' is not of the type asked for"));
}

}  // namespace weir
