#pragma once

#include <charconv>
#include <concepts>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "weir/time/timestamp.h"

namespace weir {

/// The parameters of a statement for one record: $1, $2, … . Every parameter must be set. They are
/// sent as text, and the database converts them to the types of its columns. A wrong index, and
/// text that the database cannot hold, throw std::invalid_argument. Thread: one at a time.
class JdbcStatement {
 public:
  JdbcStatement& set_null(int index);
  /// UTF-8 without zero bytes; also JSON, dates, arrays and other types in PostgreSQL's notation.
  JdbcStatement& set(int index, std::string_view text);
  JdbcStatement& set(int index, const char* text) { return set(index, std::string_view(text)); }
  JdbcStatement& set(int index, const std::string& text) {
    return set(index, std::string_view(text));
  }
  template <std::same_as<bool> B>
  JdbcStatement& set(int index, B value) {
    return store(index, value ? "t" : "f");
  }
  template <std::integral I>
  requires(!std::same_as<I, bool>) JdbcStatement& set(int index, I value) {
    char digits[24];
    return store(index, {digits, std::to_chars(digits, digits + sizeof digits, value).ptr});
  }
  /// The shortest text that gives the same number.
  JdbcStatement& set(int index, float value);
  JdbcStatement& set(int index, double value);
  /// Nothing: NULL.
  template <class T>
  JdbcStatement& set(int index, const std::optional<T>& value) {
    return value ? set(index, *value) : set_null(index);
  }
  /// For a column of type bytea.
  JdbcStatement& set_bytes(int index, std::string_view bytes);
  /// For a column of type timestamptz, or of type timestamp, which then holds UTC.
  JdbcStatement& set_timestamp(int index, Timestamp ms_since_1970);

  /// The parameters in order; nothing is NULL. Throws std::invalid_argument if one was not set.
  const std::vector<std::optional<std::string>>& values() const;
  void clear();

 private:
  JdbcStatement& store(int index, std::string_view text);
  size_t slot(int index);

  std::vector<std::optional<std::string>> values_;
  std::vector<bool> is_set_;
};

}  // namespace weir
