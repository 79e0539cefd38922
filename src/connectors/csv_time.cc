#include "weir/detail/connector/csv_time.h"

#include <algorithm>
#include <charconv>
#include <iterator>

#include "base/strings.h"
#include "weir/connector/csv.h"

namespace weir {
namespace detail {
namespace {

__extension__ using Wide = __int128;

constexpr int64_t kNanosPerSecond = 1'000'000'000;
constexpr int64_t kNanosPerDay = 86'400 * kNanosPerSecond;
constexpr size_t kYearDigitsMax = 12;
constexpr std::string_view kIsoFormat = "%FT%TZ";
constexpr std::string_view kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

Wide floor_divide(Wide a, Wide b) { return a / b - (a % b < 0 ? 1 : 0); }

struct Date {
  int64_t year = 1970;
  int month = 1;
  int day = 1;
};

// The algorithms of Howard Hinnant's "chrono-Compatible Low-Level Date Algorithms"; std::chrono's
// years end at 32767.
int64_t days_of(const Date& date) {
  const int64_t year = date.year - (date.month <= 2 ? 1 : 0);
  const int64_t era = (year >= 0 ? year : year - 399) / 400;
  const int64_t year_of_era = year - era * 400;
  const int64_t day_of_year =
      (153 * (date.month + (date.month > 2 ? -3 : 9)) + 2) / 5 + date.day - 1;
  return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year -
         719468;
}

Date date_of(int64_t days) {
  days += 719468;
  const int64_t era = (days >= 0 ? days : days - 146096) / 146097;
  const int64_t day_of_era = days - era * 146097;
  const int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t shifted_month = (5 * day_of_year + 2) / 153;
  const int month = static_cast<int>(shifted_month < 10 ? shifted_month + 3 : shifted_month - 9);
  return {year_of_era + era * 400 + (month <= 2 ? 1 : 0), month,
          static_cast<int>(day_of_year - (153 * shifted_month + 2) / 5 + 1)};
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// Consumes a text from its front. After a failure everything fails.
class TimeParser {
 public:
  explicit TimeParser(std::string_view text) : text_(text) {}

  void iso() {
    year();
    literal('-');
    date_.month = number(2, 2);
    literal('-');
    date_.day = number(2, 2);
    if (text_.empty()) return;
    if (!take('T')) literal(' ');
    hour_ = number(2, 2);
    literal(':');
    minute_ = number(2, 2);
    if (take(':')) second_ = number(2, 2);
    if (take('.')) fraction();
    zone(true);
  }

  void formatted(std::string_view format) {
    for (size_t i = 0; i < format.size() && ok_; ++i) {
      if (format[i] == '%' && i + 1 < format.size()) directive(format[++i]);
      else literal(format[i]);
    }
  }

  std::optional<CivilTime> result() const {
    if (!ok_ || !text_.empty()) return std::nullopt;
    if (epoch_) return epoch_;
    int hour = hour_;
    if (half_ != 0) {
      if (hour < 1 || hour > 12) return std::nullopt;
      hour = hour % 12 + (half_ == 'P' ? 12 : 0);
    }
    if (date_.month < 1 || date_.month > 12 || date_.day < 1 || hour > 23 || minute_ > 59 ||
        second_ > 59)
      return std::nullopt;
    const int64_t days = days_of(date_);
    if (date_of(days).day != date_.day) return std::nullopt;  // for example February 30
    const int64_t nanos =
        ((hour * 60 + minute_ - zone_minutes_) * int64_t{60} + second_) * kNanosPerSecond + nanos_;
    const int64_t carry = nanos < 0 ? -1 : nanos / kNanosPerDay;
    return CivilTime{days + carry, nanos - carry * kNanosPerDay};
  }

 private:
  bool take(char c) {
    if (text_.empty() || text_.front() != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  void literal(char c) { ok_ = take(c) && ok_; }

  int number(size_t digits_min, size_t digits_max) {
    int value = 0;
    size_t digits = 0;
    for (; digits < digits_max && !text_.empty() && is_digit(text_.front()); ++digits) {
      value = value * 10 + (text_.front() - '0');
      text_.remove_prefix(1);
    }
    ok_ = ok_ && digits >= digits_min;
    return value;
  }

  void year() {
    const bool negative = take('-');
    if (!negative && !take('+')) {
      date_.year = number(4, 4);
      return;
    }
    size_t digits = 0;
    while (digits < text_.size() && is_digit(text_[digits])) ++digits;
    ok_ = ok_ && digits >= 4 && digits <= kYearDigitsMax &&
          parse_decimal(text_.substr(0, digits), &date_.year);
    text_.remove_prefix(digits);
    if (negative) date_.year = -date_.year;
  }

  void fraction() {
    int64_t weight = kNanosPerSecond / 10;
    ok_ = ok_ && !text_.empty() && is_digit(text_.front());
    for (; !text_.empty() && is_digit(text_.front()); weight /= 10) {
      nanos_ += weight * (text_.front() - '0');
      text_.remove_prefix(1);
    }
  }

  void zone(bool optional) {
    if ((optional && text_.empty()) || take('Z') || take('z')) return;
    const bool east = take('+');
    if (!east) literal('-');
    const int hours = number(2, 2);
    take(':');
    const int minutes = number(2, 2);
    ok_ = ok_ && hours <= 18 && minutes <= 59;
    zone_minutes_ = (east ? 1 : -1) * (hours * 60 + minutes);
  }

  void epoch() {
    const bool negative = take('-');
    size_t digits = 0;
    while (digits < text_.size() && is_digit(text_[digits])) ++digits;
    int64_t seconds = 0;
    ok_ = ok_ && digits > 0 && digits <= 18 && parse_decimal(text_.substr(0, digits), &seconds);
    text_.remove_prefix(digits);
    if (take('.')) fraction();
    const Wide nanos = Wide{seconds} * kNanosPerSecond + nanos_;
    const Wide signed_nanos = negative ? -nanos : nanos;
    const Wide days = floor_divide(signed_nanos, kNanosPerDay);
    epoch_ = CivilTime{static_cast<int64_t>(days),
                       static_cast<int64_t>(signed_nanos - days * kNanosPerDay)};
  }

  void month_name() {
    const std::string_view name = text_.substr(0, 3);
    const auto same = [&](std::string_view month) {
      return std::equal(name.begin(), name.end(), month.begin(), month.end(),
                        [](char a, char b) { return (a | 32) == (b | 32); });
    };
    const auto* found = std::find_if(std::begin(kMonths), std::end(kMonths), same);
    ok_ = ok_ && found != std::end(kMonths);
    date_.month = static_cast<int>(found - std::begin(kMonths)) + 1;
    text_.remove_prefix(name.size());
  }

  void half_of_day() {
    half_ = text_.empty() ? '?' : static_cast<char>(text_.front() & ~32);
    ok_ = ok_ && (half_ == 'A' || half_ == 'P') && text_.size() >= 2 && (text_[1] & ~32) == 'M';
    text_.remove_prefix(std::min<size_t>(text_.size(), 2));
  }

  void directive(char c) {
    switch (c) {
      case 'Y': return year();
      case 'y':
        date_.year = number(2, 2);
        date_.year += date_.year < 69 ? 2000 : 1900;
        return;
      case 'm': date_.month = number(1, 2); return;
      case 'b': return month_name();
      case 'd': date_.day = number(1, 2); return;
      case 'H':
      case 'I': hour_ = number(1, 2); return;
      case 'M': minute_ = number(1, 2); return;
      case 'S':
        second_ = number(1, 2);
        if (take('.')) fraction();
        return;
      case 'p': return half_of_day();
      case 'z': return zone(false);
      case 's': return epoch();
      case 'F': return formatted("%Y-%m-%d");
      case 'T': return formatted("%H:%M:%S");
      case 'R': return formatted("%H:%M");
      case '%': return literal('%');
      default: ok_ = false;
    }
  }

  static bool parse_decimal(std::string_view digits, int64_t* value) {
    return std::from_chars(digits.data(), digits.data() + digits.size(), *value).ec == std::errc();
  }

  std::string_view text_;
  bool ok_ = true;
  Date date_;
  int hour_ = 0;
  int minute_ = 0;
  int second_ = 0;
  int64_t nanos_ = 0;  ///< of the second
  int zone_minutes_ = 0;
  char half_ = 0;  ///< 'A', 'P', or 0 for 24-hour times
  std::optional<CivilTime> epoch_;
};

/// Appends at least `width` digits.
void append_digits(std::string& out, int64_t value, int width) {
  char text[24];
  char* begin = std::end(text);
  for (; value != 0 || width > 0; --width, value /= 10)
    *--begin = static_cast<char>('0' + value % 10);
  out.append(begin, std::end(text));
}

void append_fraction(std::string& out, int64_t nanos) {
  if (nanos == 0) return;
  out += '.';
  if (nanos % 1'000'000 == 0) append_digits(out, nanos / 1'000'000, 3);
  else if (nanos % 1'000 == 0) append_digits(out, nanos / 1'000, 6);
  else append_digits(out, nanos, 9);
}

/// Appends a point in time to a text.
class TimeWriter {
 public:
  TimeWriter(std::string& out, const CivilTime& time)
      : out_(out), time_(time), date_(date_of(time.days)), second_(time.nanos / kNanosPerSecond) {}

  void formatted(std::string_view format) {
    for (size_t i = 0; i < format.size(); ++i) {
      if (format[i] == '%' && i + 1 < format.size()) directive(format[++i]);
      else out_ += format[i];
    }
  }

 private:
  void year() {
    if (date_.year < 0 || date_.year > 9999) out_ += date_.year < 0 ? '-' : '+';
    append_digits(out_, date_.year < 0 ? -date_.year : date_.year, 4);
  }

  void epoch() {
    Wide nanos = Wide{time_.days} * kNanosPerDay + time_.nanos;
    if (nanos < 0) {
      out_ += '-';
      nanos = -nanos;
    }
    append_digits(out_, static_cast<int64_t>(nanos / kNanosPerSecond), 1);
    append_fraction(out_, static_cast<int64_t>(nanos % kNanosPerSecond));
  }

  void directive(char c) {
    const int64_t hour = second_ / 3600;
    switch (c) {
      case 'Y': return year();
      case 'y': return append_digits(out_, (date_.year % 100 + 100) % 100, 2);
      case 'm': return append_digits(out_, date_.month, 2);
      case 'b': out_ += kMonths[date_.month - 1]; return;
      case 'd': return append_digits(out_, date_.day, 2);
      case 'H': return append_digits(out_, hour, 2);
      case 'I': return append_digits(out_, hour % 12 == 0 ? 12 : hour % 12, 2);
      case 'M': return append_digits(out_, second_ / 60 % 60, 2);
      case 'S':
        append_digits(out_, second_ % 60, 2);
        return append_fraction(out_, time_.nanos % kNanosPerSecond);
      case 'p': out_ += hour < 12 ? "AM" : "PM"; return;
      case 'z': out_ += "+0000"; return;
      case 's': return epoch();
      case 'F': return formatted("%Y-%m-%d");
      case 'T': return formatted("%H:%M:%S");
      case 'R': return formatted("%H:%M");
      default: out_ += c;
    }
  }

  std::string& out_;
  const CivilTime& time_;
  const Date date_;
  const int64_t second_;  ///< of the day
};

}  // namespace

std::optional<CivilTime> parse_time(std::string_view text, const std::string& format) {
  TimeParser parser(text);
  if (format.empty()) parser.iso();
  else parser.formatted(format);
  return parser.result();
}

void append_time(std::string& out, const CivilTime& time, const std::string& format) {
  TimeWriter(out, time).formatted(format.empty() ? kIsoFormat : std::string_view(format));
}

Status check_time_format(const std::string& format) {
  constexpr std::string_view kKnown = "YymbdHIMSpzsFTR%";
  for (size_t i = 0; i < format.size(); ++i) {
    if (format[i] != '%') continue;
    const char directive = i + 1 < format.size() ? format[++i] : ' ';
    if (kKnown.find(directive) != std::string_view::npos) continue;
    return invalid_argument(cat(
        "CsvOptions::time_format '", format, "' holds '%", directive,
        "', which weir does not know; it knows %Y %y %m %b %d %H %I %M %S %p %z %s %F %T %R %%"));
  }
  return {};
}

bool to_ticks(const CivilTime& time, int64_t num, int64_t den, int64_t* ticks) {
  const Wide nanos = Wide{time.days} * kNanosPerDay + time.nanos;
  const Wide exact = floor_divide(nanos * den, Wide{num} * kNanosPerSecond);
  *ticks = static_cast<int64_t>(exact);
  return *ticks == exact;
}

CivilTime from_ticks(int64_t ticks, int64_t num, int64_t den) {
  // Fits in 64 bits, and is several times as fast as the general case.
  if (num == 1 && kNanosPerSecond % den == 0) {
    const int64_t per_day = den * 86'400;
    const int64_t day = ticks / per_day - (ticks % per_day < 0 ? 1 : 0);
    return {day, (ticks % per_day + (ticks % per_day < 0 ? per_day : 0)) * (kNanosPerSecond / den)};
  }
  const Wide nanos = floor_divide(Wide{ticks} * num * kNanosPerSecond, den);
  const Wide days = floor_divide(nanos, kNanosPerDay);
  return {static_cast<int64_t>(days), static_cast<int64_t>(nanos - days * kNanosPerDay)};
}

}  // namespace detail

std::optional<Timestamp> parse_timestamp(std::string_view text) {
  const auto time = detail::parse_time(text, {});
  Timestamp ms = 0;
  return time && detail::to_ticks(*time, 1, 1000, &ms) ? std::optional(ms) : std::nullopt;
}

std::string format_timestamp(Timestamp ms) {
  std::string text;
  detail::append_time(text, detail::from_ticks(ms, 1, 1000), {});
  return text;
}

}  // namespace weir
