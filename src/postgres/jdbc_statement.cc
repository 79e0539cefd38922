#include "weir/connector/jdbc_statement.h"

#include <chrono>
#include <cmath>
#include <cstdio>
#include <stdexcept>

#include "base/strings.h"

namespace weir {
namespace {

/// PostgreSQL's protocol counts parameters with 16 bits.
constexpr int kMaxIndex = 65535;

template <class F>
std::string text_of(F value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value < 0 ? "-Infinity" : "Infinity";
  char digits[64];
  return {digits, std::to_chars(digits, digits + sizeof digits, value).ptr};
}

}  // namespace

size_t JdbcStatement::slot(int index) {
  if (index < 1 || index > kMaxIndex)
    throw std::invalid_argument(cat("there is no parameter $", index, ": they count from $1"));
  const auto at = static_cast<size_t>(index - 1);
  if (at >= values_.size()) {
    values_.resize(at + 1);
    is_set_.resize(at + 1);
  }
  is_set_[at] = true;
  return at;
}

JdbcStatement& JdbcStatement::store(int index, std::string_view text) {
  values_[slot(index)] = text;
  return *this;
}

JdbcStatement& JdbcStatement::set_null(int index) {
  values_[slot(index)].reset();
  return *this;
}

JdbcStatement& JdbcStatement::set(int index, std::string_view text) {
  if (text.find('\0') != text.npos)
    throw std::invalid_argument(
        cat("the text for $", index,
            " has a zero byte, which PostgreSQL cannot hold: remove it, or use set_bytes() and a "
            "column of type bytea"));
  return store(index, text);
}

JdbcStatement& JdbcStatement::set(int index, float value) { return store(index, text_of(value)); }
JdbcStatement& JdbcStatement::set(int index, double value) { return store(index, text_of(value)); }

JdbcStatement& JdbcStatement::set_bytes(int index, std::string_view bytes) {
  return store(index, "\\x" + to_hex(bytes));
}

JdbcStatement& JdbcStatement::set_timestamp(int index, Timestamp ms_since_1970) {
  using std::chrono::floor;
  const std::chrono::sys_time<std::chrono::milliseconds> time{
      std::chrono::milliseconds(ms_since_1970)};
  const auto day = floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{time - day};
  const int year = static_cast<int>(date.year());
  if (year < 1 || year > 9999)
    throw std::invalid_argument(cat("the timestamp for $", index, ", ", ms_since_1970,
                                    " ms after 1970, is not in the years 1 to 9999"));
  char text[48];
  std::snprintf(text, sizeof text, "%04d-%02u-%02u %02d:%02d:%02d.%03d+00", year,
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()),
                static_cast<int>(clock.subseconds().count()));
  return store(index, text);
}

const std::vector<std::optional<std::string>>& JdbcStatement::values() const {
  for (size_t i = 0; i < is_set_.size(); ++i) {
    if (!is_set_[i])
      throw std::invalid_argument(
          cat("the parameter $", i + 1, " is not set: set_null() makes it NULL"));
  }
  return values_;
}

void JdbcStatement::clear() {
  values_.clear();
  is_set_.clear();
}

}  // namespace weir
