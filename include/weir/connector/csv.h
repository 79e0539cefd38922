#pragma once

// Rows of comma-separated values, roughly as in RFC 4180: a field may be in double quotes, and a
// quote in it is doubled.

#include <charconv>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "weir/detail/connector/csv_time.h"
#include "weir/time/timestamp.h"
#include "weir/types/fields.h"

namespace weir {

struct CsvOptions {
  char separator = ',';
  /// The first line of each file names the columns. Otherwise `columns` names them. If that is
  /// empty, the columns are the fields of the struct, in order.
  bool header = true;
  std::vector<std::string> columns = {};
  /// Texts that mean "no value", for which a std::optional field is empty. A quoted field is always
  /// a value. An empty optional is written as the first of these texts. A value that equals one of
  /// them is quoted.
  std::vector<std::string> nulls = {"", "NA"};
  /// Quoted fields may contain line breaks. Several subtasks cannot share such a file.
  bool multiline = false;
  /// Format of points in time: %Y %y %m %b %d %H %I %M %S %p %z %s (seconds since 1970), %F
  /// (%Y-%m-%d), %T (%H:%M:%S), %R (%H:%M), %%. Seconds may have a fraction. A time without a zone
  /// is UTC. Empty: ISO 8601, see parse_timestamp.
  std::string time_format = {};
};

/// Parses "2013-01-01T10:00:00Z", "2013-01-01 10:00:00.250" or "2013-01-01" into milliseconds since
/// 1970 UTC. The zone is 'Z', "+hh:mm" or none (UTC). Years before 0 and after 9999 have a sign.
/// Returns nullopt for other text.
std::optional<Timestamp> parse_timestamp(std::string_view text);
/// Formats milliseconds since 1970 UTC as "2013-01-01T10:00:00Z", with ".250" if there are
/// milliseconds.
std::string format_timestamp(Timestamp ms);

namespace detail {

template <class T>
concept StructWithFields = FieldsInside<T> || FieldsOutside<T>;
template <class T>
requires StructWithFields<std::remove_const_t<T>> auto fields_of(T& value) {
  using Plain = std::remove_const_t<T>;
  if constexpr (FieldsInside<Plain>) return value.weir_tie();
  else return weir_tie(value);
}
template <StructWithFields T>
std::vector<std::string> field_names_of() {
  if constexpr (FieldsInside<T>) {
    return split_field_names(T::weir_field_names());
  } else {
    const T* none = nullptr;
    return split_field_names(weir_field_names(none));
  }
}

template <class V>
struct IsOptional : std::false_type {};
template <class V>
struct IsOptional<std::optional<V>> : std::true_type {};
template <class V>
struct IsSysTime : std::false_type {};
template <class D>
struct IsSysTime<std::chrono::time_point<std::chrono::system_clock, D>> : std::true_type {};

/// Returns false if `text` is not a V.
template <class V>
bool parse_text(std::string_view text, const CsvOptions& options, V& value) {
  if constexpr (std::same_as<V, bool>) {
    value = text == "true" || text == "1";
    return value || text == "false" || text == "0";
  } else if constexpr (std::integral<V> || std::floating_point<V>) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc() && end == text.data() + text.size();
  } else if constexpr (IsSysTime<V>::value) {
    using Period = typename V::period;
    const std::optional<CivilTime> time = parse_time(text, options.time_format);
    int64_t ticks = 0;
    if (!time || !to_ticks(*time, Period::num, Period::den, &ticks)) return false;
    value = V(typename V::duration(static_cast<typename V::rep>(ticks)));
    return true;
  } else {
    static_assert(std::same_as<V, std::string> || std::same_as<V, std::string_view>,
                  "a CSV field can be read as a number, bool, string, std::chrono::sys_time, or an "
                  "optional of these");
    value = V(text);
    return true;
  }
}

/// Appends `text`, quoted if necessary.
void append_csv_text(std::string& out, std::string_view text, const CsvOptions& options);
/// Quotes the text from `begin` on if necessary.
void quote_csv_text(std::string& out, size_t begin, const CsvOptions& options);
/// Appends an empty optional. `alone`: the row has no other field, so the field must not make an
/// empty line.
void append_csv_null(std::string& out, const CsvOptions& options, bool alone);
/// Returns a row of column names, with its line break.
std::string csv_header(const std::vector<std::string>& names, const CsvOptions& options);
const CsvOptions& default_csv_options();

template <class V>
void append_csv_value(std::string& out, const V& value, const CsvOptions& options, bool alone) {
  if constexpr (IsOptional<V>::value) {
    if (value) append_csv_value(out, *value, options, alone);
    else append_csv_null(out, options, alone);
  } else if constexpr (std::same_as<V, bool>) {
    append_csv_text(out, value ? "true" : "false", options);
  } else if constexpr (std::integral<V> || std::floating_point<V>) {
    char digits[64];
    const auto [end, error] = std::to_chars(digits, digits + sizeof digits, value);
    (void)error;
    const size_t begin = out.size();
    out.append(digits, end);
    quote_csv_text(out, begin, options);
  } else if constexpr (IsSysTime<V>::value) {
    using Period = typename V::period;
    const auto ticks = static_cast<int64_t>(value.time_since_epoch().count());
    const size_t begin = out.size();
    append_time(out, from_ticks(ticks, Period::num, Period::den), options.time_format);
    quote_csv_text(out, begin, options);
  } else {
    static_assert(
        std::convertible_to<const V&, std::string_view>,
        "a field of this type cannot be written as CSV: give the FileSink an encoder of your own");
    append_csv_text(out, value, options);
  }
}

}  // namespace detail

/// Appends the fields of a struct with WEIR_FIELDS as one row, without a line break. Numbers have
/// enough digits, and texts are quoted where necessary, so that read_csv_row with the same options
/// returns an equal struct. For texts with line breaks, set `multiline`.
template <detail::StructWithFields T>
void append_csv_row(std::string& out, const T& value,
                    const CsvOptions& options = detail::default_csv_options()) {
  bool first = true;
  std::apply(
      [&](const auto&... field) {
        ((first ? void(first = false) : out.push_back(options.separator),
          detail::append_csv_value(out, field, options, sizeof...(field) == 1)),
         ...);
      },
      detail::fields_of(value));
}

/// One row during reading. A read of a missing column or an unsuitable value makes the row
/// malformed (see ok()) and returns a default value. So a parser can read all fields without
/// checks. Thread: one at a time.
class CsvRow {
 public:
  explicit CsvRow(CsvOptions options);
  void set_columns(std::vector<std::string> names);
  const std::vector<std::string>& columns() const { return columns_; }
  /// Splits a row into fields. `line` must outlive the values read from it.
  void parse(std::string_view line);
  size_t size() const { return fields_.size(); }
  std::string_view text(size_t i) const { return fields_[i].text; }

  /// Returns the field of a column as a number, bool, std::string, std::string_view,
  /// std::chrono::sys_time, or an optional of these.
  template <class V>
  V get(std::string_view column) {
    const int index = find(column);
    if (index < 0) return V{};
    if constexpr (detail::IsOptional<V>::value) {
      if (is_null(index)) return std::nullopt;
      return convert<typename V::value_type>(column, index);
    } else {
      return convert<V>(column, index);
    }
  }
  /// Returns milliseconds since 1970 UTC; see parse_timestamp.
  Timestamp get_timestamp(std::string_view column) {
    return get<std::chrono::sys_time<std::chrono::milliseconds>>(column).time_since_epoch().count();
  }

  /// For parsers: marks this row as malformed.
  void fail(std::string why);
  bool ok() const { return problem_.empty(); }
  const std::string& problem() const { return problem_; }
  /// True if the parser asked for a column that the file does not have. Then every other row will
  /// fail too.
  bool unknown_column() const { return unknown_column_; }

 private:
  /// Returns -1 if the column does not exist.
  int find(std::string_view column);
  bool is_null(int index) const;
  void fail_conversion(std::string_view column, int index);
  template <class V>
  V convert(std::string_view column, int index) {
    V value{};
    if (!detail::parse_text(fields_[static_cast<size_t>(index)].text, options_, value))
      fail_conversion(column, index);
    return value;
  }

  struct Field {
    std::string_view text;
    bool quoted = false;
  };
  struct Lookup {
    std::string column;
    int index;
  };

  const CsvOptions options_;
  std::vector<std::string> columns_;
  std::vector<Field> fields_;
  std::string unescaped_;  ///< quoted fields that contained quotes
  std::vector<Lookup>
      lookups_;  ///< a cache: parsers ask for the same columns in the same order for each row
  size_t next_lookup_ = 0;
  std::string problem_;
  bool unknown_column_ = false;
};

/// Fills a struct with WEIR_FIELDS from the columns with the same names.
template <detail::StructWithFields T>
T read_csv_row(CsvRow& row) {
  static const std::vector<std::string> names = detail::field_names_of<T>();
  T value{};
  size_t i = 0;
  std::apply(
      [&](auto&... field) {
        ((field = row.get<std::remove_cvref_t<decltype(field)>>(names[i++])), ...);
      },
      detail::fields_of(value));
  return value;
}

}  // namespace weir
