#include "config/value_text.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

#include "base/strings.h"

namespace weir {
namespace {

constexpr int64_t kMax = std::numeric_limits<int64_t>::max();

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return result;
}

struct Quantity {
  int64_t count;
  std::string unit;
};

/// "10 s" as {10, "s"}.
std::optional<Quantity> parse_quantity(std::string_view text) {
  int64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc() || count < 0) return std::nullopt;
  return Quantity{count, lower(trim(text.substr(static_cast<size_t>(end - text.data()))))};
}

struct TimeUnit {
  int64_t nanos;
  std::initializer_list<std::string_view> names;
};

const TimeUnit kTimeUnits[] = {
    {1'000'000, {"", "ms", "milli", "millis", "millisecond", "milliseconds"}},
    {1'000'000'000, {"s", "sec", "secs", "second", "seconds"}},
    {60'000'000'000, {"m", "min", "minute", "minutes"}},
    {3'600'000'000'000, {"h", "hour", "hours"}},
    {86'400'000'000'000, {"d", "day", "days"}},
    {1'000, {"us", "µs", "micro", "micros", "microsecond", "microseconds"}},
    {1, {"ns", "nano", "nanos", "nanosecond", "nanoseconds"}},
};

Status not_a_duration() {
  return invalid_argument(
      "is not a duration: write a number and a unit, like '500 ms', '10 s', '3 min', '1 h' or '2 "
      "d'");
}

/// PnDTnHnMn.nS
StatusOr<Duration> parse_iso_duration(std::string_view text) {
  double seconds = 0;
  bool in_time = false, any = false;
  size_t i = 1;
  while (i < text.size()) {
    if (!in_time && (text[i] == 'T' || text[i] == 't')) {
      in_time = true;
      ++i;
      continue;
    }
    double count = 0;
    const auto [end, error] = std::from_chars(text.data() + i, text.data() + text.size(), count,
                                              std::chars_format::fixed);
    if (error != std::errc() || end == text.data() + text.size() || count < 0)
      return not_a_duration();
    const char unit = lower(std::string_view(end, 1))[0];
    if (!in_time && unit == 'd') seconds += count * 86400;
    else if (in_time && unit == 'h') seconds += count * 3600;
    else if (in_time && unit == 'm') seconds += count * 60;
    else if (in_time && unit == 's') seconds += count;
    else return not_a_duration();
    any = true;
    i = static_cast<size_t>(end - text.data()) + 1;
  }
  if (!any || !(seconds < 9e15)) return not_a_duration();
  return Duration(std::llround(seconds * 1000));
}

}  // namespace

StatusOr<Duration> parse_duration(std::string_view text) {
  text = trim(text);
  if (!text.empty() && (text[0] == 'P' || text[0] == 'p')) return parse_iso_duration(text);
  const auto quantity = parse_quantity(text);
  if (!quantity) return not_a_duration();
  for (const TimeUnit& unit : kTimeUnits) {
    if (std::find(unit.names.begin(), unit.names.end(), quantity->unit) == unit.names.end())
      continue;
    constexpr int64_t kNanosPerMilli = 1'000'000;
    if (unit.nanos >= kNanosPerMilli) {
      const int64_t factor = unit.nanos / kNanosPerMilli;
      if (quantity->count > kMax / factor) return invalid_argument("is too long a duration");
      return Duration(quantity->count * factor);
    }
    const int64_t per_milli = kNanosPerMilli / unit.nanos;
    if (quantity->count % per_milli != 0)
      return invalid_argument("is finer than a millisecond, which is the smallest duration here");
    return Duration(quantity->count / per_milli);
  }
  return not_a_duration();
}

StatusOr<int64_t> parse_size(std::string_view text) {
  static const struct {
    int shift;
    std::initializer_list<std::string_view> names;
  } kUnits[] = {{0, {"", "b", "bytes"}},
                {10, {"k", "kb", "kibibytes"}},
                {20, {"m", "mb", "mebibytes"}},
                {30, {"g", "gb", "gibibytes"}},
                {40, {"t", "tb", "tebibytes"}}};
  if (const auto quantity = parse_quantity(trim(text))) {
    for (const auto& unit : kUnits) {
      if (std::find(unit.names.begin(), unit.names.end(), quantity->unit) == unit.names.end())
        continue;
      if (quantity->count > (kMax >> unit.shift)) return invalid_argument("is too large a size");
      return quantity->count << unit.shift;
    }
  }
  return invalid_argument(
      "is not a size: write a number and a unit, like '4096', '20 kb', '1 mb' or '2 gb'");
}

StatusOr<bool> parse_bool(std::string_view text) {
  const std::string value = lower(trim(text));
  if (value == "true") return true;
  if (value == "false") return false;
  return invalid_argument("is neither 'true' nor 'false'");
}

StatusOr<int64_t> parse_int(std::string_view text) {
  text = trim(text);
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size())
    return invalid_argument("is not a whole number");
  return value;
}

StatusOr<double> parse_double(std::string_view text) {
  text = trim(text);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value))
    return invalid_argument("is not a number");
  return value;
}

std::string format_duration(Duration duration) {
  const int64_t ms = duration.count();
  if (ms != 0) {
    if (ms % 86'400'000 == 0) return cat(ms / 86'400'000, " d");
    if (ms % 3'600'000 == 0) return cat(ms / 3'600'000, " h");
    if (ms % 60'000 == 0) return cat(ms / 60'000, " min");
    if (ms % 1000 == 0) return cat(ms / 1000, " s");
  }
  return cat(ms, " ms");
}

}  // namespace weir
