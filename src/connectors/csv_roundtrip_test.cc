// FileSource::csv reads what FileSink::csv wrote, equal, for every type of field.

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <random>

#include "connectors/test_host.h"
#include "connectors/test_reading.h"
#include "weir/connector/file_sink.h"
#include "weir/detail/connector/sink_operator.h"

namespace weir {
namespace {

using std::chrono::sys_time;

struct Everything {
  std::string text;
  std::optional<std::string> maybe_text;
  bool flag = false;
  std::optional<bool> maybe_flag;
  int8_t tiny = 0;
  char letter = 0;
  uint16_t small = 0;
  int32_t medium = 0;
  int64_t large = 0;
  uint64_t unsigned_large = 0;
  std::optional<int64_t> maybe_large;
  float single = 0;
  double real = 0;
  std::optional<double> maybe_real;
  std::chrono::sys_days day;
  std::chrono::sys_seconds second;
  sys_time<std::chrono::milliseconds> milli;
  sys_time<std::chrono::nanoseconds> nano;
  std::optional<sys_time<std::chrono::microseconds>> maybe_micro;
  WEIR_FIELDS(Everything, text, maybe_text, flag, maybe_flag, tiny, letter, small, medium, large,
              unsigned_large, maybe_large, single, real, maybe_real, day, second, milli, nano,
              maybe_micro)
};

template <class V>
struct Alone {
  V value{};
  WEIR_FIELDS(Alone, value)
};

template <class V>
bool same(const V& a, const V& b) {
  if constexpr (detail::IsOptional<V>::value)
    return a.has_value() == b.has_value() && (!a || same(*a, *b));
  else if constexpr (std::same_as<V, double>)
    return std::isnan(a) ? std::isnan(b) : std::bit_cast<uint64_t>(a) == std::bit_cast<uint64_t>(b);
  else if constexpr (std::same_as<V, float>)
    return std::isnan(a) ? std::isnan(b) : std::bit_cast<uint32_t>(a) == std::bit_cast<uint32_t>(b);
  else if constexpr (detail::StructWithFields<V>)
    return [&]<size_t... i>(std::index_sequence<i...>) {
      return (same(std::get<i>(detail::fields_of(a)), std::get<i>(detail::fields_of(b))) && ...);
    }(std::make_index_sequence<std::tuple_size_v<decltype(detail::fields_of(a))>>());
  else return a == b;
}

class Chance {
 public:
  explicit Chance(uint32_t seed) : bits_(seed) {}
  size_t below(size_t n) { return bits_() % n; }

  std::string text() {
    static const std::string kWhole[] = {
        "",     "NA",   "-", " ",  "\"", "\"\"", "\xEF\xBB\xBF", "\xEF\xBB\xBFx",
        "\r\n", "true", "0", "nan"};
    static const std::string kParts[] = {
        "a", " ", "\t", "\"", "\n", "\r", ",", ";", "NA", std::string(1, '\0'), "\xC3\xA4", "\xFF"};
    if (below(4) == 0) return kWhole[below(std::size(kWhole))];
    std::string made;
    for (size_t n = below(8); n > 0; --n) made += kParts[below(std::size(kParts))];
    return made;
  }
  template <class V>
  V value() {
    if constexpr (detail::IsOptional<V>::value)
      return below(3) == 0 ? V() : V(value<typename V::value_type>());
    else if constexpr (std::same_as<V, std::string>) return text();
    else if constexpr (std::same_as<V, bool>) return below(2) == 0;
    else if constexpr (std::floating_point<V>) return real<V>();
    else if constexpr (std::integral<V>) return integer<V>();
    else if constexpr (std::same_as<V, std::chrono::sys_days>)
      return V(std::chrono::days(static_cast<int32_t>(bits_())));
    else return V(typename V::duration(integer<int64_t>()));
  }

 private:
  template <class V>
  V integer() {
    const V kSpecial[] = {0, 1, static_cast<V>(-1), std::numeric_limits<V>::min(),
                          std::numeric_limits<V>::max()};
    return below(2) == 0 ? kSpecial[below(std::size(kSpecial))] : static_cast<V>(bits_());
  }
  template <class V>
  V real() {
    using Limits = std::numeric_limits<V>;
    const V kSpecial[] = {0,
                          -V{0},
                          Limits::quiet_NaN(),
                          -Limits::quiet_NaN(),
                          Limits::infinity(),
                          -Limits::infinity(),
                          Limits::denorm_min(),
                          Limits::min(),
                          Limits::max(),
                          Limits::lowest(),
                          V(0.1),
                          V(1e22),
                          V(-7)};
    if (below(2) == 0) return kSpecial[below(std::size(kSpecial))];
    if constexpr (std::same_as<V, double>) return std::bit_cast<double>(bits_());
    else return std::bit_cast<float>(static_cast<uint32_t>(bits_()));
  }

  std::mt19937_64 bits_;
};

template <class T>
std::vector<T> make_records(Chance& chance) {
  std::vector<T> records(chance.below(6) + 1);
  for (T& record : records) {
    std::apply(
        [&](auto&... field) {
          ((field = chance.value<std::remove_reference_t<decltype(field)>>()), ...);
        },
        detail::fields_of(record));
  }
  return records;
}

template <class T>
std::vector<T> written_and_read(const std::vector<T>& records, CsvOptions options,
                                size_t chunk_bytes) {
  const auto fs = std::make_shared<MemoryFileSystem>();
  TestHost host(fs, {});
  detail::SinkOperator<T, FileSink<T>> sink(
      std::make_shared<FileSink<T>>(FileSink<T>::csv("/out", options)));
  NoOutput none;
  EXPECT_TRUE(sink.open(host).ok());
  sink.can_accept();
  host.run_jobs();
  BatchOf<T> batch;
  for (const T& record : records) batch.add(T(record));
  sink.process(batch, none);
  TestSnapshot snapshot(1);
  EXPECT_TRUE(sink.snapshot(snapshot).ok());
  EXPECT_TRUE(snapshot.acknowledge().ok());
  sink.checkpoint_completed(1);
  host.run_jobs();

  options.multiline = true;
  const auto source = FileSource<T>::csv("/out", options).chunk_bytes(chunk_bytes);
  const auto splits = source.enumerate(host, 1);
  EXPECT_TRUE(splits.ok()) << splits.status().to_string();
  Reading<T> reading(fs, source);
  if (splits.ok()) reading.reader->add_splits(*splits);
  reading.read();
  EXPECT_TRUE(reading.ended) << reading.host.failure.to_string();
  return reading.records;
}

template <class T>
void expect_round_trips(uint32_t seeds) {
  for (uint32_t seed = 1; seed <= seeds; ++seed) {
    Chance chance(seed);
    CsvOptions options{.separator = ",;\t1"[chance.below(4)], .header = chance.below(2) == 0};
    if (chance.below(4) == 0) options.nulls = {"-", "NA", "0", "true"};
    const auto records = make_records<T>(chance);
    const auto read = written_and_read(records, options, chance.below(20) + 1);
    ASSERT_EQ(read.size(), records.size()) << "seed " << seed;
    for (size_t i = 0; i < read.size(); ++i) {
      std::string row;
      append_csv_row(row, records[i], options);
      ASSERT_TRUE(same(read[i], records[i])) << "seed " << seed << ", record " << i << ": " << row;
    }
  }
}

TEST(CsvRoundTrip, EveryTypeOfField) { expect_round_trips<Everything>(400); }

TEST(CsvRoundTrip, RowsOfOneField) {
  expect_round_trips<Alone<std::string>>(200);
  expect_round_trips<Alone<std::optional<std::string>>>(200);
  expect_round_trips<Alone<std::optional<int64_t>>>(100);
}

}  // namespace
}  // namespace weir
